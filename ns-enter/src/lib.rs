//! `nsenter`: run a program in namespaces that exist.
//!
//! [`options`] is the table of options, [`cli`] reads the command line, [`plan`] decides what is entered how and in which order, [`run`] does it.
#![forbid(unsafe_code)]

pub mod cli;
pub mod enter;
pub mod hints;
pub mod options;
pub mod outside;
pub mod plan;
pub mod run;
pub mod target;

use std::ffi::CStr;

use ns_common::error::ExitStatus;
use ns_common::tool;

/// Runs the tool with the words of its command line, `argv[0]` first.
pub fn run(arguments: &[&'static CStr]) -> ExitStatus {
    tool::main(
        &options::TOOL,
        arguments,
        |parser| cli::parse(parser, &run::System),
        run::execute,
    )
}
