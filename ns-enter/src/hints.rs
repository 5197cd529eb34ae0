//! Reasons that a check after a failure has found; no guesses.

use std::os::fd::AsFd;
use std::path::Path;

use nix::errno::Errno;
use nix::sys::stat::{fstat, stat};
use ns_common::error::{Error, Message};
use ns_common::namespace::{Kind, KindSet};
use ns_common::sys::namespace;
use ns_common::words;

use crate::target::Target;

/// Whether the target's namespace of that kind is the caller's own.
pub fn is_own(target: &mut Target, kind: Kind) -> bool {
    let own = stat(&Path::new("/proc/self/ns").join(kind.file()));
    let its = target.namespace_status(kind);
    own.is_ok_and(|own| its.is_ok_and(|its| (own.st_dev, own.st_ino) == (its.st_dev, its.st_ino)))
}

/// Which of `kinds` the kernel refused, as far as that can be seen.
pub fn reassociate(error: Error, target: Option<&mut Target>, kinds: KindSet) -> Error {
    match target.and_then(|target| culprit(error.cause()?, target, kinds)) {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

fn culprit(errno: Errno, target: &mut Target, kinds: KindSet) -> Option<Message> {
    if errno == Errno::EINVAL && kinds.contains(Kind::User) && is_own(target, Kind::User) {
        return Some(words!["the target is in the caller's own user namespace"]);
    }
    if errno != Errno::EPERM {
        return None;
    }
    let user = kinds
        .contains(Kind::User)
        .then(|| target.namespace_status(Kind::User).ok())
        .flatten();
    kinds
        .iter()
        .filter(|kind| *kind != Kind::User)
        .find_map(|kind| {
            let file = format!("ns/{}", kind.file());
            if is_own(target, kind) {
                return Some(words![
                    file,
                    " is the caller's own, and entering it again takes privileges"
                ]);
            }
            let owner = namespace::owner(target.open_namespace(kind).ok()?.as_fd());
            let owner = owner.and_then(fstat).ok();
            let is_owned_by_user = owner
                .zip(user)
                .is_some_and(|(owner, user)| owner.st_ino == user.st_ino);
            (user.is_some() && !is_owned_by_user)
                .then(|| words![file, " is owned by another user namespace"])
        })
}
