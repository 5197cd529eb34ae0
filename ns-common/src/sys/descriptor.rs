//! File descriptors: the inherited standard ones, and our own, kept above their numbers.
#![allow(unsafe_code)]

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::stat::Mode;

use crate::sys::uninterrupted;

/// Standard output as inherited; writing to it fails with EBADF if it was closed from the start.
pub fn standard_output() -> BorrowedFd<'static> {
    // SAFETY: nothing here closes descriptor 1 or keeps one of its own under that number.
    unsafe { BorrowedFd::borrow_raw(libc::STDOUT_FILENO) }
}

/// Standard error as inherited; writing to it fails with EBADF if it was closed from the start.
pub fn standard_error() -> BorrowedFd<'static> {
    // SAFETY: nothing here closes descriptor 2 or keeps one of its own under that number.
    unsafe { BorrowedFd::borrow_raw(libc::STDERR_FILENO) }
}

/// A descriptor inherited from the caller, made close-on-exec. EBADF if it is not open.
pub fn inherited(number: RawFd) -> nix::Result<BorrowedFd<'static>> {
    let flags = libc::FD_CLOEXEC;
    // SAFETY: this command takes numbers only.
    Errno::result(unsafe { libc::fcntl(number, libc::F_SETFD, flags) })?;
    // SAFETY: it is open, and none of our code closes a descriptor that it has not opened.
    Ok(unsafe { BorrowedFd::borrow_raw(number) })
}

/// Moves a descriptor that got the number of a closed standard descriptor above those numbers.
///
/// Otherwise a message for the user would be written to the file behind our descriptor.
pub fn above_standard(descriptor: OwnedFd) -> nix::Result<OwnedFd> {
    if descriptor.as_raw_fd() > libc::STDERR_FILENO {
        return Ok(descriptor);
    }
    let least = libc::STDERR_FILENO + 1;
    match fcntl(descriptor.as_fd(), FcntlArg::F_DUPFD_CLOEXEC(least)) {
        // The limit of open files does not allow a number so high.
        Err(Errno::EINVAL) => Err(Errno::EMFILE),
        // SAFETY: the kernel has just returned it.
        result => result.map(|number| unsafe { owned(number) }),
    }
}

/// Opens `path`, close-on-exec and above the standard descriptors.
pub fn open(path: &Path, flags: OFlag) -> nix::Result<OwnedFd> {
    let flags = flags | OFlag::O_CLOEXEC;
    uninterrupted(|| nix::fcntl::open(path, flags, Mode::empty())).and_then(above_standard)
}

/// Opens `path` relative to `directory`, close-on-exec and above the standard descriptors:
/// openat(2).
pub fn open_at(directory: BorrowedFd<'_>, path: &Path, flags: OFlag) -> nix::Result<OwnedFd> {
    let flags = flags | OFlag::O_CLOEXEC;
    uninterrupted(|| nix::fcntl::openat(directory, path, flags, Mode::empty()))
        .and_then(above_standard)
}

/// Takes over a descriptor that a system call has just made.
///
/// # Safety
/// Nothing else may own descriptor `number`.
pub(super) unsafe fn owned(number: RawFd) -> OwnedFd {
    // SAFETY: the caller vouches for that.
    unsafe { OwnedFd::from_raw_fd(number) }
}

/// Takes over the descriptor that a system call returned, and moves it above the standard ones.
///
/// # Errors
/// The errno of a call that returned -1.
///
/// # Safety
/// Any other `result` must be a new descriptor that nothing else owns.
pub(super) unsafe fn returned(result: libc::c_long) -> nix::Result<OwnedFd> {
    let number = Errno::result(result)?;
    let number = RawFd::try_from(number).map_err(|_| Errno::EBADF)?;
    // SAFETY: the caller vouches for that.
    above_standard(unsafe { owned(number) })
}
