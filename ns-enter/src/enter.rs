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

/// Enters all that `outside` has sources for.
///
/// A caller with privileges must enter a user namespace last, for the others are not all owned by it; one
/// without must enter it first, to get rights at all. So everything else is tried first, and refusals
/// do not count; then what is left is entered, the user namespace first, and they do.
pub fn enter(outside: &mut Outside) -> Result<(), Error> {
    let kinds = outside.kinds();
    let mut left = kinds;
    for call in calls(&outside.sources, kinds.without(Kind::User)) {
        if set(outside, call).is_ok() {
            left = without(left, call);
        }
    }
    for call in calls(&outside.sources, left) {
        if let Err(errno) = set(outside, call) {
            enter_otherwise(outside, call, errno)?;
        }
    }
    Ok(())
}

/// What can still be done when a call that counts was refused.
fn enter_otherwise(outside: &mut Outside, call: Call, errno: Errno) -> Result<(), Error> {
    let kinds = match call {
        Call::Target(kinds) => kinds,
        Call::File(kind) => KindSet::EMPTY.with(kind),
    };
    // To be looked at before anything more is entered.
    let own = outside.target.as_mut().map_or(KindSet::EMPTY, |target| {
        hints::own(target, kinds.with(Kind::User))
    });
    let dispensable: KindSet = own
        .iter()
        .filter(|kind| kinds.contains(*kind) && outside.dispensable.contains(*kind))
        .collect();
    if errno == Errno::EPERM && !dispensable.is_empty() && leave_out(outside, call, dispensable) {
        return Ok(());
    }
    match call {
        // A process that is no more, a zombie too, has nothing left to enter.
        Call::Target(_) if errno != Errno::ESRCH && enter_by_file(outside, kinds) => Ok(()),
        Call::Target(_) => {
            let error = Error::caused_by(words!["reassociate to namespaces failed"], errno);
            Err(hints::reassociate(
                error,
                outside.target.as_mut(),
                kinds,
                own,
            ))
        }
        Call::File(kind) => {
            let what = words!["reassociate to namespace 'ns/", kind.file(), "' failed"];
            Err(Error::caused_by(what, errno))
        }
    }
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
fn leave_out(outside: &Outside, call: Call, own: KindSet) -> bool {
    let entered = match call {
        Call::File(_) => true,
        Call::Target(kinds) => {
            let others = own.iter().fold(kinds, KindSet::without);
            others.is_empty() || set(outside, Call::Target(others)).is_ok()
        }
    };
    entered && (!own.contains(Kind::Mount) || nix::unistd::chdir(Path::new("/")).is_ok())
}
