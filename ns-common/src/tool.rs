//! A tool as its option table and its texts describe it, and the frame that every tool runs in.

use std::ffi::CStr;

use crate::cli::getopt::Parser;
use crate::cli::help;
use crate::cli::table::Opt;
use crate::console::Console;
use crate::error::{ExitStatus, Failure};
use crate::words;

/// What `--version` says behind the tool's name, in the form in which scripts look for a release of util-linux: our
/// version is the release whose behaviour we have.
const RELEASE: &str = concat!(
    " from util-linux ",
    env!("CARGO_PKG_VERSION"),
    "+ns-tools\n"
);

/// What is done with words of the command line that are no options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The first operand ends the options: it is a program and what follows belongs to it.
    StopAtOperand,
    /// Options and operands may be mixed, unless the environment has `POSIXLY_CORRECT`.
    Permute,
}

/// What the parser, help and completions know of a tool; its [`Manual`] is rendered together with it.
#[derive(Debug)]
pub struct Tool<Id: 'static> {
    /// The command's name and that of its manual page.
    pub name: &'static str,
    /// One line without a full stop, for the head of the manual.
    pub summary: &'static str,
    /// One sentence, for `--help`.
    pub purpose: &'static str,
    /// What follows the command's name, one entry a form of use.
    pub usage: &'static [&'static str],
    /// How operands end or do not end the options.
    pub order: Order,
    /// The options, in the order in which `getopt_long(3)` lists candidates.
    pub options: &'static [Opt<Id>],
}

/// The texts of a manual page. Words between backticks are set in bold.
#[derive(Debug)]
pub struct Manual {
    /// Sentences on each option, in the order of the table.
    pub options: &'static [&'static str],
    /// The paragraphs before the options.
    pub description: &'static [&'static str],
    /// Further sections: a heading and its paragraphs.
    pub sections: &'static [(&'static str, &'static [&'static str])],
    /// What a command does, and the command.
    pub examples: &'static [(&'static str, &'static str)],
    /// Names and sections of related pages.
    pub see_also: &'static [(&'static str, u8)],
}

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

/// Runs a tool: parses `arguments` (`argv[0]` first), carries the request out, reports, and settles the status.
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
    console.finish(outcome)
}
