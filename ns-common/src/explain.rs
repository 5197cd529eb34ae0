//! The steps of a plan for a reader: each system call, and what it is for.

use std::ffi::OsStr;

use crate::error::{Message, Piece};
use crate::namespace::KindSet;
use crate::process::program::Program;
use crate::process::variables::Change;
use crate::words;

/// A step as a line of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The process that takes the step, if the plan has several.
    pub process: Option<&'static str>,
    /// The system call, or several separated by commas.
    pub call: Message,
    /// What it is for.
    pub purpose: Message,
}

impl Line {
    /// A step of the current process.
    pub fn new(call: Message, purpose: Message) -> Self {
        Self {
            process: None,
            call,
            purpose,
        }
    }
}

/// Text as a C string literal, with control bytes, quotes and backslashes as `\xHH`, so that it
/// cannot be mistaken for anything else.
pub fn quoted(text: &(impl Piece + ?Sized)) -> Message {
    let mut bytes = Vec::new();
    text.append_to(&mut bytes);
    let mut quoted = String::from("\"").into_bytes();
    for byte in bytes {
        if byte.is_ascii_control() || matches!(byte, b'"' | b'\\') {
            quoted.extend(format!("\\x{byte:02x}").bytes());
        } else {
            quoted.push(byte);
        }
    }
    quoted.push(b'"');
    words![quoted.as_slice()]
}

/// The flags for `kinds` as clone(2) names them: `CLONE_NEWUSER|CLONE_NEWIPC`, or `0`.
pub fn flags(kinds: KindSet) -> Message {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.flag_name()).collect();
    if names.is_empty() {
        words!["0"]
    } else {
        words![names.join("|")]
    }
}

/// `kinds` as part of a sentence: `user, IPC and UTS`.
pub fn list_of_kinds(kinds: KindSet) -> Message {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    match names.split_last() {
        Some((last, [])) => words![last],
        Some((last, others)) => words![others.join(", "), " and ", last],
        None => words!["no"],
    }
}

/// A change of the environment as a line of text.
pub fn change(change: &Change) -> Line {
    let (call, purpose) = match change {
        Change::Keep(names) if names.is_empty() => (words!["clear the environment"], words![""]),
        Change::Keep(names) => {
            let list = names.join(OsStr::new(","));
            (
                words!["keep only ", quoted(&list)],
                words!["of the environment"],
            )
        }
        Change::Replace(_) => (words!["replace the environment"], words![""]),
        Change::Set(name, value) => (
            words!["setenv(", quoted(name), ", ", quoted(value), ")"],
            words!["for the program"],
        ),
        Change::Unset(name) => (
            words!["unsetenv(", quoted(name), ")"],
            words!["for the program"],
        ),
    };
    Line::new(call, purpose)
}

/// The execution of the program as a line of text.
pub fn program(program: &Program) -> Line {
    let (call, purpose) = match program {
        Program::Command(argv) => {
            let name = argv.first().copied().unwrap_or_default();
            (words!["execvp(", quoted(name), ")"], words!["the program"])
        }
        Program::Shell(_) => (
            words!["execv($SHELL)"],
            words!["a login shell: yours, or /bin/sh"],
        ),
    };
    Line::new(call, purpose)
}

/// The widest call that the column of purposes makes room for.
const WIDEST: usize = 50;

/// The text of a plan: one numbered step a line, with the purposes aligned in a column.
pub fn render(lines: &[Line]) -> Vec<u8> {
    let calls: Vec<Message> = lines
        .iter()
        .map(|line| match line.process {
            Some(process) => words![process, ": ", line.call],
            None => line.call.clone(),
        })
        .collect();
    let length = |call: &Message| String::from_utf8_lossy(call.as_bytes()).chars().count();
    let widest = calls
        .iter()
        .map(length)
        .filter(|width| *width <= WIDEST)
        .max()
        .unwrap_or(0);
    let mut text = Vec::new();
    for (number, (call, line)) in (1..).zip(calls.iter().zip(lines)) {
        text.extend(format!("{number:2}  ").bytes());
        text.extend_from_slice(call.as_bytes());
        if !line.purpose.as_bytes().is_empty() {
            text.extend(" ".repeat(widest.saturating_sub(length(call)) + 2).bytes());
            text.extend_from_slice(line.purpose.as_bytes());
        }
        text.push(b'\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_stand_below_each_other() {
        let mut lines = vec![
            Line::new(words!["fork()"], words!["a child"]),
            Line::new(words!["setuid(0)"], words!["your id"]),
        ];
        lines[1].process = Some("child");
        let text = String::from_utf8(render(&lines)).unwrap();
        assert_eq!(quoted("a\n\"").as_bytes(), br#""a\x0a\x22""#);
        assert_eq!(
            text,
            " 1  fork()            a child\n 2  child: setuid(0)  your id\n"
        );
    }
}
