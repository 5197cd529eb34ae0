//! The command line of `ipcrm`. All of it is checked before anything is removed.

use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use ns_common::cli::getopt::{Parser, Token, without_equals};
use ns_common::error::{Error, Failure};
use ns_common::ipc::SystemV;
use ns_common::number::{self, NumberError, Radix, quoted};
use ns_common::sys::posix_ipc::Object;
use ns_common::tool::Parsed;
use ns_common::words;

use crate::options::Id;

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// By options.
    Options {
        /// What to remove, in order.
        removals: Vec<Removal>,
        /// Then everything of these types.
        sweep: Vec<Type>,
        /// Announce each removal of the sweep.
        verbose: bool,
    },
    /// `ipcrm msg ID...`
    Words {
        /// The kind named.
        resource: SystemV,
        /// The ids, as typed.
        ids: Vec<&'static CStr>,
    },
}

/// One thing to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Which one.
    pub target: Target,
    /// Announce it.
    pub verbose: bool,
}

/// How an object is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// By its id, which may be none.
    Id(SystemV, i32),
    /// By its key, and the key as typed.
    Key(SystemV, i32, OsString),
    /// By key 0, which leads to no object; as typed.
    PrivateKey(OsString),
    /// A POSIX object by its name.
    Name(Object, OsString),
}

/// What `--all` is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// System V objects of a kind.
    SystemV(SystemV),
    /// POSIX objects of a kind.
    Posix(Object),
}

/// The types by the names `--all` knows, in the order in which they are swept.
const TYPES: &[(&str, Type)] = &[
    ("shm", Type::SystemV(SystemV::Segment)),
    ("pshm", Type::Posix(Object::SharedMemory)),
    ("sem", Type::SystemV(SystemV::SemaphoreSet)),
    ("psem", Type::Posix(Object::Semaphore)),
    ("msg", Type::SystemV(SystemV::Queue)),
    ("pmsg", Type::Posix(Object::Queue)),
];

/// Reads the command line.
pub fn parse(parser: &mut Parser<Id>) -> Result<Parsed<Request>, Failure> {
    let words = parser.words();
    if let Some((first, ids)) = words.split_first() {
        if let Some(resource) = old_form(first) {
            let ids = ids.to_vec();
            return match ids.is_empty() {
                true => Err(Failure::Usage(words!["not enough arguments"])),
                false => Ok(Parsed::Request(Request::Words { resource, ids })),
            };
        }
    } else {
        return Err(Failure::Usage(words!["bad usage"]));
    }
    let (mut removals, mut sweep, mut verbose) = (Vec::new(), Vec::new(), false);
    let mut operand = None;
    while let Some(token) = parser.token()? {
        let (id, value) = match token {
            Token::Operand(word) => {
                operand.get_or_insert(word);
                if parser.stops_at_operand() {
                    break;
                }
                continue;
            }
            Token::Option(id, value) => (id, value),
        };
        let text = || value.clone().unwrap_or_default();
        let target = match id {
            Id::Help => return Ok(Parsed::Help),
            Id::Version => return Ok(Parsed::Version),
            Id::Verbose => {
                verbose = true;
                continue;
            }
            Id::All => {
                sweep.extend(types(value.as_deref())?);
                continue;
            }
            Id::ById(resource) => Target::Id(resource, object_id(&text())?),
            Id::ByKey(resource) => key(resource, text())?,
            Id::ByName(object) => Target::Name(object, text()),
        };
        removals.push(Removal { target, verbose });
    }
    if let Some(word) = operand {
        return Err(Failure::Usage(words!["unknown argument: ", word]));
    }
    Ok(Parsed::Request(Request::Options {
        removals,
        sweep,
        verbose,
    }))
}

fn old_form(word: &CStr) -> Option<SystemV> {
    match word.to_bytes() {
        b"shm" => Some(SystemV::Segment),
        b"msg" => Some(SystemV::Queue),
        b"sem" => Some(SystemV::SemaphoreSet),
        _ => None,
    }
}

/// Reads an id of the old form, which must be one that an object can have.
pub fn plain_id(word: &CStr) -> Result<i32, Error> {
    number::parse(
        OsStr::from_bytes(word.to_bytes()),
        Radix::Decimal,
        0..=i32::MAX,
    )
    .map_err(|_| Error::new(words!["invalid id: ", word]))
}

const UNREADABLE: &str = "failed to parse argument";

fn object_id(text: &OsStr) -> Result<i32, Error> {
    number::int(text).map_err(|reason| reason.into_error(UNREADABLE, text))
}

/// Reads a key of 32 bits, signed or unsigned.
fn key(resource: SystemV, text: OsString) -> Result<Target, Error> {
    let range = i128::from(i32::MIN)..=i128::from(u32::MAX);
    let number = match number::leading(text.as_bytes(), Radix::ByPrefix) {
        None => return Err(NumberError::Syntax.into_error(UNREADABLE, &text)),
        Some((None, _)) => return Err(NumberError::Range.into_error(UNREADABLE, &text)),
        Some((Some(_), rest)) if !rest.is_empty() => {
            return Err(Error::new(quoted(UNREADABLE, &text)));
        }
        Some((Some(number), _)) if !range.contains(&number) => {
            return Err(Error::caused_by(quoted(UNREADABLE, &text), Errno::ERANGE));
        }
        Some((Some(number), _)) => number,
    };
    let key = i32::try_from(number)
        .or_else(|_| u32::try_from(number).map(|number| i32::from_ne_bytes(number.to_ne_bytes())))
        .map_err(|_| Error::new(quoted(UNREADABLE, &text)))?;
    Ok(if key == 0 {
        Target::PrivateKey(text)
    } else {
        Target::Key(resource, key, text)
    })
}

/// The types that `--all` names, one or, without a name, those of System V.
fn types(name: Option<&OsStr>) -> Result<Vec<Type>, Error> {
    let Some(name) = name else {
        let system_v = TYPES
            .iter()
            .map(|(_, kind)| *kind)
            .filter(|kind| matches!(kind, Type::SystemV(_)));
        return Ok(system_v.collect());
    };
    let name = without_equals(name);
    match TYPES.iter().find(|(known, _)| *known == name) {
        Some((_, kind)) => Ok(vec![*kind]),
        None => Err(Error::new(words!["unknown argument: ", name])),
    }
}

/// Whether a type was asked for, in the order in which types are swept.
pub fn in_order(sweep: &[Type]) -> impl Iterator<Item = Type> {
    TYPES
        .iter()
        .map(|(_, kind)| *kind)
        .filter(|kind| sweep.contains(kind))
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

    fn targets(words: &[&'static CStr]) -> Vec<(Target, bool)> {
        match read(words) {
            Ok(Request::Options { removals, .. }) => removals
                .into_iter()
                .map(|removal| (removal.target, removal.verbose))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn verbose_speaks_of_what_follows() {
        let queue = |id| Target::Id(SystemV::Queue, id);
        assert_eq!(
            targets(&[c"-q", c"010", c"-v", c"-q-1"]),
            [(queue(10), false), (queue(-1), true)]
        );
    }

    #[test]
    fn one_key_has_several_spellings() {
        for word in [c"-5", c"0xfffffffb", c"4294967291", c"037777777773"] {
            let typed = OsStr::from_bytes(word.to_bytes()).to_owned();
            assert_eq!(
                targets(&[c"-Q", word]),
                [(Target::Key(SystemV::Queue, -5, typed), false)]
            );
        }
        for word in [c"0", c"0x0"] {
            assert!(matches!(
                targets(&[c"-Q", word])[0].0,
                Target::PrivateKey(_)
            ));
        }
        for word in [
            c"4294967296",
            c"-2147483649",
            c"abc",
            c"08",
            c"0x",
            c"",
            c"8x",
        ] {
            assert!(
                matches!(read(&[c"-Q", word]), Err(Failure::Step(_))),
                "{word:?}"
            );
        }
    }

    #[test]
    fn whole_line_is_checked_before_anything_is_removed() {
        assert_eq!(
            read(&[c"-a", c"msg"]),
            Err(Failure::Usage(words!["unknown argument: msg"]))
        );
        assert!(read(&[c"-q", c"0", c"-q", c"abc"]).is_err());
        assert_eq!(read(&[]), Err(Failure::Usage(words!["bad usage"])));
        assert_eq!(
            read(&[c"msg"]),
            Err(Failure::Usage(words!["not enough arguments"]))
        );
    }

    #[test]
    fn types_add_up_and_none_means_system_v() {
        let sweep = |words: &[&'static CStr]| match read(words) {
            Ok(Request::Options { sweep, .. }) => in_order(&sweep).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        let (shm, sem, msg) = (SystemV::Segment, SystemV::SemaphoreSet, SystemV::Queue);
        assert_eq!(
            sweep(&[c"-a"]),
            [Type::SystemV(shm), Type::SystemV(sem), Type::SystemV(msg)]
        );
        assert_eq!(
            sweep(&[c"-amsg", c"--all==pshm"]),
            [Type::Posix(Object::SharedMemory), Type::SystemV(msg)]
        );
    }
}
