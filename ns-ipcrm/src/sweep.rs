//! Removing all objects of a kind.

use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::unistd::geteuid;
use ns_common::console::Console;
use ns_common::error::Error;
use ns_common::ipc::posix::{self, Entry, Store};
use ns_common::ipc::read::{self, Support};
use ns_common::ipc::{Posix, Resource, SystemV};
use ns_common::sys::ipc;
use ns_common::words;

use crate::trouble::{self, Clue, announce_id, announce_name, report, unsupported};

/// Removes all objects of a kind; it is not an error if others remove some meanwhile. Returns
/// whether some could not be removed.
pub(crate) fn all(kind: Resource, verbose: bool, console: &mut Console) -> Result<bool, Error> {
    match kind {
        Resource::SystemV(kind) => system_v(kind, verbose, console),
        Resource::Posix(kind) => posix(kind, verbose, console),
    }
}

fn system_v(kind: SystemV, verbose: bool, console: &mut Console) -> Result<bool, Error> {
    let mut ids = Vec::new();
    let support = read::each_permissions(kind, &mut |permissions| ids.push(permissions.id))?;
    if support == Support::Absent {
        return Err(unsupported(kind));
    }
    let mut left = false;
    for id in ids {
        if verbose {
            announce_id(kind, id, console);
        }
        let removed = match ipc::remove(kind, id) {
            Ok(()) | Err(Errno::EINVAL | Errno::EIDRM) => Ok(()),
            Err(errno) => Err(trouble::removing(errno, Clue::Id, &words![id])),
        };
        left |= report(removed, console)?;
    }
    Ok(left)
}

/// Removes only the objects that the caller owns, because other users' programs may use theirs.
fn posix(kind: Posix, verbose: bool, console: &mut Console) -> Result<bool, Error> {
    let Some(store) = Store::open(kind)? else {
        console.report(&no_store(kind));
        return Ok(false);
    };
    let entries = store.entries()?;
    if kind == Posix::Queue && !store.is_of_this_namespace(&entries)? {
        let what = words![
            posix::path(kind),
            " has the queues of another IPC namespace"
        ];
        return Err(Error::new(what));
    }
    let own = geteuid().as_raw();
    let mut left = false;
    for entry in entries {
        if entry.status.uid != own || is_semaphore_in_the_making(kind, &entry) {
            continue;
        }
        if verbose {
            announce_name(kind, &entry.name, console);
        }
        let removed = match store.remove(&entry) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(trouble::unlinking(errno, &entry.name)),
        };
        left |= report(removed, console)?;
    }
    Ok(left)
}

/// The C library creates a semaphore's file under a temporary name with the same prefix.
fn is_semaphore_in_the_making(kind: Posix, entry: &Entry) -> bool {
    kind == Posix::Memory && entry.name.as_bytes().starts_with(b"sem.")
}

/// The error if the directory for this kind is missing.
fn no_store(kind: Posix) -> Error {
    Error::new(match kind {
        Posix::Queue => words![
            "/dev/mqueue does not seem to be mounted. Use 'mount -t mqueue none /dev/mqueue' to mount it."
        ],
        Posix::Memory | Posix::Semaphore => words!["cannot open ", posix::path(kind)],
    })
}
