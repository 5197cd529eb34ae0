//! Opening files while the command line is parsed, as the reference does, so that errors come in
//! the same order.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::fcntl::OFlag;
use nix::unistd::Pid;
use ns_common::error::{Attempt, Error};
use ns_common::process::target::Target;
use ns_common::sys::{descriptor, namespace};
use ns_common::words;

/// Opens what options name; unit tests have a fake.
pub(crate) trait Opener {
    /// Opens a namespace file or directory.
    fn open(&self, path: &Path) -> Result<OwnedFd, Error>;
    /// Opens the namespace with this id.
    fn open_namespace(&self, id: u64) -> Result<OwnedFd, Error>;
    /// Opens process `pid`; an error shows when the target is used.
    fn hold(&self, pid: Pid) -> Target;
    /// Opens process `pid` if the inode number of its pidfd is `inode`.
    fn hold_with_inode(&self, pid: Pid, inode: u64) -> Result<Target, Error>;
}

/// Opens them in the running system.
#[derive(Debug)]
pub(crate) struct Kernel;

impl Opener for Kernel {
    fn open(&self, path: &Path) -> Result<OwnedFd, Error> {
        descriptor::open(path, OFlag::O_RDONLY).attempt(|| words!["cannot open ", path])
    }

    fn open_namespace(&self, id: u64) -> Result<OwnedFd, Error> {
        let any = descriptor::open(Path::new("/proc/self/ns/mnt"), OFlag::O_RDONLY);
        let any = any.attempt(|| words!["failed to fill namespace file handle"])?;
        namespace::open_by_id(any.as_fd(), id)
            .attempt(|| words!["cannot open namespace of id ", id])
    }

    fn hold(&self, pid: Pid) -> Target {
        Target::hold(pid)
    }

    fn hold_with_inode(&self, pid: Pid, inode: u64) -> Result<Target, Error> {
        let what = "failed to obtain a valid file descriptor for PID ";
        Target::hold_with_inode(pid, inode).attempt(|| words![what, pid.as_raw()])
    }
}
