//! Entering: setns(2), in two passes.

use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use nix::sched::setns;
use ns_common::error::Error;
use ns_common::namespace::{Kind, KindSet};
use ns_common::words;

use crate::hints;
use crate::outside::Outside;
use crate::plan::{Call, Source, calls};

/// Whether kinds of the target that are the caller's own may be left out when they cannot be entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// They may: all were asked for, none by name.
    MayBeLeftOut,
    /// They may not.
    MustBeEntered,
}

/// Enters all that `outside` has sources for.
///
/// A caller with privileges must enter a user namespace last, for the others are not all owned by it; one
/// without must enter it first, to get rights at all. So everything else is tried first, and refusals
/// do not count; then what is left is entered, the user namespace first, and they do.
pub fn enter(outside: &mut Outside, own: Own) -> Result<(), Error> {
    let kinds = outside.kinds();
    let mut left = kinds;
    for call in calls(&outside.sources, kinds.without(Kind::User)) {
        if set(outside, call).is_ok() {
            left = without(left, call);
        }
    }
    for call in calls(&outside.sources, left) {
        match set(outside, call) {
            Ok(()) => left = without(left, call),
            Err(errno) => {
                let other_ways = match call {
                    Call::Target(kinds) => {
                        leave_out_own(outside, kinds, own, errno) || enter_by_file(outside, kinds)
                    }
                    Call::File(_) => false,
                };
                if !other_ways {
                    return Err(refused(outside, call, errno));
                }
            }
        }
    }
    Ok(())
}

fn without(kinds: KindSet, call: Call) -> KindSet {
    match call {
        Call::File(kind) => kinds.without(kind),
        Call::Target(entered) => entered.iter().fold(kinds, KindSet::without),
    }
}

fn set(outside: &Outside, call: Call) -> nix::Result<()> {
    match call {
        Call::Target(kinds) => {
            let target = outside.target.as_ref().ok_or(Errno::ESRCH)?;
            setns(target.process()?, kinds.flags())
        }
        Call::File(kind) => match outside.sources.get(&kind) {
            Some(Source::File(file)) => setns(file, kind.flag()),
            _ => Err(Errno::EBADF),
        },
    }
}

/// One file after the other, where setns(2) takes no pidfd: before Linux 5.8, or under a filter of system calls.
fn enter_by_file(outside: &mut Outside, kinds: KindSet) -> bool {
    let Some(target) = &mut outside.target else {
        return false;
    };
    let files: Result<Vec<_>, Error> = kinds
        .iter()
        .map(|kind| Ok((kind, target.open_namespace(kind)?)))
        .collect();
    let Ok(mut files) = files else { return false };
    let enters = |(kind, file): &(Kind, OwnedFd)| setns(file, kind.flag()).is_ok();
    files.retain(|file| file.0 == Kind::User || !enters(file));
    files.iter().all(enters)
}

/// Enters what is not the caller's own namespace already; entering that once more needs privileges and changes nothing.
///
/// Only the directory changes with a mount namespace, to its root, and so it does here.
fn leave_out_own(outside: &mut Outside, kinds: KindSet, own: Own, errno: Errno) -> bool {
    if own == Own::MustBeEntered || errno != Errno::EPERM {
        return false;
    }
    let Some(target) = &mut outside.target else {
        return false;
    };
    let others: KindSet = kinds
        .iter()
        .filter(|kind| !hints::is_own(target, *kind))
        .collect();
    let entered = match target.process() {
        Ok(pidfd) if !others.is_empty() => setns(pidfd, others.flags()).is_ok(),
        _ => false,
    };
    let moved = others.contains(Kind::Mount) || !kinds.contains(Kind::Mount);
    entered && (moved || nix::unistd::chdir(Path::new("/")).is_ok())
}

fn refused(outside: &mut Outside, call: Call, errno: Errno) -> Error {
    match call {
        Call::File(kind) => Error::caused_by(
            words!["reassociate to namespace 'ns/", kind.file(), "' failed"],
            errno,
        ),
        Call::Target(kinds) => {
            let error = Error::caused_by(words!["reassociate to namespaces failed"], errno);
            hints::reassociate(error, outside.target.as_mut(), kinds)
        }
    }
}
