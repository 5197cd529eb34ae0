//! Mounts in the new mount namespace: mount(2).

use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::mount::{MsFlags, mount};
use nix::unistd;
use ns_common::error::{Attempt, Error};
use ns_common::hint::{self, Failed};
use ns_common::sys::{descriptor, uninterrupted};
use ns_common::words;

/// Changes the propagation of all mounts.
pub(crate) fn propagate(flags: MsFlags) -> Result<(), Error> {
    change(Path::new("/"), flags).attempt(|| words!["cannot change root filesystem propagation"])
}

/// Makes the mount on a directory, and those below it, private; does nothing if it is not a mount
/// point.
pub(crate) fn make_private(directory: &Path) -> Result<(), Error> {
    match change(directory, MsFlags::MS_PRIVATE | MsFlags::MS_REC) {
        // It is not a mount point, so there is no propagation to change.
        Err(Errno::EINVAL) => Ok(()),
        result => result.attempt(|| words!["cannot change ", directory, " filesystem propagation"]),
    }
}

fn change(target: &Path, flags: MsFlags) -> nix::Result<()> {
    mount(Some("none"), target, None::<&str>, flags, None::<&str>)
}

/// Mounts a new file system of the type `file_system`: proc or binfmt_misc.
pub(crate) fn mount_new(file_system: &str, directory: &Path) -> Result<(), Error> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC | MsFlags::MS_NODEV;
    mount(
        Some(file_system),
        directory,
        Some(file_system),
        flags,
        None::<&str>,
    )
    .attempt(|| words!["mount ", directory, " failed"])
    .map_err(|error| hint::explain(error, &Failed::Mount(file_system, directory)))
}

/// Registers an interpreter with the binfmt_misc file system mounted on a directory.
pub(crate) fn register_interpreter(directory: &Path, rule: &OsStr) -> Result<(), Error> {
    let path = directory.join("register");
    let opened = descriptor::open(directory, OFlag::O_PATH | OFlag::O_DIRECTORY);
    let opened = opened.attempt(|| words!["cannot open ", directory])?;
    let register = descriptor::open_at(opened.as_fd(), Path::new("register"), OFlag::O_WRONLY);
    let register = register.attempt(|| words!["cannot open ", path])?;
    uninterrupted(|| unistd::write(&register, rule.as_bytes()))
        .attempt(|| words!["write failed ", path])
        .map(drop)
}
