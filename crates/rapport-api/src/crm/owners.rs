//! Owners: who records can belong to.

use super::asked::Asked;
use super::fault::Fault;
use super::spelling::Spelled;
use crate::Api;
use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::Value;
