//! Removing, and saying what could not be removed.

use std::ffi::{CStr, OsStr};

use nix::errno::Errno;
use ns_common::console::Console;
use ns_common::error::{Error, ExitStatus, Failure, Message};
use ns_common::ipc::SystemV;
use ns_common::sys::ipc;
use ns_common::sys::posix_ipc::{self, Object, normalized};
use ns_common::words;

use crate::cli::{Removal, Request, Target, Type, in_order, plain_id};
use crate::sweep;

/// Removes everything asked for; the status tells whether all of it went.
pub fn execute(request: Request, console: &mut Console) -> Result<ExitStatus, Failure> {
    let mut failed = false;
    match request {
        Request::Words { resource, ids } => {
            for word in ids {
                failed |= report(remove_word(resource, word), console)?;
            }
            if !failed {
                console.output.push("resource(s) deleted\n");
            }
        }
        Request::Options {
            removals,
            sweep,
            verbose,
        } => {
            for removal in removals {
                failed |= report(remove(&removal, console), console)?;
            }
            for kind in in_order(&sweep) {
                failed |= sweep_type(kind, verbose, console)?;
            }
        }
    }
    Ok(if failed {
        ExitStatus::FAILURE
    } else {
        ExitStatus::SUCCESS
    })
}

/// What a failure to remove means for the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Trouble {
    /// This one stays; the others can be removed all the same.
    GoOn(Error),
    /// Something is wrong that would concern the others too.
    Stop(Error),
}

/// Reports what may be gone on from, and tells whether there was such a thing.
fn report(result: Result<(), Trouble>, console: &mut Console) -> Result<bool, Error> {
    match result {
        Ok(()) => Ok(false),
        Err(Trouble::GoOn(error)) => {
            console.report(&error);
            Ok(true)
        }
        Err(Trouble::Stop(error)) => Err(error),
    }
}

fn remove_word(resource: SystemV, word: &CStr) -> Result<(), Trouble> {
    let id = plain_id(word).map_err(Trouble::GoOn)?;
    ipc::remove(resource, id).map_err(|errno| trouble(errno, "id", &words![id]))
}

fn remove(removal: &Removal, console: &mut Console) -> Result<(), Trouble> {
    match &removal.target {
        Target::Id(resource, id) => {
            if removal.verbose {
                announce_id(*resource, *id, console);
            }
            ipc::remove(*resource, *id).map_err(|errno| trouble(errno, "id", &words![id]))
        }
        Target::Key(resource, key, typed) => {
            let failed = |errno| match errno {
                Errno::ENOENT => trouble(Errno::EINVAL, "key", &words![typed]),
                errno => trouble(errno, "key", &words![typed]),
            };
            let id = ipc::find(*resource, *key).map_err(failed)?;
            if removal.verbose {
                announce_id(*resource, id, console);
            }
            ipc::remove(*resource, id).map_err(failed)
        }
        Target::PrivateKey(typed) => Err(Trouble::GoOn(Error::new(words![
            "illegal key (",
            typed,
            ")"
        ]))),
        Target::Name(object, name) => {
            if removal.verbose {
                announce_name(*object, name, console);
            }
            unlink(*object, name).map_err(|errno| name_trouble(errno, name))
        }
    }
}

/// Removes all of a type; what others remove meanwhile is no trouble. `true`: something could not be removed.
fn sweep_type(kind: Type, verbose: bool, console: &mut Console) -> Result<bool, Failure> {
    let mut failed = false;
    match kind {
        Type::SystemV(resource) => {
            for id in sweep::system_v(resource)? {
                if verbose {
                    announce_id(resource, id, console);
                }
                let removed = match ipc::remove(resource, id) {
                    Err(errno) if sweep::has_gone(errno) => Ok(()),
                    result => result.map_err(|errno| trouble(errno, "id", &words![id])),
                };
                failed |= report(removed, console)?;
            }
        }
        Type::Posix(object) => {
            let Some(names) = sweep::posix(object)? else {
                console.report(&sweep::no_place(object));
                return Ok(false);
            };
            for name in names {
                if verbose {
                    announce_name(object, &name, console);
                }
                let removed = match unlink(object, &name) {
                    Err(Errno::ENOENT) if !sweep::is_left(object, &name) => Ok(()),
                    result => result.map_err(|errno| name_trouble(errno, &name)),
                };
                failed |= report(removed, console)?;
            }
        }
    }
    Ok(failed)
}

fn unlink(object: Object, name: &OsStr) -> nix::Result<()> {
    normalized(name).and_then(|name| posix_ipc::unlink(object, &name))
}

/// The words for an object that an id or a key, `what`, leads to.
fn trouble(errno: Errno, what: &str, typed: &Message) -> Trouble {
    let go_on = |text: &str| Trouble::GoOn(Error::new(words![text, " ", what, " (", typed, ")"]));
    match errno {
        Errno::EINVAL => go_on("invalid"),
        Errno::EIDRM => go_on("already removed"),
        Errno::EACCES | Errno::EPERM => Trouble::GoOn(Error::new(words![
            "permission denied for ",
            what,
            " (",
            typed,
            ")"
        ])),
        errno => Trouble::Stop(Error::caused_by(words![what, " failed"], errno)),
    }
}

fn name_trouble(errno: Errno, name: &OsStr) -> Trouble {
    match errno {
        Errno::ENOENT => Trouble::GoOn(Error::new(words!["name `", name, "' not found"])),
        Errno::EACCES | Errno::EPERM => Trouble::GoOn(Error::new(words![
            "permission denied for name `",
            name,
            "'"
        ])),
        Errno::ENAMETOOLONG => Trouble::GoOn(Error::new(words!["name `", name, "' too long"])),
        errno => Trouble::Stop(Error::caused_by(words!["name failed"], errno)),
    }
}

fn announce_id(resource: SystemV, id: i32, console: &mut Console) {
    let kind = match resource {
        SystemV::Segment => "shared memory segment",
        SystemV::Queue => "message queue",
        SystemV::SemaphoreSet => "semaphore",
    };
    console
        .output
        .push(&words!["removing ", kind, " id `", id, "'\n"]);
}

fn announce_name(object: Object, name: &OsStr, console: &mut Console) {
    let kind = match object {
        Object::SharedMemory => "shared memory",
        Object::Queue => "message queue",
        Object::Semaphore => "semaphore",
    };
    console
        .output
        .push(&words!["removing POSIX ", kind, " `", name, "'\n"]);
}
