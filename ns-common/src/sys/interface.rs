//! Network interfaces: netdevice(7).
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::os::fd::AsRawFd;

use nix::errno::Errno;

use crate::sys::descriptor;

/// Brings up the interface `name`.
pub fn bring_up(name: &CStr) -> nix::Result<()> {
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
    // SAFETY: socket takes numbers only.
    let number = Errno::result(unsafe { libc::socket(libc::AF_INET, kind, 0) })?;
    // SAFETY: the kernel has just returned it.
    let socket = unsafe { descriptor::owned(number) };
    // SAFETY: an ifreq of zeros is valid.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // The last byte stays the null that ends the name.
    let room = request.ifr_name.len() - 1;
    for (to, from) in request.ifr_name[..room].iter_mut().zip(name.to_bytes()) {
        *to = libc::c_char::from_ne_bytes([*from]);
    }
    let descriptor = socket.as_raw_fd();
    // SAFETY: this ioctl reads the name in the request and writes the flags into it.
    Errno::result(unsafe { libc::ioctl(descriptor, libc::SIOCGIFFLAGS as _, &raw mut request) })?;
    // SAFETY: the ioctl has filled the flags in.
    let flags = unsafe { request.ifr_ifru.ifru_flags };
    let up = libc::c_short::try_from(libc::IFF_UP).map_err(|_| Errno::EINVAL)?;
    request.ifr_ifru.ifru_flags = flags | up;
    // SAFETY: this ioctl reads name and flags in the request.
    Errno::result(unsafe { libc::ioctl(descriptor, libc::SIOCSIFFLAGS as _, &raw mut request) })
        .map(drop)
}
