//! `nsenter`: run a program in existing namespaces.
//!
//! `options` is the option table; `cli` parses the command line into a `request`; `outside` opens
//! what must be opened before entering; `plan` turns both into a list of steps, and `explain` into
//! words; `run` takes the steps.
#![forbid(unsafe_code)]

mod cgroup;
mod cli;
mod explain;
mod likeness;
mod opener;
mod options;
mod outside;
mod plan;
mod request;
mod run;

use std::ffi::CStr;

use ns_common::error::ExitStatus;
use ns_common::tool;

pub use options::{MANUAL, TOOL};

/// Runs the tool with the words of its command line, `argv[0]` first, and returns its exit status.
pub fn run(arguments: &[&'static CStr]) -> ExitStatus {
    tool::main(
        &TOOL,
        arguments,
        |parser| cli::parse(parser, &opener::Kernel),
        run::execute,
    )
}
