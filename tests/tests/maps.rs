//! Id maps, and the owner of the user namespace.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use ns_tests::process::start_and_wait_for_a_line;
use ns_tests::sandbox::Sandbox;
use ns_tests::sandbox_or_skip;
use ns_tests::skip::{has_program, is_root, skipped};
use ns_tests::tool;

#[test]
fn maps_are_written_as_planned() {
    let sandbox = sandbox_or_skip!();
    if !is_root() {
        return skipped("needs a block of ids, which only root may map without a helper");
    }
    let cases: [(&str, &[&str], &[&str]); 8] = [
        (
            "--map-users 0:100000:5 --map-users 7:7:2",
            &["0 100000 5", "7 7 2"],
            &[],
        ),
        (
            "--map-users all --map-user 5",
            &["5 0 1", "0 1 5", "6 6 4294967289"],
            &[],
        ),
        ("--map-users 0:0:0", &[], &[]),
        ("--map-users 0:0:0 -r", &["0 0 1"], &["0 0 1"]),
        ("--map-auto", &["0 70000 100"], &["0 80000 50"]),
        ("--map-subids", &["70000 70000 100"], &["80000 80000 50"]),
        (
            "--map-auto -r",
            &["0 0 1", "1 70000 100"],
            &["0 0 1", "1 80000 50"],
        ),
        (
            "--map-auto --map-groups 500:6:7",
            &["0 70000 100"],
            &["0 80000 50", "500 6 7"],
        ),
    ];
    let setting = "echo root:70000:100 > u; echo 0:80000:50 > g; mount --bind u /etc/subuid; mount --bind g /etc/subgid; ";
    let squeezed = "sed \"s/^ *//; s/  */ /g\" /proc/self";
    for (options, users, groups) in cases {
        let script = format!(
            "{setting} unshare {options} sh -c '{squeezed}/uid_map; echo --; {squeezed}/gid_map'"
        );
        let run = Sandbox::new().shell(&script);
        let (got_users, got_groups) = run.output().split_once("--\n").unwrap();
        assert_eq!(got_users.lines().collect::<Vec<_>>(), users, "{options}");
        assert_eq!(got_groups.lines().collect::<Vec<_>>(), groups, "{options}");
    }
    // This number of extents, none adjacent to another.
    let extents = |count: u32, first: u32| {
        let extents = (0..count).map(|number| first + number * 2);
        let options: Vec<_> = extents
            .map(|id| format!("--map-users {id}:{id}:1"))
            .collect();
        options.join(" ")
    };
    let run = sandbox.shell(&format!("unshare {} true", extents(341, 0)));
    assert_eq!(run.status, 1);
    assert!(
        run.error().starts_with("unshare: failed to write /proc/"),
        "{run:?}"
    );
    let run = sandbox.shell(&format!("unshare {} true", extents(400, 1_000_000_000)));
    assert!(
        run.error()
            .ends_with("/uid_map too large for kernel 4k limit"),
        "{run:?}"
    );
}

#[test]
fn owner_of_the_user_namespace_may_be_somebody_else() {
    let sandbox = sandbox_or_skip!();
    if !is_root() || !has_program("setpriv") {
        return skipped("needs root and setpriv");
    }
    let mut command = sandbox.command(tool::ours("unshare"));
    command.args([
        "--owner",
        "1000:1000",
        "-r",
        "sh",
        "-c",
        "echo ready; exec sleep 60",
    ]);
    let target = start_and_wait_for_a_line(&mut command);
    let enter = |uid: &str| {
        let script = format!(
            "setpriv --reuid {uid} --regid {uid} --clear-groups nsenter -t {} -U --preserve-credentials true",
            target.id()
        );
        sandbox.shell(&script).status
    };
    assert_eq!((enter("1000"), enter("1001")), (0, 1));
}
