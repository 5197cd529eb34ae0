//! The terminal that a job has while it is in the foreground: tcsetpgrp(3), credentials(7).

use std::os::fd::OwnedFd;
use std::path::Path;

use nix::fcntl::OFlag;
use nix::unistd::{self, Pid};

use crate::sys::descriptor;
use crate::sys::signal;

/// The controlling terminal, which this process's group had when it was looked at.
#[derive(Debug)]
pub struct Terminal(OwnedFd);

impl Terminal {
    /// Holds the terminal; `None` if there is none or it is another group's.
    pub fn of_foreground() -> Option<Self> {
        let terminal = Self(descriptor::open(Path::new("/dev/tty"), OFlag::O_RDWR).ok()?);
        terminal.is_ours().then_some(terminal)
    }

    /// Whether this process's group is in the foreground.
    pub fn is_ours(&self) -> bool {
        unistd::tcgetpgrp(&self.0) == Ok(unistd::getpgrp())
    }

    /// Puts a process group into the foreground, even from the background.
    pub fn give_to(&self, group: Pid) -> nix::Result<()> {
        // A group in the background that does so is stopped, unless it blocks the signal.
        let mask = signal::block(&[libc::SIGTTOU])?;
        let given = unistd::tcsetpgrp(&self.0, group);
        signal::restore(&mask)?;
        given
    }

    /// Puts this process's own group into the foreground.
    pub fn take(&self) -> nix::Result<()> {
        self.give_to(unistd::getpgrp())
    }
}
