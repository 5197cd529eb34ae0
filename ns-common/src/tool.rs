//! The frame that every tool runs in.

use std::ffi::CStr;

use crate::cli::getopt::Parser;
use crate::cli::help;
use crate::cli::table::Tool;
use crate::console::Console;
use crate::error::{ExitStatus, Failure};
use crate::words;

/// What `--version` says behind the tool's name, in the form in which scripts look for a release of
/// util-linux: our version is the release whose behaviour we have.
const RELEASE: &str = concat!(
    " from util-linux ",
    env!("CARGO_PKG_VERSION"),
    "+ns-tools\n"
);

/// What a command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Parsed<Request> {
    /// `--help`: nothing else was looked at.
    Help,
    /// `--version`: nothing else was looked at.
    Version,
    /// The tool's own work.
    Request(Request),
}

/// Runs a tool: parses `arguments` (`argv[0]` first), carries the request out, reports, and settles
/// the status.
///
/// This is the only place that turns an outcome into messages and a status; forked children have
/// [`crate::sys::fork::spawn`].
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
