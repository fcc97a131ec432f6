//! Rapport: a Customer Data Platform and a CRM in one program.
fn main() {}
