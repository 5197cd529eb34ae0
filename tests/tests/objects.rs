//! Creating, listing and removing IPC objects.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use ns_tests::sandbox_or_skip;

#[test]
fn queue_made_by_ipcmk_is_listed_by_ipcs_and_removed_by_ipcrm() {
    let sandbox = sandbox_or_skip!();
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
    let sandbox = sandbox_or_skip!();
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
    let sandbox = sandbox_or_skip!();
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
    // Output that was closed from the start is not an error.
    assert_eq!(sandbox.shell("ipcmk -Q >&-").status, 0);
    assert_ne!(count(), before);
}

/// Creates one object of each kind, prints status, lines and objects, and removes them.
const MAKE_ALL: &str = r#"
ulimit -c 0; mkdir queues; mount -t mqueue none queues
objects() { { tail -qn +2 /proc/sysvipc/{msg,shm,sem}; ls /dev/shm queues | grep new; } | wc -l; }
all() { "$@" ipcmk -Q -M 100 -S 3 -q -s -m 5 -n new > out; }
remove_all() { ipcrm -a; rm -f /dev/shm/* queues/*; }
"#;

#[test]
fn signal_at_any_call_leaves_no_object_whose_id_was_not_printed() {
    let sandbox = sandbox_or_skip!("strace");
    let script = format!(
        r#"{MAKE_ALL}
        all strace -o trace; remove_all
        signals=(1 2 15 10 13 34)
        for call in $(sed -n 's/^\([a-z_0-9]*\)(.*/\1/p' trace | sort -u); do
            for when in $(seq $(grep -c "^$call(" trace)); do
                signal=${{signals[when % 6]}}
                all strace -o /dev/null -e inject=$call:signal=$signal:when=$when 2> /dev/null
                echo $? $((128 + signal)) $(wc -l < out) $(objects) $call $when
                remove_all
            done
        done"#
    );
    let run = sandbox.shell(&script);
    let (mut died, mut told) = (0, 0);
    for line in run.stdout.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [status, of_signal, lines, objects, ..] = words[..] else {
            panic!("{run:?}");
        };
        assert_eq!(lines, objects, "{line}");
        assert!(
            status == of_signal || (status, lines) == ("0", "6"),
            "{line}"
        );
        died += usize::from(status == of_signal);
        told += usize::from(!["0", "6"].contains(&lines));
    }
    assert!(died > 30 && told > 10, "{run:?}");
}

#[test]
fn signal_ends_a_wait_for_room_and_the_object_is_removed() {
    let sandbox = sandbox_or_skip!();
    let full = "mkfifo pipe; exec 3<> pipe; head -c 65536 /dev/zero >&3;";
    let made = "until grep -q '[0-9]$' /proc/sysvipc/msg; do sleep .01; done;";
    for signal in [1, 2, 15, 34] {
        let script = format!(
            "{full} set -m; ipcmk -Q >&3 & {made} kill -{signal} $!; wait $! 2> /dev/null; echo $?; \
             ipcs -u | grep queues; rm pipe"
        );
        let expected = format!("{}\nallocated queues = 0\n", 128 + signal);
        assert_eq!(sandbox.shell(&script).stdout, expected);
    }
    // An ignored signal must not end it.
    let script = format!(
        "{full} trap '' HUP; ipcmk -Q >&3 & {made} kill -HUP $!; head -c 65536 <&3 > /dev/null; \
         wait $!; echo $?; head -n 1 <&3 | tr -d '\\0'; ipcs -u | grep queues"
    );
    let run = sandbox.shell(&script);
    assert!(run.stdout.starts_with("0\nMessage queue id: "), "{run:?}");
    assert!(run.stdout.ends_with("\nallocated queues = 1\n"), "{run:?}");
}

#[test]
fn operands_from_xargs_get_a_hint() {
    let sandbox = sandbox_or_skip!();
    sandbox.shell("for i in $(seq 12); do ipcmk -Q; done > ids");
    let script = "ipcs -q | awk '$1 ~ /^0x/ { print $2 }' | xargs ipcrm -q; \
                  ipcs -q | awk '$1 ~ /^0x/ { print $2 }' | NS_HINTS=0 xargs ipcrm -q; \
                  ipcs -u | grep queues";
    let run = sandbox.shell(script);
    assert_eq!(
        run.stderr,
        "ipcrm: unknown argument: 1\n\
         Try 'ipcrm --help' for more information.\n\
         ipcrm: hint: each id needs its own -q; for the others: ipcrm msg 1 2 3 4 5 6 7 8 ...\n\
         ipcrm: unknown argument: 2\n\
         Try 'ipcrm --help' for more information.\n"
    );
    assert_eq!(run.stdout, "allocated queues = 10\n");
}
