//! The status of a file, in 64 bits everywhere: statx(2).
#![allow(unsafe_code)]

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::NixPath;
use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;

/// Identifies a file, whatever path led to it. Two namespace files with the same identity are the
/// same namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The device number of the file system, major and minor.
    pub device: (u32, u32),
    /// The inode number.
    pub inode: u64,
}

/// The type of a file: inode(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileType {
    /// A regular file.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A device, FIFO, socket, or a file without a type, as on nsfs.
    Other,
}

/// The status of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStatus {
    /// Its identity.
    pub identity: Identity,
    /// Its type.
    pub file_type: FileType,
    /// The nine permission bits and the three above them.
    pub mode: u32,
    /// The owner's uid.
    pub uid: u32,
    /// The owner's gid.
    pub gid: u32,
    /// Its size in bytes.
    pub size: u64,
    /// The space allocated to it, in units of 512 bytes.
    pub blocks: u64,
    /// When its content was last modified, in seconds since the epoch.
    pub modified: i64,
}

impl Identity {
    /// The identity of an open file.
    pub fn of(file: impl AsFd) -> nix::Result<Self> {
        status(file).map(|status| status.identity)
    }

    /// The identity of the file at `path`; symbolic links are followed.
    pub fn at(path: &(impl NixPath + ?Sized)) -> nix::Result<Self> {
        status_of(path).map(|status| status.identity)
    }
}

/// The status of an open file.
pub fn status(file: impl AsFd) -> nix::Result<FileStatus> {
    status_of_name(file.as_fd(), c"", libc::AT_EMPTY_PATH)
}

/// The status of the file `name` in `directory`; a symbolic link is not followed.
pub fn status_at(directory: impl AsFd, name: &(impl NixPath + ?Sized)) -> nix::Result<FileStatus> {
    let directory = directory.as_fd();
    name.with_nix_path(|name| status_of_name(directory, name, libc::AT_SYMLINK_NOFOLLOW))?
}

/// The status of the file at `path`, relative to `directory`; symbolic links are followed.
pub fn status_below(
    directory: impl AsFd,
    path: &(impl NixPath + ?Sized),
) -> nix::Result<FileStatus> {
    let directory = directory.as_fd();
    path.with_nix_path(|path| status_of_name(directory, path, 0))?
}

/// The status of the file at `path`; symbolic links are followed.
pub fn status_of(path: &(impl NixPath + ?Sized)) -> nix::Result<FileStatus> {
    status_below(AT_FDCWD, path)
}

/// Whether a file has file capabilities: capabilities(7).
pub fn has_capabilities(path: &Path) -> nix::Result<bool> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)?;
    let name = c"security.capability";
    // SAFETY: both are C strings, and with a size of 0 nothing is written.
    let size = unsafe { libc::getxattr(path.as_ptr(), name.as_ptr(), std::ptr::null_mut(), 0) };
    match Errno::result(size) {
        // It has them, for another user namespace.
        Ok(_) | Err(Errno::EOVERFLOW) => Ok(true),
        Err(Errno::ENODATA | Errno::EOPNOTSUPP) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// The status of `name` in `directory`, or of `directory` itself if the name is empty.
fn status_of_name(
    directory: BorrowedFd<'_>,
    name: &CStr,
    flags: libc::c_int,
) -> nix::Result<FileStatus> {
    match statx(directory, name, flags) {
        // Seccomp filters older than Linux 4.11 refuse the unknown call. fstatat has narrower
        // fields on 32-bit systems.
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
        file_type: FileType::of(mode),
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
        file_type: FileType::of(status.st_mode),
        mode: status.st_mode & 0o7777,
        uid: status.st_uid,
        gid: status.st_gid,
        size: status.st_size as u64,
        blocks: status.st_blocks as u64,
        modified: status.st_mtime as i64,
    })
}

impl FileType {
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
