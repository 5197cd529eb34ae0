//! Hints about id maps and ids: each cause is produced and named; the same errno from another cause
//! gets no hint.

use ns_tests::hints::{WITHOUT_ADMIN, explained, failing, unexplained};
use ns_tests::sandbox_or_skip;
use ns_tests::skip::{is_root, skipped};

#[test]
fn map_of_root_needs_a_capability_of_outside() {
    sandbox_or_skip!("strace", "setpriv");
    let without = |capability| format!("setpriv --bounding-set=-{capability} unshare");
    let hint = "mapping outer uid 0 takes CAP_SETFCAP";
    let inside = "unshare: write failed /proc/self/uid_map: Operation not permitted";
    explained(&format!("{} -r true", without("setfcap")), inside, hint);
    let outside = "/uid_map: Operation not permitted";
    let several = "--map-users=0:0:1 --map-users=1:1:1 true";
    explained(&format!("{} {several}", without("setfcap")), outside, hint);
    let hint = "mapping more than one's own uid takes CAP_SETUID: ";
    explained(&format!("{} {several}", without("setuid")), outside, hint);
    explained(
        &format!(
            "{} --map-groups=0:0:1 --map-groups=1:1:1 true",
            without("setgid")
        ),
        "/gid_map: Operation not permitted",
        "mapping more than one's own gid takes CAP_SETGID: ",
    );
    explained(
        "unshare -r unshare --map-users=0:0:1 --map-users=1:100000:10 true",
        outside,
        "uid 100000 is not mapped in the caller's user namespace: ",
    );
    let twin = failing("write", "EPERM:when=1", "-f");
    unexplained(&format!("{twin} unshare -r true"), inside);
    unexplained(&format!("{twin} unshare --map-users=0:0:1 true"), outside);
}

#[test]
fn policy_for_groups_that_cannot_be_written_is_explained() {
    sandbox_or_skip!("strace", "setpriv");
    let failed = "unshare: write failed /proc/self/setgroups: Operation not permitted";
    for options in ["-r", ""] {
        explained(
            &format!("unshare {options} --setgroups=deny true"),
            failed,
            "setgroups can be denied only before gid_map is written; ",
        );
    }
    explained(
        "unshare -r unshare -U --setgroups=allow true",
        failed,
        "setgroups has been denied ",
    );
    explained(
        &format!("{WITHOUT_ADMIN} unshare --setgroups=deny true"),
        "unshare: cannot open /proc/self/setgroups: Permission denied",
        "--setgroups takes CAP_SYS_ADMIN in the user namespace: ",
    );
    let twin = failing("write", "EPERM:when=1", "");
    unexplained(&format!("{twin} unshare -U --setgroups=deny true"), failed);
    let twin = failing("openat", "EACCES", "-P /proc/self/setgroups");
    unexplained(
        &format!(
            "set -o pipefail; {twin} unshare -U --setgroups=deny true 2>&1 | grep ^unshare >&2"
        ),
        "unshare: cannot open /proc/self/setgroups: Permission denied",
    );
    if !is_root() {
        return skipped("needs root, for an owner of another uid");
    }
    explained(
        "unshare --owner=5:-1 -r true",
        "unshare: cannot open /proc/self/setgroups: Permission denied",
        "this process has changed its ids, ",
    );
}

#[test]
fn program_that_writes_no_map_is_explained() {
    sandbox_or_skip!("setpriv", "newuidmap");
    if !is_root() {
        return skipped("needs root, to be an ordinary user with a block of ids");
    }
    let setting =
        "echo 1000:100000:65536 > s; mount --bind s /etc/subuid; mount --bind s /etc/subgid;
        (cat /etc/passwd; echo plain:x:1000:1000::/:/bin/sh) > p; mount --bind p /etc/passwd;
        user='setpriv --reuid 1000 --regid 1000 --clear-groups'; chmod 777 /mnt;";
    let script = |rest: &str| format!("{setting} {rest}");
    let map = "unshare --map-users=0:100000:10 true";
    let refused = "Operation not permitted";
    explained(
        &script(&format!("$user --no-new-privs {map}")),
        refused,
        "no_new_privs is set, so newuidmap gains no privileges: ",
    );
    explained(
        &script(&format!(
            "cp $(type -P newuidmap) .; PATH=/mnt:$PATH; $user {map}"
        )),
        refused,
        "/mnt/newuidmap has neither the set-user-ID bit nor file capabilities: ",
    );
    explained(
        &script(&format!(
            "mkdir d; mount -t tmpfs -o nosuid d d; cp -p $(type -P newuidmap) d; PATH=/mnt/d:$PATH; $user {map}"
        )),
        refused,
        "/mnt/d/newuidmap is on a file system mounted nosuid: ",
    );
    explained(
        &script("$user unshare --map-users=0:100000:65537 true"),
        " not allowed",
        "/etc/subuid does not delegate all ids from ",
    );
    explained(
        &script(
            "unshare=$(type -P unshare); mkdir d; cp $(type -P true) d; PATH=/mnt/d $(type -P setpriv) \
             --reuid 1000 --clear-groups $unshare --map-users=0:100000:10 true",
        ),
        "unshare: failed to execute newuidmap: No such file or directory",
        "newuidmap is not installed: ",
    );
    // The range is delegated; the kernel refuses two extents that overlap.
    unexplained(
        &script("$user unshare --map-users=0:100000:10 --map-users=5:100020:10 true"),
        "Invalid argument",
    );
}

#[test]
fn ids_that_cannot_be_taken_on_are_explained() {
    sandbox_or_skip!("strace", "setpriv");
    let groups = "unshare: setgroups failed: Operation not permitted";
    explained(
        "setpriv --bounding-set=-setgid unshare -G 0 true",
        groups,
        "dropping groups takes CAP_SETGID: ",
    );
    explained(
        "unshare -U -S 0 true",
        "unshare: setuid() failed: Invalid argument",
        "uid 0 is not mapped in this user namespace: ",
    );
    let twin = failing("setuid", "EINVAL", "");
    unexplained(&format!("{twin} unshare -S 0 true"), "Invalid argument");
    let twin = failing("setuid", "EPERM", "");
    let failed = "unshare: setuid() failed: Operation not permitted";
    unexplained(&format!("{twin} unshare -S 0 true"), failed);
    if !is_root() {
        return skipped("needs root, to have a second uid");
    }
    explained(
        "setpriv --bounding-set=-setuid unshare -S 5 true",
        failed,
        "changing the uid takes CAP_SETUID: ",
    );
    explained(
        "unshare -U -G 0 true",
        groups,
        "no gid is mapped in this user namespace: ",
    );
}

#[test]
fn groups_that_cannot_be_dropped_are_explained() {
    sandbox_or_skip!("strace");
    let failed = "unshare: setgroups failed: Operation not permitted";
    explained(
        "unshare -r -G 0 true",
        failed,
        "setgroups is denied in this user namespace; ",
    );
    if !is_root() {
        return skipped("the sandbox of an ordinary user denies setgroups(2)");
    }
    let twin = failing("setgroups", "EPERM", "");
    unexplained(&format!("{twin} unshare -G 0 true"), failed);
}
