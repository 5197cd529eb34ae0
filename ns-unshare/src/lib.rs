//! `unshare`: run a program in namespaces that are new.
//!
//! `options` is the table of options; `cli` reads the command line into a `request`; `plan` decides
//! what is to be done in which order, and `explain` puts that in words; `run` has a `process` do
//! it, with `maps`, `mounts`, `persist`, `init` and `report`, or `probe` try it.
#![forbid(unsafe_code)]
// The table of options is read row by row.
#![recursion_limit = "512"]

mod caller;
mod cli;
mod explain;
mod init;
mod maps;
mod mounts;
mod options;
mod outer;
mod persist;
mod plan;
mod probe;
mod process;
mod report;
mod request;
mod run;
mod signals;

use std::ffi::CStr;

use ns_common::error::ExitStatus;
use ns_common::tool;

pub use options::{MANUAL, TOOL};

/// Runs the tool with the words of its command line, `argv[0]` first.
pub fn run(arguments: &[&'static CStr]) -> ExitStatus {
    let parse = |parser: &mut _| cli::parse(parser, &caller::Current);
    tool::main(&TOOL, arguments, parse, run::execute)
}
