//! Removing what the command line asks for.

use std::ffi::OsStr;

use ns_common::console::Console;
use ns_common::error::{Error, ExitStatus, Failure};
use ns_common::ipc::SystemV;
use ns_common::sys::ipc;
use ns_common::sys::posix_ipc::{self, normalized};
use ns_common::words;

use crate::cli::{Handle, Removal, Request, in_order, plain_id};
use crate::orphans;
use crate::sweep;
use crate::trouble::{self, Clue, Trouble, announce_id, announce_name, report};

/// Removes everything asked for; the status is a failure if something is left.
pub(crate) fn execute(request: Request, console: &mut Console) -> Result<ExitStatus, Failure> {
    let mut left = false;
    match request {
        Request::Orphans(orphans) => return Ok(orphans::remove(&orphans, console)?),
        Request::OldForm { kind, ids } => {
            for word in ids {
                left |= report(remove_word(kind, &word), console)?;
            }
            if !left {
                console.output.push("resource(s) deleted\n");
            }
        }
        Request::Options {
            removals,
            sweep,
            verbose,
            complaint,
        } => {
            for removal in removals {
                left |= report(remove(&removal, console), console)?;
            }
            for kind in in_order(sweep) {
                left |= sweep::all(kind, verbose, console)?;
            }
            complaint.map_or(Ok(()), Err)?;
        }
    }
    Ok(if left {
        ExitStatus::FAILURE
    } else {
        ExitStatus::SUCCESS
    })
}

fn remove_word(kind: SystemV, word: &OsStr) -> Result<(), Trouble> {
    let id = plain_id(word).map_err(Trouble::GoOn)?;
    ipc::remove(kind, id).map_err(|errno| trouble::removing(errno, Clue::Id, &words![id]))
}

fn remove(removal: &Removal, console: &mut Console) -> Result<(), Trouble> {
    match &removal.handle {
        Handle::Id(kind, id) => {
            if removal.verbose {
                announce_id(*kind, *id, console);
            }
            ipc::remove(*kind, *id).map_err(|errno| trouble::removing(errno, Clue::Id, &words![id]))
        }
        Handle::Key(kind, key, typed) => {
            let typed = words![typed];
            let id = ipc::find(*kind, *key).map_err(|errno| trouble::finding(errno, &typed))?;
            if removal.verbose {
                announce_id(*kind, id, console);
            }
            ipc::remove(*kind, id).map_err(|errno| trouble::removing(errno, Clue::Key, &typed))
        }
        Handle::PrivateKey(typed) => Err(Trouble::GoOn(Error::new(words![
            "illegal key (",
            typed,
            ")"
        ]))),
        Handle::Name(kind, name) => {
            if removal.verbose {
                announce_name(*kind, name, console);
            }
            normalized(name)
                .and_then(|name| posix_ipc::unlink(*kind, &name))
                .map_err(|errno| trouble::unlinking(errno, name))
        }
    }
}
