//! Carrying the plan out.

use std::ffi::{CString, OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::mount::{MsFlags, mount};
use nix::sched::unshare;
use nix::unistd::{self, Pid};
use ns_common::console::Console;
use ns_common::error::{Attempt, Error, ExitStatus, Failure};
use ns_common::exec;
use ns_common::idmap::IdMap;
use ns_common::privileges;
use ns_common::procfs::{self, WriteFailure};
use ns_common::sys::fork::{self, Await, Change, Child};
use ns_common::sys::{descriptor, environment, pidfd, signal};
use ns_common::words;

use crate::cli::{Request, SetGroups};
use crate::helper::{Helper, Opener, Waiter, gate};
use crate::hints;
use crate::mapper::write_maps;
use crate::persist::{self, Binder};
use crate::plan::{Clock, Fork, Missing, Plan, Step};
use crate::world::System;

/// The signals that the waiting parent holds back or passes on.
const HELD_BACK: &[i32] = &[libc::SIGINT, libc::SIGTERM];

/// Does all that was asked for. Returns only in a process that is not replaced by the program.
pub fn execute(request: Request, console: &mut Console) -> Result<ExitStatus, Failure> {
    let plan = Plan::new(request, &System)?;
    let mut process = Process {
        plan: &plan,
        binder: None,
        mapper: None,
        outer_mounts: None,
        parent: None,
        binding: None,
    };
    for step in &plan.before {
        process.carry_out(step, console)?;
    }
    match plan.fork {
        None => {
            if let Some(binder) = &mut process.binder {
                binder.bind()?;
            }
        }
        Some(fork) => {
            if let Some(status) = process.fork(fork)? {
                return Ok(status);
            }
        }
    }
    for step in &plan.inside {
        process.carry_out(step, console)?;
    }
    process.await_binding()?;
    if let Some(binder) = process.binder.take() {
        binder.keep()?;
    }
    Err(exec::program(&plan.command).into())
}

/// What a process on the way to the program holds.
struct Process<'a> {
    plan: &'a Plan,
    binder: Option<Binder>,
    mapper: Option<Helper>,
    /// The id of the mount namespace that has been left, where the kernel tells it.
    outer_mounts: Option<u64>,
    /// In a child that dies with its parent: the parent.
    parent: Option<OwnedFd>,
    /// In a child whose namespaces are to be bound to files: to say that it is ready, and to wait until they are.
    binding: Option<(Opener, Waiter)>,
}

impl Process<'_> {
    fn carry_out(&mut self, step: &Step, console: &mut Console) -> Result<(), Failure> {
        match step {
            Step::DefaultChildSignal => {
                signal::default_child_signal().attempt(|| words!["sigaction failed"])?
            }
            Step::StartBinder => self.binder = Some(Binder::start(console, &self.plan.files)?),
            Step::StartMapper(job) => {
                let (this, binder) = (Pid::this(), self.binder.take());
                let started =
                    Helper::start(console, binder, |console| write_maps(this, job, console))?;
                self.mapper = Some(started.0);
                self.binder = started.1;
            }
            Step::NoteOuterMounts => self.outer_mounts = persist::mount_namespace_id(),
            Step::Unshare(kinds) => unshare(kinds.flags())
                .attempt(|| words!["unshare failed"])
                .map_err(|error| hints::unshare(error, *kinds))?,
            Step::OutrankOuterMounts => self.outer_mounts.map_or(Ok(()), persist::outrank)?,
            Step::WriteMapsFromOutside => {
                if let Some(mapper) = self.mapper.take() {
                    mapper.release()?;
                }
            }
            Step::OffsetClock { clock, seconds } => offset_clock(*clock, *seconds)?,
            Step::DieWithParent(signal) => self.die_with_parent(*signal)?,
            Step::MapSingle(side, extent) => {
                let path = Path::new("/proc/self").join(side.map_file());
                write_own(&path, &IdMap::single(*extent).to_text())?;
            }
            Step::WriteSetGroups { policy, missing } => write_setgroups(*policy, *missing)?,
            Step::Refuse(message) => return Err(Error::new(message.clone()).into()),
            Step::Propagate(flags) => {
                mount_flags(Path::new("/"), *flags)
                    .attempt(|| words!["cannot change root filesystem propagation"])?;
            }
            Step::MakePrivate(directory) => make_private(directory)?,
            Step::MountProc(directory) => mount_new("proc", directory).map_err(|error| {
                hints::mount_proc(error, self.plan.kinds, self.plan.fork.is_some())
            })?,
            Step::MountBinfmt(directory) => mount_new("binfmt_misc", directory)?,
            Step::RegisterInterpreter { directory, text } => register_interpreter(directory, text)?,
            Step::ChangeRoot(directory) => unistd::chroot(directory)
                .attempt(|| words!["cannot change root directory to '", directory, "'"])?,
            Step::ChangeDirectory(directory) => {
                unistd::chdir(directory)
                    .attempt(|| words!["cannot change directory to ", directory])?;
            }
            Step::DropGroups => privileges::drop_groups().map_err(hints::drop_groups)?,
            Step::SetGid(gid) => privileges::set_gid(*gid)?,
            Step::SetUid(uid) => privileges::set_uid(*uid)?,
            Step::KeepCapabilities => privileges::keep_capabilities()?,
            Step::ReplaceEnvironment(names) => replace_environment(names)?,
        }
        Ok(())
    }

    /// Forks. The parent stays here until the child has ended and returns its status; the child gets `None`.
    fn fork(&mut self, fork: Fork) -> Result<Option<ExitStatus>, Failure> {
        if fork.dies_with_parent {
            self.parent = Some(pidfd::open(Pid::this()).attempt(|| words!["pidfd_open failed"])?);
        }
        // The namespaces are bound once the child has done all its steps, and before it runs the program.
        let binds = !self.plan.files.is_empty();
        let (ready, go) = (binds.then(gate).transpose()?, binds.then(gate).transpose()?);
        let ((say_ready, hear_ready), (say_go, hear_go)) = (ready.unzip(), go.unzip());
        let mask = signal::block(HELD_BACK).attempt(|| words!["sigprocmask block failed"])?;
        if fork.forward_signals {
            signal::forward(HELD_BACK).attempt(|| words!["sigaction failed"])?;
        }
        match fork::fork().attempt(|| words!["fork failed"])? {
            fork::Side::Parent(child) => {
                self.parent = None;
                drop((say_ready, hear_go));
                if fork.forward_signals {
                    signal::forward_to(Some(child));
                    signal::restore(&mask).attempt(|| words!["sigprocmask restore failed"])?;
                }
                self.attend(fork, child, hear_ready.zip(say_go)).map(Some)
            }
            fork::Side::Child => {
                drop((self.binder.take(), hear_ready, say_go));
                self.binding = say_ready.zip(hear_go);
                if fork.forward_signals {
                    signal::set_default(HELD_BACK).attempt(|| words!["sigaction failed"])?;
                }
                signal::restore(&mask).attempt(|| words!["sigprocmask restore failed"])?;
                Ok(None)
            }
        }
    }

    /// In a child: lets the parent bind the namespaces to their files, and waits until it has.
    fn await_binding(&mut self) -> Result<(), Failure> {
        let Some((ready, go)) = self.binding.take() else {
            return Ok(());
        };
        ready.open_if_heard()?;
        if go.wait()? {
            Ok(())
        } else {
            Err(Failure::Told(ExitStatus::FAILURE))
        }
    }

    /// Binds the namespaces to their files when the child is ready, and lets it go on. In vain it waits only if that fails.
    fn bind_when(&mut self, ready: Waiter, go: Opener) -> Result<(), Failure> {
        let binder = self.binder.take();
        // A child that has failed before has told so, and nothing is to be kept.
        if let (true, Some(mut binder)) = (ready.wait()?, binder) {
            binder.bind()?;
            go.open()?;
            binder.keep()?;
        }
        Ok(())
    }

    /// Waits for the child, and ends as it did.
    fn attend(
        &mut self,
        fork: Fork,
        child: Child,
        binding: Option<(Waiter, Opener)>,
    ) -> Result<ExitStatus, Failure> {
        let bound = match binding {
            None => Ok(()),
            Some((ready, go)) => self.bind_when(ready, go),
        };
        if fork.forward_signals {
            // Once the child is reaped its id may come to mean another process.
            child
                .wait_without_reaping()
                .attempt(|| words!["waitpid failed"])?;
            signal::forward_to(None);
        }
        let change = child
            .wait(Await::End)
            .attempt(|| words!["waitpid failed"])?;
        match change {
            Change::Exited(status) => {
                bound?;
                Ok(status)
            }
            Change::Killed(number) | Change::Stopped(number) => {
                signal::die_of(number);
                // With the error number that the reference has: none.
                Err(Error::new(words!["child exit failed: Success"]).into())
            }
        }
    }

    /// Arms the parent-death signal; a parent that died before that would never have it sent.
    fn die_with_parent(&self, number: i32) -> Result<(), Failure> {
        signal::set_parent_death(number).attempt(|| words!["prctl failed"])?;
        match &self.parent {
            Some(parent)
                if pidfd::has_ended(parent).attempt(|| words!["poll parent pidfd failed"])? =>
            {
                Err(Failure::Told(ExitStatus::FAILURE))
            }
            _ => Ok(()),
        }
    }
}

fn offset_clock(clock: Clock, seconds: i64) -> Result<(), Error> {
    let number = match clock {
        Clock::Monotonic => libc::CLOCK_MONOTONIC,
        Clock::Boottime => libc::CLOCK_BOOTTIME,
    };
    let path = "/proc/self/timens_offsets";
    let line = format!("{number} {seconds} 0\n");
    procfs::write(Path::new(path), line.as_bytes()).map_err(|failure| {
        failure.into_error(
            words!["failed to open ", path],
            words!["failed to write to ", path],
        )
    })
}

fn write_setgroups(policy: SetGroups, missing: Missing) -> Result<(), Error> {
    let word: &[u8] = match policy {
        SetGroups::Allow => b"allow",
        SetGroups::Deny => b"deny",
    };
    let path = Path::new("/proc/self/setgroups");
    match procfs::write(path, word) {
        Err(WriteFailure::Open(Errno::ENOENT)) if missing == Missing::Tolerated => Ok(()),
        result => result.map_err(|failure| own_write_failed(path, failure)),
    }
}

fn write_own(path: &Path, text: &[u8]) -> Result<(), Error> {
    procfs::write(path, text).map_err(|failure| own_write_failed(path, failure))
}

fn own_write_failed(path: &Path, failure: WriteFailure) -> Error {
    failure.into_error(words!["cannot open ", path], words!["write failed ", path])
}

fn mount_flags(target: &Path, flags: MsFlags) -> nix::Result<()> {
    mount(Some("none"), target, None::<&str>, flags, None::<&str>)
}

/// Mounts a filesystem of the `kind` proc or binfmt_misc.
fn mount_new(kind: &str, directory: &Path) -> Result<(), Error> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC | MsFlags::MS_NODEV;
    mount(Some(kind), directory, Some(kind), flags, None::<&str>)
        .attempt(|| words!["mount ", directory, " failed"])
}

fn make_private(directory: &Path) -> Result<(), Error> {
    match mount_flags(directory, MsFlags::MS_PRIVATE | MsFlags::MS_REC) {
        // Not a mount point, so there is no propagation to change.
        Err(Errno::EINVAL) => Ok(()),
        result => result.attempt(|| words!["cannot change ", directory, " filesystem propagation"]),
    }
}

fn register_interpreter(directory: &Path, text: &OsStr) -> Result<(), Error> {
    let path = directory.join("register");
    let opened = descriptor::open(directory, OFlag::O_PATH | OFlag::O_DIRECTORY);
    let opened = opened.attempt(|| words!["cannot open ", directory])?;
    let register = descriptor::open_at(opened.as_fd(), Path::new("register"), OFlag::O_WRONLY);
    let register = register.attempt(|| words!["cannot open ", path])?;
    unistd::write(&register, text.as_bytes())
        .attempt(|| words!["write failed ", path])
        .map(drop)
}

/// Leaves only the variables that are named and set; the last one named comes first, as the reference has it.
fn replace_environment(names: &[OsString]) -> Result<(), Error> {
    let mut kept: Vec<(CString, CString)> = Vec::new();
    for name in names
        .iter()
        .rev()
        .filter(|name| !name.as_bytes().contains(&b'='))
    {
        let Some(value) = std::env::var_os(name) else {
            continue;
        };
        if kept
            .iter()
            .any(|(known, _)| known.as_bytes() == name.as_bytes())
        {
            continue;
        }
        let (Ok(name), Ok(value)) = (
            CString::new(name.as_bytes()),
            CString::new(value.into_vec()),
        ) else {
            continue;
        };
        kept.push((name, value));
    }
    environment::replace(&kept).attempt(|| words!["failed to set environment variables"])
}
