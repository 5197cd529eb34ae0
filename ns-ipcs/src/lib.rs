//! `ipcs`: show the System V IPC objects of the namespace.
//!
//! [`cli`] reads the command line, [`read`], [`limits`] and [`names`] read the system, [`print`] and [`detail`] print.
#![forbid(unsafe_code)]

pub mod cli;
pub mod detail;
pub mod limits;
pub mod names;
pub mod print;
pub mod read;
pub mod run;

use std::ffi::CStr;

use ns_common::error::ExitStatus;
use ns_common::tool;

/// Runs the tool with the words of its command line, `argv[0]` first.
pub fn run(arguments: &[&'static CStr]) -> ExitStatus {
    tool::main(&cli::TOOL, arguments, cli::parse, run::execute)
}
