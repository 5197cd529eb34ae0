//! Helpers: children that keep the namespaces and privileges which their parent gives up, and act
//! when told to.
//!
//! A helper is forked before unshare(2), so it stays in the original namespaces with the original
//! privileges. It listens on its channel, and ends once nobody holds the other end.

use crate::console::Console;
use crate::error::{Attempt, Error, ExitStatus, Failure, Message};
use crate::process::channel::Channel;
use crate::sys::fork::{self, Child, StateChange};
use crate::words;

/// A helper, as seen by its parent. Dropping it closes the channel and reaps the helper.
#[derive(Debug)]
pub struct Helper {
    child: Option<Child>,
    channel: Option<Channel>,
}

impl Helper {
    /// Forks a helper that runs `work` with its end of the channel and prints its own failure.
    ///
    /// A helper started later inherits a copy of our end of this one's channel, and must be dropped
    /// or finished before this one.
    pub fn start(
        console: &mut Console,
        work: impl FnOnce(&Channel, &mut Console) -> Result<ExitStatus, Failure>,
    ) -> Result<Self, Error> {
        let (ours, theirs) = Channel::pair()?;
        let started = fork::spawn(console, ours, |console| work(&theirs, console));
        let (child, channel) = started.attempt(|| words!["fork failed"])?;
        Ok(Self {
            child: Some(child),
            channel: Some(channel),
        })
    }

    /// Closes our end of the channel; the helper goes on listening if another process holds that
    /// end too.
    pub fn close(&mut self) {
        self.channel = None;
    }

    /// To be called in a fork of the parent: the helper is not a child of the calling process.
    pub fn disown(&mut self) {
        self.child = None;
    }

    /// Sends `word` to the helper and waits for it to end.
    pub fn release(mut self, word: &[u8]) -> Result<(), Failure> {
        let sent = self.send(word);
        self.finish_after(sent)
    }

    /// Sends `word` to the helper. If it has ended, the failure has no message of its own: the
    /// helper has told the user why, or [`Helper::finish`] will.
    pub fn send(&self, word: &[u8]) -> Result<(), Failure> {
        self.channel
            .as_ref()
            .map_or(Err(Failure::Told(ExitStatus::FAILURE)), |channel| {
                channel.send_quietly(word)
            })
    }

    /// Waits for a word from the helper; `None` once it has ended.
    pub fn receive(&self) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.channel.as_ref().map_or(Ok(None), Channel::receive)?)
    }

    /// Waits for the helper to end after an exchange with it that ended in `result`.
    ///
    /// If the channel failed, the helper ends silently and the error is ours; otherwise the helper
    /// has told the user of its failure.
    pub fn finish_after<T>(&mut self, result: Result<T, Failure>) -> Result<T, Failure> {
        let finished = self.finish();
        if !matches!(result, Err(Failure::Step(_))) {
            finished?;
        }
        result
    }

    /// Closes the channel and waits for the helper to end.
    ///
    /// A helper that fails has told the user why, and its exit status becomes ours.
    pub fn finish(&mut self) -> Result<(), Failure> {
        self.close();
        self.child.take().map_or(Ok(()), |child| {
            await_success(child, words!["a helper process"])
        })
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.close();
        if let Some(child) = self.child.take() {
            let _ = child.wait();
        }
    }
}

/// Waits for a child, called `name` in messages. If the child fails it has told the user why, and
/// its exit status becomes ours.
pub fn await_success(child: Child, name: Message) -> Result<(), Failure> {
    match child.wait().attempt(|| words!["waitpid failed"])? {
        StateChange::Exited(ExitStatus::SUCCESS) => Ok(()),
        StateChange::Exited(status) => Err(Failure::Told(status)),
        StateChange::Killed { signal, .. } | StateChange::Stopped(signal) => {
            let text = words![name, " was killed by signal ", signal];
            Err(Error::new(text).into())
        }
    }
}
