//! A channel between two of our own processes: words in both directions, and end-of-file when one
//! of them has ended.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::unistd::Pid;

use crate::error::{Attempt, Error, ExitStatus, Failure};
use crate::sys::socket::{self, Waiting};
use crate::words;

/// More than the length of any word that is sent.
const LONGEST: usize = 1024;

/// One end of a channel. It is close-on-exec: no program that we execute ever holds one.
#[derive(Debug)]
pub struct Channel(OwnedFd);

impl Channel {
    /// Creates both ends of a channel.
    pub fn pair() -> Result<(Self, Self), Error> {
        let (one, other) = socket::pair().attempt(|| words!["socketpair failed"])?;
        Ok((Self(one), Self(other)))
    }

    /// Sends `word`, which must not be empty, to whoever holds the other end.
    ///
    /// # Errors
    /// EPIPE as the cause if nobody holds the other end.
    pub fn send(&self, word: &[u8]) -> Result<(), Error> {
        socket::send(self.0.as_fd(), word)
            .attempt(|| words!["cannot send to another process of ours"])
    }

    /// Like [`Channel::send`], but if nobody holds the other end, the failure has no message of its
    /// own: the process that held it has told the user why it ended.
    pub fn send_quietly(&self, word: &[u8]) -> Result<(), Failure> {
        self.send(word).map_err(|error| match error.cause() {
            Some(Errno::EPIPE) => Failure::Told(ExitStatus::FAILURE),
            _ => error.into(),
        })
    }

    /// Waits for a word; `None` if nobody holds the other end any more.
    pub fn receive(&self) -> Result<Option<Vec<u8>>, Error> {
        let mut word = vec![0; LONGEST];
        let length = socket::receive(self.0.as_fd(), &mut word, Waiting::Yes)
            .attempt(|| words!["cannot receive from another process of ours"])?;
        word.truncate(length);
        Ok((length > 0).then_some(word))
    }

    /// Asks the kernel to attach the sender to each word: [`Channel::receive_sender`].
    pub fn tell_senders(&self) -> Result<(), Error> {
        socket::tell_senders(self.0.as_fd()).attempt(|| words!["setsockopt failed"])
    }

    /// Waits for a word and returns its sender's PID in our own PID namespace; `None` if nobody
    /// holds the other end any more.
    pub fn receive_sender(&self) -> Result<Option<Pid>, Error> {
        socket::receive_sender(self.0.as_fd(), &mut [0; LONGEST])
            .attempt(|| words!["cannot receive from another process of ours"])
    }

    /// The descriptor; it is readable if a word is waiting or nobody holds the other end.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Whether somebody still holds the other end; a waiting word is lost.
    pub fn is_open(&self) -> nix::Result<bool> {
        match socket::receive(self.0.as_fd(), &mut [0; LONGEST], Waiting::No) {
            Ok(length) => Ok(length > 0),
            Err(Errno::EAGAIN) => Ok(true),
            Err(errno) => Err(errno),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_kept_apart_and_an_end_is_heard() {
        let (one, other) = Channel::pair().unwrap();
        assert_eq!(one.is_open(), Ok(true));
        other.send(b"go").unwrap();
        other.send(b"on").unwrap();
        assert_eq!(one.receive(), Ok(Some(b"go".to_vec())));
        assert_eq!(one.receive(), Ok(Some(b"on".to_vec())));
        drop(other);
        assert_eq!(one.receive(), Ok(None));
        assert_eq!(one.is_open(), Ok(false));
        assert_eq!(
            one.send_quietly(b"go"),
            Err(Failure::Told(ExitStatus::FAILURE))
        );
    }
}
