//! Why a map of ids, or the policy for setgroups(2), could not be written: user_namespaces(7).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::sys::statvfs::{FsFlags, statvfs};

use super::Failed;
use super::system::System;
use crate::error::Message;
use crate::idmap::{Both, IdExtent, IdKind, IdMap};
use crate::process::search;
use crate::sys::{capability, file};
use crate::{procfs, words};

fn map<'a>(failed: &Failed<'a>) -> Option<(IdKind, &'a IdMap)> {
    match failed {
        Failed::WriteMap(kind, map) | Failed::WriteMapFromOutside(kind, map) => Some((*kind, map)),
        _ => None,
    }
}

/// Ubuntu's AppArmor lets the namespace be made, moves the process into a profile of its own, and
/// that denies all capabilities.
pub(super) fn apparmor_restricts(_: &Failed<'_>, system: &System) -> Option<Message> {
    let is_on = system.setting("kernel/apparmor_restrict_unprivileged_userns")? == b"1";
    let profile = system.apparmor_profile()?;
    let text = "kernel.apparmor_restrict_unprivileged_userns is 1, and AppArmor has put this into the profile \
        unprivileged_userns: give the program a profile with the rule userns";
    (is_on && profile.starts_with(b"unprivileged_userns")).then(|| words![text])
}

/// The kernel remembers whether the maker of the namespace had the capability. It says EINVAL to
/// what is no map, before it looks at that and after all that is wrong otherwise.
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
    let text = "mapping uid 0 of outside takes CAP_SETFCAP there, which whoever started this must leave to it";
    is_of_maker.then(|| words![text])
}

fn maps_root(kind: IdKind, map: &IdMap) -> bool {
    kind == IdKind::User && map.extents().iter().any(|extent| extent.outer == 0)
}

/// Only one's own id may be mapped without it.
pub(super) fn capability_to_map_is_missing(
    failed: &Failed<'_>,
    system: &System,
) -> Option<Message> {
    let (kind, map) = map(failed)?;
    let own = system.effective_id(kind)?;
    let is_own = matches!(map.extents(), [extent] if extent.count == 1 && extent.outer == own);
    let (number, name) = capability_for(kind);
    let text = ", which whoever started this must leave to it";
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

/// The capability to take on any id of a kind.
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
    let text =
        "mapping uid 0 of outside takes CAP_SETFCAP, which whoever started this must leave to it";
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

/// The first outer id of `extent` that is no inner one of `known`.
fn first_outside(extent: &IdExtent, known: &[IdExtent]) -> Option<u32> {
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

/// The kernel gives the files of a process whose memory others may not read to root: proc(5).
pub(super) fn process_is_not_dumpable(_: &Failed<'_>, system: &System) -> Option<Message> {
    let text = "the ids of this process were changed, or its program cannot be read, so that its files in /proc \
        are root's: --owner needs both a uid and a gid";
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
    let text = "setgroups has been denied, in this user namespace or one above, and stays so: leave --setgroups out";
    is_final.then(|| words![text])
}

pub(super) fn policy_takes_capability(_: &Failed<'_>, system: &System) -> Option<Message> {
    let text = "--setgroups takes CAP_SYS_ADMIN in the user namespace: make one with --user";
    system.lacks(capability::SYS_ADMIN).then(|| words![text])
}

pub(super) fn program_is_not_installed(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let Failed::ExecuteMapProgram(kind) = failed else {
        return None;
    };
    let text = " is not installed: it comes with uidmap, or shadow-utils";
    program(*kind)
        .is_none()
        .then(|| words![kind.helper(), text])
}

/// The file of newuidmap(1) or newgidmap(1).
fn program(kind: IdKind) -> Option<PathBuf> {
    let name = OsStr::from_bytes(kind.helper().to_bytes());
    search::places(name)
        .into_iter()
        .find(|place| place.is_file())
}

/// The first map that has not been written.
fn unwritten<'a>(failed: &Failed<'a>, system: &System) -> Option<(IdKind, &'a IdMap)> {
    let Failed::RunMapPrograms(maps) = failed else {
        return None;
    };
    let maps: &'a Both<Option<IdMap>> = maps;
    let wanted = maps
        .iter()
        .filter_map(|(kind, map)| Some((kind, map.as_ref()?)));
    let mut left = wanted.filter(|(_, map)| !map.extents().is_empty());
    left.find(|(kind, _)| system.map(*kind).is_some_and(|map| map.is_empty()))
}

pub(super) fn privileges_are_taken(failed: &Failed<'_>, system: &System) -> Option<Message> {
    let (kind, _) = unwritten(failed, system)?;
    let text = "no_new_privs is set, which takes its privilege from ";
    (system.status("NoNewPrivs")? == b"1")
        .then(|| words![text, kind.helper(), ": start this without it"])
}

pub(super) fn program_is_not_privileged(failed: &Failed<'_>, system: &System) -> Option<Message> {
    let (kind, _) = unwritten(failed, system)?;
    let program = program(kind)?;
    if statvfs(&program).ok()?.flags().contains(FsFlags::ST_NOSUID) {
        let text = " lies on a file system that is mounted nosuid: install it elsewhere";
        return Some(words![program, text]);
    }
    let mode = std::fs::metadata(&program).ok()?.permissions().mode();
    let is_privileged = mode & 0o4000 != 0 || file::has_capabilities(&program) != Ok(false);
    let text = " has neither the set-user-ID bit nor capabilities: chmod u+s gives it the former";
    (!is_privileged).then(|| words![program, text])
}

pub(super) fn block_is_not_delegated(failed: &Failed<'_>, system: &System) -> Option<Message> {
    let (kind, map) = unwritten(failed, system)?;
    let uid = system.uid_at_start()?;
    let name = (system.user_name)(uid).unwrap_or_else(|| uid.to_string().into());
    let mut delegated = system.delegated(kind, &name, uid)?;
    if kind == IdKind::User {
        delegated.push(IdExtent::single(uid, uid));
    }
    let is_foreign = |extent: &&IdExtent| first_outside(extent, &delegated).is_some();
    let extent = map.extents().iter().find(is_foreign)?;
    let last = u64::from(extent.outer) + u64::from(extent.count) - 1;
    let option = match kind {
        IdKind::User => "--add-subuids",
        IdKind::Group => "--add-subgids",
    };
    Some(words![
        kind.subid_file(),
        " does not give ",
        name,
        " all of ",
        extent.outer,
        " to ",
        last,
        ": usermod ",
        option,
        " ",
        extent.outer,
        "-",
        last,
        " ",
        name
    ])
}

impl System {
    /// All that a file gives to a user, as inner ids, unless the name service has other sources
    /// too.
    fn delegated(&self, kind: IdKind, name: &OsStr, uid: u32) -> Option<Vec<IdExtent>> {
        let read = |path: PathBuf| match procfs::read(&path) {
            Err(Errno::ENOENT) => Some(Vec::new()),
            result => result.ok(),
        };
        let sources = read(self.etc.join("nsswitch.conf"))?;
        if let Some(sources) = procfs::field(&sources, b"subid:") {
            if sources != b"files" {
                return None;
            }
        }
        let table = read(self.etc.join(kind.subid_file().file_name()?))?;
        let number = uid.to_string();
        let extent = |line: &[u8]| {
            let mut fields = line.split(|byte| *byte == b':');
            let key = fields.next()?;
            let mut number_of = || std::str::from_utf8(fields.next()?).ok()?.parse().ok();
            let (inner, count) = (number_of()?, number_of()?);
            let is_ours = key == name.as_bytes() || key == number.as_bytes();
            is_ours.then_some(IdExtent {
                inner,
                outer: inner,
                count,
            })
        };
        Some(
            table
                .split(|byte| *byte == b'\n')
                .filter_map(extent)
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::fake::Fake;
    use super::*;
    use crate::idmap::Hole;

    fn map_of(extents: &[(u32, u32, u32)]) -> IdMap {
        let range = |(inner, outer, count): &(u32, u32, u32)| {
            let (inner, outer, count) = (*inner, *outer, *count);
            (
                IdExtent {
                    inner,
                    outer,
                    count,
                },
                Hole::Free,
            )
        };
        IdMap::new(None, &extents.iter().map(range).collect::<Vec<_>>())
    }

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

    #[test]
    fn block_that_no_line_gives_is_named() {
        let mut auxv = Vec::new();
        for word in [23_usize, 0, 11, 100, 0, 0] {
            auxv.extend(word.to_ne_bytes());
        }
        let auxv = String::from_utf8(auxv).unwrap();
        let hint = |sources, table, extents: &[(u32, u32, u32)]| {
            let fake = Fake::new(&[
                ("proc/self/uid_map", ""),
                ("proc/self/auxv", auxv.as_str()),
                ("etc/nsswitch.conf", sources),
                ("etc/subuid", table),
            ]);
            let maps = Both {
                user: Some(map_of(extents)),
                group: None,
            };
            // Whether the program is privileged is a matter of this system.
            let hint = block_is_not_delegated(&Failed::RunMapPrograms(&maps), &fake.system)?;
            Some(String::from_utf8(hint.as_bytes().to_vec()).unwrap())
        };
        let (none, table) = ("", "bob:5:5\nann:100000:10\n100:100010:10\n");
        assert_eq!(hint(none, table, &[(0, 100, 1), (1, 100_000, 20)]), None);
        assert_eq!(
            hint(none, table, &[(0, 100, 1), (1, 100_000, 21)]).unwrap(),
            "/etc/subuid does not give ann all of 100000 to 100020: usermod --add-subuids 100000-100020 ann"
        );
        assert!(hint(none, "", &[(0, 101, 1)]).is_some());
        // Another source may have it.
        assert_eq!(hint("subid: sss\n", table, &[(0, 7, 1)]), None);
    }

    #[test]
    fn programs_have_no_privilege_with_no_new_privs() {
        let maps = Both {
            user: Some(map_of(&[(0, 100, 1)])),
            group: Some(map_of(&[(0, 100, 1)])),
        };
        let fake = Fake::new(&[
            ("proc/self/status", "NoNewPrivs:\t1\n"),
            ("proc/self/uid_map", "0 100 1\n"),
            ("proc/self/gid_map", ""),
        ]);
        assert_eq!(
            fake.hint_after(&Failed::RunMapPrograms(&maps)).unwrap(),
            "no_new_privs is set, which takes its privilege from newgidmap: start this without it"
        );
    }
}
