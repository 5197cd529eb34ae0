//! The controlling terminal of a foreground job: tcsetpgrp(3), credentials(7).

use std::os::fd::OwnedFd;
use std::path::Path;

use nix::fcntl::OFlag;
use nix::unistd::{self, Pid};

use crate::sys::descriptor;
use crate::sys::signal;

/// The controlling terminal, of which this process's group was the foreground group when it was
/// opened.
#[derive(Debug)]
pub struct Terminal(OwnedFd);

impl Terminal {
    /// Opens the terminal; `None` if there is none or this process's group is not in the
    /// foreground.
    pub fn of_foreground() -> Option<Self> {
        let terminal = Self(descriptor::open(Path::new("/dev/tty"), OFlag::O_RDWR).ok()?);
        terminal.is_ours().then_some(terminal)
    }

    /// Whether this process's group is in the foreground.
    pub fn is_ours(&self) -> bool {
        unistd::tcgetpgrp(&self.0) == Ok(unistd::getpgrp())
    }

    /// Makes `group` the foreground process group, even if called from the background.
    pub fn give_to(&self, group: Pid) -> nix::Result<()> {
        // From the background this would stop us by SIGTTOU, unless that is blocked.
        let mask = signal::block(&[libc::SIGTTOU])?;
        let given = unistd::tcsetpgrp(&self.0, group);
        signal::restore(&mask)?;
        given
    }

    /// Makes this process's own group the foreground process group.
    pub fn take(&self) -> nix::Result<()> {
        self.give_to(unistd::getpgrp())
    }
}
