//! Pairs of connected sockets that keep messages apart: unix(7), `SOCK_SEQPACKET`.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;

use crate::sys::descriptor;

/// Makes two connected sockets, close-on-exec, above the standard descriptors.
pub fn pair() -> nix::Result<(OwnedFd, OwnedFd)> {
    let mut numbers = [-1; 2];
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: socketpair writes two descriptors to the array.
    Errno::result(unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, numbers.as_mut_ptr()) })?;
    // SAFETY: the kernel has just returned both, and nothing else owns the first.
    let one = unsafe { descriptor::own(numbers[0]) };
    // SAFETY: the kernel has just returned both, and nothing else owns the second.
    let other = unsafe { descriptor::own(numbers[1]) };
    Ok((
        descriptor::above_standard(one)?,
        descriptor::above_standard(other)?,
    ))
}

/// Sends one message. EPIPE, without the signal, if nobody holds the other end.
pub fn send(socket: BorrowedFd<'_>, message: &[u8]) -> nix::Result<()> {
    loop {
        // SAFETY: the kernel reads the message, whose length is given.
        let result = unsafe {
            libc::send(
                socket.as_raw_fd(),
                message.as_ptr().cast(),
                message.len(),
                libc::MSG_NOSIGNAL,
            )
        };
        match Errno::result(result) {
            Err(Errno::EINTR) => {}
            // A message goes whole or not at all.
            result => return result.map(drop),
        }
    }
}

/// Whether a call waits for what is not there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// Until there is a message or nobody holds the other end.
    Yes,
    /// Not at all: EAGAIN if there is nothing yet.
    No,
}

/// Receives one message and returns its length; 0 if nobody holds the other end any more.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8], waiting: Waiting) -> nix::Result<usize> {
    let flags = match waiting {
        Waiting::Yes => 0,
        Waiting::No => libc::MSG_DONTWAIT,
    };
    loop {
        // SAFETY: the kernel writes at most the length given to the buffer.
        let result = unsafe {
            libc::recv(
                socket.as_raw_fd(),
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                flags,
            )
        };
        match Errno::result(result) {
            Err(Errno::EINTR) => {}
            // The other end was closed with a message of ours unread.
            Err(Errno::ECONNRESET) => return Ok(0),
            result => return result.map(isize::unsigned_abs),
        }
    }
}
