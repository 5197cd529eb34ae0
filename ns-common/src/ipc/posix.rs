//! Listing the POSIX objects of a kind, each of which is a file: mq_overview(7), shm_overview(7),
//! sem_overview(7).

use std::ffi::{CStr, CString, OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat2};
use nix::sys::stat::Mode;
use nix::sys::statfs::{FsType, fstatfs};
use nix::sys::uio::pread;
use nix::unistd::{UnlinkatFlags, unlinkat};

use crate::error::{Attempt, Error, Visible};
use crate::ipc::{Posix, mount};
use crate::procfs;
use crate::sorting::sort_by;
use crate::sys::descriptor;
use crate::sys::file::{self, FileStatus, FileType};
use crate::sys::posix_ipc::{self, QueueAttributes};
use crate::sys::uninterrupted;
use crate::words;

/// The directory of shared memory objects and semaphores.
const MEMORY: &str = "/dev/shm";
/// The directory of queues, if their file system is mounted.
const QUEUES: &str = "/dev/mqueue";
/// `MQUEUE_MAGIC` of the kernel's ipc/mqueue.c.
const MQUEUE: FsType = FsType(0x1980_0202);
const SEMAPHORE_PREFIX: &[u8] = b"sem.";
/// The part of a semaphore's file that the C library maps; a shorter file is not a semaphore.
const SEMAPHORE_SIZE: u64 = posix_ipc::SEMAPHORE_SIZE as u64;

/// The open directory that contains the objects of a kind.
#[derive(Debug)]
pub struct Store {
    kind: Posix,
    directory: OwnedFd,
}

/// An object in a [`Store`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, without a slash.
    pub name: OsString,
    /// The status of its file.
    pub status: FileStatus,
}

/// The content and limits of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueState {
    /// Bytes in its messages.
    pub bytes: u64,
    /// The number of messages, and the limits.
    pub attributes: QueueAttributes,
    /// The process to be notified of the next message, 0 for none.
    pub notified: i32,
}

impl Store {
    /// Opens the directory of a kind; `None` if it does not exist or, for queues, is of another
    /// file system.
    pub fn open(kind: Posix) -> Result<Option<Self>, Error> {
        let path = path(kind);
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let directory = match open(path, flags, Mode::empty()) {
            Err(Errno::ENOENT) => return Ok(None),
            result => result.attempt(|| words!["cannot open ", path])?,
        };
        if kind == Posix::Queue {
            let system = fstatfs(&directory).attempt(|| words!["cannot look at ", path])?;
            if system.filesystem_type() != MQUEUE {
                return Ok(None);
            }
        }
        Ok(Some(Self { kind, directory }))
    }

    /// The objects, sorted by name.
    pub fn entries(&self) -> Result<Vec<Entry>, Error> {
        let path = path(self.kind);
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let mut files = Dir::openat(&self.directory, ".", flags, Mode::empty())
            .attempt(|| words!["cannot open ", path])?;
        let mut entries = Vec::new();
        for file in files.iter() {
            let file = file.attempt(|| words!["cannot read ", path])?;
            let file_name = file.file_name();
            match file::status_at(&self.directory, file_name) {
                // It has been removed meanwhile.
                Err(Errno::ENOENT) => {}
                result => {
                    let status = result
                        .attempt(|| words!["stat of ", path, "/", Visible(file_name), " failed"])?;
                    let name = object_name(self.kind, file_name, &status);
                    entries.extend(name.map(|name| Entry { name, status }));
                }
            }
        }
        sort_by(&mut entries, |one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    /// Opens the directory of memory or semaphores below another root directory; symbolic links are
    /// followed within that root.
    ///
    /// # Errors
    /// ENOSYS before Linux 5.6.
    pub fn below(root: BorrowedFd<'_>, kind: Posix) -> Result<Self, Error> {
        let how = OpenHow::new()
            .flags(OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC)
            .resolve(ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS);
        let opened = openat2(root, path(kind), how).and_then(descriptor::above_standard);
        let directory = opened.attempt(|| words!["cannot open ", path(kind)])?;
        Ok(Self { kind, directory })
    }

    /// Opens the queues of this IPC namespace, whatever is mounted on `/dev/mqueue`: through a
    /// mount of our own if we may make one.
    ///
    /// # Errors
    /// Neither way works, for example EPERM for an unprivileged caller if no queues are mounted on
    /// `/dev/mqueue`. Any other failure to mount them is an error at once: an empty directory does
    /// not show which namespace it belongs to.
    pub fn of_queues() -> Result<Self, Error> {
        let kind = Posix::Queue;
        let refused = match mount::queues() {
            Err(errno @ (Errno::EPERM | Errno::EACCES | Errno::ENOSYS | Errno::ENODEV)) => errno,
            result => {
                let mounted = result.attempt(|| words!["cannot list POSIX message queues"]);
                return mounted.map(|directory| Self { kind, directory });
            }
        };
        if let Some(store) = Self::open(kind)? {
            if store.is_of_this_namespace(&store.entries()?)? {
                return Ok(store);
            }
        }
        Err(refused).attempt(|| words!["cannot list POSIX message queues"])
    }

    /// The content and limits of a queue.
    ///
    /// # Errors
    /// EACCES if the queue is not readable; ENOENT if it has been removed meanwhile.
    pub fn queue_state(&self, entry: &Entry) -> nix::Result<QueueState> {
        let file = self.open_entry(entry)?;
        let attributes = posix_ipc::queue_attributes(file.as_fd())?;
        let text = procfs::read_open(file)?;
        let number = |name: &[u8]| {
            let mut words = text.split(|byte| byte.is_ascii_whitespace());
            let word = words.find_map(|word| word.strip_prefix(name))?;
            std::str::from_utf8(word).ok()?.parse::<u64>().ok()
        };
        let (Some(bytes), Some(pid)) = (number(b"QSIZE:"), number(b"NOTIFY_PID:")) else {
            return Err(Errno::EBADMSG);
        };
        Ok(QueueState {
            bytes,
            attributes,
            notified: i32::try_from(pid).map_err(|_| Errno::EBADMSG)?,
        })
    }

    /// The value of a semaphore.
    ///
    /// # Errors
    /// As [`Self::queue_state`].
    pub fn semaphore_value(&self, entry: &Entry) -> nix::Result<i32> {
        let file = self.open_entry(entry)?;
        let mut content = [0; posix_ipc::SEMAPHORE_SIZE];
        let read = uninterrupted(|| pread(&file, &mut content, 0))?;
        // The file has been truncated meanwhile.
        if read < content.len() {
            return Err(Errno::ENOENT);
        }
        Ok(posix_ipc::semaphore_value(&content))
    }

    /// Opens the file of an object without blocking, and makes sure that it is still the same file.
    fn open_entry(&self, entry: &Entry) -> nix::Result<OwnedFd> {
        let name = file_name(self.kind, &entry.name)?;
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let path = Path::new(OsStr::from_bytes(name.to_bytes()));
        let file = descriptor::open_at(self.directory.as_fd(), path, flags)?;
        if file::Identity::of(&file)? == entry.status.identity {
            Ok(file)
        } else {
            Err(Errno::ENOENT)
        }
    }

    /// Whether these entries are the queues of our IPC namespace: mq_open(3) must find the same
    /// queues. A mount shows the IPC namespace in which it was mounted, which need not be ours.
    pub fn is_of_this_namespace(&self, entries: &[Entry]) -> Result<bool, Error> {
        for entry in entries {
            let name = posix_ipc::normalized(&entry.name);
            let opened = name.and_then(|name| posix_ipc::open_queue(&name));
            match opened.and_then(|queue| file::status(&queue)) {
                Ok(status) => {
                    return Ok(status.identity == entry.status.identity);
                }
                // It has been removed meanwhile, or is in another IPC namespace.
                Err(Errno::ENOENT) => {
                    let file = file_name(self.kind, &entry.name);
                    match file.and_then(|file| file::status_at(&self.directory, file.as_c_str())) {
                        Err(Errno::ENOENT) => {}
                        result => {
                            return result
                                .map(|_| false)
                                .attempt(|| words!["cannot read ", QUEUES]);
                        }
                    }
                }
                // Another queue may be readable.
                Err(Errno::EACCES) => {}
                Err(errno) => {
                    return Err(errno)
                        .attempt(|| words!["cannot open queue /", Visible(&entry.name)]);
                }
            }
        }
        Ok(true)
    }

    /// Removes the name; the object goes away with its last user. ENOENT: it has been removed
    /// meanwhile.
    pub fn remove(&self, entry: &Entry) -> nix::Result<()> {
        let file = file_name(self.kind, &entry.name)?;
        unlinkat(&self.directory, file.as_c_str(), UnlinkatFlags::NoRemoveDir)
    }
}

/// The directory of the objects of a kind.
pub fn path(kind: Posix) -> &'static str {
    match kind {
        Posix::Queue => QUEUES,
        Posix::Memory | Posix::Semaphore => MEMORY,
    }
}

/// The name of the object of this kind that `file` is, if it is one. Semaphores share a directory
/// with shared memory, told apart by name and size; an empty name is not an object.
fn object_name(kind: Posix, file: &CStr, status: &FileStatus) -> Option<OsString> {
    let file = file.to_bytes();
    let semaphore = file
        .strip_prefix(SEMAPHORE_PREFIX)
        .filter(|name| !name.is_empty() && status.size >= SEMAPHORE_SIZE);
    let name = match (kind, semaphore) {
        (Posix::Semaphore, name) => name,
        (Posix::Memory, Some(_)) => None,
        (Posix::Memory, None) | (Posix::Queue, _) => Some(file),
    };
    name.filter(|_| status.file_type == FileType::Regular)
        .map(|name| OsStr::from_bytes(name).to_owned())
}

fn file_name(kind: Posix, name: &OsStr) -> nix::Result<CString> {
    let prefix = match kind {
        Posix::Semaphore => SEMAPHORE_PREFIX,
        Posix::Queue | Posix::Memory => b"",
    };
    CString::new([prefix, name.as_bytes()].concat()).map_err(|_| Errno::EINVAL)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_regular_files_count_and_a_semaphore_has_name_and_size() {
        let folder = std::env::temp_dir().join(format!("ns-tools-posix-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let semaphore = vec![0; size_of::<libc::sem_t>()];
        for (name, content) in [("b", &b"x"[..]), ("a", b""), ("sem.short", b"x")] {
            fs::write(folder.join(name), content).unwrap();
        }
        fs::write(folder.join("sem.whole"), &semaphore).unwrap();
        fs::write(folder.join("sem."), &semaphore).unwrap();
        fs::create_dir(folder.join("directory")).unwrap();
        symlink("b", folder.join("link")).unwrap();
        let store = |kind| Store {
            kind,
            directory: fs::File::open(&folder).unwrap().into(),
        };
        let names = |kind| -> Vec<OsString> {
            let entries = store(kind).entries().unwrap();
            entries.into_iter().map(|entry| entry.name).collect()
        };
        assert_eq!(names(Posix::Memory), ["a", "b", "sem.", "sem.short"]);
        assert_eq!(names(Posix::Semaphore), ["whole"]);
        let entries = store(Posix::Semaphore).entries().unwrap();
        assert_eq!(store(Posix::Semaphore).remove(&entries[0]), Ok(()));
        assert_eq!(
            store(Posix::Semaphore).remove(&entries[0]),
            Err(Errno::ENOENT)
        );
        fs::remove_dir_all(&folder).unwrap();
    }
}
