//! `nsenter`: run a program in namespaces that exist.
//!
//! `options` is the table of options, `cli` reads the command line into a `request`, `outside`
//! opens what belongs to the caller's side, `plan` decides what is done in which order, `explain`
//! puts that in words, `run` does it.
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

/// Runs the tool with the words of its command line, `argv[0]` first.
pub fn run(arguments: &[&'static CStr]) -> ExitStatus {
    tool::main(
        &TOOL,
        arguments,
        |parser| cli::parse(parser, &opener::Kernel),
        run::execute,
    )
}
