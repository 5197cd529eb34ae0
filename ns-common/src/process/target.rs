//! A process whose namespaces are entered, held so that its number cannot come to mean another
//! process.

use std::cell::OnceCell;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::statfs::{FsType, PROC_SUPER_MAGIC, fstatfs, statfs};
use nix::unistd::Pid;

use crate::error::{Attempt, Error};
use crate::idmap::Both;
use crate::namespace::Kind;
use crate::procfs::{self, field};
use crate::sys::file::{self, Identity};
use crate::sys::{descriptor, pidfd, uninterrupted};
use crate::words;

/// `PIDFS_SUPER_MAGIC` of linux/magic.h.
const PIDFS: FsType = FsType(0x5049_4446);

/// The namespace that stands as a file in the `ns` folder of `process`, a directory in `/proc`.
pub fn namespace_of(process: impl AsFd, file: &str) -> nix::Result<Identity> {
    let path = format!("ns/{file}");
    file::status_below(process, path.as_str()).map(|status| status.identity)
}

/// The caller's own namespace of a kind.
///
/// # Errors
/// ENOENT if the kernel has no such kind, but also where `/proc` is missing.
pub fn own_namespace(kind: Kind) -> nix::Result<Identity> {
    Identity::at(&Path::new("/proc/self/ns").join(kind.file()))
}

/// What a process is allowed to do, by its status: proc_pid_status(5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Its uids and its gids.
    pub ids: Both<Ids>,
    /// Its supplementary groups.
    pub groups: Vec<u32>,
    /// The capabilities that it may get from a program, a bit a capability.
    pub bounding_set: u64,
    /// Whether no program gives it more privileges: no_new_privs.
    pub has_no_new_privileges: bool,
}

/// The three ids of a process: credentials(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    /// That of its owner.
    pub real: u32,
    /// The one that counts.
    pub effective: u32,
    /// One that it may get back.
    pub saved: u32,
}

/// A process, and the two ways to it that a later process with the same number does not have.
#[derive(Debug)]
pub struct Target {
    pid: Pid,
    /// An error where the kernel has none: before 5.3, for the number of a thread, for a process
    /// that is no more.
    pidfd: nix::Result<OwnedFd>,
    /// `/proc/PID`, whose files fail once this very process is gone; opened when needed.
    directory: OnceCell<OwnedFd>,
}

impl Target {
    /// Takes hold of process `pid`. Where that fails, using it will.
    pub fn hold(pid: Pid) -> Self {
        Self {
            pid,
            pidfd: pidfd::open(pid),
            directory: OnceCell::new(),
        }
    }

    /// Takes hold of process `pid` if the inode of its pidfd is `inode`.
    ///
    /// # Errors
    /// ESRCH for another inode, EOPNOTSUPP where inodes do not tell processes apart: before Linux
    /// 6.9.
    pub fn hold_with_inode(pid: Pid, inode: u64) -> nix::Result<Self> {
        let target = Self::hold(pid);
        let pidfd = target.pidfd()?;
        if fstatfs(pidfd)?.filesystem_type() != PIDFS {
            return Err(Errno::EOPNOTSUPP);
        }
        if Identity::of(pidfd)?.inode == inode {
            Ok(target)
        } else {
            Err(Errno::ESRCH)
        }
    }

    /// Its number in the caller's PID namespace.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// The process itself, for setns(2).
    pub fn pidfd(&self) -> nix::Result<&OwnedFd> {
        self.pidfd.as_ref().map_err(|errno| *errno)
    }

    /// The path of a file of the process, for messages.
    pub fn path(&self, file: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{file}", self.pid))
    }

    /// Opens `file` below `/proc/PID`.
    pub fn open(&self, file: &str, flags: OFlag) -> Result<OwnedFd, Error> {
        let opened = self
            .directory()
            .and_then(|directory| descriptor::open_at(directory, Path::new(file), flags));
        opened.attempt(|| words!["cannot open ", self.path(file)])
    }

    /// Reads `file` below `/proc/PID`.
    pub fn read(&self, file: &str) -> Result<Vec<u8>, Error> {
        let file_of_it = self.open(file, OFlag::O_RDONLY)?;
        procfs::read_open(file_of_it).attempt(|| words!["cannot read ", self.path(file)])
    }

    /// Opens the file of the process's namespace of a kind.
    pub fn open_namespace(&self, kind: Kind) -> Result<OwnedFd, Error> {
        self.open(&format!("ns/{}", kind.file()), OFlag::O_RDONLY)
    }

    /// The process's namespace of a kind.
    pub fn namespace(&self, kind: Kind) -> nix::Result<Identity> {
        namespace_of(self.directory()?, kind.file())
    }

    /// Whether the process's namespace of a kind is the caller's own.
    pub fn shares_namespace(&self, kind: Kind) -> nix::Result<bool> {
        let its = self.namespace(kind)?;
        own_namespace(kind).map(|own| own == its)
    }

    /// Opens the directory for later, while `/proc` is still the caller's.
    pub fn open_directory(&self) -> Result<(), Error> {
        let opened = self.directory().map(drop);
        opened.attempt(|| words!["cannot open /proc/", self.pid.as_raw(), "/"])
    }

    /// The process's ids and groups, as the caller's present user namespace has them, and its
    /// privileges.
    ///
    /// The owner of `/proc/PID` would tell the effective ids too, but once the process has ended
    /// that is root.
    ///
    /// # Errors
    /// Also for a process that has ended, even if nobody has waited for it yet.
    pub fn credentials(&self) -> Result<Credentials, Error> {
        let status = self.read("status")?;
        let failed = |errno| Error::caused_by(words!["cannot read ", self.path("status")], errno);
        match field(&status, b"State:").and_then(<[u8]>::first) {
            None => return Err(failed(Errno::EINVAL)),
            Some(b'Z' | b'X') => return Err(failed(Errno::ESRCH)),
            Some(_) => {}
        }
        Credentials::read(&status).ok_or_else(|| failed(Errno::EINVAL))
    }

    fn directory(&self) -> nix::Result<BorrowedFd<'_>> {
        if let Some(opened) = self.directory.get() {
            return Ok(opened.as_fd());
        }
        let path = format!("/proc/{}", self.number_in_proc()?);
        let opened = descriptor::open(Path::new(&path), OFlag::O_PATH | OFlag::O_DIRECTORY)?;
        // Its number is not given away before it has ended and been waited for: until then this is
        // its directory.
        if self.pidfd().is_ok_and(|pidfd| !pidfd::has_its_id(pidfd)) {
            return Err(Errno::ENOENT);
        }
        Ok(self.directory.get_or_init(|| opened).as_fd())
    }

    /// The number by which `/proc` knows the process: that of the PID namespace it was mounted in,
    /// which need not be the caller's, where the number would be another process's.
    fn number_in_proc(&self) -> nix::Result<i32> {
        match &self.pidfd {
            // It is 0 for a process of no descendant of that PID namespace, -1 for one that is no
            // more.
            Ok(pidfd) => match number_by(pidfd)? {
                number @ 1.. => Ok(number),
                _ => Err(Errno::ENOENT),
            },
            Err(Errno::ESRCH) => Err(Errno::ENOENT),
            // Without a pidfd the number counts only in a `/proc` of the caller's own PID
            // namespace.
            Err(_) if counts_as_we_do()? => Ok(self.pid.as_raw()),
            Err(_) => Err(Errno::ENOENT),
        }
    }

    /// Whether there is such a process, but not in this `/proc`, which belongs to another PID
    /// namespace.
    pub fn is_absent_from_proc(&self) -> bool {
        // Without `/proc/self` it does not even have the caller.
        let is_absent = match &self.pidfd {
            Ok(pidfd) => matches!(number_by(pidfd), Ok(0) | Err(Errno::ENOENT)),
            Err(Errno::ESRCH) => false,
            Err(_) => matches!(counts_as_we_do(), Ok(false) | Err(Errno::ENOENT)),
        };
        let is_proc =
            || statfs("/proc").is_ok_and(|system| system.filesystem_type() == PROC_SUPER_MAGIC);
        is_absent && is_proc()
    }

    /// Whether the process is known to be running.
    pub fn is_running(&self) -> bool {
        self.pidfd()
            .is_ok_and(|pidfd| pidfd::has_ended(pidfd) == Ok(false))
    }

    /// The uid that owns `file` below `/proc/PID`.
    pub fn owner_of(&self, file: &str) -> nix::Result<u32> {
        file::status_below(self.directory()?, file).map(|status| status.uid)
    }
}

/// The number of the process in the PID namespace of `/proc`.
fn number_by(pidfd: &OwnedFd) -> nix::Result<i32> {
    let path = format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd());
    let file = descriptor::open(Path::new(&path), OFlag::O_RDONLY)?;
    // The lines up to that one are short, and come with the first read.
    let mut info = [0; 512];
    let length = uninterrupted(|| nix::unistd::read(&file, &mut info))?;
    let number = field(&info[..length], b"Pid:")
        .and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
    number.ok_or(Errno::EINVAL)
}

/// Whether `/proc` is one of the caller's own PID namespace: the numbers that it shows of a process
/// begin with that in its own and end with that in the process's.
fn counts_as_we_do() -> nix::Result<bool> {
    let status = procfs::read(Path::new("/proc/self/status"))?;
    let numbers = field(&status, b"NSpid:").map(|line| {
        let blanks = line.split(u8::is_ascii_whitespace);
        blanks.filter(|number| !number.is_empty()).count()
    });
    // A kernel without PID namespaces has no such line.
    Ok(numbers.is_none_or(|count| count == 1))
}

impl Credentials {
    fn read(status: &[u8]) -> Option<Self> {
        let text = |name: &[u8]| std::str::from_utf8(field(status, name)?).ok();
        let numbers = |name: &[u8]| -> Option<Vec<u32>> {
            let numbers = text(name)?.split_ascii_whitespace().map(str::parse);
            numbers.collect::<Result<_, _>>().ok()
        };
        let ids = |name: &[u8]| match numbers(name)?.as_slice() {
            [real, effective, saved, _] => Some(Ids {
                real: *real,
                effective: *effective,
                saved: *saved,
            }),
            _ => None,
        };
        Some(Self {
            ids: Both {
                user: ids(b"Uid:")?,
                group: ids(b"Gid:")?,
            },
            groups: numbers(b"Groups:")?,
            bounding_set: u64::from_str_radix(text(b"CapBnd:")?, 16).ok()?,
            // Before Linux 4.10 the line is missing.
            has_no_new_privileges: text(b"NoNewPrivs:").is_some_and(|number| number != "0"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caller_is_held_and_found_in_proc() {
        let target = Target::hold(Pid::this());
        assert_eq!(target.number_in_proc(), Ok(Pid::this().as_raw()));
        assert_eq!(target.shares_namespace(Kind::User), Ok(true));
        let ids = target.credentials().unwrap().ids;
        assert_eq!(ids.user.effective, nix::unistd::geteuid().as_raw());
        assert_eq!(ids.group.real, nix::unistd::getgid().as_raw());
    }

    #[test]
    fn another_inode_is_another_process() {
        let wrong = Target::hold_with_inode(Pid::this(), 1).unwrap_err();
        assert!([Errno::ESRCH, Errno::EOPNOTSUPP, Errno::ENOSYS].contains(&wrong));
    }

    #[test]
    fn credentials_are_those_of_the_status() {
        let status = b"State:\tS (sleeping)\nUid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nGroups:\t9 10 \n\
            NoNewPrivs:\t1\nCapBnd:\t000001ffffffffff\n";
        let ids = |real, effective, saved| Ids {
            real,
            effective,
            saved,
        };
        let expected = Credentials {
            ids: Both {
                user: ids(1, 2, 3),
                group: ids(5, 6, 7),
            },
            groups: vec![9, 10],
            bounding_set: 0x1ff_ffff_ffff,
            has_no_new_privileges: true,
        };
        assert_eq!(Credentials::read(status), Some(expected));
        assert_eq!(Credentials::read(b"Uid:\t1\n"), None);
    }
}
