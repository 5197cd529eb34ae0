//! Small files below /proc, written in one piece as the kernel wants it, and read whole.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::error::{Error, Message};
use crate::sys::{descriptor, uninterrupted};

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
    write_to(descriptor::open(path, OFlag::O_WRONLY), text)
}

fn write_to(opened: nix::Result<OwnedFd>, text: &[u8]) -> Result<(), WriteFailure> {
    let file = opened.map_err(WriteFailure::Open)?;
    match uninterrupted(|| nix::unistd::write(&file, text)) {
        Ok(written) if written == text.len() => Ok(()),
        Ok(_) => Err(WriteFailure::Write(Errno::EIO)),
        Err(errno) => Err(WriteFailure::Write(errno)),
    }
}

/// Our own directory in /proc, held: whoever has a copy of the descriptor finds this very process
/// there, or nothing once it has ended.
///
/// A number could come to mean another process, and means another one where /proc is that of an
/// outer PID namespace.
#[derive(Debug)]
pub struct OwnDirectory {
    /// Where there is no /proc, the reason: each use of the directory fails for it.
    directory: nix::Result<OwnedFd>,
    number: Option<String>,
}

impl OwnDirectory {
    /// Opens it.
    pub fn open() -> Self {
        let own = Path::new("/proc/self");
        let number = nix::fcntl::readlink(own).ok();
        Self {
            directory: descriptor::open(own, OFlag::O_PATH | OFlag::O_DIRECTORY),
            number: number.and_then(|number| number.into_string().ok()),
        }
    }

    /// The number that this /proc has for us; `None` where it has none.
    pub fn number(&self) -> Option<&str> {
        self.number.as_deref()
    }

    /// Writes `text` to a file in it with one write(2).
    pub fn write(&self, file: &str, text: &[u8]) -> Result<(), WriteFailure> {
        let open = |directory: &OwnedFd| {
            descriptor::open_at(directory.as_fd(), Path::new(file), OFlag::O_WRONLY)
        };
        let directory = self.directory.as_ref().map_err(|errno| *errno);
        write_to(directory.and_then(open), text)
    }

    /// A path to a file in it, for calls that take no descriptor. It leads there as long as this is
    /// held.
    pub fn path(&self, file: &str) -> nix::Result<PathBuf> {
        let directory = self.directory.as_ref().map_err(|errno| *errno)?;
        Ok(held(directory.as_fd()).join(file))
    }
}

/// The path that leads to what is open under a descriptor of ours.
pub fn held(descriptor: BorrowedFd<'_>) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", descriptor.as_raw_fd()))
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

/// What follows `name` in its line, without the blanks around it.
pub fn field<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    text.split(|byte| *byte == b'\n')
        .find_map(|line| line.strip_prefix(name))
        .map(<[u8]>::trim_ascii)
}

/// The errno of an I/O error; those the standard library makes up itself count as EIO.
pub fn errno(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_their_whole_name() {
        let text = b"Pid:\t7\nNSpid:\t7\t1\nUid:\t1 2 3 4\n";
        assert_eq!(field(text, b"NSpid:"), Some(b"7\t1".as_slice()));
        assert_eq!(field(text, b"Uid:"), Some(b"1 2 3 4".as_slice()));
        assert_eq!(field(text, b"Gid:"), None);
    }
}
