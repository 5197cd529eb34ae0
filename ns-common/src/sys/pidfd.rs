//! Processes held by descriptor, which unlike a PID is never reused: pidfd_open(2).
#![allow(unsafe_code)]

use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;

use crate::sys::{descriptor, uninterrupted};

/// Opens process `pid`, close-on-exec and above the standard descriptors.
pub fn open(pid: Pid) -> nix::Result<OwnedFd> {
    // SAFETY: pidfd_open takes numbers only.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    // SAFETY: the call returns a new descriptor.
    unsafe { descriptor::returned(result) }
}

/// Whether the process has ended, which makes its pidfd readable.
pub fn has_ended(pidfd: &OwnedFd) -> nix::Result<bool> {
    let mut wanted = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
    Ok(uninterrupted(|| poll(&mut wanted, PollTimeout::ZERO))? > 0)
}

/// Whether the process still has its PID, which it keeps until it has ended and been waited for.
pub fn has_its_id(pidfd: &OwnedFd) -> bool {
    let (no_signal, no_info, no_flags) = (0, std::ptr::null_mut::<libc::siginfo_t>(), 0);
    // SAFETY: a null info is allowed, and signal 0 sends nothing.
    let result = unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            no_signal,
            no_info,
            no_flags,
        )
    };
    Errno::result(result) != Err(Errno::ESRCH)
}

/// Copies descriptor `number` of the process to this process, close-on-exec and above the standard
/// descriptors: pidfd_getfd(2).
pub fn descriptor(pidfd: &OwnedFd, number: RawFd) -> nix::Result<OwnedFd> {
    // SAFETY: pidfd_getfd takes numbers only.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), number, 0) };
    // SAFETY: the call returns a new descriptor.
    unsafe { descriptor::returned(result) }
}

/// Opens the namespace of the process that `file` names, as in `/proc/PID/ns`, without `/proc`;
/// since Linux 6.11.
///
/// # Errors
/// EINVAL for an unknown file.
pub fn namespace(pidfd: &OwnedFd, file: &str) -> nix::Result<OwnedFd> {
    /// `PIDFD_GET_CGROUP_NAMESPACE`, `_IO(0xff, 1)`; the other files follow in this order.
    const FIRST: libc::c_ulong = 0xff01;
    const FILES: [&str; 10] = [
        "cgroup",
        "ipc",
        "mnt",
        "net",
        "pid",
        "pid_for_children",
        "time",
        "time_for_children",
        "user",
        "uts",
    ];
    let numbers = (FIRST..).zip(FILES);
    let number = numbers.into_iter().find(|(_, known)| *known == file);
    let (number, _) = number.ok_or(Errno::EINVAL)?;
    // SAFETY: these ioctls take no argument.
    let result = unsafe { libc::ioctl(pidfd.as_raw_fd(), number as _, 0) };
    // SAFETY: the ioctl returns a new descriptor.
    unsafe { descriptor::returned(result.into()) }
}
