//! `ipcrm`: remove System V and POSIX IPC objects.
//!
//! [`options`] is the table of options, [`cli`] reads the command line, [`run`] removes, [`sweep`]
//! removes all of a kind, [`orphans`] what is left behind, [`trouble`] has the words.
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

/// Runs the tool with the words of its command line, `argv[0]` first.
pub fn run(arguments: &[&'static CStr]) -> ExitStatus {
    tool::main(&TOOL, arguments, cli::parse, run::execute)
}
