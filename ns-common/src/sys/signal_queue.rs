//! Signals that are taken one by one in place of interrupting: signalfd(2).
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;

use crate::sys::descriptor;
use crate::sys::signal::{SI_KERNEL, empty_set};

/// The signals of this process, in the order in which they are taken.
#[derive(Debug)]
pub struct Queue(OwnedFd);

/// A signal taken from a [`Queue`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Its number.
    pub signal: i32,
    /// Whether the kernel itself has sent it, as it does for a terminal.
    pub from_kernel: bool,
}

impl Queue {
    /// Blocks every signal that can be blocked, and queues them all from now on.
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
        let number = Errno::result(unsafe { libc::signalfd(-1, &raw const set, flags) })?;
        // SAFETY: the kernel has just returned it.
        descriptor::above_standard(unsafe { descriptor::own(number) }).map(Self)
    }

    /// The descriptor, which is readable while a signal waits.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Takes the next signal, if one waits.
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
