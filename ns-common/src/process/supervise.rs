//! Waiting for a child in its place: signals held back or passed on to it, its stops followed.

use std::time::Duration;

use crate::error::{Attempt, Error};
use crate::sys::fork::{self, Change, Child, Forked};
use crate::sys::signal::{self, Dispositions, Mask};
use crate::words;

/// What becomes of signals, by number, that the waiting process gets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signals {
    /// Kept from it and from the child.
    pub held_back: Vec<i32>,
    /// Passed on to the child.
    pub forwarded: Vec<i32>,
    /// How the child treats those that are passed on.
    pub in_child: InChild,
}

/// How a child treats the signals that are passed on to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InChild {
    /// As the waiting process did before, which may be to ignore them.
    #[default]
    AsBefore,
    /// By default.
    Default,
}

/// A child that is waited for.
#[derive(Debug)]
pub struct Attended {
    child: Child,
    /// What went wrong when there was a child already.
    failed: Option<Error>,
}

/// Splits the process. In the child, for which this returns `None`, all signals are as they were.
///
/// A signal that comes meanwhile is kept until there is a child to pass it on to.
pub fn fork(signals: &Signals) -> Result<Option<Attended>, Error> {
    let caught = [signals.held_back.as_slice(), &signals.forwarded].concat();
    let mask = (!caught.is_empty()).then(|| signal::block(&caught));
    let mask = mask
        .transpose()
        .attempt(|| words!["sigprocmask block failed"])?;
    let former = signal::forward(&signals.forwarded).attempt(|| words!["sigaction failed"])?;
    match fork::fork().attempt(|| words!["fork failed"])? {
        Forked::Child => {
            as_before(signals, &former, mask)?;
            Ok(None)
        }
        Forked::Parent(child) => {
            signal::forward_to(Some(child));
            let failed = listen(signals, mask).err();
            Ok(Some(Attended { child, failed }))
        }
    }
}

fn as_before(signals: &Signals, former: &Dispositions, mask: Option<Mask>) -> Result<(), Error> {
    match signals.in_child {
        InChild::AsBefore => signal::restore_dispositions(former),
        InChild::Default => signal::set_default(&signals.forwarded),
    }
    .attempt(|| words!["sigaction failed"])?;
    mask.map_or(Ok(()), |mask| signal::restore(&mask))
        .attempt(|| words!["sigprocmask restore failed"])
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
            signal::forward_to(None);
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
