//! Children that keep what the first process gives up, and act when told to.
//!
//! A helper is forked before unshare(2), so it stays in the namespaces and keeps the privileges from
//! before. It waits at a gate, a pipe: one byte opens it, its closing means that nothing is left to do.

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use ns_common::console::Console;
use ns_common::error::{Attempt, Error, ExitStatus, Failure, Message};
use ns_common::sys::descriptor::above_standard;
use ns_common::sys::fork::{self, Await, Change, Child};
use ns_common::sys::signal;
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
    /// Lets the other side through.
    ///
    /// If that has died, SIGPIPE stays blocked and pending: what is left to do is to say so, and to end.
    pub fn open(self) -> Result<(), Error> {
        let mask =
            signal::block(&[libc::SIGPIPE]).attempt(|| words!["sigprocmask block failed"])?;
        let written = nix::unistd::write(&self.0, b"+");
        if written.is_ok() {
            signal::restore(&mask).attempt(|| words!["sigprocmask restore failed"])?;
        }
        written.attempt(|| words!["write to pipe failed"]).map(drop)
    }

    /// The same in a helper or a child. Where nobody is left on the other side, nobody is left to be told.
    pub fn open_if_heard(self) -> Result<(), Failure> {
        self.open().map_err(|error| match error.cause() {
            Some(Errno::EPIPE) => Failure::Told(ExitStatus::FAILURE),
            _ => error.into(),
        })
    }
}

impl Waiter {
    /// Waits; `false` when the other side went away without opening.
    pub fn wait(&self) -> Result<bool, Error> {
        let mut byte = [0];
        loop {
            match nix::unistd::read(&self.0, &mut byte) {
                Err(Errno::EINTR) => {}
                result => {
                    let length = result.attempt(|| words!["read from pipe failed"])?;
                    return Ok(length == 1);
                }
            }
        }
    }
}

/// A child waiting at its gate. Dropped, it ends without having acted, and is reaped.
#[derive(Debug)]
pub struct Helper {
    child: Option<Child>,
    gate: Option<Opener>,
}

impl Helper {
    /// Forks a helper that does `work` when its gate is opened.
    ///
    /// It must not hold another helper's gate open, or that would wait for this one: what is `for_parent`
    /// alone is dropped in the helper and handed back here.
    pub fn start<T>(
        console: &mut Console,
        for_parent: T,
        work: impl FnOnce(&mut Console) -> Result<ExitStatus, Failure>,
    ) -> Result<(Self, T), Error> {
        let (opener, waiter) = gate()?;
        let started = fork::spawn(console, (opener, for_parent), |console| {
            if waiter.wait()? {
                work(console)
            } else {
                Ok(ExitStatus::SUCCESS)
            }
        });
        let (child, (opener, for_parent)) = started.attempt(|| words!["fork failed"])?;
        let helper = Self {
            child: Some(child),
            gate: Some(opener),
        };
        Ok((helper, for_parent))
    }

    /// Has the helper act, and waits for it. It has told the user of its failure, whose status becomes ours.
    pub fn release(mut self) -> Result<(), Failure> {
        let opened = self.open();
        self.finish()?;
        Ok(opened?)
    }

    /// Has the helper act. Where that fails, [`Helper::finish`] tells why.
    pub fn open(&mut self) -> Result<(), Error> {
        self.gate.take().map_or(Ok(()), Opener::open)
    }

    /// Waits for the helper's end. It has told the user of its failure, whose status becomes ours.
    pub fn finish(&mut self) -> Result<(), Failure> {
        self.gate = None;
        self.child.take().map_or(Ok(()), |child| {
            await_success(child, words!["a helper process"])
        })
    }
}

/// Waits for a child, called `name`, that tells the user of its failure; its status then becomes ours.
pub fn await_success(child: Child, name: Message) -> Result<(), Failure> {
    let change = child
        .wait(Await::End)
        .attempt(|| words!["waitpid failed"])?;
    match change {
        Change::Exited(ExitStatus::SUCCESS) => Ok(()),
        Change::Exited(status) => Err(Failure::Told(status)),
        Change::Killed(signal) | Change::Stopped(signal) => {
            let text = words![name, " was killed by signal ", signal];
            Err(Error::new(text).into())
        }
    }
}

impl Drop for Helper {
    /// In a fork of the process that has started the helper this only closes the gate there: it has no such child.
    fn drop(&mut self) {
        self.gate = None;
        if let Some(child) = self.child.take() {
            let _ = child.wait(Await::End);
        }
    }
}
