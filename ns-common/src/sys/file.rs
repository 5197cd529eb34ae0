//! What a file is, in 64 bits everywhere: statx(2).
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;

/// What is known of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStatus {
    /// Whether it is a regular file: no directory, link, pipe or device.
    pub is_regular: bool,
    /// The nine permission bits and the three above them.
    pub mode: u32,
    /// The owner's user.
    pub uid: u32,
    /// The owner's group.
    pub gid: u32,
    /// Bytes in it.
    pub size: u64,
    /// Units of 512 bytes that it takes up.
    pub blocks: u64,
    /// When its content last changed, in seconds since the epoch.
    pub modified: i64,
    /// Its number in its file system.
    pub inode: u64,
    /// The file system, as the kernel's two numbers for it.
    pub device: (u32, u32),
}

impl FileStatus {
    /// Whether both are of one file.
    pub fn is_same_file(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

/// The status of the file `name` in `directory`; a link is not followed.
pub fn status_at(directory: BorrowedFd<'_>, name: &CStr) -> nix::Result<FileStatus> {
    statx(directory, name, libc::AT_SYMLINK_NOFOLLOW)
}

/// The status of an open file.
pub fn status(file: BorrowedFd<'_>) -> nix::Result<FileStatus> {
    statx(file, c"", libc::AT_EMPTY_PATH)
}

/// Whether an executable file gives capabilities to who executes it: capabilities(7).
pub fn has_capabilities(path: &Path) -> nix::Result<bool> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)?;
    let name = c"security.capability";
    // SAFETY: both are C strings, and with a size of 0 nothing is written.
    let size = unsafe { libc::getxattr(path.as_ptr(), name.as_ptr(), std::ptr::null_mut(), 0) };
    match Errno::result(size) {
        // They are there, for another user namespace.
        Ok(_) | Err(Errno::EOVERFLOW) => Ok(true),
        Err(Errno::ENODATA | Errno::EOPNOTSUPP) => Ok(false),
        Err(errno) => Err(errno),
    }
}

fn statx(fd: BorrowedFd<'_>, name: &CStr, flags: libc::c_int) -> nix::Result<FileStatus> {
    let mut buffer = MaybeUninit::<libc::statx>::zeroed();
    let (fd, mask) = (fd.as_raw_fd(), libc::STATX_BASIC_STATS);
    // SAFETY: the name is a C string, and statx fills in the record, for which there is room.
    let result = unsafe { libc::statx(fd, name.as_ptr(), flags, mask, buffer.as_mut_ptr()) };
    Errno::result(result)?;
    // SAFETY: statx has filled the record in, and zeros are valid where it has not.
    let status = unsafe { buffer.assume_init() };
    let mode = u32::from(status.stx_mode);
    Ok(FileStatus {
        is_regular: mode & libc::S_IFMT == libc::S_IFREG,
        mode: mode & 0o7777,
        uid: status.stx_uid,
        gid: status.stx_gid,
        size: status.stx_size,
        blocks: status.stx_blocks,
        modified: status.stx_mtime.tv_sec,
        inode: status.stx_ino,
        device: (status.stx_dev_major, status.stx_dev_minor),
    })
}
