//! Pairs of connected sockets that preserve message boundaries: unix(7), `SOCK_SEQPACKET`.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::unistd::Pid;

use crate::sys::descriptor;

/// Creates two connected sockets, close-on-exec and above the standard descriptors.
pub fn pair() -> nix::Result<(OwnedFd, OwnedFd)> {
    let mut numbers = [-1; 2];
    let kind = libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC;
    // SAFETY: socketpair writes two descriptors to the array.
    Errno::result(unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, numbers.as_mut_ptr()) })?;
    // SAFETY: the kernel has just returned both, and nothing else owns the first.
    let one = unsafe { descriptor::owned(numbers[0]) };
    // SAFETY: the kernel has just returned both, and nothing else owns the second.
    let other = unsafe { descriptor::owned(numbers[1]) };
    Ok((
        descriptor::above_standard(one)?,
        descriptor::above_standard(other)?,
    ))
}

/// Sends one message. EPIPE, without SIGPIPE, if nobody holds the other end.
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
            // A message is sent whole or not at all.
            result => return result.map(drop),
        }
    }
}

/// Asks the kernel to attach the sender's PID to each message that arrives at this end.
pub fn tell_senders(socket: BorrowedFd<'_>) -> nix::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the option takes one int.
    Errno::result(unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PASSCRED,
            (&raw const on).cast(),
            libc::socklen_t::try_from(size_of::<libc::c_int>()).unwrap_or(0),
        )
    })
    .map(drop)
}

/// Waits for a message and returns its sender's PID in our own PID namespace; `None` if nobody
/// holds the other end any more.
///
/// # Errors
/// ENOMSG if the message has no sender attached, because [`tell_senders`] was not called before.
pub fn receive_sender(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> nix::Result<Option<Pid>> {
    // Large enough for one record of credentials, and aligned for it.
    let mut control = [0_u64; 8];
    let mut vector = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: a msghdr of zeros is valid.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = &raw mut vector;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    header.msg_controllen = size_of_val(&control) as _;
    let flags = libc::MSG_CMSG_CLOEXEC;
    loop {
        // SAFETY: the header names a buffer and room for ancillary data, each with its length.
        let result = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, flags) };
        match Errno::result(result) {
            Err(Errno::EINTR) => {}
            Err(Errno::ECONNRESET) | Ok(0) => return Ok(None),
            Err(errno) => return Err(errno),
            Ok(_) => break,
        }
    }
    // SAFETY: the kernel has filled the header in.
    let first = unsafe { libc::CMSG_FIRSTHDR(&raw const header) };
    if first.is_null() {
        return Err(Errno::ENOMSG);
    }
    // SAFETY: it points into the ancillary data, where there is a whole record.
    let record = unsafe { *first };
    if (record.cmsg_level, record.cmsg_type) != (libc::SOL_SOCKET, libc::SCM_CREDENTIALS) {
        return Err(Errno::ENOMSG);
    }
    // SAFETY: the record has data.
    let data = unsafe { libc::CMSG_DATA(first) };
    // SAFETY: data of this type is a `ucred`, which need not be aligned.
    let sender = unsafe { data.cast::<libc::ucred>().read_unaligned() };
    Ok(Some(Pid::from_raw(sender.pid)))
}

/// Whether a call blocks until there is a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// It blocks until there is a message or nobody holds the other end.
    Yes,
    /// It does not block: EAGAIN if there is no message yet.
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
            // The other end was closed without reading a message of ours.
            Err(Errno::ECONNRESET) => return Ok(0),
            result => return result.map(isize::unsigned_abs),
        }
    }
}
