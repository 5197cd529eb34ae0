//! Why the kernel did not let us into the namespaces of a process, as far as that can be seen.

use std::os::fd::AsFd;

use nix::errno::Errno;

use super::target::{Identity, Target};
use crate::error::Message;
use crate::namespace::{Kind, KindSet};
use crate::sys::{capability, namespace};
use crate::words;

/// The cause of `errno`, which setns(2) gave for `kinds` of the target; `own` are the caller's own
/// of them, and its user namespace if the target shares it.
pub(super) fn cause(
    errno: Errno,
    target: &Target,
    kinds: KindSet,
    own: KindSet,
) -> Option<Message> {
    match errno {
        Errno::EINVAL if kinds.contains(Kind::User) && own.contains(Kind::User) => {
            Some(words!["the target is in the caller's own user namespace"])
        }
        Errno::EPERM => kinds
            .without(Kind::User)
            .iter()
            .find_map(|kind| of_kind(kind, target, kinds, own)),
        _ => None,
    }
}

/// What a right over the namespace of `kind` fails for: it needs CAP_SYS_ADMIN in the user
/// namespace that owns it.
fn of_kind(kind: Kind, target: &Target, kinds: KindSet, own: KindSet) -> Option<Message> {
    let name = words!["ns/", kind.file()];
    let file = target.open_namespace(kind).ok()?;
    let owner = match namespace::owner(file.as_fd()) {
        Ok(owner) => Identity::of(owner).ok()?,
        // The kernel shows an owner that is the caller's user namespace or below it.
        Err(Errno::EPERM) => {
            let text = " is owned by a user namespace outside of the caller's";
            return Some(words![name, text]);
        }
        Err(_) => return None,
    };
    // Whoever has the capability here has it below too: then it was something else.
    if capability::is_effective(capability::SYS_ADMIN).ok()? {
        return None;
    }
    let shares_user = own.contains(Kind::User);
    let is_of_target = owner == target.namespace(Kind::User).ok()?;
    if kinds.contains(Kind::User) && !shares_user {
        let text = " is owned by another user namespace than the target's";
        return (!is_of_target).then(|| words![name, text]);
    }
    if own.contains(kind) {
        let text = " is the caller's own, and entering it again takes CAP_SYS_ADMIN";
        return Some(words![name, text]);
    }
    let text = " is owned by the target's user namespace: --user --preserve-credentials";
    (is_of_target && !shares_user).then(|| words![name, text])
}
