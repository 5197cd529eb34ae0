//! `ipcrm`: remove System V and POSIX IPC objects.
//!
//! [`options`] is the option table, [`cli`] parses the command line, and [`run`] removes objects;
//! [`sweep`] removes all of a kind, [`orphans`] those left behind by dead processes; [`trouble`]
//! has the messages.
#![forbid(unsafe_code)]

mod cli;
mod options;
mod orphans;
mod run;
mod sweep;
mod trouble;

use std::ffi::CStr;

use ns_common::error::ExitStatus;
use ns_common::tool;

pub use options::{MANUAL, TOOL};

/// Runs the tool with the words of its command line, `argv[0]` first, and returns its exit status.
pub fn run(arguments: &[&'static CStr]) -> ExitStatus {
    tool::main(&TOOL, arguments, cli::parse, run::execute)
}
