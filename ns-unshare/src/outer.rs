//! The original mount namespace, in which files are bound after this process has left it.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity, setns, unshare};
use nix::unistd::{self, Pid};
use ns_common::error::{Attempt, Error};
use ns_common::namespace::Kind;
use ns_common::sys::{descriptor, namespace};
use ns_common::words;

/// The original mount namespace and working directory, held open.
#[derive(Debug)]
pub(crate) struct OuterMounts {
    namespace: OwnedFd,
    directory: OwnedFd,
}

impl OuterMounts {
    /// Opens the current ones.
    pub(crate) fn hold() -> nix::Result<Self> {
        Ok(Self {
            namespace: descriptor::open(Path::new("/proc/self/ns/mnt"), OFlag::O_RDONLY)?,
            directory: descriptor::open(Path::new("."), OFlag::O_PATH | OFlag::O_DIRECTORY)?,
        })
    }

    pub(crate) fn enter(&self) -> nix::Result<()> {
        setns(&self.namespace, Kind::Mount.flag())?;
        unistd::fchdir(&self.directory)
    }
}

/// The id of an open mount namespace; `None` before Linux 6.12, which does not tell it.
fn id(mount_namespace: &OwnedFd) -> Option<u64> {
    namespace::mount_namespace_id(mount_namespace.as_fd()).ok()
}

/// Makes sure that the mount namespace just created can be bound in the outer one.
///
/// To rule out loops, the kernel binds a mount namespace only in one with a lower id. Since Linux
/// 6.18 each processor assigns ids from its own stock, so a newer namespace may have a lower id. On
/// the processor that assigned the outer id, every further id is higher: so the namespace is
/// created again on one processor after the other until its id is higher. Processors in our
/// affinity mask come first; others, perhaps reserved for somebody else, are used for that one call
/// only.
pub(crate) fn outrank(outer: &OuterMounts) -> Result<(), Error> {
    let Some(outer) = id(&outer.namespace) else {
        return Ok(());
    };
    let is_higher = || {
        let own = descriptor::open(Path::new("/proc/self/ns/mnt"), OFlag::O_RDONLY);
        own.ok()
            .and_then(|own| id(&own))
            .is_none_or(|id| id > outer)
    };
    let this = Pid::from_raw(0);
    if is_higher() {
        return Ok(());
    }
    let Ok(allowed) = sched_getaffinity(this) else {
        return Ok(());
    };
    let is_allowed = |processor: &usize| allowed.is_set(*processor) == Ok(true);
    let (first, then): (Vec<_>, Vec<_>) = (0..CpuSet::count()).partition(is_allowed);
    for processor in first.into_iter().chain(then) {
        let mut one = CpuSet::new();
        let moved = one
            .set(processor)
            .and_then(|()| sched_setaffinity(this, &one));
        match moved {
            Ok(()) => {}
            // There is no such processor, or we may not use it.
            Err(Errno::EINVAL | Errno::EPERM) => continue,
            Err(errno) => return Err(Error::caused_by(words!["sched_setaffinity failed"], errno)),
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
