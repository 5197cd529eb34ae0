//! The command line of `ipcrm`. It is parsed as a whole before anything is removed.

use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use ns_common::cli::getopt::{Parser, Token, without_equals};
use ns_common::error::{Error, Failure};
use ns_common::hint;
use ns_common::ipc::filter;
use ns_common::ipc::{Posix, Resource, Resources, SystemV};
use ns_common::number::{self, Radix};
use ns_common::tool::Parsed;
use ns_common::words;

use crate::options::{Id, TOOL};
use crate::orphans::Orphans;

/// What a command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// Removals by options.
    Options {
        /// The objects to remove, in order.
        removals: Vec<Removal>,
        /// The kinds of which to remove everything after that.
        sweep: Resources,
        /// Whether to announce each removal of the sweep.
        verbose: bool,
        /// The failure to report at the end if there are operands.
        complaint: Option<Failure>,
    },
    /// Removal of what dead processes have left behind.
    Orphans(Orphans),
    /// `ipcrm msg ID...`
    OldForm {
        /// The kind of the objects.
        kind: SystemV,
        /// The ids as typed.
        ids: Vec<OsString>,
    },
}

/// An object to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Removal {
    /// The object.
    pub(crate) handle: Handle,
    /// Whether to announce the removal.
    pub(crate) verbose: bool,
}

/// How an object is identified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Handle {
    /// An id, which need not exist.
    Id(SystemV, i32),
    /// A key, and its text as typed.
    Key(SystemV, i32, OsString),
    /// Key 0, which no object has; its text as typed.
    PrivateKey(OsString),
    /// The name of a POSIX object.
    Name(Posix, OsString),
}

/// The kinds by their names in `--all`, in the order in which they are swept.
const KINDS: &[(&str, Resource)] = &[
    ("shm", Resource::SystemV(SystemV::Segment)),
    ("pshm", Resource::Posix(Posix::Memory)),
    ("sem", Resource::SystemV(SystemV::SemaphoreSet)),
    ("psem", Resource::Posix(Posix::Semaphore)),
    ("msg", Resource::SystemV(SystemV::Queue)),
    ("pmsg", Resource::Posix(Posix::Queue)),
];

/// Parses the command line.
pub(crate) fn parse(parser: &mut Parser<Id>) -> Result<Parsed<Request>, Failure> {
    let words = parser.words();
    let Some((first, ids)) = words.split_first() else {
        return Err(Failure::usage(words!["bad usage"]));
    };
    if let Some(kind) = system_v(first.to_bytes()) {
        let typed = |word: &&CStr| OsStr::from_bytes(word.to_bytes()).to_owned();
        let ids: Vec<OsString> = ids.iter().map(typed).collect();
        return match ids.is_empty() {
            true => Err(Failure::usage(words!["not enough arguments"])),
            false => Ok(Parsed::Request(Request::OldForm { kind, ids })),
        };
    }
    let mut given = Given::default();
    while let Some(token) = parser.token()? {
        match token {
            Token::Operand(word) => {
                given.operands.push(word);
                if parser.stops_at_operand() {
                    break;
                }
            }
            Token::Option(Id::Help, _) => return Ok(Parsed::Help),
            Token::Option(Id::Version, _) => return Ok(Parsed::Version),
            Token::Option(id, value) => given.take(id, value)?,
        }
    }
    given.into_request().map(Parsed::Request)
}

/// The options and operands seen so far.
#[derive(Default)]
struct Given {
    removals: Vec<Removal>,
    sweep: Resources,
    orphans: Resources,
    owner: Option<OsString>,
    older_than: Option<u64>,
    dry_run: bool,
    verbose: bool,
    operands: Vec<OsString>,
    last: Option<Id>,
}

impl Given {
    fn take(&mut self, id: Id, value: Option<OsString>) -> Result<(), Error> {
        self.last = Some(id);
        match id {
            // Parsing has ended at these two.
            Id::Help | Id::Version => {}
            Id::Verbose => self.verbose = true,
            Id::All => self.sweep = self.sweep.union(kinds(value.as_deref())?),
            Id::Orphans => self.orphans = self.orphans.with(orphan_kind(value.as_deref())?),
            Id::Owner => self.owner = value,
            Id::OlderThan => {
                self.older_than = Some(filter::duration(&value.unwrap_or_default())?);
            }
            Id::DryRun => self.dry_run = true,
            Id::Numbered(kind) => {
                let id = object_id(&value.unwrap_or_default())?;
                self.add(Handle::Id(kind, id));
            }
            Id::Keyed(kind) => {
                let handle = key(kind, value.unwrap_or_default())?;
                self.add(handle);
            }
            Id::Named(kind) => self.add(Handle::Name(kind, value.unwrap_or_default())),
        }
        Ok(())
    }

    fn add(&mut self, handle: Handle) {
        let verbose = self.verbose;
        self.removals.push(Removal { handle, verbose });
    }

    fn into_request(self) -> Result<Request, Failure> {
        let complaint = self
            .operands
            .first()
            .map(|word| unknown(word, &self.operands, self.last));
        // Refused before anything is removed: in `-a msg`, only one type was meant, not everything.
        if let Some(complaint) = &complaint {
            if !self.sweep.is_empty() || !self.orphans.is_empty() {
                return Err(complaint.clone());
            }
        }
        if let Some(problem) = self.contradiction() {
            return Err(Failure::usage(words![problem]));
        }
        if self.orphans.is_empty() {
            return Ok(Request::Options {
                removals: self.removals,
                sweep: self.sweep,
                verbose: self.verbose,
                complaint,
            });
        }
        let system_v = |kind| match kind {
            Resource::SystemV(kind) => Some(kind),
            Resource::Posix(_) => None,
        };
        Ok(Request::Orphans(Orphans {
            kinds: in_order(self.orphans).filter_map(system_v).collect(),
            owner: self.owner,
            older_than: self.older_than,
            dry_run: self.dry_run,
            verbose: self.verbose,
        }))
    }

    fn contradiction(&self) -> Option<&'static str> {
        if self.orphans.is_empty() {
            [
                (self.owner.is_some(), "--owner requires --orphans"),
                (self.older_than.is_some(), "--older-than requires --orphans"),
                (self.dry_run, "--dry-run requires --orphans"),
            ]
            .into_iter()
            .find_map(|(is_given, problem)| is_given.then_some(problem))
        } else if !self.removals.is_empty() || !self.sweep.is_empty() {
            Some("--orphans and other removals cannot be combined")
        } else if self.older_than.is_some() {
            None
        } else if self.orphans.contains(SystemV::Queue) {
            Some("--orphans=msg requires --older-than")
        } else if self.orphans.contains(SystemV::SemaphoreSet) {
            Some("--orphans=sem requires --older-than")
        } else {
            None
        }
    }
}

/// The kind by its name in the old form and in `--orphans`.
fn system_v(name: &[u8]) -> Option<SystemV> {
    match name {
        b"shm" => Some(SystemV::Segment),
        b"msg" => Some(SystemV::Queue),
        b"sem" => Some(SystemV::SemaphoreSet),
        _ => None,
    }
}

/// How many ids a hint shows at most.
const SHOWN: usize = 8;

/// The failure for an operand. In `ipcrm -m 1 2 3`, as xargs calls it, 2 and 3 are meant as ids
/// too.
fn unknown(word: &OsStr, operands: &[OsString], last: Option<Id>) -> Failure {
    let what = words!["unknown argument: ", word];
    let are_ids = || operands.iter().all(|word| plain_id(word).is_ok());
    let kind = match last {
        Some(Id::Numbered(kind)) if hint::are_wanted() && are_ids() => kind,
        _ => return Failure::usage(what),
    };
    let option = TOOL
        .options
        .iter()
        .find(|option| option.id == Id::Numbered(kind));
    let letter = option
        .and_then(|option| option.short)
        .map_or(String::new(), String::from);
    let name = KINDS.iter().find(|(_, known)| *known == kind.into());
    let name = name.map_or("", |(name, _)| name);
    let hint = words![
        "each id needs its own -",
        letter,
        "; for the others: ipcrm ",
        name
    ];
    let shown = operands.iter().take(SHOWN);
    let hint = shown.fold(hint, |hint, word| hint.with(" ").with(word));
    let more = if operands.len() > SHOWN { " ..." } else { "" };
    Failure::Usage(Error::new(what).with_hint(hint.with(more)))
}

/// Parses an id of the old form, which must be one that an object can have.
pub(crate) fn plain_id(word: &OsStr) -> Result<i32, Error> {
    number::parse(word, Radix::Decimal, 0..=i32::MAX)
        .map_err(|_| Error::new(words!["invalid id: ", word]))
}

const UNREADABLE: &str = "failed to parse argument";

fn object_id(text: &OsStr) -> Result<i32, Error> {
    number::int(text).map_err(|reason| reason.into_error(UNREADABLE, text))
}

fn key(kind: SystemV, text: OsString) -> Result<Handle, Error> {
    match number::key(&text) {
        Ok(0) => Ok(Handle::PrivateKey(text)),
        Ok(key) => Ok(Handle::Key(kind, key, text)),
        Err(reason) => Err(reason.into_error(UNREADABLE, &text)),
    }
}

/// The kind that `--all` names, or without a name all System V kinds.
fn kinds(name: Option<&OsStr>) -> Result<Resources, Error> {
    let Some(name) = name else {
        return Ok(Resources::SYSTEM_V);
    };
    let name = without_equals(name);
    match KINDS.iter().find(|(known, _)| *known == name) {
        Some((_, kind)) => Ok(Resources::NONE.with(*kind)),
        None => Err(Error::new(words!["unknown argument: ", name])),
    }
}

/// The kind that `--orphans` names, or segments if it names none.
fn orphan_kind(name: Option<&OsStr>) -> Result<SystemV, Error> {
    let name = name.unwrap_or(OsStr::new("shm"));
    system_v(name.as_bytes()).ok_or_else(|| Error::new(words!["unknown argument: ", name]))
}

/// The kinds in `sweep`, in the order in which they are swept.
pub(crate) fn in_order(sweep: Resources) -> impl Iterator<Item = Resource> {
    KINDS
        .iter()
        .map(|(_, kind)| *kind)
        .filter(move |kind| sweep.contains(*kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::TOOL;

    fn read(words: &[&'static CStr]) -> Result<Request, Failure> {
        match parse(&mut Parser::new(&TOOL, words))? {
            Parsed::Request(request) => Ok(request),
            other => panic!("{other:?}"),
        }
    }

    fn handles(words: &[&'static CStr]) -> Vec<(Handle, bool)> {
        match read(words) {
            Ok(Request::Options { removals, .. }) => removals
                .into_iter()
                .map(|removal| (removal.handle, removal.verbose))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn verbose_speaks_of_what_follows() {
        let queue = |id| Handle::Id(SystemV::Queue, id);
        assert_eq!(
            handles(&[c"-q", c"010", c"-v", c"-q-1"]),
            [(queue(10), false), (queue(-1), true)]
        );
    }

    #[test]
    fn key_0_is_private() {
        for word in [c"0", c"0x0"] {
            let typed = OsStr::from_bytes(word.to_bytes()).to_owned();
            assert_eq!(
                handles(&[c"-Q", word]),
                [(Handle::PrivateKey(typed), false)]
            );
        }
        let five = Handle::Key(SystemV::Queue, -5, "-5".into());
        assert_eq!(handles(&[c"-Q-5"]), [(five, false)]);
    }

    #[test]
    fn whole_line_is_read_before_anything_is_removed() {
        assert_eq!(
            read(&[c"-a", c"msg"]),
            Err(Failure::usage(words!["unknown argument: msg"]))
        );
        assert!(read(&[c"-q", c"0", c"-q", c"abc"]).is_err());
        assert_eq!(read(&[]), Err(Failure::usage(words!["bad usage"])));
        assert_eq!(
            read(&[c"msg"]),
            Err(Failure::usage(words!["not enough arguments"]))
        );
    }

    #[test]
    fn types_add_up_and_none_means_system_v() {
        let sweep = |words: &[&'static CStr]| match read(words) {
            Ok(Request::Options { sweep, .. }) => in_order(sweep).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            sweep(&[c"-a"]),
            [
                SystemV::Segment.into(),
                SystemV::SemaphoreSet.into(),
                SystemV::Queue.into()
            ]
        );
        assert_eq!(
            sweep(&[c"-amsg", c"--all==pshm"]),
            [Posix::Memory.into(), SystemV::Queue.into()]
        );
    }

    #[test]
    fn operands_are_complained_of_in_the_end_with_the_cure_where_they_are_ids() {
        let complaint = |words: &[&'static CStr]| match read(words) {
            Ok(Request::Options {
                removals,
                complaint,
                ..
            }) => (removals.len(), complaint),
            other => panic!("{other:?}"),
        };
        let cure = Error::new(words!["unknown argument: 2"]).with_hint(words![
            "each id needs its own -s; for the others: ipcrm sem 2 3"
        ]);
        let cure = Failure::Usage(cure);
        assert_eq!(complaint(&[c"-s1", c"2", c"3"]), (1, Some(cure)));
        for words in [
            &[c"-s1", c"2", c"x"][..],
            &[c"-S1", c"2"],
            &[c"-v", c"2"],
            &[c"2"],
        ] {
            let (_, complaint) = complaint(words);
            let expected = Failure::usage(words!["unknown argument: 2"]);
            assert_eq!(complaint, Some(expected), "{words:?}");
        }
    }
}
