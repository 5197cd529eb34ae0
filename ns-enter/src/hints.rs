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
fn is_own(target: &mut Target, kind: Kind) -> bool {
    let own = stat(&Path::new("/proc/self/ns").join(kind.file()));
    let its = target.namespace_status(kind);
    own.is_ok_and(|own| its.is_ok_and(|its| (own.st_dev, own.st_ino) == (its.st_dev, its.st_ino)))
}

/// Which of `kinds` are the caller's own.
pub fn own(target: &mut Target, kinds: KindSet) -> KindSet {
    kinds.iter().filter(|kind| is_own(target, *kind)).collect()
}

/// Which of `kinds` the kernel refused, as far as that can be seen; `own` are those that were the caller's own.
pub fn reassociate(
    error: Error,
    target: Option<&mut Target>,
    kinds: KindSet,
    own: KindSet,
) -> Error {
    match target.and_then(|target| culprit(error.cause()?, target, kinds, own)) {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}

fn culprit(errno: Errno, target: &mut Target, kinds: KindSet, own: KindSet) -> Option<Message> {
    if errno == Errno::EINVAL && kinds.contains(Kind::User) && own.contains(Kind::User) {
        let text = "the target is in the caller's own user namespace";
        return Some(words![text]);
    }
    if errno != Errno::EPERM {
        return None;
    }
    if !kinds.contains(Kind::User) && !own.contains(Kind::User) {
        let text = "the target is in another user namespace, which gives the rights over these";
        return Some(words![text, ": --user --preserve-credentials"]);
    }
    let others = kinds.without(Kind::User);
    if let Some(kind) = others.iter().find(|kind| own.contains(*kind)) {
        let text = " is the caller's own, and entering it again takes privileges";
        return Some(words!["ns/", kind.file(), text]);
    }
    let user = kinds
        .contains(Kind::User)
        .then(|| target.namespace_status(Kind::User).ok())
        .flatten()?;
    others.iter().find_map(|kind| {
        let owner = namespace::owner(target.open_namespace(kind).ok()?.as_fd());
        let is_owned_by_user = owner
            .and_then(fstat)
            .is_ok_and(|owner| owner.st_ino == user.st_ino);
        let text = " is owned by another user namespace";
        (!is_owned_by_user).then(|| words!["ns/", kind.file(), text])
    })
}
