//! Waiting for a child in its place: signals held back or passed on to it, its stops followed.

use std::time::Duration;

use crate::error::{Attempt, Error};
use crate::hint::{self, Failed};
use crate::sys::fork::{self, Change, Child, Forked};
use crate::sys::forward::{self, Dispositions, FromTerminal};
use crate::sys::signal::{self, Mask};
use crate::words;

/// What becomes of signals, by number, that the waiting process gets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signals {
    /// Kept from it and from the child.
    pub held_back: Vec<i32>,
    /// Passed on to the child.
    pub forwarded: Vec<i32>,
    /// How they are passed on.
    pub manner: Manner,
}

/// How signals are passed on to a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// The child treats them as the waiting process did before, which may be to ignore them. One
    /// that the terminal has sent reaches the child without us.
    #[default]
    Once,
    /// As the reference has it: in the child they begin with their default disposition, and one
    /// that the terminal has sent reaches it twice.
    Reference,
}

/// A child that is waited for.
#[derive(Debug)]
pub struct Attended {
    child: Child,
    /// What went wrong when there was a child already.
    failed: Option<Error>,
}

/// How signals were before the fork; to be restored in the child, where they are held back until
/// then.
#[derive(Debug)]
pub struct Inherited {
    dispositions: Dispositions,
    forwarded: Vec<i32>,
    manner: Manner,
    mask: Option<Mask>,
}

/// Splits the process.
///
/// A signal that comes meanwhile is kept until there is a child to pass it on to.
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
    /// Brings them back.
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

/// From here on signals reach the handler that passes them on.
fn listen(signals: &Signals, mask: Option<Mask>) -> Result<(), Error> {
    match mask.filter(|_| !signals.forwarded.is_empty()) {
        None => Ok(()),
        Some(mask) => signal::restore(&mask.with(&signals.held_back))
            .attempt(|| words!["sigprocmask restore failed"]),
    }
}

impl Attended {
    /// Waits for the child's end; stops when it stops, and continues it when continued.
    ///
    /// # Errors
    /// It could not be waited for, or something went wrong earlier, when it ran already.
    pub fn end(self) -> Result<Change, Error> {
        let failed = || words!["waitpid failed"];
        loop {
            if let Change::Stopped(_) = self.child.wait_without_reaping().attempt(failed)? {
                if !is_continued_with_us(self.child) {
                    signal::stop();
                    // It may have been killed meanwhile.
                    let _ = signal::send(self.child.pid(), libc::SIGCONT);
                }
                continue;
            }
            // Once it is reaped, its id may come to mean another process.
            forward::send_to(None);
            let change = self.child.wait().attempt(failed)?;
            return self.failed.map_or(Ok(change), Err);
        }
    }
}

/// Whether the stop that we have just heard of is over.
///
/// A terminal stops the child and us alike, us maybe between the kernel's telling us of the child
/// and our hearing of it. When the shell continues both, to stop ourselves then would leave the
/// shell waiting; and it does not reach both at exactly the same time.
fn is_continued_with_us(child: Child) -> bool {
    (0..10).any(|_| {
        let continued = child.was_continued();
        if !continued {
            std::thread::sleep(Duration::from_millis(1));
        }
        continued
    })
}
