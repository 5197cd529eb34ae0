//! Reasons that a check after a failure has found; no guesses.

use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::sys::stat::fstat;
use ns_common::error::{Error, Message};
use ns_common::namespace::{Kind, KindSet};
use ns_common::sys::namespace;
use ns_common::words;

use crate::target::Target;

/// Which of `kinds` are the caller's own.
pub fn own(target: &mut Target, kinds: KindSet) -> KindSet {
    kinds
        .iter()
        .filter(|kind| target.shares_namespace(*kind) == Ok(true))
        .collect()
}

/// Which of `kinds` the kernel refused, as far as that can be seen; `own` are those that were the caller's own.
pub fn reassociate(
    error: Error,
    target: Option<&mut Target>,
    kinds: KindSet,
    own: KindSet,
) -> Error {
    let hint = target.and_then(|target| culprit(error.cause()?, target, kinds, own));
    error.with_hint(hint)
}

fn culprit(errno: Errno, target: &mut Target, kinds: KindSet, own: KindSet) -> Option<Message> {
    if errno == Errno::EINVAL && kinds.contains(Kind::User) && own.contains(Kind::User) {
        let text = "the target is in the caller's own user namespace";
        return Some(words![text]);
    }
    if errno != Errno::EPERM {
        return None;
    }
    if !kinds.contains(Kind::User) && target.shares_namespace(Kind::User) == Ok(false) {
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
