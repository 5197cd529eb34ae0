//! IPC objects: made, listed, removed.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use ns_tests::sandbox_or_skip;

#[test]
fn queue_made_by_ipcmk_is_listed_by_ipcs_and_removed_by_ipcrm() {
    let sandbox = sandbox_or_skip!("queue_made_by_ipcmk_is_listed_by_ipcs_and_removed_by_ipcrm");
    let made = sandbox.run("ipcmk", ["--queue", "--mode", "600"]);
    let id = made
        .output()
        .strip_prefix("Message queue id: ")
        .unwrap()
        .trim();
    assert_eq!(sandbox.run("ipcs", ["--queues"]).column("msqid"), [id]);
    assert_eq!(sandbox.run("ipcrm", ["--queue-id", id]).output(), "");
    assert!(sandbox.run("ipcs", ["--queues"]).column("msqid").is_empty());
}

#[test]
fn keys_are_random_exclusive_and_never_private() {
    let sandbox = sandbox_or_skip!("keys_are_random_exclusive_and_never_private");
    sandbox.shell("for i in $(seq 300); do ipcmk -Q -S 1 -M 1 >/dev/null; done");
    let lists = sandbox.shell("ipcs");
    let mut keys: Vec<&str> = lists
        .output()
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|word| word.starts_with("0x"))
        .collect();
    assert_eq!(keys.len(), 900);
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 900);
    assert!(!keys.contains(&"0x00000000"));
}

#[test]
fn object_whose_id_reached_nobody_is_removed() {
    let sandbox = sandbox_or_skip!("object_whose_id_reached_nobody_is_removed");
    let count = || {
        sandbox
            .shell("ipcs -u | grep -E 'allocated (queues|semaphores)|segments'; ls /dev/shm")
            .stdout
    };
    let before = count();
    // A full device, and a pipe whose reader has gone.
    for output in ["exec > /dev/full", "exec > >(true); wait $!"] {
        for trap in ["", "trap '' PIPE;"] {
            for options in ["-Q", "-M 5", "-S 3", "-s -n x", "-m 5 -n x"] {
                let script = format!("{trap} {output}; exec ipcmk {options}");
                let run = sandbox.shell(&script);
                assert_ne!(run.status, 0, "{script}: {run:?}");
                assert_eq!(count(), before, "{script}");
            }
        }
    }
    // Output that was closed on purpose is not missed.
    assert_eq!(sandbox.shell("ipcmk -Q >&-").status, 0);
    assert_ne!(count(), before);
}
