//! Why an id map, or the setgroups policy, could not be written: user_namespaces(7).

use nix::errno::Errno;

use super::Failed;
use super::system::System;
use crate::error::Message;
use crate::idmap::{IdExtent, IdKind, IdMap};
use crate::sys::capability;
use crate::words;

fn map<'a>(failed: &Failed<'a>) -> Option<(IdKind, &'a IdMap)> {
    match failed {
        Failed::WriteMap(kind, map) | Failed::WriteMapFromOutside(kind, map) => Some((*kind, map)),
        _ => None,
    }
}

/// Ubuntu's AppArmor allows the namespace to be made, but moves the process into a special profile
/// that denies all capabilities.
pub(super) fn apparmor_restricts(_: &Failed<'_>, system: &System) -> Option<Message> {
    let is_on = system.setting("kernel/apparmor_restrict_unprivileged_userns")? == b"1";
    let profile = system.apparmor_profile()?;
    let text = "kernel.apparmor_restrict_unprivileged_userns is 1, and AppArmor has put this process into the profile \
        unprivileged_userns: give the program a profile with the userns rule";
    (is_on && profile.starts_with(b"unprivileged_userns")).then(|| words![text])
}

/// The kernel remembers whether the process that made the namespace had CAP_SETFCAP. It checks that
/// last: malformed text gives EINVAL only if all earlier checks pass, so that leaves this cause.
pub(super) fn capability_of_maker_is_missing(
    failed: &Failed<'_>,
    system: &System,
) -> Option<Message> {
    let (kind, map) = map(failed)?;
    let path = system.path("self").join(kind.map_file());
    let try_to_write = |text: &[u8]| (system.try_to_write)(&path, text);
    let is_of_maker = maps_root(kind, map)
        && try_to_write(b"no map") == Err(Errno::EINVAL)
        && try_to_write(&map.to_text()) == Err(Errno::EPERM);
    let text =
        "mapping outer uid 0 takes CAP_SETFCAP outside: start this command with that capability";
    is_of_maker.then(|| words![text])
}

fn maps_root(kind: IdKind, map: &IdMap) -> bool {
    kind == IdKind::User && map.extents().iter().any(|extent| extent.outer == 0)
}

/// Without the capability only the caller's own id may be mapped.
pub(super) fn capability_to_map_is_missing(
    failed: &Failed<'_>,
    system: &System,
) -> Option<Message> {
    let (kind, map) = map(failed)?;
    let own = system.effective_id(kind)?;
    let is_own = matches!(map.extents(), [extent] if extent.count == 1 && extent.outer == own);
    let (number, name) = capability_for(kind);
    let text = ": start this command with that capability";
    (!is_own && system.lacks(number)).then(|| {
        words![
            "mapping more than one's own ",
            kind.name(),
            " takes ",
            name,
            text
        ]
    })
}

/// The capability that allows changing to any id of a kind, by number and name.
pub(super) fn capability_for(kind: IdKind) -> (u32, &'static str) {
    match kind {
        IdKind::User => (capability::SETUID, "CAP_SETUID"),
        IdKind::Group => (capability::SETGID, "CAP_SETGID"),
    }
}

pub(super) fn capability_to_map_root_is_missing(
    failed: &Failed<'_>,
    system: &System,
) -> Option<Message> {
    let (kind, map) = map(failed)?;
    let text = "mapping outer uid 0 takes CAP_SETFCAP: start this command with that capability";
    (maps_root(kind, map) && system.lacks(capability::SETFCAP)).then(|| words![text])
}

pub(super) fn ids_are_not_mapped_outside(failed: &Failed<'_>, system: &System) -> Option<Message> {
    let (kind, map) = map(failed)?;
    let known = system.map(kind)?;
    let is_unknown = |extent: &&IdExtent| first_outside(extent, &known).is_some();
    let extent = map.extents().iter().find(is_unknown)?;
    let text = " is not mapped in the caller's user namespace: take outer ids from the first column of /proc/self/";
    let id = first_outside(extent, &known)?;
    Some(words![kind.name(), " ", id, text, kind.map_file()])
}

/// The first outer id of `extent` that is not an inner id of `known`.
pub(super) fn first_outside(extent: &IdExtent, known: &[IdExtent]) -> Option<u32> {
    let end = u64::from(extent.outer) + u64::from(extent.count);
    let mut next = u64::from(extent.outer);
    while next < end {
        let id = u32::try_from(next).ok()?;
        match known.iter().find(|known| known.has_inner(id)) {
            None => return Some(id),
            Some(known) => next = u64::from(known.inner) + u64::from(known.count),
        }
    }
    None
}

/// The `/proc` files of a process that is not dumpable belong to root: proc(5).
pub(super) fn process_is_not_dumpable(_: &Failed<'_>, system: &System) -> Option<Message> {
    let text = "this process has changed its ids, or its program is not readable, so its files in /proc belong to \
        root: give --owner both a uid and a gid";
    (!(system.is_dumpable)()?).then(|| words![text])
}

fn policy<'a>(failed: &Failed<'a>) -> &'a str {
    match failed {
        Failed::WriteSetGroups(policy) => policy,
        _ => "",
    }
}

pub(super) fn groups_are_mapped(failed: &Failed<'_>, system: &System) -> Option<Message> {
    let is_late = policy(failed) == "deny" && !system.map(IdKind::Group)?.is_empty();
    let text = "setgroups can be denied only before gid_map is written; --map-root-user and --map-group deny it \
        without --setgroups";
    is_late.then(|| words![text])
}

pub(super) fn policy_is_final(failed: &Failed<'_>, system: &System) -> Option<Message> {
    let is_final = policy(failed) == "allow" && system.read("self/setgroups")?.starts_with(b"deny");
    let text = "setgroups has been denied in this user namespace or one above, which is final: leave --setgroups out";
    is_final.then(|| words![text])
}

pub(super) fn policy_takes_capability(_: &Failed<'_>, system: &System) -> Option<Message> {
    let text = "--setgroups takes CAP_SYS_ADMIN in the user namespace: make one with --user";
    system.lacks(capability::SYS_ADMIN).then(|| words![text])
}

#[cfg(test)]
mod tests {
    use super::super::fake::{Fake, map_of};
    use super::*;

    #[test]
    fn apparmor_is_named_where_it_has_changed_the_profile() {
        let setting = "proc/sys/kernel/apparmor_restrict_unprivileged_userns";
        let label = "proc/self/attr/apparmor/current";
        let map = map_of(&[(0, 1000, 1)]);
        let hint = |value, profile| {
            let fake = Fake::new(&[(setting, value), (label, profile)]);
            fake.hint(&Failed::WriteMap(IdKind::User, &map), Errno::EPERM)
        };
        let found = hint("1\n", "unprivileged_userns (enforce)\n").unwrap();
        assert!(found.contains("into the profile unprivileged_userns"));
        assert_eq!(hint("0\n", "unprivileged_userns (enforce)\n"), None);
        assert_eq!(hint("1\n", "unconfined\n"), None);
    }

    #[test]
    fn capability_of_the_maker_is_seen_by_what_else_the_kernel_takes() {
        let mut fake = Fake::new(&[]);
        let (root, other) = (map_of(&[(0, 0, 1)]), map_of(&[(0, 1000, 1)]));
        let refused = |_: &std::path::Path, text: &[u8]| match text {
            b"no map" => Err(Errno::EINVAL),
            _ => Err(Errno::EPERM),
        };
        fake.system.try_to_write = refused;
        let hint = |fake: &Fake, map| fake.hint(&Failed::WriteMap(IdKind::User, map), Errno::EPERM);
        assert!(hint(&fake, &root).unwrap().contains("CAP_SETFCAP"));
        assert_eq!(hint(&fake, &other), None);
        fake.system.try_to_write = |_, _| Err(Errno::EPERM);
        assert_eq!(hint(&fake, &root), None);
    }
}
