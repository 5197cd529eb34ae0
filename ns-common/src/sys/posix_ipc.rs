//! POSIX IPC objects by name: mq_overview(7), shm_overview(7), sem_overview(7).
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, OsStr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::mqueue::mq_unlink;
use nix::sys::mman::{shm_open, shm_unlink};
use nix::sys::stat::Mode;

use crate::ipc::Posix;

/// The name as all three kinds take it: one slash, then what was given without leading slashes. An
/// empty one stays empty, and the C library has its own errors for each kind.
///
/// # Errors
/// EINVAL for a name with a null byte.
pub fn normalized(name: &OsStr) -> nix::Result<CString> {
    let bytes = name.as_bytes();
    let slashes = bytes.iter().take_while(|byte| **byte == b'/').count();
    let slash: &[u8] = if bytes.is_empty() { b"" } else { b"/" };
    CString::new([slash, &bytes[slashes..]].concat()).map_err(|_| Errno::EINVAL)
}

/// Makes a queue with the namespace's default attributes, and the bits of `mode` less the umask.
/// EEXIST: the name is taken.
pub fn create_queue(name: &CStr, mode: u32) -> nix::Result<()> {
    let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC;
    let (mode, attributes): (libc::c_uint, _) = (mode & 0o777, std::ptr::null::<libc::mq_attr>());
    // SAFETY: the name is a C string; mode and attributes follow as O_CREAT wants, and a null
    // pointer means the default. (nix leaves the two out where there are no attributes.)
    let queue = Errno::result(unsafe { libc::mq_open(name.as_ptr(), flags, mode, attributes) })?;
    // SAFETY: mq_open has just returned it, and nothing else uses it.
    Errno::result(unsafe { libc::mq_close(queue) }).map(drop)
}

/// Opens a queue to look at; nothing is received from it.
pub fn open_queue(name: &CStr) -> nix::Result<OwnedFd> {
    let flags = libc::O_RDONLY | libc::O_NONBLOCK | libc::O_CLOEXEC;
    // SAFETY: the name is a C string, and without O_CREAT nothing else is read.
    let queue = Errno::result(unsafe { libc::mq_open(name.as_ptr(), flags) })?;
    // SAFETY: the kernel has just returned it, and nothing else uses it. On Linux it is a
    // descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(queue) })
}

/// Makes a shared memory object of `size` bytes, with the bits of `mode` less the umask; none is
/// left if that fails. EEXIST: the name is taken.
pub fn create_shared_memory(name: &CStr, size: u64, mode: u32) -> nix::Result<()> {
    // Opened without O_EXCL, as by the reference, these are directories and no names.
    if matches!(name.to_bytes(), b"/." | b"/..") {
        return Err(Errno::EINVAL);
    }
    let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL;
    let object = shm_open(name, flags, permissions(mode))?;
    resize(&object, size).inspect_err(|_| {
        let _ = shm_unlink(name);
    })
}

fn resize(file: &OwnedFd, size: u64) -> nix::Result<()> {
    let size = i64::try_from(size).map_err(|_| Errno::EINVAL)?;
    // SAFETY: ftruncate64 takes numbers only. (nix's ftruncate has 32 bits where `off_t` has.)
    Errno::result(unsafe { libc::ftruncate64(file.as_raw_fd(), size) }).map(drop)
}

/// Makes a semaphore of value 0, with the bits of `mode` less the umask. EEXIST: the name is taken.
pub fn create_semaphore(name: &CStr, mode: u32) -> nix::Result<()> {
    let flags = libc::O_CREAT | libc::O_EXCL;
    let (mode, value): (libc::c_uint, libc::c_uint) = (mode & 0o777, 0);
    // SAFETY: the name is a C string, and mode and value follow as O_CREAT wants.
    let semaphore = unsafe { libc::sem_open(name.as_ptr(), flags, mode, value) };
    if semaphore == libc::SEM_FAILED {
        // The C library leaves none where it could not write the whole of a new semaphore.
        return Err(match Errno::last() {
            Errno::UnknownErrno => Errno::EIO,
            errno => errno,
        });
    }
    // SAFETY: sem_open has just returned it, and nothing else uses it.
    Errno::result(unsafe { libc::sem_close(semaphore) }).map(drop)
}

/// Removes the name; the object goes away with its last user.
pub fn unlink(kind: Posix, name: &CStr) -> nix::Result<()> {
    match kind {
        Posix::Queue => mq_unlink(name),
        Posix::Memory => shm_unlink(name),
        // SAFETY: the name is a C string.
        Posix::Semaphore => Errno::result(unsafe { libc::sem_unlink(name.as_ptr()) }).map(drop),
    }
}

/// Only the permission bits: a set-user-id bit on an object would be somebody's surprise.
fn permissions(mode: u32) -> Mode {
    Mode::from_bits_truncate(mode & 0o777)
}
