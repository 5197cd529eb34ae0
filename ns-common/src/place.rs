//! The location of a file, as a name in an open directory, so that nobody can replace a directory
//! on its path.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::procfs::held;
use crate::sys::descriptor;

/// A name in an open directory.
#[derive(Debug)]
pub struct Place {
    directory: OwnedFd,
    name: OsString,
}

impl Place {
    /// Opens the directory part of `path` with `flags`, and keeps the last name.
    ///
    /// # Errors
    /// EISDIR if the path does not end in a name, but in a slash, `.` or `..`.
    pub fn hold(path: &Path, flags: OFlag) -> nix::Result<Self> {
        let bytes = path.as_os_str().as_bytes();
        let (directory, name) = match bytes.iter().rposition(|byte| *byte == b'/') {
            None => (&b"."[..], bytes),
            Some(0) => (&b"/"[..], &bytes[1..]),
            Some(slash) => bytes.split_at(slash),
        };
        let name = name.strip_prefix(b"/").unwrap_or(name);
        if matches!(name, b"" | b"." | b"..") {
            return Err(Errno::EISDIR);
        }
        let directory = Path::new(OsStr::from_bytes(directory));
        Ok(Self {
            directory: descriptor::open(directory, flags | OFlag::O_DIRECTORY)?,
            name: OsStr::from_bytes(name).to_owned(),
        })
    }

    /// The directory.
    pub fn directory(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    /// The name in it.
    pub fn name(&self) -> &OsStr {
        &self.name
    }

    /// A path for calls that take no descriptor; valid as long as this value lives.
    pub fn path(&self) -> PathBuf {
        held(self.directory()).join(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_name_is_looked_for_in_what_comes_before_it() {
        let name = |path: &str| {
            let place = Place::hold(Path::new(path), OFlag::O_PATH);
            place.map(|place| place.name().to_owned())
        };
        assert_eq!(name("f"), Ok("f".into()));
        assert_eq!(name("/f"), Ok("f".into()));
        assert_eq!(name("/proc/self/../f"), Ok("f".into()));
        assert_eq!(name("/nonexistent/f"), Err(Errno::ENOENT));
        for path in ["", "/", "/proc/", "/proc/.", ".."] {
            assert_eq!(name(path), Err(Errno::EISDIR), "{path}");
        }
    }
}
