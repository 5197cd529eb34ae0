//! A process whose namespaces are entered, held by descriptor so that a reused PID cannot mean
//! another process.

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

/// The namespace that the file `ns/FILE` of `process` stands for, where `process` is a directory in
/// `/proc`.
pub fn namespace_of(process: impl AsFd, file: &str) -> nix::Result<Identity> {
    let path = format!("ns/{file}");
    file::status_below(process, path.as_str()).map(|status| status.identity)
}

/// The caller's own namespace of `kind`.
///
/// # Errors
/// ENOENT if the kernel has no such kind, but also if `/proc` is missing.
pub fn own_namespace(kind: Kind) -> nix::Result<Identity> {
    Identity::at(&Path::new("/proc/self/ns").join(kind.file()))
}

/// The credentials in a process's status: proc_pid_status(5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Its uids and its gids.
    pub ids: Both<Ids>,
    /// Its supplementary groups.
    pub groups: Vec<u32>,
    /// The capability bounding set, one bit per capability.
    pub bounding_set: u64,
    /// Whether no_new_privs is set: PR_SET_NO_NEW_PRIVS of prctl(2).
    pub has_no_new_privileges: bool,
}

/// The real, effective and saved id of a process: credentials(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    /// The real id.
    pub real: u32,
    /// The effective id, used for permission checks.
    pub effective: u32,
    /// The saved set-user-ID or set-group-ID.
    pub saved: u32,
}

/// A process, held by a pidfd and by its directory in `/proc`: neither can come to refer to a later
/// process with the same PID.
#[derive(Debug)]
pub struct Target {
    pid: Pid,
    /// An error if there is none: before Linux 5.3, for the id of a thread, for a process that has
    /// ended.
    pidfd: nix::Result<OwnedFd>,
    /// `/proc/PID`, whose files fail once this process has ended; opened when needed.
    directory: OnceCell<OwnedFd>,
}

impl Target {
    /// Opens process `pid`. If that fails, so will each use of the target.
    pub fn hold(pid: Pid) -> Self {
        Self {
            pid,
            pidfd: pidfd::open(pid),
            directory: OnceCell::new(),
        }
    }

    /// Opens process `pid` if the inode number of its pidfd is `inode`.
    ///
    /// # Errors
    /// ESRCH for another inode; EOPNOTSUPP before Linux 6.9, where all pidfds share one inode.
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

    /// Its PID in the caller's PID namespace.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// The pidfd, for setns(2).
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

    /// The name of the process: `comm` of proc(5).
    pub fn command(&self) -> nix::Result<Vec<u8>> {
        procfs::command(self.directory()?)
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

    /// Opens `/proc/PID` for later use, while `/proc` is still the caller's.
    pub fn open_directory(&self) -> Result<(), Error> {
        let opened = self.directory().map(drop);
        opened.attempt(|| words!["cannot open /proc/", self.pid.as_raw(), "/"])
    }

    /// The credentials of the process, with ids as seen in the caller's current user namespace.
    ///
    /// Not taken from the owner of `/proc/PID`, which is root once the process has ended.
    ///
    /// # Errors
    /// The process has ended, even if it has not been waited for yet, or its status cannot be read.
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
        // The PID is not reused before the process has ended and been waited for: until then this
        // is its directory.
        if self.pidfd().is_ok_and(|pidfd| !pidfd::has_its_id(pidfd)) {
            return Err(Errno::ENOENT);
        }
        Ok(self.directory.get_or_init(|| opened).as_fd())
    }

    /// The PID by which `/proc` shows the process. That is the PID in the PID namespace of the
    /// mount, which need not be the caller's: there the caller's PID could mean another process.
    fn number_in_proc(&self) -> nix::Result<i32> {
        match &self.pidfd {
            // It is 0 for a process outside that PID namespace and its descendants, -1 for one that
            // has ended.
            Ok(pidfd) => match number_by(pidfd)? {
                number @ 1.. => Ok(number),
                _ => Err(Errno::ENOENT),
            },
            Err(Errno::ESRCH) => Err(Errno::ENOENT),
            // Without a pidfd, the PID is valid only in a `/proc` of the caller's own PID
            // namespace.
            Err(_) if counts_as_we_do()? => Ok(self.pid.as_raw()),
            Err(_) => Err(Errno::ENOENT),
        }
    }

    /// Whether the process exists but this `/proc`, being of another PID namespace, does not show
    /// it.
    pub fn is_absent_from_proc(&self) -> bool {
        // A `/proc` without `self` does not even show the caller.
        let is_absent = match &self.pidfd {
            Ok(pidfd) => matches!(number_by(pidfd), Ok(0) | Err(Errno::ENOENT)),
            Err(Errno::ESRCH) => false,
            Err(_) => matches!(counts_as_we_do(), Ok(false) | Err(Errno::ENOENT)),
        };
        let is_proc =
            || statfs("/proc").is_ok_and(|system| system.filesystem_type() == PROC_SUPER_MAGIC);
        is_absent && is_proc()
    }

    /// Whether the process is known to be running; false without a pidfd.
    pub fn is_running(&self) -> bool {
        self.pidfd()
            .is_ok_and(|pidfd| pidfd::has_ended(pidfd) == Ok(false))
    }

    /// The uid that owns `file` below `/proc/PID`.
    pub fn owner_of(&self, file: &str) -> nix::Result<u32> {
        file::status_below(self.directory()?, file).map(|status| status.uid)
    }
}

/// The PID of the process in the PID namespace of `/proc`.
fn number_by(pidfd: &OwnedFd) -> nix::Result<i32> {
    let path = format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd());
    let file = descriptor::open(Path::new(&path), OFlag::O_RDONLY)?;
    // The lines up to that one are short enough for one read.
    let mut info = [0; 512];
    let length = uninterrupted(|| nix::unistd::read(&file, &mut info))?;
    let number = field(&info[..length], b"Pid:")
        .and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
    number.ok_or(Errno::EINVAL)
}

/// Whether `/proc` belongs to the caller's own PID namespace. `NSpid` lists the PIDs of a process
/// from the PID namespace of `/proc` down to that of the process, so then there is one.
fn counts_as_we_do() -> nix::Result<bool> {
    let status = procfs::read(Path::new("/proc/self/status"))?;
    let numbers = field(&status, b"NSpid:").map(|line| {
        let blanks = line.split(u8::is_ascii_whitespace);
        blanks.filter(|number| !number.is_empty()).count()
    });
    // A kernel without PID namespaces does not print this line.
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
            // Linux before 4.10 does not print this line.
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
