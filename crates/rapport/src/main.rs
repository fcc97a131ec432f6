//! Rapport: a Customer Data Platform and a CRM in one program.

mod cli;
mod commands;
mod config;
mod first_keys;
mod places;
mod wiring;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    cli::run()
}
