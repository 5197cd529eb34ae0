//! Our own mount of the POSIX queues of this IPC namespace.

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};

use crate::console::Console;
use crate::error::ExitStatus;
use crate::sys::{capability, fork, passing, posix_ipc, socket};

/// Mounts the file system of queues, detached: it is not in the mount tree, and goes away with the
/// descriptor.
///
/// # Errors
/// EPERM without privileges over the IPC namespace.
pub(super) fn queues() -> nix::Result<OwnedFd> {
    match posix_ipc::mount_queues() {
        // Our mount namespace may be owned by a user namespace above ours. The kernel requires a
        // mount namespace that we have privileges over, but any will do.
        Err(Errno::EPERM) if capability::is_effective(capability::SYS_ADMIN)? => {
            in_mount_namespace_of_its_own()
        }
        result => result,
    }
}

/// Lets a child mount it in a new mount namespace, which goes away with the child.
fn in_mount_namespace_of_its_own() -> nix::Result<OwnedFd> {
    let (ours, theirs) = socket::pair()?;
    let mount = |_: &mut Console| {
        let mounted = unshare(CloneFlags::CLONE_NEWNS).and_then(|()| posix_ipc::mount_queues());
        let outcome = mounted.as_ref().map(AsFd::as_fd).map_err(|errno| *errno);
        // If sending fails, the parent gets no answer, which is enough.
        let _ = passing::send(theirs.as_fd(), outcome);
        Ok(ExitStatus::SUCCESS)
    };
    let (child, ours) = fork::spawn(&mut Console::new(c""), ours, mount)?;
    drop(theirs);
    let received = passing::receive(ours.as_fd());
    child.wait()?;
    received
}
