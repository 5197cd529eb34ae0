//! What is said of removals: before each one, and when it fails.

use std::ffi::OsStr;

use nix::errno::Errno;
use ns_common::console::Console;
use ns_common::error::{Error, Message};
use ns_common::ipc::{Posix, SystemV};
use ns_common::words;

/// What a failure to remove means for the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// This one stays; the others can be removed all the same.
    GoOn(Error),
    /// Something is clue that would concern the others too.
    Stop(Error),
}

/// Reports what may be gone on from, and tells whether there was such a thing.
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

/// Which word of the command line led to an object.
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

/// Why a key led to no object.
pub(crate) fn finding(errno: Errno, typed: &Message) -> Trouble {
    match errno {
        Errno::ENOENT => go_on("invalid", Clue::Key, typed),
        errno => common(errno, Clue::Key, typed),
    }
}

/// Why the object that an id or a key led to was not removed.
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

/// Why a POSIX object was not removed.
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

/// There are no objects of this kind at all.
pub(crate) fn unsupported(kind: SystemV) -> Error {
    Error::new(words![match kind {
        SystemV::Segment => "kernel not configured for shared memory",
        SystemV::SemaphoreSet => "kernel not configured for semaphores",
        SystemV::Queue => "kernel not configured for message queues",
    }])
}

/// One of a kind.
pub(crate) fn noun(kind: SystemV) -> &'static str {
    match kind {
        SystemV::Segment => "shared memory segment",
        SystemV::Queue => "message queue",
        SystemV::SemaphoreSet => "semaphore",
    }
}

/// Says that a System V object is about to be removed.
pub(crate) fn announce_id(kind: SystemV, id: i32, console: &mut Console) {
    let line = words!["removing ", noun(kind), " id `", id, "'\n"];
    console.output.push(&line);
}

/// Says that a POSIX object is about to be removed.
pub(crate) fn announce_name(kind: Posix, name: &OsStr, console: &mut Console) {
    let kind = match kind {
        Posix::Memory => "shared memory",
        Posix::Queue => "message queue",
        Posix::Semaphore => "semaphore",
    };
    let line = words!["removing POSIX ", kind, " `", name, "'\n"];
    console.output.push(&line);
}
