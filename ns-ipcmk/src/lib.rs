//! `ipcmk`: create System V and POSIX IPC objects.
//!
//! [`options`] is the option table, [`cli`] parses the command line, [`run`] creates the objects.
#![forbid(unsafe_code)]

mod cli;
mod options;
mod run;

use std::ffi::CStr;

use ns_common::error::ExitStatus;
use ns_common::tool;

pub use options::{MANUAL, TOOL};

/// Runs the tool with the words of its command line, `argv[0]` first, and returns its exit status.
pub fn run(arguments: &[&'static CStr]) -> ExitStatus {
    tool::main(&TOOL, arguments, cli::parse, run::execute)
}
