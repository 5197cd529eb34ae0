//! The environment of the program: variables are kept, set and unset, in order.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::error::{Attempt, Error, Failure, Visible};
use crate::hint;
use crate::sys::environment;
use crate::words;

/// A change of the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Keeps only the named variables. They end up in reverse order of naming, as with the
    /// reference.
    Keep(Vec<OsString>),
    /// Replaces the whole environment by these variables, in this order.
    Replace(Vec<(CString, CString)>),
    /// Sets a variable; a new one is appended.
    Set(CString, CString),
    /// Removes a variable.
    Unset(CString),
}

type Variables = Vec<(CString, CString)>;

/// Makes the changes in order, and erases the former environment, which could still be read in
/// `/proc/PID/environ`.
pub fn change(changes: &[Change]) -> Result<(), Error> {
    // The caller's `NS_HINTS` must be read before it is gone.
    hint::are_wanted();
    let variables = changes.iter().fold(current(), changed);
    environment::replace(&variables).attempt(|| words!["failed to set environment variables"])
}

fn current() -> Variables {
    let pair = |(name, value): (OsString, OsString)| {
        Some((
            CString::new(name.into_vec()).ok()?,
            CString::new(value.into_vec()).ok()?,
        ))
    };
    std::env::vars_os().filter_map(pair).collect()
}

fn changed(mut variables: Variables, change: &Change) -> Variables {
    match change {
        Change::Keep(names) => kept(&variables, names),
        Change::Replace(others) => others.clone(),
        Change::Set(name, value) => {
            match variables.iter_mut().find(|(known, _)| known == name) {
                Some(variable) => variable.1.clone_from(value),
                None => variables.push((name.clone(), value.clone())),
            }
            variables
        }
        Change::Unset(name) => {
            variables.retain(|(known, _)| known != name);
            variables
        }
    }
}

fn kept(variables: &Variables, names: &[OsString]) -> Variables {
    let mut known = BTreeMap::new();
    for (name, value) in variables {
        // If a name occurs several times, getenv(3) finds the first.
        known.entry(name.to_bytes()).or_insert((name, value));
    }
    let mut seen = BTreeSet::new();
    names
        .iter()
        .rev()
        .filter(|name| seen.insert(name.as_bytes()))
        .filter_map(|name| known.get(name.as_bytes()))
        .map(|(name, value)| ((*name).clone(), (*value).clone()))
        .collect()
}

/// The variables of an environment block such as `/proc/PID/environ`, in reverse order. If a name
/// occurs several times, the last one counts.
///
/// Text without `=` is ignored: programs that overwrite their environment block leave such text
/// behind.
pub fn of_block(block: &[u8]) -> Vec<(CString, CString)> {
    let mut seen = BTreeSet::new();
    let mut variables = Vec::new();
    for entry in block.split(|byte| *byte == 0).rev() {
        let Some(equals) = entry.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        let (name, value) = (&entry[..equals], &entry[equals + 1..]);
        if !seen.insert(name) {
            continue;
        }
        if let (Ok(name), Ok(value)) = (CString::new(name), CString::new(value)) {
            variables.push((name, value));
        }
    }
    variables
}

/// Parses the value of `--set-env`: `NAME=VALUE`.
pub fn setting(text: &OsStr) -> Result<Change, Failure> {
    let usage = || {
        Failure::usage(words![
            "--set-env takes NAME=VALUE, not '",
            Visible(text),
            "'"
        ])
    };
    let (name, value) = assignment(text).ok_or_else(usage)?;
    Ok(Change::Set(name, value))
}

/// Parses the value of `--unset-env`: a name.
pub fn removal(text: &OsStr) -> Result<Change, Failure> {
    let is_name = !text.is_empty() && !text.as_bytes().contains(&b'=');
    let name = CString::new(text.as_bytes()).ok().filter(|_| is_name);
    let usage = || {
        Failure::usage(words![
            "--unset-env takes a name, not '",
            Visible(text),
            "'"
        ])
    };
    name.map(Change::Unset).ok_or_else(usage)
}

fn assignment(text: &OsStr) -> Option<(CString, CString)> {
    let bytes = text.as_bytes();
    let equals = bytes
        .iter()
        .position(|byte| *byte == b'=')
        .filter(|at| *at > 0)?;
    let (name, value) = (&bytes[..equals], &bytes[equals + 1..]);
    Some((CString::new(name).ok()?, CString::new(value).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(text: &str) -> (CString, CString) {
        assignment(OsStr::new(text)).expect("a name and a value")
    }

    fn after(changes: &[Change]) -> Vec<String> {
        let start = ["A=1", "B=2", "A=3"].map(pair).to_vec();
        let text =
            |(name, value): &(CString, CString)| [name.to_bytes(), b"=", value.to_bytes()].concat();
        let variables = changes.iter().fold(start, changed);
        let texts = variables.iter().map(text);
        texts.map(|text| String::from_utf8(text).unwrap()).collect()
    }

    #[test]
    fn kept_variables_come_last_named_first() {
        let names = |names: &[&str]| Change::Keep(names.iter().map(OsString::from).collect());
        assert_eq!(after(&[names(&["B", "A", "NONE"])]), ["A=1", "B=2"]);
        assert_eq!(after(&[names(&["A", "B", "A"])]), ["A=1", "B=2"]);
        assert_eq!(after(&[names(&["A=1"])]), [""; 0]);
        assert_eq!(after(&[names(&[])]), [""; 0]);
    }

    #[test]
    fn changes_are_made_in_order() {
        let set = |text| {
            let (name, value) = pair(text);
            Change::Set(name, value)
        };
        assert_eq!(
            after(&[set("B="), set("C=x=y")]),
            ["A=1", "B=", "A=3", "C=x=y"]
        );
        assert_eq!(after(&[set("A=9"), Change::Unset(c"A".into())]), ["B=2"]);
        assert_eq!(
            after(&[Change::Replace(vec![pair("X=1")]), set("Y=2")]),
            ["X=1", "Y=2"]
        );
        assert_eq!(assignment(OsStr::new("=x")), None);
        assert_eq!(assignment(OsStr::new("x")), None);
    }

    #[test]
    fn block_keeps_what_is_a_variable() {
        let read = |block: &[u8]| {
            let text = |(name, value): &(CString, CString)| format!("{name:?}={value:?}");
            of_block(block).iter().map(text).collect::<Vec<_>>()
        };
        assert_eq!(read(b"A=1\0B=2\0"), [r#""B"="2""#, r#""A"="1""#]);
        assert_eq!(
            read(b"INVALID\0key=value\0INVALID2\0"),
            [r#""key"="value""#]
        );
        assert_eq!(read(b"A=1\0B=2\0A=3"), [r#""A"="3""#, r#""B"="2""#]);
        assert_eq!(read(b"A=\0B=x=y"), [r#""B"="x=y""#, r#""A"="""#]);
        assert_eq!(read(b""), [""; 0]);
        assert_eq!(read(b"=x\0"), [r#"""="x""#]);
    }
}
