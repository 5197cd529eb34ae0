//! The names in a UTS namespace: sethostname(2), setdomainname(2).
#![allow(unsafe_code)]

use nix::errno::Errno;

/// The kernel takes no more bytes than this for either name: `__NEW_UTS_LEN`.
pub const LONGEST_NAME: usize = 64;

/// Sets the host name. EINVAL: it is longer than [`LONGEST_NAME`].
pub fn set_host_name(name: &[u8]) -> nix::Result<()> {
    // SAFETY: the kernel reads as many bytes as the name has.
    Errno::result(unsafe { libc::sethostname(name.as_ptr().cast(), name.len()) }).map(drop)
}

/// Sets the NIS domain name. EINVAL: it is longer than [`LONGEST_NAME`].
pub fn set_domain_name(name: &[u8]) -> nix::Result<()> {
    // SAFETY: the kernel reads as many bytes as the name has.
    Errno::result(unsafe { libc::setdomainname(name.as_ptr().cast(), name.len()) }).map(drop)
}
