//! Pairs of connected sockets that keep messages apart: unix(7), `SOCK_SEQPACKET`.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::unistd::Pid;

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

/// Has the kernel tell, with each message that comes on this end, which process has sent it.
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

/// Waits for a message and tells who has sent it, by the number in our own PID namespace; `None` if
/// nobody holds the other end any more.
///
/// # Errors
/// ENOMSG: the kernel does not tell the sender, for [`tell_senders`] was not called in time.
pub fn receive_sender(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> nix::Result<Option<Pid>> {
    // More than a record of credentials takes, and aligned for one.
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
        // SAFETY: the header names a buffer and room for control data, each with its length.
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
    // SAFETY: it points into the control data, where there is a whole record.
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
