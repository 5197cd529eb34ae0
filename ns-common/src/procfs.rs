//! Small files below /proc, written in one piece as the kernel wants it, and read whole.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::error::{Error, Message};
use crate::sys::descriptor;

/// At which step a write to a file failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteFailure {
    /// The file could not be opened.
    Open(Errno),
    /// The kernel refused the text.
    Write(Errno),
}

impl WriteFailure {
    /// The error that says `opening` or `writing`, whichever failed.
    pub fn into_error(self, opening: Message, writing: Message) -> Error {
        match self {
            Self::Open(errno) => Error::caused_by(opening, errno),
            Self::Write(errno) => Error::caused_by(writing, errno),
        }
    }
}

/// Writes `text` to `path` with one write(2).
pub fn write(path: &Path, text: &[u8]) -> Result<(), WriteFailure> {
    let file = descriptor::open(path, OFlag::O_WRONLY).map_err(WriteFailure::Open)?;
    let mut file = File::from(file);
    match retry(|| file.write(text)) {
        Ok(written) if written == text.len() => Ok(()),
        Ok(_) => Err(WriteFailure::Write(Errno::EIO)),
        Err(error) => Err(WriteFailure::Write(errno(&error))),
    }
}

/// Reads the whole file `path`.
pub fn read(path: &Path) -> Result<Vec<u8>, Errno> {
    descriptor::open(path, OFlag::O_RDONLY).and_then(read_open)
}

/// Reads what is left of an open file.
pub fn read_open(file: OwnedFd) -> Result<Vec<u8>, Errno> {
    let mut content = Vec::new();
    io::Read::read_to_end(&mut File::from(file), &mut content).map_err(|error| errno(&error))?;
    Ok(content)
}

/// The errno of an I/O error; those the standard library makes up itself count as EIO.
pub fn errno(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}

fn retry<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
