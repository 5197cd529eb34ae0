//! Reasons that a check after a failure has found; no guesses.

use std::path::Path;

use nix::errno::Errno;
use nix::unistd::geteuid;
use ns_common::error::{Error, Message};
use ns_common::namespace::{Kind, KindSet};
use ns_common::procfs;
use ns_common::sys::capability;
use ns_common::words;

use crate::cli::BINFMT_MISC;

const CAP_SYS_ADMIN: u64 = 1 << 21;

/// Why unshare(2) may have failed.
pub fn unshare(error: Error, kinds: KindSet) -> Error {
    let hint = match error.cause() {
        Some(Errno::ENOSPC) => exhausted(kinds),
        Some(Errno::EPERM | Errno::EACCES) => forbidden(kinds),
        _ => None,
    };
    error.with_hint(hint)
}

/// Why a new proc may have been refused to a process that has, or is, a child in a new PID namespace, or not.
pub fn mount_proc(error: Error, kinds: KindSet, forks: bool) -> Error {
    let hint = match error.cause() {
        Some(Errno::EPERM) if !kinds.contains(Kind::Pid) || !forks => Some(words![
            "a PID namespace of one's own is needed too: --pid --fork"
        ]),
        Some(Errno::EPERM) => covered().map(|place| {
            let text =
                "the kernel allows no whole proc where the present one is covered in part, by ";
            words![text, place.as_slice()]
        }),
        _ => None,
    };
    error.with_hint(hint)
}

/// The places where something is mounted.
fn mount_points() -> Vec<Vec<u8>> {
    let table = procfs::read(Path::new("/proc/self/mountinfo")).unwrap_or_default();
    let place = |line: &[u8]| line.split(|byte| *byte == b' ').nth(4).map(<[u8]>::to_vec);
    table
        .split(|byte| *byte == b'\n')
        .filter_map(place)
        .collect()
}

/// A mount that hides a part of /proc. The directory for binfmt_misc is empty, and hides nothing.
fn covered() -> Option<Vec<u8>> {
    let hides = |place: &Vec<u8>| place.starts_with(b"/proc/") && place != BINFMT_MISC.as_bytes();
    mount_points().into_iter().find(hides)
}

/// Why a namespace may not have been bound to a file.
pub fn bind(error: Error, file: &Path) -> Error {
    let is_missing = error.cause() == Some(Errno::ENOENT) && !file.exists();
    let hint = is_missing.then(|| words![file, " must exist before: touch ", file]);
    error.with_hint(hint)
}

/// Why setgroups(2) may have been refused.
pub fn drop_groups(error: Error) -> Error {
    let denied =
        procfs::read(Path::new("/proc/self/setgroups")).is_ok_and(|text| text.starts_with(b"deny"));
    let hint = denied.then(|| {
        words!["setgroups is denied in this user namespace; map the groups by --map-groups"]
    });
    error.with_hint(hint)
}

fn exhausted(kinds: KindSet) -> Option<Message> {
    kinds.iter().find_map(|kind| {
        let name = format!("max_{}_namespaces", kind.file());
        let limit = procfs::read(&Path::new("/proc/sys/user").join(&name)).ok()?;
        (limit.trim_ascii() == b"0").then(|| words!["user.", name, " is 0"])
    })
}

fn forbidden(kinds: KindSet) -> Option<Message> {
    if kinds.contains(Kind::User) {
        return [
            (
                "/proc/sys/kernel/unprivileged_userns_clone",
                b"0",
                "kernel.unprivileged_userns_clone is 0",
            ),
            (
                "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
                b"1",
                "kernel.apparmor_restrict_unprivileged_userns is 1",
            ),
        ]
        .into_iter()
        .find(|(path, value, _)| {
            procfs::read(Path::new(path)).is_ok_and(|text| text.trim_ascii() == *value)
        })
        .map(|(_, _, hint)| words![hint]);
    }
    // Neither who has no id here nor who sits in a chroot may make a user namespace: user_namespaces(7).
    let overflow = procfs::read(Path::new("/proc/sys/kernel/overflowuid")).unwrap_or_default();
    let has_id = overflow.trim_ascii() != geteuid().to_string().as_bytes();
    let may_make_one = has_id && mount_points().contains(&b"/".to_vec());
    let lacks_privilege = capability::get().is_ok_and(|sets| sets.effective & CAP_SYS_ADMIN == 0);
    (lacks_privilege && may_make_one)
        .then(|| words!["without CAP_SYS_ADMIN a user namespace is needed too: --map-root-user"])
}
