//! `ipcs`: show the System V IPC objects of the namespace.
//!
//! `options` is the table of options, `cli` reads the command line into a `request`. `columns`
//! knows what can be told of an object; `lists`, `details` and `totals` say where, and `values`
//! how. `run` has it all read and printed.
#![forbid(unsafe_code)]

mod cli;
mod columns;
mod details;
mod lists;
mod names;
mod options;
mod request;
mod run;
mod totals;
mod values;

use std::ffi::CStr;

use ns_common::error::ExitStatus;
use ns_common::tool;

pub use options::{MANUAL, TOOL};

/// Runs the tool with the words of its command line, `argv[0]` first.
pub fn run(arguments: &[&'static CStr]) -> ExitStatus {
    tool::main(&TOOL, arguments, cli::parse, run::execute)
}
