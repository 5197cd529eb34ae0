//! All POSIX objects of a kind, as the files that they are: mq_overview(7), shm_overview(7),
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
use crate::sys::file::{self, FileStatus, Format};
use crate::sys::posix_ipc::{self, QueueAttributes};
use crate::sys::uninterrupted;
use crate::words;

/// Where shared memory objects and semaphores are files.
const MEMORY: &str = "/dev/shm";
/// Where queues are files, if their file system is mounted.
const QUEUES: &str = "/dev/mqueue";
/// `MQUEUE_MAGIC` of the kernel's ipc/mqueue.c.
const MQUEUE: FsType = FsType(0x1980_0202);
const SEMAPHORE_PREFIX: &[u8] = b"sem.";
/// What the C library maps of a semaphore; a shorter file is none.
const SEMAPHORE_SIZE: u64 = posix_ipc::SEMAPHORE_SIZE as u64;

/// The directory in which the objects of a kind are files, held open.
#[derive(Debug)]
pub struct Store {
    kind: Posix,
    directory: OwnedFd,
}

/// An object that a [`Store`] has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, without a slash.
    pub name: OsString,
    /// Its file.
    pub status: FileStatus,
}

/// What a queue has in it and may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueState {
    /// Bytes in its messages.
    pub bytes: u64,
    /// Messages and their limits.
    pub attributes: QueueAttributes,
    /// The process that is notified of the next message, 0 for none.
    pub notified: i32,
}

impl Store {
    /// Opens the directory of a kind, which for queues must be of the right file system; `None`
    /// where there is none.
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
                // It has gone meanwhile.
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

    /// The directory of memory or semaphores below another root directory; links in it lead nowhere
    /// else.
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

    /// The queues of this IPC namespace, whatever is mounted: where it may be made, a mount of our
    /// own.
    ///
    /// # Errors
    /// There is none to be had; EPERM for a caller without privileges where `/dev/mqueue` is none.
    pub fn of_queues() -> Result<Self, Error> {
        let kind = Posix::Queue;
        let refused = match mount::queues() {
            Ok(directory) => return Ok(Self { kind, directory }),
            Err(errno) => errno,
        };
        if let Some(store) = Self::open(kind)? {
            if store.is_of_this_namespace(&store.entries()?)? {
                return Ok(store);
            }
        }
        Err(refused).attempt(|| words!["cannot list POSIX message queues"])
    }

    /// What a queue has in it and may have.
    ///
    /// # Errors
    /// EACCES where it may not be read; ENOENT if it has gone meanwhile.
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
        // Somebody has cut it short meanwhile.
        if read < content.len() {
            return Err(Errno::ENOENT);
        }
        Ok(posix_ipc::semaphore_value(&content))
    }

    /// Opens the file of an object: that very one, and without ever waiting.
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

    /// Whether queues found here are those that their names lead to. A file system of queues shows
    /// the IPC namespace that it was mounted in, which need not be ours.
    pub fn is_of_this_namespace(&self, entries: &[Entry]) -> Result<bool, Error> {
        for entry in entries {
            let name = posix_ipc::normalized(&entry.name);
            let opened = name.and_then(|name| posix_ipc::open_queue(&name));
            match opened.and_then(|queue| file::status(&queue)) {
                Ok(status) => {
                    return Ok(status.identity == entry.status.identity);
                }
                // It has gone meanwhile, or it is elsewhere.
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
                // Another one may be readable.
                Err(Errno::EACCES) => {}
                Err(errno) => {
                    return Err(errno)
                        .attempt(|| words!["cannot open queue /", Visible(&entry.name)]);
                }
            }
        }
        Ok(true)
    }

    /// Removes the name; the object goes away with its last user. ENOENT: it has gone meanwhile.
    pub fn remove(&self, entry: &Entry) -> nix::Result<()> {
        let file = file_name(self.kind, &entry.name)?;
        unlinkat(&self.directory, file.as_c_str(), UnlinkatFlags::NoRemoveDir)
    }
}

/// The directory in which the objects of a kind are files.
pub fn path(kind: Posix) -> &'static str {
    match kind {
        Posix::Queue => QUEUES,
        Posix::Memory | Posix::Semaphore => MEMORY,
    }
}

/// The name of the object that a file is, if it is one of this kind. Semaphores share their
/// directory with shared memory, and an empty name leads to none.
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
    name.filter(|_| status.format == Format::Regular)
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
