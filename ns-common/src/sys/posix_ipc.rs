//! POSIX IPC objects by name: mq_overview(7), shm_overview(7), sem_overview(7).
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::mqueue::mq_unlink;
use nix::sys::mman::{shm_open, shm_unlink};
use nix::sys::stat::Mode;

/// A kind of POSIX object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// A message queue.
    Queue,
    /// A shared memory object.
    SharedMemory,
    /// A named semaphore.
    Semaphore,
}

/// The name as all three kinds take it: one slash, then what was given without leading slashes.
///
/// # Errors
/// EINVAL for an empty name, and for one with a null byte.
pub fn normalized(name: &OsStr) -> nix::Result<CString> {
    if name.is_empty() {
        return Err(Errno::EINVAL);
    }
    let rest = name
        .as_bytes()
        .iter()
        .position(|byte| *byte != b'/')
        .map_or(&[][..], |start| &name.as_bytes()[start..]);
    CString::new([b"/", rest].concat()).map_err(|_| Errno::EINVAL)
}

/// Makes a queue with the namespace's default attributes, and the bits of `mode` less the umask. EEXIST: the name is taken.
pub fn create_queue(name: &CStr, mode: u32) -> nix::Result<()> {
    let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC;
    let (mode, attributes): (libc::c_uint, _) = (mode & 0o777, std::ptr::null::<libc::mq_attr>());
    // SAFETY: the name is a C string; mode and attributes follow as O_CREAT wants, and a null pointer means the default.
    // (nix leaves the two out where there are no attributes.)
    let queue = Errno::result(unsafe { libc::mq_open(name.as_ptr(), flags, mode, attributes) })?;
    // SAFETY: mq_open has just returned it, and nothing else uses it.
    Errno::result(unsafe { libc::mq_close(queue) }).map(drop)
}

/// Makes a shared memory object of `size` bytes, with the bits of `mode` less the umask; none is left if that fails.
/// EEXIST: the name is taken.
pub fn create_shared_memory(name: &CStr, size: u64, mode: u32) -> nix::Result<()> {
    let object = shm_open(
        name,
        OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL,
        permissions(mode),
    )
    // What C libraries say of a name that is too long depends on their version; the reference has this.
    .map_err(|errno| match errno {
        Errno::ENAMETOOLONG => Errno::EINVAL,
        errno => errno,
    })?;
    let sized = i64::try_from(size)
        .map_err(|_| Errno::EINVAL)
        .and_then(|size| nix::unistd::ftruncate(&object, size));
    sized.inspect_err(|_| {
        let _ = shm_unlink(name);
    })
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
pub fn unlink(object: Object, name: &CStr) -> nix::Result<()> {
    match object {
        Object::Queue => mq_unlink(name),
        Object::SharedMemory => shm_unlink(name),
        // SAFETY: the name is a C string.
        Object::Semaphore => Errno::result(unsafe { libc::sem_unlink(name.as_ptr()) }).map(drop),
    }
}

/// Only the permission bits: a set-user-id bit on an object would be somebody's surprise.
fn permissions(mode: u32) -> Mode {
    Mode::from_bits_truncate(mode & 0o777)
}
