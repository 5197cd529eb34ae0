//! Why newuidmap(1) or newgidmap(1) did not write a map: subuid(5), subgid(5).

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::sys::statfs::statfs;
use nix::sys::statvfs::FsFlags;

use super::Failed;
use super::maps::first_outside;
use super::system::System;
use crate::error::Message;
use crate::idmap::{Both, IdExtent, IdKind, IdMap};
use crate::process::search;
use crate::sys::file;
use crate::{procfs, words};

pub(super) fn program_is_not_installed(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let Failed::ExecuteMapProgram(kind) = failed else {
        return None;
    };
    let text = " is not installed: install the package uidmap or shadow-utils";
    program(*kind)
        .is_none()
        .then(|| words![kind.helper(), text])
}

/// The program file of newuidmap(1) or newgidmap(1), if it is found.
fn program(kind: IdKind) -> Option<PathBuf> {
    let name = OsStr::from_bytes(kind.helper().to_bytes());
    search::places(name)
        .into_iter()
        .find(|place| place.is_file())
}

/// The first map that has not been written yet: the one that failed.
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
    let text = " gains no privileges: start this command without it";
    (system.status("NoNewPrivs")? == b"1")
        .then(|| words!["no_new_privs is set, so ", kind.helper(), text])
}

pub(super) fn program_is_not_privileged(failed: &Failed<'_>, system: &System) -> Option<Message> {
    let (kind, _) = unwritten(failed, system)?;
    let program = program(kind)?;
    if statfs(&program).ok()?.flags().contains(FsFlags::ST_NOSUID) {
        let text = " is on a file system mounted nosuid: install it elsewhere";
        return Some(words![program, text]);
    }
    let mode = file::status_of(&program).ok()?.mode;
    let is_privileged = mode & 0o4000 != 0 || file::has_capabilities(&program) != Ok(false);
    let text = " has neither the set-user-ID bit nor file capabilities: chmod u+s sets the bit";
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
        " does not delegate all ids from ",
        extent.outer,
        " to ",
        last,
        " to ",
        name,
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
    /// All ranges that the file delegates to a user, as inner ids. `None` if nsswitch.conf(5) names
    /// other sources, which cannot be read here.
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
    use super::super::fake::{Fake, map_of};
    use super::*;

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
            // Called directly: the checks before it in the table would look at this system's
            // program.
            let hint = block_is_not_delegated(&Failed::RunMapPrograms(&maps), &fake.system)?;
            Some(String::from_utf8(hint.as_bytes().to_vec()).unwrap())
        };
        let (none, table) = ("", "bob:5:5\nann:100000:10\n100:100010:10\n");
        assert_eq!(hint(none, table, &[(0, 100, 1), (1, 100_000, 20)]), None);
        assert_eq!(
            hint(none, table, &[(0, 100, 1), (1, 100_000, 21)]).unwrap(),
            "/etc/subuid does not delegate all ids from 100000 to 100020 to ann: usermod --add-subuids 100000-100020 ann"
        );
        assert!(hint(none, "", &[(0, 101, 1)]).is_some());
        // Another source may delegate the ids.
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
            "no_new_privs is set, so newgidmap gains no privileges: start this command without it"
        );
    }
}
