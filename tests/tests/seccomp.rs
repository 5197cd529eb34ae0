//! Calls that a filter refuses, as those of containers do: where there is another way it is taken.
//! What becomes of each call of each use that is refused, `tests/src/bin/faults` looks at.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use ns_tests::process::Target;
use ns_tests::sandbox::{Call, Sandbox, refusing};
use ns_tests::sandbox_or_skip;
use ns_tests::tool;

/// Runs a tool with calls refused, by either of the usual error numbers, and expects what it
/// prints.
#[track_caller]
fn expect(sandbox: &Sandbox, calls: &[Call], words: &[&str], expected: &str) {
    for errno in [libc::EPERM, libc::ENOSYS] {
        let mut command = sandbox.command(tool::ours(words[0]));
        let run = sandbox.finish(refusing(command.args(&words[1..]), calls, errno));
        assert_eq!(run.output(), expected, "{words:?} {errno}");
    }
}

/// The calls whole.
fn whole<const N: usize>(numbers: [i64; N]) -> [Call; N] {
    numbers.map(|number| (number, None))
}

#[test]
fn filter_refuses() {
    let sandbox = sandbox_or_skip!();
    let mut command = sandbox.command(tool::ours("unshare"));
    command.args(["-u", "true"]);
    let calls = whole([libc::SYS_unshare]);
    let run = sandbox.finish(refusing(&mut command, &calls, libc::EPERM));
    assert_eq!(
        run.error(),
        "unshare: unshare failed: Operation not permitted"
    );
}

#[test]
fn target_is_entered_without_its_descriptor() {
    let sandbox = sandbox_or_skip!("hostname");
    let target = Target::new(&sandbox);
    let pid = target.pid().to_string();
    let name = sandbox
        .run("nsenter", ["-t", &pid, "-u", "hostname", "inside"])
        .stdout;
    assert_eq!(name, "");
    let calls = whole([libc::SYS_pidfd_open]);
    for words in [
        &["nsenter", "-t", &pid, "-u", "hostname"][..],
        &["nsenter", "-t", &pid, "-p", "-u", "hostname"],
        &[
            "unshare",
            "--join",
            &format!("uts={pid}"),
            "--kill-child",
            "hostname",
        ],
    ] {
        expect(&sandbox, &calls, words, "inside\n");
    }
    let made = sandbox.run("ipcmk", ["-Q", "--quiet"]).stdout;
    let listed = ["ipcs", "--target", &pid, "-q", "--quiet"];
    expect(&sandbox, &calls, &listed, &made);
}

#[test]
fn kernel_is_asked_for_each_index_in_another_way() {
    let sandbox = sandbox_or_skip!();
    // More objects than are read from `/proc/sysvipc` at once.
    let made = sandbox.shell("for i in {1..40}; do ipcmk -Q -M 9 -S 2; done; ipcrm -q 3 -m 3 -s 3");
    assert_eq!(made.stderr, "");
    // MSG_STAT_ANY, SHM_STAT_ANY and SEM_STAT_ANY, which came with Linux 4.17.
    for (option, call) in [
        ("-q", (libc::SYS_msgctl, Some((1, 13)))),
        ("-m", (libc::SYS_shmctl, Some((1, 15)))),
        ("-s", (libc::SYS_semctl, Some((2, 20)))),
    ] {
        let whole = sandbox.run("ipcs", [option]);
        expect(&sandbox, &[call], &["ipcs", option], whole.output());
    }
}

#[test]
fn kind_that_may_not_be_counted_is_not_missing() {
    let sandbox = sandbox_or_skip!();
    // MSG_INFO, SHM_INFO and SEM_INFO.
    for (option, call, kind) in [
        ("-q", (libc::SYS_msgctl, Some((1, 12))), "message queues"),
        (
            "-m",
            (libc::SYS_shmctl, Some((1, 14))),
            "shared memory segments",
        ),
        ("-s", (libc::SYS_semctl, Some((2, 19))), "semaphore sets"),
    ] {
        for view in ["-u", "--usage"] {
            let mut command = sandbox.command(tool::ours("ipcs"));
            let run = refusing(command.args([view, option]), &[call], libc::EPERM);
            let run = sandbox.finish(run);
            let expected =
                format!("ipcs: cannot see how many {kind} there are: Operation not permitted\n");
            assert_eq!((run.status, run.stderr), (1, expected), "{view} {option}");
        }
    }
}

#[test]
fn files_are_looked_at_without_statx() {
    let sandbox = sandbox_or_skip!();
    let made = sandbox.shell("ipcmk -m 100 -s -n object");
    assert_eq!(made.stderr, "");
    let calls = whole([libc::SYS_statx]);
    for (option, name) in [("-M", "/object\n"), ("-S", "/object\n")] {
        expect(&sandbox, &calls, &["ipcs", option, "--quiet"], name);
    }
    let all = ["ipcrm", "--all=pshm", "--all=psem"];
    expect(&sandbox, &calls, &all, "");
    assert_eq!(sandbox.shell("ls /dev/shm").output(), "");
}

#[test]
fn queues_are_seen_where_they_are_mounted() {
    let sandbox = sandbox_or_skip!();
    let mounted = sandbox.shell(
        "mount -t tmpfs none /dev && mkdir /dev/mqueue && mount -t mqueue none /dev/mqueue && ipcmk -q -n queue",
    );
    if mounted.status != 0 {
        return ns_tests::skip::skipped("no mqueue file system can be mounted here");
    }
    let calls = whole([libc::SYS_fsopen, libc::SYS_fsconfig, libc::SYS_fsmount]);
    expect(&sandbox, &calls, &["ipcs", "-Q", "--quiet"], "/queue\n");
}

#[test]
fn namespaces_are_kept_and_entered_without_asking_what_they_are() {
    let sandbox = sandbox_or_skip!("hostname");
    let calls = whole([libc::SYS_ioctl]);
    for errno in [libc::EPERM, libc::ENOSYS] {
        sandbox.shell("umount f; umount g; touch f g");
        let mut command = sandbox.command(tool::ours("unshare"));
        command.args(["--ipc=f", "--uts=g", "--fork", "sh", "-c", "hostname kept"]);
        let run = sandbox.finish(refusing(&mut command, &calls, errno));
        assert_eq!(run.output(), "", "{errno}");
        let words = ["nsenter", "--ipc=f", "--uts=g", "hostname"];
        expect(&sandbox, &calls, &words, "kept\n");
    }
}

#[test]
fn newer_calls_are_not_needed() {
    let sandbox = sandbox_or_skip!();
    let calls = whole([
        libc::SYS_clone3,
        libc::SYS_close_range,
        libc::SYS_faccessat2,
        libc::SYS_openat2,
        libc::SYS_pidfd_open,
        libc::SYS_pidfd_getfd,
        libc::SYS_pidfd_send_signal,
        libc::SYS_statx,
        libc::SYS_memfd_create,
        libc::SYS_execveat,
        libc::SYS_mount_setattr,
        libc::SYS_open_tree,
        libc::SYS_move_mount,
        libc::SYS_fsopen,
        libc::SYS_name_to_handle_at,
        libc::SYS_open_by_handle_at,
        libc::SYS_kcmp,
        libc::SYS_rseq,
    ]);
    let target = Target::new(&sandbox);
    let pid = target.pid().to_string();
    for words in [
        &["unshare", "-u", "echo", "done"][..],
        &[
            "unshare",
            "--fork",
            "--kill-child",
            "-m",
            "-i",
            "echo",
            "done",
        ],
        &["unshare", "--init", "--pid-file", "p", "echo", "done"],
        &["nsenter", "-t", &pid, "-p", "-u", "echo", "done"],
    ] {
        expect(&sandbox, &calls, words, "done\n");
    }
    for words in [&["ipcs"][..], &["ipcs", "-u"], &["ipcs", "-l"]] {
        let unfiltered = sandbox.run(words[0], &words[1..]);
        expect(&sandbox, &calls, words, unfiltered.output());
    }
}
