//! Why ids, groups or resource limits could not be changed.

use super::Failed;
use super::maps::capability_for;
use super::system::System;
use crate::error::Message;
use crate::idmap::IdKind;
use crate::sys::capability;
use crate::words;

pub(super) fn groups_take_capability(_: &Failed<'_>, system: &System) -> Option<Message> {
    let text = "dropping groups takes CAP_SETGID: be root, here or in a new user namespace";
    system.lacks(capability::SETGID).then(|| words![text])
}

pub(super) fn id_takes_capability(failed: &Failed<'_>, system: &System) -> Option<Message> {
    let Failed::SetId(kind, _) = *failed else {
        return None;
    };
    let (number, name) = capability_for(kind);
    let text = ": be root, here or in a new user namespace";
    (system.lacks(number)).then(|| words!["changing the ", kind.name(), " takes ", name, text])
}

/// setgroups(2) requires a written gid_map even to drop all groups.
pub(super) fn groups_are_not_mapped(_: &Failed<'_>, system: &System) -> Option<Message> {
    let text = "no gid is mapped in this user namespace: map some with --map-groups";
    system.map(IdKind::Group)?.is_empty().then(|| words![text])
}

pub(super) fn groups_are_denied(_: &Failed<'_>, system: &System) -> Option<Message> {
    let policy = system.read("self/setgroups")?;
    policy.starts_with(b"deny").then(|| {
        words!["setgroups is denied in this user namespace; map the groups with --map-groups"]
    })
}

/// setgroups(2) is denied in the user namespace that has been entered.
pub(super) fn groups_are_denied_inside(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let Failed::DropGroupsInside(target) = failed else {
        return None;
    };
    let policy = target.read("setgroups").ok()?;
    let text = "the user namespace denies setgroups(2); --preserve-credentials keeps the groups";
    (policy.trim_ascii() == b"deny").then(|| words![text])
}

/// The id is not mapped in the user namespace.
pub(super) fn id_is_not_mapped(failed: &Failed<'_>, system: &System) -> Option<Message> {
    let Failed::SetId(kind, id) = *failed else {
        return None;
    };
    // The highest number means "no id", and no map can contain it.
    if id == u32::MAX {
        return None;
    }
    let map = system.map(kind)?;
    let is_mapped = map.iter().any(|extent| extent.has_inner(id));
    let text = " is not mapped in this user namespace: its ";
    let option = match kind {
        IdKind::User => ", as written by unshare --map-users=",
        IdKind::Group => ", as written by unshare --map-groups=",
    };
    let line = words![
        " needs a line that begins with ",
        id,
        option,
        id,
        ":OUTER:1"
    ];
    (!is_mapped).then(|| words![kind.name(), " ", id, text, kind.map_file(), line])
}

/// A hard limit was to be raised.
pub(super) fn limit_may_not_be_raised(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let Failed::SetLimit(resource, wanted) = failed else {
        return None;
    };
    let is_capable = capability::is_effective(capability::SYS_RESOURCE).ok()?;
    let is_raised = wanted.hard > resource.limits().ok()?.hard;
    let text = "raising a hard limit takes CAP_SYS_RESOURCE; --keep-limits keeps the caller's";
    (is_raised && !is_capable).then(|| words![text])
}
