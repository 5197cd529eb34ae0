//! Waiting for a child on its behalf: signals are held back or forwarded to it, and its stops
//! followed.

use std::time::Duration;

use crate::error::{Attempt, Error};
use crate::hint::{self, Failed};
use crate::sys::fork::{self, Child, Forked, StateChange};
use crate::sys::forward::{self, Dispositions, FromTerminal};
use crate::sys::signal::{self, Mask};
use crate::words;

/// What happens to signals, by number, sent to the waiting process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signals {
    /// Blocked: neither it nor the child gets them.
    pub held_back: Vec<i32>,
    /// Forwarded to the child.
    pub forwarded: Vec<i32>,
    /// How they are forwarded.
    pub manner: Manner,
}

/// How signals are forwarded to a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// The child inherits the dispositions that the waiting process had, which may be to ignore. A
    /// signal from the terminal is not forwarded, because the terminal sends it to the child too.
    #[default]
    Once,
    /// As the reference does: the child starts with default dispositions, and gets a signal from
    /// the terminal twice.
    Reference,
}

/// A child to be waited for.
#[derive(Debug)]
pub struct Attended {
    child: Child,
    /// An error that occurred after the fork, to be reported once the child has ended.
    failed: Option<Error>,
}

/// Signal mask and dispositions from before the fork, to be restored in the child; until then
/// signals stay blocked there.
#[derive(Debug)]
pub struct Inherited {
    dispositions: Dispositions,
    forwarded: Vec<i32>,
    manner: Manner,
    mask: Option<Mask>,
}

/// Forks this process, with `signals` handled in the parent.
///
/// A signal that arrives meanwhile stays blocked until there is a child to forward it to.
pub fn fork(signals: &Signals) -> Result<Forked<Attended, Inherited>, Error> {
    let caught = [signals.held_back.as_slice(), &signals.forwarded].concat();
    let mask = (!caught.is_empty()).then(|| signal::block(&caught));
    let mask = mask
        .transpose()
        .attempt(|| words!["sigprocmask block failed"])?;
    let from_terminal = match signals.manner {
        Manner::Once => FromTerminal::NotPassedOn,
        Manner::Reference => FromTerminal::PassedOn,
    };
    let dispositions =
        forward::catch(&signals.forwarded, from_terminal).attempt(|| words!["sigaction failed"])?;
    let forked = fork::fork().attempt(|| words!["fork failed"]);
    match forked.map_err(|error| hint::explain(error, &Failed::Fork))? {
        Forked::Child(()) => Ok(Forked::Child(Inherited {
            dispositions,
            forwarded: signals.forwarded.clone(),
            manner: signals.manner,
            mask,
        })),
        Forked::Parent(child) => {
            forward::send_to(Some(child));
            let failed = listen(signals, mask).err();
            Ok(Forked::Parent(Attended { child, failed }))
        }
    }
}

impl Inherited {
    /// Restores them.
    pub fn restore(self) -> Result<(), Error> {
        match self.manner {
            Manner::Once => forward::restore_dispositions(&self.dispositions),
            Manner::Reference => forward::set_default(&self.forwarded),
        }
        .attempt(|| words!["sigaction failed"])?;
        self.mask
            .map_or(Ok(()), |mask| signal::restore(&mask))
            .attempt(|| words!["sigprocmask restore failed"])
    }
}

/// Unblocks the signals to be forwarded, so that they reach the handler.
fn listen(signals: &Signals, mask: Option<Mask>) -> Result<(), Error> {
    match mask.filter(|_| !signals.forwarded.is_empty()) {
        None => Ok(()),
        Some(mask) => signal::restore(&mask.with(&signals.held_back))
            .attempt(|| words!["sigprocmask restore failed"]),
    }
}

impl Attended {
    /// Waits for the child to end. Stops this process when the child stops, and continues the child
    /// when this process is continued.
    ///
    /// # Errors
    /// waitpid(2) failed, or something failed earlier when the child was running already.
    pub fn end(self) -> Result<StateChange, Error> {
        let failed = || words!["waitpid failed"];
        loop {
            if let StateChange::Stopped(_) = self.child.wait_without_reaping().attempt(failed)? {
                if !is_continued_with_us(self.child) {
                    signal::stop();
                    // It may have been killed meanwhile, which is not an error.
                    let _ = signal::send(self.child.pid(), libc::SIGCONT);
                }
                continue;
            }
            // Once the child is reaped, its PID may be reused for another process.
            forward::send_to(None);
            let change = self.child.wait().attempt(failed)?;
            return self.failed.map_or(Ok(change), Err);
        }
    }
}

/// Whether the child has been continued since the stop that was just reported.
///
/// A terminal stops both the child and us, perhaps us before we have seen that the child stopped.
/// If we then stopped ourselves after the shell has continued both, the shell would wait in vain.
/// As SIGCONT does not reach both at exactly the same time, the check is repeated.
fn is_continued_with_us(child: Child) -> bool {
    (0..10).any(|_| {
        let continued = child.was_continued();
        if !continued {
            std::thread::sleep(Duration::from_millis(1));
        }
        continued
    })
}
