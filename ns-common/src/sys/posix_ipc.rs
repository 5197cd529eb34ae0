//! POSIX IPC objects by name: mq_overview(7), shm_overview(7), sem_overview(7).
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, OsStr};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::mqueue::mq_unlink;
use nix::sys::mman::{shm_open, shm_unlink};
use nix::sys::stat::Mode;

use crate::ipc::Posix;
use crate::sys::descriptor;

/// The name in the form that all three kinds take: one slash, then `name` without leading slashes.
/// An empty name stays empty, so that the C library reports its own error for each kind.
///
/// # Errors
/// EINVAL for a name with a null byte.
pub fn normalized(name: &OsStr) -> nix::Result<CString> {
    let bytes = name.as_bytes();
    let slashes = bytes.iter().take_while(|byte| **byte == b'/').count();
    let slash: &[u8] = if bytes.is_empty() { b"" } else { b"/" };
    CString::new([slash, &bytes[slashes..]].concat()).map_err(|_| Errno::EINVAL)
}

/// Creates a queue with the default attributes of the IPC namespace, and the bits of `mode` minus
/// the umask. EEXIST if the name is taken.
pub fn create_queue(name: &CStr, mode: u32) -> nix::Result<()> {
    let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC;
    let (mode, attributes): (libc::c_uint, _) = (mode & 0o777, std::ptr::null::<libc::mq_attr>());
    // SAFETY: the name is a C string; mode and attributes follow as O_CREAT wants, and a null
    // pointer means the default. (nix leaves the two out where there are no attributes.)
    let queue = Errno::result(unsafe { libc::mq_open(name.as_ptr(), flags, mode, attributes) })?;
    // SAFETY: mq_open has just returned it, and nothing else uses it.
    Errno::result(unsafe { libc::mq_close(queue) }).map(drop)
}

/// Opens a queue to inspect it; nothing is received from it.
pub fn open_queue(name: &CStr) -> nix::Result<OwnedFd> {
    let flags = libc::O_RDONLY | libc::O_NONBLOCK | libc::O_CLOEXEC;
    // SAFETY: the name is a C string, and without O_CREAT nothing else is read.
    let queue = Errno::result(unsafe { libc::mq_open(name.as_ptr(), flags) })?;
    // SAFETY: the kernel has just returned it, and nothing else uses it. On Linux it is a
    // descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(queue) })
}

/// Creates a shared memory object of `size` bytes, with the bits of `mode` minus the umask; on
/// failure none is left behind. EEXIST if the name is taken.
pub fn create_shared_memory(name: &CStr, size: u64, mode: u32) -> nix::Result<()> {
    // With O_EXCL these directories would give EEXIST; the reference opens without it and reports
    // EINVAL.
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

/// Creates a semaphore with the value 0, and the bits of `mode` minus the umask. EEXIST if the name
/// is taken.
pub fn create_semaphore(name: &CStr, mode: u32) -> nix::Result<()> {
    let flags = libc::O_CREAT | libc::O_EXCL;
    let (mode, value): (libc::c_uint, libc::c_uint) = (mode & 0o777, 0);
    // SAFETY: the name is a C string, and mode and value follow as O_CREAT wants.
    let semaphore = unsafe { libc::sem_open(name.as_ptr(), flags, mode, value) };
    if semaphore == libc::SEM_FAILED {
        // The C library does not set errno if it could write the new semaphore only in part.
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

/// Mounts the queues of this IPC namespace, detached from the mount tree: fsmount(2). Needs Linux
/// 5.2, and CAP_SYS_ADMIN in the user namespaces that own the IPC namespace and the mount
/// namespace.
pub fn mount_queues() -> nix::Result<OwnedFd> {
    const CLOSE_ON_EXEC: libc::c_uint = 1;
    const FSCONFIG_CMD_CREATE: libc::c_uint = 6;
    const NO_ATTRIBUTES: libc::c_uint = 0;
    let none = std::ptr::null::<libc::c_char>();
    // SAFETY: the name is a C string.
    let system = unsafe { libc::syscall(libc::SYS_fsopen, c"mqueue".as_ptr(), CLOSE_ON_EXEC) };
    // SAFETY: fsopen returns a new descriptor.
    let system = unsafe { descriptor::returned(system) }?;
    let number = system.as_raw_fd();
    // SAFETY: this command takes neither key nor value.
    let created = unsafe {
        libc::syscall(
            libc::SYS_fsconfig,
            number,
            FSCONFIG_CMD_CREATE,
            none,
            none,
            0,
        )
    };
    Errno::result(created)?;
    // SAFETY: fsmount takes numbers only.
    let mount = unsafe { libc::syscall(libc::SYS_fsmount, number, CLOSE_ON_EXEC, NO_ATTRIBUTES) };
    // SAFETY: fsmount returns a new descriptor.
    unsafe { descriptor::returned(mount) }
}

/// The content and limits of an open queue: mq_getattr(3).
pub fn queue_attributes(queue: BorrowedFd<'_>) -> nix::Result<QueueAttributes> {
    let mut buffer = MaybeUninit::<libc::mq_attr>::zeroed();
    // SAFETY: mq_getattr fills in the record, for which there is room.
    let result = unsafe { libc::mq_getattr(queue.as_raw_fd(), buffer.as_mut_ptr()) };
    Errno::result(result)?;
    // SAFETY: mq_getattr succeeded, so the record is filled in.
    let attributes = unsafe { buffer.assume_init() };
    #[allow(
        clippy::useless_conversion,
        reason = "they have 32 bits on some systems"
    )]
    Ok(QueueAttributes {
        messages: attributes.mq_curmsgs.into(),
        capacity: attributes.mq_maxmsg.into(),
        message_size: attributes.mq_msgsize.into(),
    })
}

/// The attributes of a queue: mq_getattr(3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueAttributes {
    /// The number of messages in it.
    pub messages: i64,
    /// The most messages.
    pub capacity: i64,
    /// The most bytes in a message.
    pub message_size: i64,
}

/// The size of the C library's semaphore in bytes.
pub const SEMAPHORE_SIZE: usize = size_of::<libc::sem_t>();

/// The value of a semaphore, whose bytes were read from its file, as interpreted by the C library.
pub fn semaphore_value(content: &[u8; SEMAPHORE_SIZE]) -> i32 {
    let mut semaphore = MaybeUninit::<libc::sem_t>::zeroed();
    let to = semaphore.as_mut_ptr().cast::<u8>();
    // SAFETY: both are of this size, and neither is part of the other.
    unsafe { std::ptr::copy_nonoverlapping(content.as_ptr(), to, SEMAPHORE_SIZE) };
    let mut value = 0;
    // SAFETY: any bytes are a semaphore, of which sem_getvalue reads the one word; it cannot fail.
    unsafe { libc::sem_getvalue(semaphore.as_mut_ptr(), &raw mut value) };
    value
}

/// Passes on only the permission bits: nobody expects a set-user-ID bit on an object.
fn permissions(mode: u32) -> Mode {
    Mode::from_bits_truncate(mode & 0o777)
}
