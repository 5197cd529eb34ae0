//! Processes held by descriptor, which cannot come to mean another process: pidfd_open(2).
#![allow(unsafe_code)]

use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;

use crate::sys::descriptor;

/// Opens process `pid`, close-on-exec, above the standard descriptors.
pub fn open(pid: Pid) -> nix::Result<OwnedFd> {
    // SAFETY: pidfd_open takes numbers only.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
    own(result)
}

/// Whether the process has ended; a pidfd becomes readable then.
pub fn has_ended(pidfd: &OwnedFd) -> nix::Result<bool> {
    let mut wanted = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
    Ok(poll(&mut wanted, PollTimeout::ZERO)? > 0)
}

/// Whether the process still has its id, which it keeps until it has ended and been waited for.
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

/// Copies descriptor `number` of the process into ours, close-on-exec, above the standard descriptors: pidfd_getfd(2).
pub fn descriptor(pidfd: &OwnedFd, number: RawFd) -> nix::Result<OwnedFd> {
    // SAFETY: pidfd_getfd takes numbers only.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_getfd, pidfd.as_raw_fd(), number, 0) };
    own(result)
}

/// The user namespace of the process, without /proc; Linux 6.11.
pub fn user_namespace(pidfd: &OwnedFd) -> nix::Result<OwnedFd> {
    /// `_IO(0xff, 9)`
    const PIDFD_GET_USER_NAMESPACE: libc::c_ulong = 0xff09;
    // SAFETY: this ioctl takes no argument and returns a new descriptor.
    let result = unsafe { libc::ioctl(pidfd.as_raw_fd(), PIDFD_GET_USER_NAMESPACE as _, 0) };
    own(result.into())
}

fn own(result: libc::c_long) -> nix::Result<OwnedFd> {
    let number = Errno::result(result)?;
    let number = RawFd::try_from(number).map_err(|_| Errno::EBADF)?;
    // SAFETY: the kernel has just returned it.
    descriptor::above_standard(unsafe { descriptor::own(number) })
}
