//! A file system with the POSIX queues of this IPC namespace, of our own.

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};

use crate::console::Console;
use crate::error::ExitStatus;
use crate::sys::{capability, fork, passing, posix_ipc, socket};

/// Mounts one. It is nowhere in the tree of mounts, and goes away with the descriptor.
///
/// # Errors
/// EPERM without privileges over the IPC namespace.
pub(super) fn queues() -> nix::Result<OwnedFd> {
    match posix_ipc::mount_queues() {
        // Our mount namespace may be that of a user namespace above ours: the kernel wants us to be
        // privileged over one, of whatever content.
        Err(Errno::EPERM) if capability::is_effective(capability::SYS_ADMIN)? => {
            in_mount_namespace_of_its_own()
        }
        result => result,
    }
}

/// Has a child mount it, whose mount namespace goes away with it.
fn in_mount_namespace_of_its_own() -> nix::Result<OwnedFd> {
    let (ours, theirs) = socket::pair()?;
    let mount = |_: &mut Console| {
        let mounted = unshare(CloneFlags::CLONE_NEWNS).and_then(|()| posix_ipc::mount_queues());
        let outcome = mounted.as_ref().map(AsFd::as_fd).map_err(|errno| *errno);
        // Without an answer the parent knows what it needs to know.
        let _ = passing::send(theirs.as_fd(), outcome);
        Ok(ExitStatus::SUCCESS)
    };
    let (child, ours) = fork::spawn(&mut Console::new(c""), ours, mount)?;
    drop(theirs);
    let received = passing::receive(ours.as_fd());
    child.wait()?;
    received
}
