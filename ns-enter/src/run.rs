//! Carrying the steps out.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::fstat;
use nix::sys::statfs::{FsType, fstatfs};
use nix::unistd::{self, Pid};
use ns_common::console::Console;
use ns_common::error::{Attempt, Error, ExitStatus, Failure};
use ns_common::exec;
use ns_common::privileges;
use ns_common::sys::fork::{self, Await, Change, Child};
use ns_common::sys::{descriptor, environment, namespace, pidfd, signal};
use ns_common::words;

use crate::cli::{Opener, Request};
use crate::enter::enter;
use crate::outside::Outside;
use crate::plan::{Groups, Id, Step, steps};

/// `PIDFS_SUPER_MAGIC` of linux/magic.h.
const PIDFS: FsType = FsType(0x5049_4446);

/// Does all that was asked for. Returns only in a process that is not replaced by the program.
pub fn execute(mut request: Request, _: &mut Console) -> Result<ExitStatus, Failure> {
    let outside = Outside::open(&mut request)?;
    let steps = steps(&request, outside.kinds());
    // What we hold open must be out of reach for the side that we enter.
    signal::hide_from_other_processes().attempt(|| words!["prctl failed"])?;
    let mut process = Process {
        outside,
        directory: None,
        owner: None,
        groups_dropped: false,
    };
    for step in &steps {
        if let Some(status) = process.carry_out(step)? {
            return Ok(status);
        }
    }
    Err(exec::program(&request.command).into())
}

/// What a process on the way to the program holds.
struct Process {
    outside: Outside,
    /// The working directory to change to.
    directory: Option<OwnedFd>,
    /// The target's uid and gid as seen from inside.
    owner: Option<(u32, u32)>,
    groups_dropped: bool,
}

impl Process {
    /// Does one step. A status ends the process: it is a parent whose child has run the program.
    fn carry_out(&mut self, step: &Step) -> Result<Option<ExitStatus>, Failure> {
        match step {
            Step::TryToDropGroups => self.groups_dropped = privileges::drop_groups().is_ok(),
            Step::Enter => self.enter()?,
            Step::KeepDirectory => self.open_directory(Path::new("."))?,
            Step::OpenDirectory(path) => self.open_directory(path)?,
            Step::ChangeRoot => self.change_root()?,
            Step::ChangeDirectory => {
                if let Some(directory) = self.directory.take() {
                    unistd::fchdir(&directory).attempt(|| {
                        words!["change directory by working directory file descriptor failed"]
                    })?;
                }
            }
            Step::ReplaceEnvironment => {
                environment::replace(&self.outside.environment)
                    .attempt(|| words!["failed to set environment variables"])?;
            }
            Step::JoinCgroup => {
                if let Some(cgroup) = self.outside.cgroup.take() {
                    // 0 stands for the writer, whose id may be another one in the namespaces entered: cgroups(7).
                    unistd::write(&cgroup, b"0").attempt(|| words!["write cgroup.procs failed"])?;
                }
            }
            Step::LookUpOwner => {
                if let Some(target) = &mut self.outside.target {
                    let status = target.status()?;
                    self.owner = Some((status.st_uid, status.st_gid));
                }
            }
            Step::Fork => return self.fork(),
            Step::SetGid(gid, groups) => {
                self.drop_groups(*groups)?;
                privileges::set_gid(self.number(*gid, |(_, gid)| gid))?;
            }
            Step::SetUid(uid) => privileges::set_uid(self.number(*uid, |(uid, _)| uid))?,
            Step::KeepCapabilities => privileges::keep_capabilities()?,
        }
        Ok(None)
    }

    fn enter(&mut self) -> Result<(), Error> {
        enter(&mut self.outside)?;
        self.outside.sources.clear();
        self.directory = self.outside.working_directory.take();
        Ok(())
    }

    fn open_directory(&mut self, path: &Path) -> Result<(), Error> {
        let directory = descriptor::open(path, OFlag::O_RDONLY);
        self.directory =
            Some(directory.attempt(|| words!["cannot open current working directory"])?);
        Ok(())
    }

    fn change_root(&mut self) -> Result<(), Error> {
        let Some(root) = self.outside.root.take() else {
            return Ok(());
        };
        unistd::fchdir(&root)
            .attempt(|| words!["change directory by root file descriptor failed"])?;
        unistd::chroot(".").attempt(|| words!["chroot failed"])?;
        unistd::chdir("/").attempt(|| words!["cannot change directory to /"])
    }

    /// Forks. The parent stays until the child has ended and returns its status; the child gets `None`.
    fn fork(&mut self) -> Result<Option<ExitStatus>, Failure> {
        signal::default_child_signal().attempt(|| words!["sigaction failed"])?;
        match fork::fork().attempt(|| words!["fork failed"])? {
            fork::Side::Child => Ok(None),
            fork::Side::Parent(child) => {
                self.outside = Outside::default();
                attend(child).map(Some)
            }
        }
    }

    fn drop_groups(&self, groups: Groups) -> Result<(), Error> {
        match privileges::drop_groups() {
            Err(error) if groups == Groups::MustBeGone && !self.groups_dropped => {
                Err(error.with_hint(words!["an ordinary user needs --preserve-credentials"]))
            }
            _ => Ok(()),
        }
    }

    fn number(&self, id: Id, of_owner: fn((u32, u32)) -> u32) -> u32 {
        match id {
            Id::Number(number) => number,
            // The plan looks the owner up before this.
            Id::Follow => self.owner.map_or(u32::MAX, of_owner),
        }
    }
}

/// Waits for the child, stops and continues with it, and ends as it did.
fn attend(child: Child) -> Result<ExitStatus, Failure> {
    loop {
        match child
            .wait(Await::EndOrStop)
            .attempt(|| words!["waitpid failed"])?
        {
            Change::Exited(status) => return Ok(status),
            Change::Stopped(_) => {
                if !is_continued_with_us(child) {
                    signal::stop();
                    let _ = signal::send(child.pid(), libc::SIGCONT);
                }
            }
            Change::Killed(number) => {
                // Where our caller ignores or blocks it we are still here afterwards. No core: others may not look into us.
                let _ = signal::send(Pid::this(), number);
                return Err(Failure::Told(ExitStatus::FAILURE));
            }
        }
    }
}

/// Whether the stop that we have just heard of is over.
///
/// A terminal stops the child and us alike, us maybe between the kernel's telling us of the child and our
/// hearing of it. When the shell continues both, to stop ourselves then would leave the shell waiting; and it
/// does not reach both at exactly the same time.
fn is_continued_with_us(child: Child) -> bool {
    (0..10).any(|_| {
        let continued = child.was_continued();
        if !continued {
            std::thread::sleep(Duration::from_millis(1));
        }
        continued
    })
}

/// The system as it is.
#[derive(Debug)]
pub struct System;

impl Opener for System {
    fn open(&self, path: &Path) -> Result<OwnedFd, Error> {
        descriptor::open(path, OFlag::O_RDONLY).attempt(|| words!["cannot open ", path])
    }

    fn open_namespace(&self, id: u64) -> Result<OwnedFd, Error> {
        let any = descriptor::open(Path::new("/proc/self/ns/mnt"), OFlag::O_RDONLY);
        let any = any.attempt(|| words!["failed to fill namespace file handle"])?;
        namespace::open_by_id(any.as_fd(), id)
            .attempt(|| words!["cannot open namespace of id ", id])
    }

    fn open_process(&self, pid: i32, inode: u64) -> Result<OwnedFd, Error> {
        let opened = pidfd::open(Pid::from_raw(pid)).and_then(|process| {
            if fstatfs(&process)?.filesystem_type() != PIDFS {
                return Err(Errno::EOPNOTSUPP);
            }
            if fstat(&process)?.st_ino == inode {
                Ok(process)
            } else {
                Err(Errno::ESRCH)
            }
        });
        opened.attempt(|| words!["failed to obtain a valid file descriptor for PID ", pid])
    }
}
