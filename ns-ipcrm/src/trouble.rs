//! The messages about removals: before each one, and when it fails.

use std::ffi::OsStr;

use nix::errno::Errno;
use ns_common::console::Console;
use ns_common::error::{Error, Message};
use ns_common::ipc::{Posix, SystemV};
use ns_common::words;

/// What a failed removal means for the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Only this object is concerned; go on with the others.
    GoOn(Error),
    /// The cause would affect the others too.
    Stop(Error),
}

/// Reports a failure after which to go on. Returns whether there was one.
pub(crate) fn report(result: Result<(), Trouble>, console: &mut Console) -> Result<bool, Error> {
    match result {
        Ok(()) => Ok(false),
        Err(Trouble::GoOn(error)) => {
            console.report(&error);
            Ok(true)
        }
        Err(Trouble::Stop(error)) => Err(error),
    }
}

/// Whether an object was given by id or by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clue {
    Id,
    Key,
}

impl Clue {
    fn word(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Key => "key",
        }
    }
}

/// The failure to find the object of a key.
pub(crate) fn finding(errno: Errno, typed: &Message) -> Trouble {
    match errno {
        Errno::ENOENT => go_on("invalid", Clue::Key, typed),
        errno => common(errno, Clue::Key, typed),
    }
}

/// The failure to remove an object that was given by id or key.
pub(crate) fn removing(errno: Errno, clue: Clue, typed: &Message) -> Trouble {
    match errno {
        Errno::EINVAL => go_on("invalid", clue, typed),
        errno => common(errno, clue, typed),
    }
}

fn common(errno: Errno, clue: Clue, typed: &Message) -> Trouble {
    match errno {
        Errno::EIDRM => go_on("already removed", clue, typed),
        Errno::EACCES | Errno::EPERM => go_on("permission denied for", clue, typed),
        errno => Trouble::Stop(Error::caused_by(words![clue.word(), " failed"], errno)),
    }
}

fn go_on(text: &str, clue: Clue, typed: &Message) -> Trouble {
    let what = words![text, " ", clue.word(), " (", typed, ")"];
    Trouble::GoOn(Error::new(what))
}

/// The failure to remove a POSIX object.
pub(crate) fn unlinking(errno: Errno, name: &OsStr) -> Trouble {
    let go_on = |before: &str, behind: &str| {
        Trouble::GoOn(Error::new(words![before, "name `", name, "'", behind]))
    };
    match errno {
        Errno::ENOENT => go_on("", " not found"),
        Errno::EACCES | Errno::EPERM => go_on("permission denied for ", ""),
        Errno::ENAMETOOLONG => go_on("", " too long"),
        errno => Trouble::Stop(Error::caused_by(words!["name failed"], errno)),
    }
}

/// The error if the kernel has no objects of this kind.
pub(crate) fn unsupported(kind: SystemV) -> Error {
    Error::new(words![match kind {
        SystemV::Segment => "kernel not configured for shared memory",
        SystemV::SemaphoreSet => "kernel not configured for semaphores",
        SystemV::Queue => "kernel not configured for message queues",
    }])
}

/// The name of a kind, singular.
pub(crate) fn noun(kind: SystemV) -> &'static str {
    match kind {
        SystemV::Segment => "shared memory segment",
        SystemV::Queue => "message queue",
        SystemV::SemaphoreSet => "semaphore",
    }
}

/// Announces the removal of a System V object.
pub(crate) fn announce_id(kind: SystemV, id: i32, console: &mut Console) {
    let line = words!["removing ", noun(kind), " id `", id, "'\n"];
    console.output.push(&line);
}

/// Announces the removal of a POSIX object.
pub(crate) fn announce_name(kind: Posix, name: &OsStr, console: &mut Console) {
    let kind = match kind {
        Posix::Memory => "shared memory",
        Posix::Queue => "message queue",
        Posix::Semaphore => "semaphore",
    };
    let line = words!["removing POSIX ", kind, " `", name, "'\n"];
    console.output.push(&line);
}
