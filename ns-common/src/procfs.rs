//! Small files in `/proc`: written with a single write(2), as the kernel requires, and read whole.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::error::{Error, Message};
use crate::sys::{descriptor, uninterrupted};

/// The step at which writing a file failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteFailure {
    /// The file could not be opened.
    Open(Errno),
    /// The kernel refused the text.
    Write(Errno),
}

impl WriteFailure {
    /// The error with the message `opening` or `writing`, depending on which step failed.
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

/// The name of the process with the directory `process` in `/proc`: `comm` of proc(5).
pub fn command(process: BorrowedFd<'_>) -> nix::Result<Vec<u8>> {
    let opened = descriptor::open_at(process, Path::new("comm"), OFlag::O_RDONLY);
    let mut name = opened.and_then(read_open)?;
    if name.last() == Some(&b'\n') {
        name.pop();
    }
    Ok(name)
}

/// Our own directory in `/proc`, held open. A process that inherits the descriptor finds this
/// process in it, or nothing once this process has ended.
///
/// A PID could be reused for another process, and means another process in a `/proc` of an outer
/// PID namespace.
#[derive(Debug)]
pub struct OwnDirectory {
    /// An error if there is no `/proc`; each use of the directory then fails with it.
    directory: nix::Result<OwnedFd>,
    number: Option<String>,
}

impl OwnDirectory {
    /// Opens the directory.
    pub fn open() -> Self {
        let own = Path::new("/proc/self");
        let number = nix::fcntl::readlink(own).ok();
        Self {
            directory: descriptor::open(own, OFlag::O_PATH | OFlag::O_DIRECTORY),
            number: number.and_then(|number| number.into_string().ok()),
        }
    }

    /// Our PID in this `/proc`; `None` if it does not show us.
    pub fn number(&self) -> Option<&str> {
        self.number.as_deref()
    }

    /// Writes `text` to a file in the directory with one write(2).
    pub fn write(&self, file: &str, text: &[u8]) -> Result<(), WriteFailure> {
        let open = |directory: &OwnedFd| {
            descriptor::open_at(directory.as_fd(), Path::new(file), OFlag::O_WRONLY)
        };
        let directory = self.directory.as_ref().map_err(|errno| *errno);
        write_to(directory.and_then(open), text)
    }

    /// A path to a file in the directory, for calls that take no descriptor; valid as long as this
    /// value lives.
    pub fn path(&self, file: &str) -> nix::Result<PathBuf> {
        let directory = self.directory.as_ref().map_err(|errno| *errno)?;
        Ok(held(directory.as_fd()).join(file))
    }
}

/// A path to the file that is open under a descriptor of ours.
pub fn held(descriptor: BorrowedFd<'_>) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", descriptor.as_raw_fd()))
}

/// Reads the whole file `path`.
pub fn read(path: &Path) -> Result<Vec<u8>, Errno> {
    descriptor::open(path, OFlag::O_RDONLY).and_then(read_open)
}

/// Reads the rest of an open file.
pub fn read_open(file: OwnedFd) -> Result<Vec<u8>, Errno> {
    let mut content = Vec::new();
    io::Read::read_to_end(&mut File::from(file), &mut content).map_err(|error| errno(&error))?;
    Ok(content)
}

/// The rest of the line that begins with `name`, trimmed.
pub fn field<'a>(text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    text.split(|byte| *byte == b'\n')
        .find_map(|line| line.strip_prefix(name))
        .map(<[u8]>::trim_ascii)
}

/// The errno of an I/O error; EIO for one that the standard library made up itself.
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
