//! `unshare`: run a program in namespaces that are new.
//!
//! [`options`] is the table of options, [`cli`] reads the command line, [`plan`] decides what is to be done in which order, [`run`] does it.
#![forbid(unsafe_code)]

pub mod cli;
pub mod helper;
pub mod hints;
pub mod mapper;
pub mod options;
pub mod persist;
pub mod plan;
pub mod run;
pub mod signals;
pub mod world;

use std::ffi::CStr;

use ns_common::error::ExitStatus;
use ns_common::tool;

/// Runs the tool with the words of its command line, `argv[0]` first.
pub fn run(arguments: &[&'static CStr]) -> ExitStatus {
    let parse = |parser: &mut _| cli::parse(parser, &world::System);
    tool::main(&options::TOOL, arguments, parse, run::execute)
}
