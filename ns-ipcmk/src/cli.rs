//! The command line of `ipcmk`.

use std::ffi::{OsStr, OsString};

use ns_common::cli::getopt::{Parser, Token};
use ns_common::error::{Error, Failure};
use ns_common::ipc::{Posix, Resource, SystemV};
use ns_common::number::{self, NumberError, Radix, quoted, size};
use ns_common::sys::ipc::Pages;
use ns_common::tool::Parsed;
use ns_common::words;

use crate::options::Id;

/// The parsed options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// What to create, in this order.
    pub(crate) wanted: Vec<Wanted>,
    /// The name of the POSIX objects; empty if there are none.
    pub(crate) name: OsString,
    /// The key of the System V objects; `None` for a random one.
    pub(crate) key: Option<i32>,
    /// The nine permission bits.
    pub(crate) mode: u32,
    /// How created objects are printed.
    pub(crate) form: Form,
}

/// An object to create; sizes are in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Segment { size: u64, pages: Pages },
    PosixMemory { size: u64 },
    Queue,
    PosixQueue,
    SemaphoreSet { count: i32 },
    PosixSemaphore,
}

impl Wanted {
    pub(crate) fn kind(self) -> Resource {
        match self {
            Self::Segment { .. } => SystemV::Segment.into(),
            Self::PosixMemory { .. } => Posix::Memory.into(),
            Self::Queue => SystemV::Queue.into(),
            Self::PosixQueue => Posix::Queue.into(),
            Self::SemaphoreSet { .. } => SystemV::SemaphoreSet.into(),
            Self::PosixSemaphore => Posix::Semaphore.into(),
        }
    }
}

/// How a created object is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As the reference does: `Message queue id: 0`.
    Sentence,
    /// The id or name alone.
    Bare,
    /// As a JSON object.
    Json,
}

/// Parses the command line. Values are checked in the order of the options; nothing is created yet.
pub(crate) fn parse(parser: &mut Parser<Id>) -> Result<Parsed<Request>, Failure> {
    let mut given = Given::default();
    while let Some(token) = parser.token()? {
        match token {
            Token::Operand(_) if parser.stops_at_operand() => break,
            Token::Operand(_) => {}
            Token::Option(Id::Help, _) => return Ok(Parsed::Help),
            Token::Option(Id::Version, _) => return Ok(Parsed::Version),
            Token::Option(id, value) => given.take(id, value)?,
        }
    }
    given.into_request().map(Parsed::Request)
}

/// The options seen so far; of each the last one counts.
#[derive(Default)]
struct Given {
    segment: Option<u64>,
    posix_memory: Option<u64>,
    queue: bool,
    posix_queue: bool,
    semaphore_set: Option<i32>,
    posix_semaphore: bool,
    mode: Option<u32>,
    name: Option<OsString>,
    key: Option<i32>,
    huge: Option<Pages>,
    quiet: bool,
    json: bool,
}

impl Given {
    fn take(&mut self, id: Id, value: Option<OsString>) -> Result<(), Error> {
        let text = value.as_deref().unwrap_or_default();
        match id {
            // Parsing has ended at these two.
            Id::Help | Id::Version => {}
            Id::Segment => self.segment = Some(bytes(text)?),
            Id::PosixSharedMemory => self.posix_memory = Some(bytes(text)?),
            Id::SemaphoreSet => self.semaphore_set = Some(elements(text)?),
            Id::PosixSemaphore => self.posix_semaphore = true,
            Id::Queue => self.queue = true,
            Id::PosixQueue => self.posix_queue = true,
            Id::Mode => self.mode = Some(permissions(text)?),
            Id::Name => self.name = value,
            Id::Key => self.key = Some(key(text)?),
            Id::Huge => {
                self.huge = Some(match value {
                    Some(text) => huge_pages(&text)?,
                    None => Pages::Huge,
                });
            }
            Id::Quiet => self.quiet = true,
            Id::Json => self.json = true,
        }
        Ok(())
    }

    fn into_request(self) -> Result<Request, Failure> {
        // Each object is created once, in this order, whatever the order of the options.
        let wanted: Vec<Wanted> = [
            self.segment.map(|size| Wanted::Segment {
                size,
                pages: self.huge.unwrap_or(Pages::Ordinary),
            }),
            self.posix_memory.map(|size| Wanted::PosixMemory { size }),
            self.queue.then_some(Wanted::Queue),
            self.posix_queue.then_some(Wanted::PosixQueue),
            self.semaphore_set
                .map(|count| Wanted::SemaphoreSet { count }),
            self.posix_semaphore.then_some(Wanted::PosixSemaphore),
        ]
        .into_iter()
        .flatten()
        .collect();
        let any = |is: fn(Resource) -> bool| wanted.iter().any(|object| is(object.kind()));
        let system_v = any(|kind| matches!(kind, Resource::SystemV(_)));
        let posix = any(|kind| matches!(kind, Resource::Posix(_)));
        let problem = if wanted.is_empty() {
            "bad usage"
        } else if posix && self.name.is_none() {
            "name is required for POSIX IPC"
        } else if self.key.is_some() && !system_v {
            "--key requires --shmem, --queue or --semaphore"
        } else if self.huge.is_some() && self.segment.is_none() {
            "--huge requires --shmem"
        } else if self.json && self.quiet {
            "--json and --quiet cannot be combined"
        } else {
            return Ok(Request {
                wanted,
                name: self.name.unwrap_or_default(),
                key: self.key,
                mode: self.mode.unwrap_or(0o644),
                form: match (self.json, self.quiet) {
                    (true, _) => Form::Json,
                    (false, true) => Form::Bare,
                    (false, false) => Form::Sentence,
                },
            });
        };
        Err(Failure::usage(words![problem]))
    }
}

fn bytes(text: &OsStr) -> Result<u64, Error> {
    size::parse(text)
        .map_err(|reason| Error::caused_by(quoted("failed to parse size", text), reason.errno()))
}

fn elements(text: &OsStr) -> Result<i32, Error> {
    number::int(text).map_err(|reason| reason.into_error("failed to parse elements", text))
}

/// The permission bits of an octal number of up to twelve bits.
fn permissions(text: &OsStr) -> Result<u32, Error> {
    number::parse(text, Radix::Octal, 0..=0o7777_u32)
        .map(|number| number & 0o777)
        .map_err(|reason| reason.into_error("failed to parse mode", text))
}

fn key(text: &OsStr) -> Result<i32, Error> {
    match number::key(text) {
        // Key 0 is IPC_PRIVATE, which creates an object without a key.
        Ok(0) => Err(Error::new(words!["illegal key (", text, ")"])),
        Ok(key) => Ok(key),
        Err(reason) => Err(reason.into_error("failed to parse key", text)),
    }
}

fn huge_pages(text: &OsStr) -> Result<Pages, Error> {
    let parsed = size::parse(text).and_then(|size| {
        let power = u8::try_from(size.trailing_zeros());
        power
            .ok()
            .filter(|_| size.is_power_of_two())
            .ok_or(NumberError::Syntax)
    });
    parsed.map(Pages::HugeOfPower).map_err(|reason| {
        Error::caused_by(
            quoted("failed to parse huge page size", text),
            reason.errno(),
        )
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;
    use crate::options::TOOL;

    fn read(words: &[&'static CStr]) -> Result<Request, Failure> {
        match parse(&mut Parser::new(&TOOL, words))? {
            Parsed::Request(request) => Ok(request),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn last_values_count_and_each_size_is_its_own() {
        let request = read(&[
            c"-M5", c"-M6", c"-m", c"7", c"-nx", c"-Qp7600", c"-Q", c"junk",
        ])
        .unwrap();
        let expected = [
            Wanted::Segment {
                size: 6,
                pages: Pages::Ordinary,
            },
            Wanted::PosixMemory { size: 7 },
            Wanted::Queue,
        ];
        assert_eq!(request.wanted, expected);
        assert_eq!(request.mode, 0o600);
    }

    #[test]
    fn something_must_be_asked_for() {
        for words in [&[][..], &[c"operand"], &[c"-p", c"600"], &[c"-n", c"x"]] {
            assert_eq!(read(words), Err(Failure::usage(words!["bad usage"])));
        }
        let nameless = Err(Failure::usage(words!["name is required for POSIX IPC"]));
        assert_eq!(read(&[c"-Q", c"-q"]), nameless);
    }

    #[test]
    fn contradictions_are_refused() {
        for (words, problem) in [
            (
                &[c"--key=1", c"-q", c"-nx"][..],
                "--key requires --shmem, --queue or --semaphore",
            ),
            (&[c"--huge", c"-Q"], "--huge requires --shmem"),
            (
                &[c"-Q", c"--json", c"--quiet"],
                "--json and --quiet cannot be combined",
            ),
        ] {
            assert_eq!(read(words), Err(Failure::usage(words![problem])));
        }
    }

    #[test]
    fn huge_pages_have_sizes_that_are_powers_of_two() {
        let pages = |word: &'static CStr| read(&[c"-M1", word]).map(|request| request.wanted);
        let segment = |pages| Ok(vec![Wanted::Segment { size: 1, pages }]);
        assert_eq!(pages(c"--huge"), segment(Pages::Huge));
        assert_eq!(pages(c"--huge=2M"), segment(Pages::HugeOfPower(21)));
        assert_eq!(pages(c"--huge=1GiB"), segment(Pages::HugeOfPower(30)));
        for word in [c"--huge=", c"--huge=0", c"--huge=3M", c"--huge=big"] {
            assert!(matches!(pages(word), Err(Failure::Step(_))), "{word:?}");
        }
    }

    #[test]
    fn key_of_private_objects_is_refused() {
        let key = |word: &'static CStr| read(&[c"-Q", c"--key", word]).map(|request| request.key);
        assert_eq!(key(c"0xffffffff"), Ok(Some(-1)));
        assert_eq!(key(c"010"), Ok(Some(8)));
        for word in [c"0", c"0x0", c"", c"x", c"4294967296"] {
            assert!(matches!(key(word), Err(Failure::Step(_))), "{word:?}");
        }
    }
}
