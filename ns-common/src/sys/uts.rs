//! Setting the names of a UTS namespace: sethostname(2), setdomainname(2).
#![allow(unsafe_code)]

use nix::errno::Errno;

/// The longest name that the kernel accepts, in bytes: `__NEW_UTS_LEN`.
pub const LONGEST_NAME: usize = 64;

/// Sets the host name. EINVAL if it is longer than [`LONGEST_NAME`].
pub fn set_host_name(name: &[u8]) -> nix::Result<()> {
    // SAFETY: the kernel reads as many bytes as the name has.
    Errno::result(unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) }).map(drop)
}

/// Sets the NIS domain name. EINVAL if it is longer than [`LONGEST_NAME`].
pub fn set_domain_name(name: &[u8]) -> nix::Result<()> {
    // SAFETY: the kernel reads as many bytes as the name has.
    Errno::result(unsafe { libc::setdomainname(name.as_ptr().cast(), name.len()) }).map(drop)
}
