//! Parsing the values of options, with the reference's error messages where it has such an option.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use nix::errno::Errno;
use nix::unistd::Pid;
use ns_common::accounts;
use ns_common::error::{Error, Failure, Visible};
use ns_common::idmap::{Both, IdExtent, IdKind};
use ns_common::number::{self, NumberError, Radix};
use ns_common::sys::{signal, uts};
use ns_common::words;

use crate::caller::Caller;
use crate::request::{Existing, Propagation, Range, Remaining, SetGroups, SingleId};
use crate::signals;

/// A process by its PID, or a file.
pub(super) fn join_place(text: &OsStr) -> Result<Existing, Error> {
    if !text.as_bytes().iter().all(u8::is_ascii_digit) {
        return Ok(Existing::File(text.into()));
    }
    let pid = number::parse(text, Radix::Decimal, 1..=i32::MAX).map_err(|reason| {
        let what = words!["failed to parse PID argument '", text, "'"];
        Error::caused_by(what, reason.errno())
    })?;
    Ok(Existing::Process(Pid::from_raw(pid)))
}

pub(super) fn uts_name(option: &str, name: OsString) -> Result<OsString, Failure> {
    if name.len() > uts::LONGEST_NAME {
        let text = " takes a name of at most 64 bytes";
        return Err(Failure::usage(words![option, text]));
    }
    Ok(name)
}

pub(super) fn signal_number(text: &OsStr) -> Result<i32, Error> {
    signals::number(text).ok_or_else(|| unknown_signal(text))
}

fn unknown_signal(text: &OsStr) -> Error {
    Error::new(words!["unknown signal: ", text])
}

/// The numbers of the signals in a comma-separated list of names; `all` stands for all that can be
/// forwarded.
pub(super) fn signal_list(text: &OsStr) -> Result<Vec<i32>, Error> {
    if text == "all" {
        return Ok(signal::forwardable());
    }
    let names = text.as_bytes().split(|byte| *byte == b',');
    let number = |name: &[u8]| {
        let name = OsStr::from_bytes(name);
        let number = signal_number(name)?;
        match number {
            libc::SIGKILL | libc::SIGSTOP => Err(unknown_signal(name)),
            number => Ok(number),
        }
    };
    names.map(number).collect()
}

/// Parses `wait` or `wait:SECONDS`.
pub(super) fn remaining(text: &OsStr) -> Result<Remaining, Failure> {
    let seconds = match text.as_bytes() {
        b"wait" => return Ok(Remaining::EndedBy(None)),
        bytes => bytes.strip_prefix(b"wait:").map(OsStr::from_bytes),
    };
    let seconds = seconds.and_then(|text| number::parse(text, Radix::Decimal, 0..=u32::MAX).ok());
    let limit = seconds.map(|seconds| Duration::from_secs(seconds.into()));
    limit
        .map(|limit| Remaining::EndedBy(Some(limit)))
        .ok_or_else(|| {
            Failure::usage(words![
                "--init takes wait or wait:SECONDS, not '",
                Visible(text),
                "'"
            ])
        })
}

/// Parses the number of a descriptor above the standard ones.
pub(super) fn descriptor(option: &str, text: &OsStr) -> Result<i32, Failure> {
    number::parse(text, Radix::Decimal, 3..=i32::MAX).map_err(|_| {
        Failure::usage(words![
            option,
            " takes the number of a descriptor above 2, not '",
            Visible(text),
            "'"
        ])
    })
}

pub(super) fn plain_id(text: &OsStr, what: &str) -> Result<u32, Error> {
    number::id(text).map_err(|reason| reason.into_error(what, text))
}

pub(super) fn offset(text: &OsStr, what: &str) -> Result<i64, Error> {
    number::parse(text, Radix::Decimal, i64::MIN..=i64::MAX)
        .map_err(|reason| reason.into_error(what, text))
}

/// An id by number or, if `text` is not a number, by name.
pub(super) fn single_id(text: &OsStr, kind: IdKind) -> Result<SingleId, Error> {
    let (what, lookup): (_, fn(&OsStr) -> Option<u32>) = match kind {
        IdKind::User => ("failed to parse uid '", accounts::user_id),
        IdKind::Group => ("failed to parse gid '", accounts::group_id),
    };
    let failed = |errno| Error::caused_by(words![what, text, "'"], errno);
    match number::id(text) {
        // The kernel's "no id" is a number, but cannot be mapped.
        Ok(u32::MAX) => Err(failed(Errno::EINVAL)),
        Ok(number) => Ok(SingleId::Id(number)),
        Err(NumberError::Range) => Err(failed(Errno::ERANGE)),
        Err(NumberError::Syntax) => lookup(text)
            .map(SingleId::Id)
            .ok_or_else(|| failed(Errno::EINVAL)),
    }
}

pub(super) fn range(text: &OsStr, kind: IdKind, caller: &dyn Caller) -> Result<Range, Error> {
    match text.as_bytes() {
        b"auto" => caller.delegated(kind).map(Range::Auto),
        b"subids" => caller.delegated(kind).map(Range::Subids),
        b"all" => Ok(Range::All),
        _ => IdExtent::parse(text)
            .map(Range::Extent)
            .ok_or_else(|| Error::new(words!["invalid mapping '", text, "'"])),
    }
}

pub(super) fn owner(text: &OsStr) -> Result<Both<Option<u32>>, Error> {
    let half = |text: &[u8]| match number::id(OsStr::from_bytes(text)) {
        Ok(u32::MAX) => Some(None),
        Ok(number) => Some(Some(number)),
        Err(_) if text == b"-1" => Some(None),
        Err(_) => None,
    };
    let halves = |text: &[u8]| {
        let colon = text.iter().position(|byte| *byte == b':')?;
        Some(Both {
            user: half(&text[..colon])?,
            group: half(&text[colon + 1..])?,
        })
    };
    halves(text.as_bytes()).ok_or_else(|| Error::new(words!["failed to parse owner"]))
}

pub(super) fn propagation(text: &OsStr) -> Result<Propagation, Error> {
    match text.as_bytes() {
        b"private" => Ok(Propagation::Private),
        b"slave" => Ok(Propagation::Slave),
        b"shared" => Ok(Propagation::Shared),
        b"unchanged" => Ok(Propagation::Unchanged),
        _ => Err(Error::new(words!["unsupported propagation mode: ", text])),
    }
}

pub(super) fn setgroups(text: &OsStr) -> Result<SetGroups, Error> {
    match text.as_bytes() {
        b"allow" => Ok(SetGroups::Allow),
        b"deny" => Ok(SetGroups::Deny),
        _ => Err(Error::new(words![
            "unsupported --setgroups argument '",
            text,
            "'"
        ])),
    }
}
