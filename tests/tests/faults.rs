//! Faults: never success with a step missing, always a message, and nothing left behind. Most of
//! them are made by `tests/src/bin/faults`.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::process::{Command, Stdio};

use ns_tests::sandbox::Sandbox;
use ns_tests::sandbox_or_skip;
use ns_tests::skip::skipped;
use ns_tests::tool;

/// So many cases of each use, always the same ones; `make faults` runs all that there are.
const SAMPLE: &str = "50";

#[test]
fn no_fault_makes_a_tool_lie_or_leave_something_behind() {
    if let Err(reason) = Sandbox::available_with(&["bash"]) {
        return skipped(&reason);
    }
    let run = Command::new(tool::readable("faults", env!("CARGO_BIN_EXE_faults")))
        .args(["--sample", SAMPLE, "--kills", "10"])
        .env("NS_TESTS_BIN_DIR", tool::folder())
        // What is skipped is said there.
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{told}");
}

#[test]
fn nsenter_without_setns_by_pidfd_enters_by_file() {
    if let Err(reason) = Sandbox::available_with(&["strace", "hostname"]) {
        return skipped(&reason);
    }
    let target = "unshare -ui --kill-child -f sh -c 'hostname target; echo > /mnt/ready; exec sleep 60' & U=$!; \
                  read x < ready; read T < /proc/$U/task/$U/children; T=${T%% *};";
    for (fault, when) in [
        ("pidfd_open:error=ENOSYS", ""),
        ("setns:error=EINVAL", ":when=1..2"),
        ("setns:error=ENOSYS", ":when=1..2"),
    ] {
        let script = format!(
            "mkfifo ready; {target} strace -o /dev/null -e inject={fault}{when} nsenter -t $T -u -i hostname; \
             {{ kill -9 $U; wait $U; }} 2>/dev/null; true"
        );
        assert_eq!(
            Sandbox::new().shell(&script).output(),
            "target\n",
            "{fault}"
        );
    }
}

#[test]
fn errno_without_a_name_is_printed_by_its_number() {
    let sandbox = sandbox_or_skip!("strace");
    let run = sandbox.shell("strace -o trace -e inject=unshare:error=524 unshare -u true");
    let expected = "unshare: unshare failed: Unknown error 524\n";
    assert_eq!((run.status, run.stderr.as_str()), (1, expected));
}

/// More objects than are read from `/proc/sysvipc`, so that the kernel is asked for each index.
const DENSE: &str =
    "for i in $(seq 35); do ipcmk -Q -M 9 -S 2; done > /dev/null; ipcrm -q 3 -m 3 -s 3;";

/// The call that tells of one object, and the kinds for which it does.
const STATUS_CALLS: [(&str, &str, &str); 3] = [
    ("msgctl", "-q", "msg"),
    ("shmctl", "-m", "shm"),
    ("semctl", "-s", "sem"),
];

#[test]
fn refused_index_leaves_no_object_out() {
    if let Err(reason) = Sandbox::available_with(&["strace"]) {
        return skipped(&reason);
    }
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.shell(DENSE).output(), "");
    for (call, option, _) in STATUS_CALLS {
        let whole = sandbox.shell(&format!("ipcs {option} -c")).stdout;
        assert_eq!(whole.lines().count(), 34 + 4, "{whole}");
        // The first call tells how many there are; the last is that for the highest index.
        for (errno, position) in [("EPERM", 2), ("EACCES", 20), ("EIO", 36), ("ENOSYS", 2)] {
            let script = format!(
                "strace -o /dev/null -e inject={call}:error={errno}:when={position} ipcs {option} -c"
            );
            assert_eq!(sandbox.shell(&script).output(), whole, "{script}");
        }
        // What the kernel says of every index where it does not know the call.
        let script =
            format!("strace -o /dev/null -e inject={call}:error=EINVAL:when=2+ ipcs {option} -c");
        assert_eq!(sandbox.shell(&script).output(), whole, "{script}");
    }
}

#[test]
fn refused_index_without_a_table_is_an_error() {
    if let Err(reason) = Sandbox::available_with(&["strace"]) {
        return skipped(&reason);
    }
    let sandbox = Sandbox::new();
    let hide = "mount -t tmpfs none /proc/sysvipc;";
    assert_eq!(sandbox.shell(&format!("{DENSE} {hide}")).output(), "");
    let kinds = ["message queues", "shared memory segments", "semaphore sets"];
    for ((call, option, _), kind) in STATUS_CALLS.into_iter().zip(kinds) {
        for errno in [
            ("EPERM", "Operation not permitted"),
            ("EIO", "Input/output error"),
        ] {
            let (name, text) = errno;
            let script =
                format!("strace -o /dev/null -e inject={call}:error={name}:when=20 ipcs {option}");
            let run = sandbox.shell(&script);
            let expected = format!("ipcs: cannot list all {kind}: {text}\n");
            assert_eq!((run.status, run.stderr), (1, expected), "{script}");
        }
        // Before Linux 4.17 there is only the call that needs permission to read; root has it.
        let whole = sandbox.shell(&format!("ipcs {option} -c")).stdout;
        let script = format!(
            "strace -o /dev/null -e inject={call}:error=EINVAL:when=2..36 ipcs {option} -c"
        );
        assert_eq!(sandbox.shell(&script).output(), whole, "{script}");
    }
}

#[test]
fn refused_index_is_removed_with_the_others() {
    if let Err(reason) = Sandbox::available_with(&["strace"]) {
        return skipped(&reason);
    }
    for (call, _, kind) in STATUS_CALLS {
        for position in [2, 20] {
            let sandbox = Sandbox::new();
            let script = format!(
                "{DENSE} strace -o /dev/null -e inject={call}:error=EACCES:when={position} ipcrm --all={kind}; \
                 tail -n +2 /proc/sysvipc/{kind}"
            );
            assert_eq!(sandbox.shell(&script).output(), "", "{script}");
        }
    }
}
