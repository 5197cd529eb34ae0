//! The target process, held so that its id cannot come to mean another process.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::{FileStat, fstat, fstatat, stat};
use nix::unistd::Pid;
use ns_common::error::{Attempt, Error};
use ns_common::namespace::Kind;
use ns_common::sys::{descriptor, pidfd};
use ns_common::words;

/// The device and inode of the caller's namespace of a kind; ENOENT if the kernel has no such kind.
pub fn own_namespace_status(kind: Kind) -> nix::Result<FileStat> {
    stat(&Path::new("/proc/self/ns").join(kind.file()))
}

/// A process and the two ways to it that a later process with the same id does not have.
#[derive(Debug)]
pub struct Target {
    pid: i32,
    /// An error where the kernel has none: before 5.3, for the id of a thread, for a process that is no more.
    pidfd: Result<OwnedFd, Errno>,
    /// `/proc/PID`, whose files fail once this very process is gone; opened when needed.
    directory: Option<OwnedFd>,
}

impl Target {
    /// Takes hold of process `pid`, or of `process` if that has been opened already.
    pub fn hold(pid: i32, process: Option<OwnedFd>) -> Self {
        let pidfd = process.map_or_else(|| pidfd::open(Pid::from_raw(pid)), Ok);
        Self {
            pid,
            pidfd,
            directory: None,
        }
    }

    /// Its id.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// The process itself, for setns(2).
    pub fn process(&self) -> nix::Result<&OwnedFd> {
        self.pidfd.as_ref().map_err(|errno| *errno)
    }

    /// The path of a file of the process, for messages.
    pub fn path(&self, file: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{file}", self.pid))
    }

    /// Opens `file` below `/proc/PID`.
    pub fn open(&mut self, file: &str, flags: OFlag) -> Result<OwnedFd, Error> {
        let opened = self
            .directory()
            .and_then(|directory| descriptor::open_at(directory, Path::new(file), flags));
        opened.attempt(|| words!["cannot open ", self.path(file)])
    }

    /// Opens the file of the process's namespace of a kind.
    pub fn open_namespace(&mut self, kind: Kind) -> Result<OwnedFd, Error> {
        self.open(&format!("ns/{}", kind.file()), OFlag::O_RDONLY)
    }

    /// The device and inode of the process's namespace of a kind.
    pub fn namespace_status(&mut self, kind: Kind) -> nix::Result<FileStat> {
        let file = format!("ns/{}", kind.file());
        self.directory()
            .and_then(|directory| fstatat(directory, file.as_str(), nix::fcntl::AtFlags::empty()))
    }

    /// Whether the process's namespace of a kind is the caller's own.
    pub fn shares_namespace(&mut self, kind: Kind) -> nix::Result<bool> {
        let its = self.namespace_status(kind)?;
        Ok(own_namespace_status(kind)
            .is_ok_and(|own| (own.st_dev, own.st_ino) == (its.st_dev, its.st_ino)))
    }

    /// The process's directory in `/proc`, whose owner is that of the process.
    pub fn status(&mut self) -> Result<FileStat, Error> {
        self.directory()
            .and_then(fstat)
            .attempt(|| words!["stat of /proc/", self.pid, " failed"])
    }

    /// Opens the directory for a later [`Target::status`], while `/proc` is still the caller's.
    pub fn open_directory(&mut self) -> Result<(), Error> {
        self.directory()
            .map(drop)
            .attempt(|| words!["cannot open /proc/", self.pid, "/"])
    }

    fn directory(&mut self) -> nix::Result<BorrowedFd<'_>> {
        if self.directory.is_none() {
            let path = format!("/proc/{}", self.pid);
            let opened = descriptor::open(Path::new(&path), OFlag::O_PATH | OFlag::O_DIRECTORY)?;
            // Its id is not given away before it has ended and been waited for: until then this is its directory.
            if self
                .pidfd
                .as_ref()
                .is_ok_and(|pidfd| !pidfd::has_its_id(pidfd))
            {
                return Err(Errno::ENOENT);
            }
            self.directory = Some(opened);
        }
        self.directory.as_ref().map(AsFd::as_fd).ok_or(Errno::ESRCH)
    }
}
