//! What every tool's `main` does around its own work.

use std::ffi::CStr;

use crate::cli::getopt::Parser;
use crate::cli::help;
use crate::cli::table::Tool;
use crate::console::Console;
use crate::error::{ExitStatus, Failure};
use crate::words;

/// What `--version` prints after the tool's name. The form is that of util-linux, because scripts
/// parse it; our version number is the release whose behaviour we implement.
const RELEASE: &str = concat!(
    " from util-linux ",
    env!("CARGO_PKG_VERSION"),
    "+ns-tools\n"
);

/// What a command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed<Request> {
    /// `--help`; the rest of the command line was not parsed.
    Help,
    /// `--version`; the rest of the command line was not parsed.
    Version,
    /// A request to the tool.
    Request(Request),
}

/// Runs a tool: parses `arguments` (`argv[0]` first), executes the request, prints any failure, and
/// determines the exit status.
///
/// Only this function, and [`crate::sys::fork::spawn`] in forked children, turns a failure into
/// messages and a status.
pub fn main<Id: Copy, Request>(
    tool: &'static Tool<Id>,
    arguments: &[&'static CStr],
    parse: impl FnOnce(&mut Parser<Id>) -> Result<Parsed<Request>, Failure>,
    execute: impl FnOnce(Request, &mut Console) -> Result<ExitStatus, Failure>,
) -> ExitStatus {
    let (invoked_as, words) = arguments
        .split_first()
        .map_or((c"", [].as_slice()), |(first, rest)| (*first, rest));
    let mut console = Console::new(invoked_as);
    let mut parser = Parser::new(tool, words);
    let outcome = parse(&mut parser).and_then(|parsed| match parsed {
        Parsed::Help => {
            let text = help::render(tool, console.name());
            console.output.push(text.as_slice());
            Ok(ExitStatus::SUCCESS)
        }
        Parsed::Version => {
            console.output.push(&words![console.name(), RELEASE]);
            Ok(ExitStatus::SUCCESS)
        }
        Parsed::Request(request) => execute(request, &mut console),
    });
    console.end(outcome)
}
