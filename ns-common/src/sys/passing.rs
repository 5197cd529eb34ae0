//! Passing a descriptor through a socket: unix(7), `SCM_RIGHTS`.
#![allow(unsafe_code)]

use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

use nix::errno::Errno;

use crate::sys::descriptor;

/// Ancillary data with one descriptor: cmsg(3).
#[repr(C)]
struct Control {
    header: libc::cmsghdr,
    descriptor: RawFd,
}

/// A message: an errno, or 0 and a descriptor in the ancillary data.
struct Packet {
    errno: i32,
    control: Control,
}

impl Packet {
    fn new() -> Self {
        let control = MaybeUninit::<Control>::zeroed();
        Self {
            errno: 0,
            // SAFETY: it consists of integers, for which all zeros are valid.
            control: unsafe { control.assume_init() },
        }
    }

    /// Calls sendmsg(2) or recvmsg(2) with this message. Returns the number of content bytes, and
    /// whether there was ancillary data.
    fn exchange(
        &mut self,
        has_control: bool,
        call: impl Fn(*mut libc::msghdr) -> isize,
    ) -> nix::Result<(isize, bool)> {
        let mut content = libc::iovec {
            iov_base: (&raw mut self.errno).cast(),
            iov_len: size_of::<i32>(),
        };
        let header = MaybeUninit::<libc::msghdr>::zeroed();
        // SAFETY: a header of zeros has no address, no content and no ancillary data.
        let mut header = unsafe { header.assume_init() };
        header.msg_iov = &raw mut content;
        header.msg_iovlen = 1;
        if has_control {
            header.msg_control = (&raw mut self.control).cast();
            header.msg_controllen = size_of::<Control>() as _;
        }
        loop {
            match Errno::result(call(&raw mut header)) {
                Err(Errno::EINTR) => {}
                result => return result.map(|length| (length, header.msg_controllen > 0)),
            }
        }
    }
}

/// Sends a descriptor, or the errno that says why there is none.
pub fn send(socket: BorrowedFd<'_>, outcome: Result<BorrowedFd<'_>, Errno>) -> nix::Result<()> {
    let mut message = Packet::new();
    let (level, kind) = (libc::SOL_SOCKET, libc::SCM_RIGHTS);
    message.control.header.cmsg_level = level;
    message.control.header.cmsg_type = kind;
    let end = std::mem::offset_of!(Control, descriptor) + size_of::<RawFd>();
    message.control.header.cmsg_len = end as _;
    match outcome {
        Ok(descriptor) => message.control.descriptor = descriptor.as_raw_fd(),
        Err(errno) => message.errno = errno as i32,
    }
    let socket = socket.as_raw_fd();
    // SAFETY: the header points to content and ancillary data of the lengths it names.
    let call = |header: *mut _| unsafe { libc::sendmsg(socket, header, libc::MSG_NOSIGNAL) };
    message.exchange(outcome.is_ok(), call).map(drop)
}

/// Receives the descriptor sent by [`send`], close-on-exec and above the standard descriptors.
///
/// # Errors
/// Also the errno that was sent; EPIPE if nothing was sent.
pub fn receive(socket: BorrowedFd<'_>) -> nix::Result<OwnedFd> {
    let mut message = Packet::new();
    let socket = socket.as_raw_fd();
    // SAFETY: the header points to room for content and ancillary data of the lengths it names.
    let call = |header| unsafe { libc::recvmsg(socket, header, libc::MSG_CMSG_CLOEXEC) };
    match message.exchange(true, call)? {
        (0, _) => Err(Errno::EPIPE),
        (_, false) => Err(Errno::from_raw(message.errno)),
        (_, true) => {
            // SAFETY: the kernel has just installed it, and nothing else uses it.
            let received = unsafe { descriptor::owned(message.control.descriptor) };
            descriptor::above_standard(received)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;
    use crate::sys::socket;

    #[test]
    fn descriptor_or_reason_arrives() {
        let (one, other) = socket::pair().unwrap();
        let (near, far) = socket::pair().unwrap();
        send(one.as_fd(), Ok(far.as_fd())).unwrap();
        drop(far);
        let received = receive(other.as_fd()).unwrap();
        socket::send(received.as_fd(), b"through").unwrap();
        let mut buffer = [0; 9];
        let length = socket::receive(near.as_fd(), &mut buffer, socket::Waiting::No).unwrap();
        assert_eq!(&buffer[..length], b"through");

        send(one.as_fd(), Err(Errno::EPERM)).unwrap();
        assert_eq!(receive(other.as_fd()).unwrap_err(), Errno::EPERM);
        drop(one);
        assert_eq!(receive(other.as_fd()).unwrap_err(), Errno::EPIPE);
    }
}
