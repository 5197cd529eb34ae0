//! What is opened while the command line is read: the reference does so too, and its errors come in
//! that order.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::fcntl::OFlag;
use nix::unistd::Pid;
use ns_common::error::{Attempt, Error};
use ns_common::process::target::Target;
use ns_common::sys::{descriptor, namespace};
use ns_common::words;

/// Opens what options name.
pub(crate) trait Opener {
    /// Opens a namespace file or a directory, before anything is entered.
    fn open(&self, path: &Path) -> Result<OwnedFd, Error>;
    /// Opens the namespace that the kernel knows by this id.
    fn open_namespace(&self, id: u64) -> Result<OwnedFd, Error>;
    /// Takes hold of process `pid`.
    fn hold(&self, pid: Pid) -> Target;
    /// Takes hold of process `pid` if the inode of its pidfd is `inode`.
    fn hold_with_inode(&self, pid: Pid, inode: u64) -> Result<Target, Error>;
}

/// The kernel that we run on.
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
