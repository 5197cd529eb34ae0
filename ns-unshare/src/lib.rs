//! `unshare`: run a program in new namespaces.
//!
//! `options` is the option table; `cli` parses the command line into a `request`; `plan` turns that
//! into a list of steps, and `explain` into words. `run` has `process` take the steps, with the
//! help of `maps`, `mounts`, `persist`, `init` and `report`; `probe` tries them.
#![forbid(unsafe_code)]
// The macro of the option table recurses once per row.
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

/// Runs the tool with the words of its command line, `argv[0]` first, and returns its exit status.
pub fn run(arguments: &[&'static CStr]) -> ExitStatus {
    let parse = |parser: &mut _| cli::parse(parser, &caller::Current);
    tool::main(&TOOL, arguments, parse, run::execute)
}
