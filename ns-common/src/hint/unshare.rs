//! Why the kernel refused to create namespaces.

use nix::errno::Errno;
use nix::sched::CloneFlags;

use super::system::System;
use super::{Failed, find};
use crate::error::Message;
use crate::idmap::IdKind;
use crate::namespace::{Kind, KindSet};
use crate::sys::capability;
use crate::words;

fn kinds(failed: &Failed<'_>) -> KindSet {
    match failed {
        Failed::Unshare(kinds) => *kinds,
        _ => KindSet::EMPTY,
    }
}

/// The kernel first checks for unknown flags and returns EINVAL for one; a filter answers before
/// that.
pub(super) fn filter_refuses(failed: &Failed<'_>, system: &System) -> Option<Message> {
    // A flag that only clone(2) knows.
    let unknown = CloneFlags::from_bits_retain(libc::CLONE_CHILD_SETTID);
    let is_filtered = system.status("Seccomp")? == b"2";
    let refused = || (system.try_to_unshare)(kinds(failed).flags() | unknown);
    let text = "a seccomp filter refuses unshare(2): whatever started this command must allow it, for example with another container profile";
    (is_filtered && !matches!(refused(), Ok(()) | Err(Errno::EINVAL))).then(|| words![text])
}

pub(super) fn limit_is_zero(failed: &Failed<'_>, system: &System) -> Option<Message> {
    kinds(failed).iter().find_map(|kind| {
        let name = limit_name(kind);
        let limit = system.setting(&format!("user/{name}"))?;
        (limit == b"0").then(|| words!["user.", name, " is 0: raise it with sysctl"])
    })
}

/// The kernel does not show how many namespaces there are, and the limit of a user namespace above,
/// or of nesting, fails with the same errno: so the message says "may".
pub(super) fn limit_may_be_reached(failed: &Failed<'_>, system: &System) -> Option<Message> {
    let kinds = kinds(failed);
    let fails_alone = |kind: &Kind| {
        let mut tried = KindSet::EMPTY.with(*kind);
        // Other kinds need the right to create them, which the new user namespace gives.
        if kinds.contains(Kind::User) {
            tried.insert(Kind::User);
        }
        (system.try_to_unshare)(tried.flags()) == Err(Errno::ENOSPC)
    };
    let kind = kinds.iter().find(fails_alone)?;
    let name = limit_name(kind);
    let limit = system.setting(&format!("user/{name}"))?;
    let text = words![
        "user.",
        name,
        " (",
        limit.as_slice(),
        ") may have been reached, here or in a user namespace above"
    ];
    Some(match kind {
        Kind::User | Kind::Pid => text.with(", or the nesting limit of 32 levels"),
        _ => text,
    })
}

fn limit_name(kind: Kind) -> String {
    format!("max_{}_namespaces", kind.file())
}

/// Before Linux 4.9 the nesting limit had an errno of its own.
pub(super) fn nesting_is_too_deep(_: &Failed<'_>, system: &System) -> Option<Message> {
    let user = KindSet::EMPTY.with(Kind::User);
    let fails = (system.try_to_unshare)(user.flags()) == Err(Errno::EUSERS);
    fails.then(|| words!["user namespaces can be nested 32 levels deep, and this is the deepest"])
}

pub(super) fn root_is_changed(_: &Failed<'_>, system: &System) -> Option<Message> {
    let is_mounted = || system.mounts().iter().any(|mount| mount.place == b"/");
    let is_changed = match (system.is_root_changed)() {
        Some(is_changed) => is_changed,
        // Without a mount table this cannot be told.
        None => !system.mounts().is_empty() && !is_mounted(),
    };
    let text = "no user namespace can be made in a chroot: make it first, or change the root with pivot_root(2)";
    is_changed.then(|| words![text])
}

pub(super) fn ids_are_unmapped(_: &Failed<'_>, system: &System) -> Option<Message> {
    IdKind::ALL.into_iter().find_map(|kind| {
        let id = system.effective_id(kind)?;
        let map = system.map(kind)?;
        let is_mapped = map.iter().any(|extent| extent.has_inner(id));
        let (name, file) = (kind.name(), kind.map_file());
        (!is_mapped).then(|| {
            words![
                "the caller's ",
                name,
                " is not mapped in /proc/self/",
                file,
                ", so it cannot make a user namespace: \
                 map it when making the current one, for example with --map-root-user"
            ]
        })
    })
}

/// Debian's kernels have a switch for unprivileged user namespaces.
pub(super) fn are_switched_off(_: &Failed<'_>, system: &System) -> Option<Message> {
    let is_off = system.setting("kernel/unprivileged_userns_clone")? == b"0";
    let may_anyway = !system.lacks(capability::SYS_ADMIN) && system.is_outside_of_user_namespaces();
    let text = "kernel.unprivileged_userns_clone is 0: set it to 1 with sysctl, or be root";
    (is_off && !may_anyway).then(|| words![text])
}

pub(super) fn apparmor_restricts(_: &Failed<'_>, system: &System) -> Option<Message> {
    let name = "kernel.apparmor_restrict_unprivileged_userns";
    let is_on = system.setting("kernel/apparmor_restrict_unprivileged_userns")? == b"1";
    let is_unconfined = system.apparmor_profile()? == b"unconfined";
    let text = " is 1, and no AppArmor profile allows this program to make user namespaces: give it one with the userns rule";
    (is_on && is_unconfined && system.lacks(capability::SYS_ADMIN)).then(|| words![name, text])
}

pub(super) fn privilege_is_missing(failed: &Failed<'_>, system: &System) -> Option<Message> {
    if !system.lacks(capability::SYS_ADMIN) {
        return None;
    }
    // With AppArmor, creating the namespace may succeed and writing its maps fail.
    let with_user = Failed::Unshare(kinds(failed).with(Kind::User));
    let obstacle = apparmor_restricts(failed, system).or_else(|| {
        let user = KindSet::EMPTY.with(Kind::User);
        let errno = (system.try_to_unshare)(user.flags()).err()?;
        let unknown = || words!["making one fails too"];
        Some(find(&with_user, Some(errno), system).unwrap_or_else(unknown))
    });
    Some(match obstacle {
        None => words!["without CAP_SYS_ADMIN a user namespace is needed too: add --map-root-user"],
        Some(obstacle) => {
            let text = "without CAP_SYS_ADMIN a user namespace is needed too, but ";
            words![text, obstacle]
        }
    })
}

pub(super) fn kernel_lacks_kind(failed: &Failed<'_>, system: &System) -> Option<Message> {
    let has = |file: &str| system.path(file).symlink_metadata().is_ok();
    let is_missing = |kind: &Kind| !has(&format!("self/ns/{}", kind.file()));
    let missing = kinds(failed).iter().find(is_missing);
    let missing = missing.filter(|_| has("self/ns"))?;
    let text = " namespaces: use one built with them";
    Some(words!["this kernel has no ", missing.name(), text])
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::fake::Fake;
    use super::*;

    const ORDINARY: &str = "Uid:\t1000\t1000\t1000\t1000\nGid:\t1000\t1000\t1000\t1000\n\
        CapEff:\t0000000000000000\nSeccomp:\t0\n";
    const WHOLE_MAP: &str = "         0          0 4294967295\n";

    /// A system with these files, where we are an ordinary user in the initial user namespace.
    fn fake(files: &[(&str, &str)]) -> Fake {
        let usual = [
            ("proc/self/status", ORDINARY),
            ("proc/self/uid_map", WHOLE_MAP),
            ("proc/self/gid_map", WHOLE_MAP),
            (
                "proc/self/mountinfo",
                "20 1 0:1 / / rw - ext4 /dev/vda rw\n",
            ),
        ];
        Fake::new(&[&usual, files].concat())
    }

    fn user() -> Failed<'static> {
        Failed::Unshare(KindSet::EMPTY.with(Kind::User))
    }

    #[test]
    fn debian_switch_applies_to_unprivileged_callers() {
        let switch = ("proc/sys/kernel/unprivileged_userns_clone", "0\n");
        let expected = "kernel.unprivileged_userns_clone is 0: set it to 1 with sysctl, or be root";
        let hint = |files: &[(&str, &str)]| fake(files).hint(&user(), Errno::EPERM);
        assert_eq!(hint(&[switch]).as_deref(), Some(expected));
        assert_eq!(hint(&[(switch.0, "1\n")]), None);
        let root = ORDINARY.replace("0000000000000000", "000001ffffffffff");
        let root = ("proc/self/status", root.as_str());
        // Being root in a container is not enough.
        assert_eq!(hint(&[switch, root]).as_deref(), Some(expected));
        let of_system = fake(&[switch, root]);
        let link = of_system.path("proc/self/ns/user");
        std::os::unix::fs::symlink("user:[4026531837]", link).unwrap();
        assert_eq!(of_system.hint(&user(), Errno::EPERM), None);
    }

    #[test]
    fn apparmor_restricts_what_no_profile_is_for() {
        let setting = "proc/sys/kernel/apparmor_restrict_unprivileged_userns";
        let label = "proc/self/attr/apparmor/current";
        let hint = |value, profile| {
            let fake = fake(&[(setting, value), (label, profile)]);
            [Errno::EPERM, Errno::EACCES].map(|errno| fake.hint(&user(), errno))
        };
        for hint in hint("1\n", "unconfined\n") {
            let expected = "kernel.apparmor_restrict_unprivileged_userns is 1, ";
            assert!(hint.unwrap().starts_with(expected));
        }
        assert_eq!(hint("0\n", "unconfined\n"), [None, None]);
        assert_eq!(hint("1\n", "chrome (enforce)\n"), [None, None]);
    }

    #[test]
    fn unmapped_caller_makes_no_user_namespace() {
        let hint = |map| fake(&[("proc/self/gid_map", map)]).hint(&user(), Errno::EPERM);
        let expected = "the caller's gid is not mapped in /proc/self/gid_map, ";
        assert!(hint("0 1000 1\n").unwrap().starts_with(expected));
        assert_eq!(hint("1000 0 1\n"), None);
    }

    #[test]
    fn chroot_is_seen_by_entering_the_mount_namespace_or_else_in_the_table_of_mounts() {
        let mut fake = fake(&[(
            "proc/self/mountinfo",
            "20 1 0:1 / /proc rw - proc proc rw\n",
        )]);
        let expected = "no user namespace can be made in a chroot: ";
        fake.system.is_root_changed = || None;
        assert!(
            fake.hint(&user(), Errno::EPERM)
                .unwrap()
                .starts_with(expected)
        );
        fake.system.is_root_changed = || Some(false);
        assert_eq!(fake.hint(&user(), Errno::EPERM), None);
        fake.system.is_root_changed = || Some(true);
        assert!(
            fake.hint(&user(), Errno::EPERM)
                .unwrap()
                .starts_with(expected)
        );
    }

    #[test]
    fn filter_is_detected_by_an_unknown_flag() {
        let status = ORDINARY.replace("Seccomp:\t0", "Seccomp:\t2");
        let mut fake = fake(&[("proc/self/status", &status)]);
        let expected = "a seccomp filter refuses unshare(2): ";
        fake.system.try_to_unshare = |_| Err(Errno::EPERM);
        assert!(
            fake.hint(&user(), Errno::EPERM)
                .unwrap()
                .starts_with(expected)
        );
        fake.system.try_to_unshare = |_| Err(Errno::EINVAL);
        assert_eq!(fake.hint(&user(), Errno::EPERM), None);
    }

    #[test]
    fn remedy_that_would_fail_too_comes_with_the_reason() {
        let uts = Failed::Unshare(KindSet::EMPTY.with(Kind::Uts));
        let start = "without CAP_SYS_ADMIN a user namespace is needed too";
        let mut fake = fake(&[("proc/sys/user/max_user_namespaces", "0\n")]);
        assert_eq!(
            fake.hint(&uts, Errno::EPERM).unwrap(),
            format!("{start}: add --map-root-user")
        );
        fake.system.try_to_unshare = |_| Err(Errno::ENOSPC);
        assert_eq!(
            fake.hint(&uts, Errno::EPERM).unwrap(),
            format!("{start}, but user.max_user_namespaces is 0: raise it with sysctl")
        );
        fake.system.try_to_unshare = |_| Err(Errno::EACCES);
        assert_eq!(
            fake.hint(&uts, Errno::EPERM).unwrap(),
            format!("{start}, but making one fails too")
        );
    }

    #[test]
    fn kind_is_missing_if_only_its_file_is() {
        let time = Failed::Unshare([Kind::Uts, Kind::Time].into_iter().collect());
        let fake = fake(&[("proc/self/ns/uts", "")]);
        let expected = "this kernel has no time namespaces: use one built with them";
        for errno in [Errno::EINVAL, Errno::ENOSYS] {
            assert_eq!(fake.hint(&time, errno).as_deref(), Some(expected));
        }
        fs::write(fake.path("proc/self/ns/time"), "").unwrap();
        assert_eq!(fake.hint(&time, Errno::EINVAL), None);
        fs::remove_dir_all(fake.path("proc/self/ns")).unwrap();
        assert_eq!(fake.hint(&time, Errno::EINVAL), None);
    }

    #[test]
    fn limit_is_that_of_the_kind_that_fails_by_itself() {
        let limits = [
            ("proc/sys/user/max_user_namespaces", "7\n"),
            ("proc/sys/user/max_net_namespaces", "8\n"),
        ];
        let mut fake = fake(&limits);
        let both = Failed::Unshare([Kind::User, Kind::Net].into_iter().collect());
        assert_eq!(fake.hint(&both, Errno::ENOSPC), None);
        fake.system.try_to_unshare = |flags| {
            let fails = flags.contains(CloneFlags::CLONE_NEWNET);
            if fails { Err(Errno::ENOSPC) } else { Ok(()) }
        };
        let expected =
            "user.max_net_namespaces (8) may have been reached, here or in a user namespace above";
        assert_eq!(fake.hint(&both, Errno::ENOSPC).unwrap(), expected);
        fake.system.try_to_unshare = |_| Err(Errno::ENOSPC);
        let expected = "user.max_user_namespaces (7) may have been reached, here or in a user namespace above, \
             or the nesting limit of 32 levels";
        assert_eq!(fake.hint(&both, Errno::ENOSPC).unwrap(), expected);
        fake.system.try_to_unshare = |_| Err(Errno::EUSERS);
        let expected = "user namespaces can be nested 32 levels deep, and this is the deepest";
        assert_eq!(fake.hint(&both, Errno::EUSERS).unwrap(), expected);
    }
}
