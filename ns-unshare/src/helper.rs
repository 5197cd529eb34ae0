//! Children that keep what the first process gives up, and act when told to.
//!
//! A helper is forked before unshare(2), so it stays in the namespaces and keeps the privileges from
//! before. It waits at a gate, a pipe: one byte opens it, its closing means that nothing is left to do.

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use ns_common::console::Console;
use ns_common::error::{Attempt, Error, ExitStatus, Failure};
use ns_common::sys::descriptor::above_standard;
use ns_common::sys::fork::{self, Await, Change, Child};
use ns_common::words;

/// The end of a gate that lets the other side through.
#[derive(Debug)]
pub struct Opener(OwnedFd);

/// The end of a gate that waits.
#[derive(Debug)]
pub struct Waiter(OwnedFd);

/// Makes a gate, close-on-exec.
pub fn gate() -> Result<(Opener, Waiter), Error> {
    let pipe = nix::unistd::pipe2(OFlag::O_CLOEXEC).and_then(|(read, write)| {
        Ok((
            Opener(above_standard(write)?),
            Waiter(above_standard(read)?),
        ))
    });
    pipe.attempt(|| words!["pipe failed"])
}

impl Opener {
    /// Lets the other side through. If that has died, its own end tells so.
    pub fn open(self) {
        let _ = nix::unistd::write(&self.0, b"+");
    }
}

impl Waiter {
    /// Waits; `false` when the other side went away without opening.
    pub fn wait(self) -> bool {
        let mut byte = [0];
        loop {
            match nix::unistd::read(&self.0, &mut byte) {
                Err(Errno::EINTR) => {}
                result => return result == Ok(1),
            }
        }
    }
}

/// A child waiting at its gate. Dropped, it ends without having acted, and is reaped.
#[derive(Debug)]
pub struct Helper(Option<(Child, Opener)>);

impl Helper {
    /// Forks a helper that does `work` when released.
    pub fn start(
        console: &mut Console,
        work: impl FnOnce(&mut Console) -> Result<ExitStatus, Failure>,
    ) -> Result<Self, Error> {
        let (opener, waiter) = gate()?;
        let helper = fork::spawn(console, opener, |console| {
            if waiter.wait() {
                work(console)
            } else {
                Ok(ExitStatus::SUCCESS)
            }
        });
        Ok(Self(Some(helper.attempt(|| words!["fork failed"])?)))
    }

    /// Has the helper act, and waits for it. It has told the user of its failure, whose status becomes ours.
    pub fn release(mut self) -> Result<(), Failure> {
        let Some((child, opener)) = self.0.take() else {
            return Ok(());
        };
        opener.open();
        match child
            .wait(Await::End)
            .attempt(|| words!["waitpid failed"])?
        {
            Change::Exited(ExitStatus::SUCCESS) => Ok(()),
            Change::Exited(status) => Err(Failure::Told(status)),
            Change::Killed(signal) | Change::Stopped(signal) => {
                Err(Error::new(words!["a helper process was killed by signal ", signal]).into())
            }
        }
    }

    /// In a fork of the first process: leaves the helper to the one that started it.
    pub fn leave_to_parent(mut self) {
        self.0 = None;
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        if let Some((child, opener)) = self.0.take() {
            drop(opener);
            let _ = child.wait(Await::End);
        }
    }
}
