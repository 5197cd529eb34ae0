//! `ipcs`: show the System V IPC objects of the namespace.
//!
//! `options` is the table of options, `cli` reads the command line into a `request`; `choice` knows
//! which columns its names mean, `contradictions` what cannot be meant at once. `run` shows one
//! namespace or visits those that `namespaces` finds.
//!
//! Of each, `subjects` shows what `select` finds, by way of a `report`: `objects` are what is
//! listed, `columns` what can be told of each, as `values`, `views` which columns are shown unless
//! others are named. `writer` writes values, and `forms` whole blocks: `lists` and their `layouts`,
//! `details` and `totals` are the classic ones, `tables` and `json` the others.
#![forbid(unsafe_code)]

mod attached;
mod choice;
mod cli;
mod columns;
mod contradictions;
mod details;
mod doubts;
mod forms;
mod json;
mod layouts;
mod lists;
mod names;
mod namespaces;
mod objects;
mod options;
mod posix;
mod report;
mod request;
mod run;
mod select;
mod subjects;
mod tables;
mod totals;
mod usage;
mod values;
mod views;
mod writer;

use std::ffi::CStr;

use ns_common::error::ExitStatus;
use ns_common::tool;

pub use options::{MANUAL, TOOL};

/// Runs the tool with the words of its command line, `argv[0]` first.
pub fn run(arguments: &[&'static CStr]) -> ExitStatus {
    tool::main(&TOOL, arguments, cli::parse, run::execute)
}
