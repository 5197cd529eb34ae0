//! `ipcrm`: remove System V and POSIX IPC objects.
//!
//! [`options`] is the table of options, [`cli`] reads the command line and checks all of it, [`run`] removes, [`sweep`] finds all there is.
#![forbid(unsafe_code)]

pub mod cli;
pub mod options;
pub mod run;
pub mod sweep;

use std::ffi::CStr;

use ns_common::error::ExitStatus;
use ns_common::tool;

/// Runs the tool with the words of its command line, `argv[0]` first.
pub fn run(arguments: &[&'static CStr]) -> ExitStatus {
    tool::main(&options::TOOL, arguments, cli::parse, run::execute)
}
