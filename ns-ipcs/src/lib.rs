//! `ipcs`: show the System V IPC objects of the namespace.
//!
//! [`options`] is the table of options, [`cli`] reads the command line, [`names`] knows the owners, [`print`],
//! [`totals`] and [`detail`] print.
#![forbid(unsafe_code)]

pub mod cli;
pub mod detail;
pub mod names;
pub mod options;
pub mod print;
pub mod run;
pub mod totals;

use std::ffi::CStr;

use ns_common::error::ExitStatus;
use ns_common::tool;

/// Runs the tool with the words of its command line, `argv[0]` first.
pub fn run(arguments: &[&'static CStr]) -> ExitStatus {
    tool::main(&options::TOOL, arguments, cli::parse, run::execute)
}
