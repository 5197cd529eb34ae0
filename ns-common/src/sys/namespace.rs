//! ioctl(2) operations on namespace descriptors and sockets: ioctl_ns(2), nsfs.
#![allow(unsafe_code)]

use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;

use crate::sys::descriptor;

/// `_IO(0xb7, 0x1)`
const NS_GET_USERNS: libc::c_ulong = 0xb701;
/// `_IO(0xb7, 0x2)`
const NS_GET_PARENT: libc::c_ulong = 0xb702;
/// `_IO(0xb7, 0x3)`
const NS_GET_NSTYPE: libc::c_ulong = 0xb703;
/// `_IOR(0xb7, 0x6, int)`
const NS_GET_PID_FROM_PIDNS: libc::c_ulong = 0x8004_b706;
/// `_IOR(0xb7, 0x5, __u64)`
const NS_GET_MNTNS_ID: libc::c_ulong = 0x8008_b705;
const SIOCGSKNS: libc::c_ulong = 0x894c;

/// The user namespace that owns `namespace`; for a user namespace, its parent.
///
/// # Errors
/// EPERM if it is outside what the caller may see.
pub fn owner(namespace: BorrowedFd<'_>) -> nix::Result<OwnedFd> {
    descriptor_by_ioctl(namespace, NS_GET_USERNS)
}

/// The namespace above a PID or user namespace.
///
/// # Errors
/// EPERM if it is outside what the caller may see.
pub fn parent(namespace: BorrowedFd<'_>) -> nix::Result<OwnedFd> {
    descriptor_by_ioctl(namespace, NS_GET_PARENT)
}

/// The clone(2) flag for the kind of `namespace`; since Linux 4.11.
///
/// # Errors
/// ENOTTY if it is not a namespace.
pub fn flag_of(namespace: BorrowedFd<'_>) -> nix::Result<libc::c_int> {
    // SAFETY: this ioctl takes no argument.
    Errno::result(unsafe { libc::ioctl(namespace.as_raw_fd(), NS_GET_NSTYPE as _) })
}

/// The PID, in the caller's PID namespace, of process 1 of `namespace`; since Linux 6.12.
///
/// # Errors
/// ESRCH if that process has ended.
pub fn first_process(namespace: BorrowedFd<'_>) -> nix::Result<libc::pid_t> {
    let first: libc::c_ulong = 1;
    // SAFETY: this ioctl takes the number itself, and no pointer.
    let result = unsafe { libc::ioctl(namespace.as_raw_fd(), NS_GET_PID_FROM_PIDNS as _, first) };
    Errno::result(result)
}

/// The network namespace of a socket; needs CAP_NET_ADMIN over that namespace.
pub fn of_socket(socket: BorrowedFd<'_>) -> nix::Result<OwnedFd> {
    descriptor_by_ioctl(socket, SIOCGSKNS)
}

/// The id of a mount namespace, which is not reused until reboot; since Linux 6.12.
pub fn mount_namespace_id(namespace: BorrowedFd<'_>) -> nix::Result<u64> {
    let mut id = 0_u64;
    // SAFETY: this ioctl writes one u64 through the pointer.
    Errno::result(unsafe {
        libc::ioctl(namespace.as_raw_fd(), NS_GET_MNTNS_ID as _, &raw mut id)
    })?;
    Ok(id)
}

/// Opens the namespace with the given id: open_by_handle_at(2) on nsfs, for which `any` is an open
/// namespace file.
///
/// # Errors
/// ESTALE if there is no such namespace; kernels before 6.19 find none by id alone.
pub fn open_by_id(any: BorrowedFd<'_>, id: u64) -> nix::Result<OwnedFd> {
    /// `FILEID_NSFS` of the kernel's exportfs.
    const NSFS: libc::c_int = 0xf1;
    #[repr(C)]
    struct Handle {
        bytes: libc::c_uint,
        kind: libc::c_int,
        namespace: [u32; 4],
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the id is split into its two halves"
    )]
    let halves = if cfg!(target_endian = "little") {
        [id as u32, (id >> 32) as u32]
    } else {
        [(id >> 32) as u32, id as u32]
    };
    let mut handle = Handle {
        bytes: 16,
        kind: NSFS,
        namespace: [halves[0], halves[1], 0, 0],
    };
    let flags = libc::O_RDONLY | libc::O_CLOEXEC;
    // SAFETY: the kernel reads `bytes` bytes behind the header, and they are there.
    let result = unsafe {
        libc::syscall(
            libc::SYS_open_by_handle_at,
            any.as_raw_fd(),
            &raw mut handle,
            flags,
        )
    };
    // SAFETY: the call returns a new descriptor.
    unsafe { descriptor::returned(result) }
}

fn descriptor_by_ioctl(of: BorrowedFd<'_>, request: libc::c_ulong) -> nix::Result<OwnedFd> {
    // SAFETY: these ioctls take no argument.
    let result = unsafe { libc::ioctl(of.as_raw_fd(), request as _) };
    // SAFETY: the ioctl returns a new descriptor.
    unsafe { descriptor::returned(result.into()) }
}
