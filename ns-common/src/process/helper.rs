//! Helpers: children that keep what the first process gives up, and act when told to.
//!
//! A helper is forked before unshare(2), so it stays in the namespaces and keeps the privileges
//! from before. It listens at its line, and ends when nobody holds the other end any more.

use crate::console::Console;
use crate::error::{Attempt, Error, ExitStatus, Failure, Message};
use crate::process::line::Line;
use crate::sys::fork::{self, Change, Child};
use crate::words;

/// A helper, as the process sees it that has started it. Dropped, it is left alone and reaped.
#[derive(Debug)]
pub struct Helper {
    child: Option<Child>,
    line: Option<Line>,
}

impl Helper {
    /// Forks a helper, which does `work` with its end of the line and prints its own failure.
    ///
    /// One started later holds a copy of our end of this one's line, and must be dropped or
    /// finished first.
    pub fn start(
        console: &mut Console,
        work: impl FnOnce(&Line, &mut Console) -> Result<ExitStatus, Failure>,
    ) -> Result<Self, Error> {
        let (ours, theirs) = Line::pair()?;
        let started = fork::spawn(console, ours, |console| work(&theirs, console));
        let (child, line) = started.attempt(|| words!["fork failed"])?;
        Ok(Self {
            child: Some(child),
            line: Some(line),
        })
    }

    /// Lets go of the line: where it is held elsewhere too, the helper goes on listening there.
    pub fn let_go(&mut self) {
        self.line = None;
    }

    /// In a fork of the process that has started the helper: it is no child of this one.
    pub fn disown(&mut self) {
        self.child = None;
    }

    /// Says `word` to the helper and waits for its end.
    pub fn release(mut self, word: &[u8]) -> Result<(), Failure> {
        let said = self.say(word);
        self.finish_after(said)
    }

    /// Says `word` to the helper. One that has ended has told the user why, or [`Helper::finish`]
    /// will.
    pub fn say(&self, word: &[u8]) -> Result<(), Failure> {
        self.line
            .as_ref()
            .map_or(Err(Failure::Told(ExitStatus::FAILURE)), |line| {
                line.say_if_heard(word)
            })
    }

    /// Waits for a word of the helper; `None` once it has ended.
    pub fn hear(&self) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.line.as_ref().map_or(Ok(None), Line::hear)?)
    }

    /// Waits for the helper's end after what was to be `heard` of it, or said to it.
    ///
    /// A helper that we cannot talk to ends without a word, and the error is ours; else it has told
    /// the user of its failure.
    pub fn finish_after<T>(&mut self, heard: Result<T, Failure>) -> Result<T, Failure> {
        let finished = self.finish();
        if !matches!(heard, Err(Failure::Step(_))) {
            finished?;
        }
        heard
    }

    /// Lets go of the line and waits for the helper's end.
    ///
    /// It has told the user of its failure, whose status becomes ours.
    pub fn finish(&mut self) -> Result<(), Failure> {
        self.let_go();
        self.child.take().map_or(Ok(()), |child| {
            await_success(child, words!["a helper process"])
        })
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.let_go();
        if let Some(child) = self.child.take() {
            let _ = child.wait();
        }
    }
}

/// Waits for a child, called `name`, that tells the user of its failure; its status then becomes
/// ours.
pub fn await_success(child: Child, name: Message) -> Result<(), Failure> {
    match child.wait().attempt(|| words!["waitpid failed"])? {
        Change::Exited(ExitStatus::SUCCESS) => Ok(()),
        Change::Exited(status) => Err(Failure::Told(status)),
        Change::Killed { signal, .. } | Change::Stopped(signal) => {
            let text = words![name, " was killed by signal ", signal];
            Err(Error::new(text).into())
        }
    }
}
