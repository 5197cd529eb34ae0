//! The command line of `ipcmk`.

use std::ffi::{OsStr, OsString};

use ns_common::cli::getopt::{Parser, Token};
use ns_common::error::{Error, Failure};
use ns_common::number::{self, Radix, quoted, size};
use ns_common::tool::Parsed;
use ns_common::words;

use crate::options::Id;

/// What the command line asks for; each object that is wanted is made once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The size of a System V segment, in bytes.
    pub segment: Option<u64>,
    /// A System V queue.
    pub queue: bool,
    /// The number of semaphores of a System V set.
    pub semaphore_set: Option<i32>,
    /// The size of a POSIX shared memory object, in bytes.
    pub posix_shared_memory: Option<u64>,
    /// A POSIX queue.
    pub posix_queue: bool,
    /// A POSIX semaphore.
    pub posix_semaphore: bool,
    /// The name of the POSIX objects; empty where there are none.
    pub name: OsString,
    /// The nine permission bits.
    pub mode: u32,
}

/// Reads the command line; values are checked as they are met, and nothing is created meanwhile.
pub fn parse(parser: &mut Parser<Id>) -> Result<Parsed<Request>, Failure> {
    let mut request = Request {
        segment: None,
        queue: false,
        semaphore_set: None,
        posix_shared_memory: None,
        posix_queue: false,
        posix_semaphore: false,
        name: OsString::new(),
        mode: 0o644,
    };
    let mut named = false;
    while let Some(token) = parser.token()? {
        let (id, value) = match token {
            Token::Operand(_) if parser.stops_at_operand() => break,
            Token::Operand(_) => continue,
            Token::Option(id, value) => (id, value.unwrap_or_default()),
        };
        match id {
            Id::Help => return Ok(Parsed::Help),
            Id::Version => return Ok(Parsed::Version),
            Id::Segment => request.segment = Some(size_of(&value)?),
            Id::PosixSharedMemory => request.posix_shared_memory = Some(size_of(&value)?),
            Id::SemaphoreSet => request.semaphore_set = Some(elements(&value)?),
            Id::PosixSemaphore => request.posix_semaphore = true,
            Id::Queue => request.queue = true,
            Id::PosixQueue => request.posix_queue = true,
            Id::Mode => request.mode = mode(&value)?,
            Id::Name => {
                named = true;
                request.name = value;
            }
        }
    }
    let posix =
        request.posix_shared_memory.is_some() || request.posix_queue || request.posix_semaphore;
    let system_v = request.segment.is_some() || request.queue || request.semaphore_set.is_some();
    if !posix && !system_v {
        return Err(Failure::Usage(words!["bad usage"]));
    }
    if posix && !named {
        return Err(Failure::Usage(words!["name is required for POSIX IPC"]));
    }
    Ok(Parsed::Request(request))
}

fn size_of(text: &OsStr) -> Result<u64, Error> {
    size::parse(text)
        .map_err(|reason| Error::caused_by(quoted("failed to parse size", text), reason.errno()))
}

fn elements(text: &OsStr) -> Result<i32, Error> {
    number::int(text).map_err(|reason| reason.into_error("failed to parse elements", text))
}

/// The permission bits of an octal number of up to twelve bits.
fn mode(text: &OsStr) -> Result<u32, Error> {
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
        assert_eq!(
            (request.segment, request.posix_shared_memory),
            (Some(6), Some(7))
        );
        assert_eq!((request.queue, request.mode), (true, 0o600));
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
