//! Signals that are read one by one instead of interrupting the process: signalfd(2).
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;

use crate::sys::descriptor;
use crate::sys::signal::{SI_KERNEL, empty_set};

/// The pending signals of this process, to be read one by one.
#[derive(Debug)]
pub struct SignalQueue(OwnedFd);

/// A signal read from a [`SignalQueue`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Its number.
    pub signal: i32,
    /// Whether the kernel itself sent it, for a terminal for instance.
    pub from_kernel: bool,
}

impl SignalQueue {
    /// Blocks every signal that can be blocked, and queues all of them from now on.
    pub fn of_all() -> nix::Result<Self> {
        let mut set = empty_set();
        // SAFETY: sigfillset fills the set in.
        unsafe { libc::sigfillset(&raw mut set) };
        // SAFETY: the set is valid and the old one is not asked for.
        let blocked =
            unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const set, std::ptr::null_mut()) };
        Errno::result(blocked)?;
        let flags = libc::SFD_CLOEXEC | libc::SFD_NONBLOCK;
        // SAFETY: the set is valid; -1 asks for a new descriptor.
        let result = unsafe { libc::signalfd(-1, &raw const set, flags) };
        // SAFETY: the call returns a new descriptor.
        unsafe { descriptor::returned(result.into()) }.map(Self)
    }

    /// The descriptor; it is readable while a signal is pending.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Reads the next signal, if one is pending.
    pub fn next(&self) -> nix::Result<Option<Received>> {
        let mut record = MaybeUninit::<libc::signalfd_siginfo>::uninit();
        let size = size_of::<libc::signalfd_siginfo>();
        loop {
            // SAFETY: the kernel writes whole records of this size, for one of which there is room.
            let result =
                unsafe { libc::read(self.0.as_raw_fd(), record.as_mut_ptr().cast(), size) };
            match Errno::result(result) {
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Ok(None),
                Err(errno) => return Err(errno),
                Ok(_) => break,
            }
        }
        // SAFETY: the read has filled the record in.
        let record = unsafe { record.assume_init() };
        Ok(Some(Received {
            signal: i32::try_from(record.ssi_signo).map_err(|_| Errno::EINVAL)?,
            from_kernel: record.ssi_code == SI_KERNEL,
        }))
    }
}
