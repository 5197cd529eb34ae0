//! The command line of `ipcmk`.

use std::ffi::{OsStr, OsString};

use ns_common::cli::getopt::{Parser, Token};
use ns_common::error::{Error, Failure};
use ns_common::number::{self, Radix, quoted, size};
use ns_common::tool::Parsed;
use ns_common::words;

use crate::options::Id;

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// What to create, in the order in which it is created.
    pub(crate) wanted: Vec<Wanted>,
    /// The name of the POSIX objects; empty where there are none.
    pub(crate) name: OsString,
    /// The nine permission bits.
    pub(crate) mode: u32,
}

/// One object to create; sizes are in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Segment { size: u64 },
    PosixMemory { size: u64 },
    Queue,
    PosixQueue,
    SemaphoreSet { count: i32 },
    PosixSemaphore,
}

impl Wanted {
    fn needs_name(self) -> bool {
        match self {
            Self::PosixMemory { .. } | Self::PosixQueue | Self::PosixSemaphore => true,
            Self::Segment { .. } | Self::Queue | Self::SemaphoreSet { .. } => false,
        }
    }
}

/// Reads the command line; values are checked as they are met, and nothing is created meanwhile.
pub(crate) fn parse(parser: &mut Parser<Id>) -> Result<Parsed<Request>, Failure> {
    let (mut segment, mut queue, mut semaphore_set) = (None, None, None);
    let (mut posix_memory, mut posix_queue, mut posix_semaphore) = (None, None, None);
    let (mut name, mut mode) = (None, 0o644);
    while let Some(token) = parser.token()? {
        let (id, value) = match token {
            Token::Operand(_) if parser.stops_at_operand() => break,
            Token::Operand(_) => continue,
            Token::Option(id, value) => (id, value.unwrap_or_default()),
        };
        match id {
            Id::Help => return Ok(Parsed::Help),
            Id::Version => return Ok(Parsed::Version),
            Id::Segment => {
                segment = Some(Wanted::Segment {
                    size: size(&value)?,
                })
            }
            Id::PosixSharedMemory => {
                posix_memory = Some(Wanted::PosixMemory {
                    size: size(&value)?,
                });
            }
            Id::SemaphoreSet => {
                semaphore_set = Some(Wanted::SemaphoreSet {
                    count: elements(&value)?,
                });
            }
            Id::PosixSemaphore => posix_semaphore = Some(Wanted::PosixSemaphore),
            Id::Queue => queue = Some(Wanted::Queue),
            Id::PosixQueue => posix_queue = Some(Wanted::PosixQueue),
            Id::Mode => mode = permissions(&value)?,
            Id::Name => name = Some(value),
        }
    }
    // Each object is created once, in this order whatever that of the options.
    let wanted: Vec<Wanted> = [
        segment,
        posix_memory,
        queue,
        posix_queue,
        semaphore_set,
        posix_semaphore,
    ]
    .into_iter()
    .flatten()
    .collect();
    if wanted.is_empty() {
        return Err(Failure::Usage(words!["bad usage"]));
    }
    if name.is_none() && wanted.iter().any(|object| object.needs_name()) {
        return Err(Failure::Usage(words!["name is required for POSIX IPC"]));
    }
    Ok(Parsed::Request(Request {
        wanted,
        name: name.unwrap_or_default(),
        mode,
    }))
}

fn size(text: &OsStr) -> Result<u64, Error> {
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
            Wanted::Segment { size: 6 },
            Wanted::PosixMemory { size: 7 },
            Wanted::Queue,
        ];
        assert_eq!(request.wanted, expected);
        assert_eq!(request.mode, 0o600);
    }

    #[test]
    fn something_must_be_asked_for() {
        for words in [&[][..], &[c"operand"], &[c"-p", c"600"], &[c"-n", c"x"]] {
            assert_eq!(read(words), Err(Failure::Usage(words!["bad usage"])));
        }
        let nameless = Err(Failure::Usage(words!["name is required for POSIX IPC"]));
        assert_eq!(read(&[c"-Q", c"-q"]), nameless);
    }
}
