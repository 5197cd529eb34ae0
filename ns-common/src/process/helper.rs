//! Helpers: children that keep the namespaces and privileges which their parent gives up, and act
//! when told to.
//!
//! A helper is forked before unshare(2), so it stays in the original namespaces with the original
//! privileges. It listens on its channel, and ends once nobody holds the other end.

use crate::console::Console;
use crate::error::{Attempt, Error, ExitStatus, Failure, Message};
use crate::process::line::Line;
use crate::sys::fork::{self, Change, Child};
use crate::words;

/// A helper, as seen by its parent. Dropping it closes the channel and reaps the helper.
#[derive(Debug)]
pub struct Helper {
    child: Option<Child>,
    line: Option<Line>,
}

impl Helper {
    /// Forks a helper that runs `work` with its end of the channel and prints its own failure.
    ///
    /// A helper started later inherits a copy of our end of this one's channel, and must be dropped
    /// or finished before this one.
    #[cold]
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

    /// Closes our end of the channel; the helper goes on listening if another process holds that
    /// end too.
    pub fn let_go(&mut self) {
        self.line = None;
    }

    /// To be called in a fork of the parent: the helper is not a child of the calling process.
    pub fn disown(&mut self) {
        self.child = None;
    }

    /// Sends `word` to the helper and waits for it to end.
    pub fn release(mut self, word: &[u8]) -> Result<(), Failure> {
        let said = self.say(word);
        self.finish_after(said)
    }

    /// Sends `word` to the helper. If it has ended, the failure has no message of its own: the
    /// helper has told the user why, or [`Helper::finish`] will.
    pub fn say(&self, word: &[u8]) -> Result<(), Failure> {
        self.line
            .as_ref()
            .map_or(Err(Failure::Told(ExitStatus::FAILURE)), |line| {
                line.say_if_heard(word)
            })
    }

    /// Waits for a word from the helper; `None` once it has ended.
    pub fn hear(&self) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.line.as_ref().map_or(Ok(None), Line::hear)?)
    }

    /// Waits for the helper to end after an exchange with it, whose result is `heard`.
    ///
    /// If the channel failed, the helper ends silently and the error is ours; otherwise the helper
    /// has told the user of its failure.
    pub fn finish_after<T>(&mut self, heard: Result<T, Failure>) -> Result<T, Failure> {
        let finished = self.finish();
        if !matches!(heard, Err(Failure::Step(_))) {
            finished?;
        }
        heard
    }

    /// Closes the channel and waits for the helper to end.
    ///
    /// A helper that fails has told the user why, and its exit status becomes ours.
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

/// Waits for a child, called `name` in messages. If the child fails it has told the user why, and
/// its exit status becomes ours.
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
