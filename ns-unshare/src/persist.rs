//! Namespaces that outlive their processes: a bind mount of their file in /proc keeps them (namespaces(7)).

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity, unshare};
use nix::unistd::Pid;
use ns_common::console::Console;
use ns_common::error::{Attempt, Error, ExitStatus, Failure};
use ns_common::namespace::Kind;
use ns_common::sys::{descriptor, namespace, signal};
use ns_common::words;

use crate::helper::{Helper, Opener, Waiter, gate};
use crate::hints;

/// What a terminal, or a manager of services, ends a group of processes by.
const UNTIMELY: &[i32] = &[libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM];

/// A process outside the new namespaces that binds them to files, and unbinds them unless it hears that they are to be kept.
///
/// It has the mounts, the root directory and the privileges from before. Dropped, it leaves no file bound.
#[derive(Debug)]
pub struct Binder {
    // In this order they are dropped: the helper ends once these are closed.
    keep: Opener,
    bound: Waiter,
    helper: Helper,
}

impl Binder {
    /// Starts the helper, for the namespaces that this process will be in.
    pub fn start(console: &mut Console, files: &[(Kind, PathBuf)]) -> Result<Self, Error> {
        let this = Pid::this();
        let (say_bound, bound) = gate()?;
        let (keep, hear_keep) = gate()?;
        let for_parent = (keep, bound);
        let (helper, (keep, bound)) = Helper::start(console, for_parent, |_| {
            // What interrupts us must not leave the files bound; our parent's end is heard at the gate.
            signal::block(UNTIMELY).attempt(|| words!["sigprocmask block failed"])?;
            bind(this, files)?;
            let kept = say_bound
                .open_if_heard()
                .and_then(|()| Ok(hear_keep.wait()?));
            if !matches!(kept, Ok(true)) {
                unbind(files);
            }
            kept.map(|_| ExitStatus::SUCCESS)
        })?;
        Ok(Self {
            keep,
            bound,
            helper,
        })
    }

    /// Binds the namespaces, all or none of them.
    pub fn bind(&mut self) -> Result<(), Failure> {
        let opened = self.helper.open();
        if self.bound.wait()? {
            return Ok(opened?);
        }
        self.helper.finish()?;
        opened?;
        Err(Failure::Told(ExitStatus::FAILURE))
    }

    /// Has them stay bound.
    pub fn keep(mut self) -> Result<(), Failure> {
        let opened = self.keep.open();
        self.helper.finish()?;
        Ok(opened?)
    }
}

fn bind(pid: Pid, files: &[(Kind, PathBuf)]) -> Result<(), Error> {
    for (done, (kind, file)) in files.iter().enumerate() {
        let source = format!("/proc/{pid}/ns/{}", kind.file_after_unshare());
        let bound = mount(
            Some(source.as_str()),
            file,
            None::<&str>,
            MsFlags::MS_BIND,
            None::<&str>,
        );
        if let Err(errno) = bound {
            unbind(&files[..done]);
            let error = Error::caused_by(words!["mount ", source, " on ", file, " failed"], errno);
            return Err(hints::bind(error, file));
        }
    }
    Ok(())
}

fn unbind(files: &[(Kind, PathBuf)]) {
    for (_, file) in files.iter().rev() {
        // The failure that brought us here is the one to report.
        let _ = umount2(file, MntFlags::MNT_DETACH);
    }
}

/// The id of the mount namespace this process is in; `None` where the kernel does not tell (before 6.12).
pub fn mount_namespace_id() -> Option<u64> {
    let file =
        descriptor::open(Path::new("/proc/self/ns/mnt"), nix::fcntl::OFlag::O_RDONLY).ok()?;
    namespace::mount_namespace_id(file.as_fd()).ok()
}

/// Makes sure that the mount namespace we have just made can be bound in the one with id `outer`.
///
/// To rule out loops the kernel binds only a namespace with a higher id than the one it is bound in.
/// Since 6.18 each processor hands out ids from a stock of its own, so a newer namespace may have a
/// lower id. On the processor that gave `outer` its id every further one is higher: we make the
/// namespace again on one processor after the other until it is, those we are not to run on included.
pub fn outrank(outer: u64) -> Result<(), Error> {
    let is_higher = || mount_namespace_id().is_none_or(|id| id > outer);
    if is_higher() {
        return Ok(());
    }
    let this = Pid::from_raw(0);
    let Ok(allowed) = sched_getaffinity(this) else {
        return Ok(());
    };
    for processor in 0..CpuSet::count() {
        let mut one = CpuSet::new();
        if one
            .set(processor)
            .and_then(|()| sched_setaffinity(this, &one))
            .is_err()
        {
            continue;
        }
        let made = unshare(Kind::Mount.flag());
        let done = made.is_err() || is_higher();
        sched_setaffinity(this, &allowed).attempt(|| words!["sched_setaffinity failed"])?;
        made.attempt(|| words!["unshare failed"])?;
        if done {
            break;
        }
    }
    Ok(())
}
