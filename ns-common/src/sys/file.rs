//! What a file is, in 64 bits everywhere: statx(2).
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::NixPath;
use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;

/// What makes two files one: a namespace is one file, however it was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The file system, as the kernel's two numbers for it.
    pub device: (u32, u32),
    /// Its number in its file system.
    pub inode: u64,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// It has bytes.
    Regular,
    /// It has entries.
    Directory,
    /// It leads to another one.
    Link,
    /// A device, a pipe, a socket, or what the kernel has no word for.
    Other,
}

/// What is known of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStatus {
    /// Which file it is.
    pub identity: Identity,
    /// What it is.
    pub format: Format,
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
}

impl Identity {
    /// That of an open file.
    pub fn of(file: impl AsFd) -> nix::Result<Self> {
        status(file).map(|status| status.identity)
    }

    /// That of the file to which `path` leads from the working directory.
    pub fn at(path: &(impl NixPath + ?Sized)) -> nix::Result<Self> {
        status_of(path).map(|status| status.identity)
    }
}

/// The status of an open file.
pub fn status(file: impl AsFd) -> nix::Result<FileStatus> {
    status_of_name(file.as_fd(), c"", libc::AT_EMPTY_PATH)
}

/// The status of the file `name` in `directory`; a link is not followed.
pub fn status_at(directory: impl AsFd, name: &(impl NixPath + ?Sized)) -> nix::Result<FileStatus> {
    let directory = directory.as_fd();
    name.with_nix_path(|name| status_of_name(directory, name, libc::AT_SYMLINK_NOFOLLOW))?
}

/// The status of the file to which `path` leads from `directory`.
pub fn status_below(
    directory: impl AsFd,
    path: &(impl NixPath + ?Sized),
) -> nix::Result<FileStatus> {
    let directory = directory.as_fd();
    path.with_nix_path(|path| status_of_name(directory, path, 0))?
}

/// The status of the file to which `path` leads from the working directory.
pub fn status_of(path: &(impl NixPath + ?Sized)) -> nix::Result<FileStatus> {
    status_below(AT_FDCWD, path)
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

/// The status by a name that is empty for the open file itself.
fn status_of_name(
    directory: BorrowedFd<'_>,
    name: &CStr,
    flags: libc::c_int,
) -> nix::Result<FileStatus> {
    match statx(directory, name, flags) {
        // Filters from before Linux 4.11 do not know the call; this one has less room on machines
        // of 32 bits.
        Err(Errno::ENOSYS | Errno::EPERM) => fstatat(directory, name, flags),
        result => result,
    }
}

fn statx(directory: BorrowedFd<'_>, name: &CStr, flags: libc::c_int) -> nix::Result<FileStatus> {
    let mut buffer = MaybeUninit::<libc::statx>::zeroed();
    let (directory, mask) = (directory.as_raw_fd(), libc::STATX_BASIC_STATS);
    // SAFETY: the name is a C string, and statx fills in the record, for which there is room.
    let result = unsafe { libc::statx(directory, name.as_ptr(), flags, mask, buffer.as_mut_ptr()) };
    Errno::result(result)?;
    // SAFETY: statx has filled the record in, and zeros are valid where it has not.
    let status = unsafe { buffer.assume_init() };
    let mode = u32::from(status.stx_mode);
    Ok(FileStatus {
        identity: Identity {
            device: (status.stx_dev_major, status.stx_dev_minor),
            inode: status.stx_ino,
        },
        format: Format::of(mode),
        mode: mode & 0o7777,
        uid: status.stx_uid,
        gid: status.stx_gid,
        size: status.stx_size,
        blocks: status.stx_blocks,
        modified: status.stx_mtime.tv_sec,
    })
}

fn fstatat(directory: BorrowedFd<'_>, name: &CStr, flags: libc::c_int) -> nix::Result<FileStatus> {
    let flags = nix::fcntl::AtFlags::from_bits_retain(flags);
    let status = nix::sys::stat::fstatat(directory, name, flags)?;
    #[expect(clippy::cast_sign_loss, reason = "they are signed, and never negative")]
    Ok(FileStatus {
        identity: Identity {
            device: (libc::major(status.st_dev), libc::minor(status.st_dev)),
            inode: status.st_ino as u64,
        },
        format: Format::of(status.st_mode),
        mode: status.st_mode & 0o7777,
        uid: status.st_uid,
        gid: status.st_gid,
        size: status.st_size as u64,
        blocks: status.st_blocks as u64,
        modified: status.st_mtime as i64,
    })
}

impl Format {
    fn of(mode: u32) -> Self {
        match mode & libc::S_IFMT {
            libc::S_IFREG => Self::Regular,
            libc::S_IFDIR => Self::Directory,
            libc::S_IFLNK => Self::Link,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_calls_tell_the_same() {
        for (path, flags) in [
            (c"/proc/self/ns/uts", 0),
            (c"/proc/self/ns/uts", libc::AT_SYMLINK_NOFOLLOW),
            (c"/", 0),
            (c"/dev/null", 0),
        ] {
            let one = statx(AT_FDCWD, path, flags).unwrap();
            assert_eq!(fstatat(AT_FDCWD, path, flags), Ok(one), "{path:?}");
        }
    }
}
