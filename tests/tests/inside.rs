//! What hostile processes inside can do to `nsenter`.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use ns_tests::sandbox::{Run, Sandbox};
use ns_tests::sandbox_or_skip;

/// Enters a mount namespace in which `prepare` has been run, without a program and with `options`.
fn enter(sandbox: &Sandbox, prepare: &str, options: &str) -> Run {
    sandbox.shell(&format!(
        "unshare -m sh -c '{prepare}; exec sleep 60' & T=$!
         until grep -q sleep /proc/$T/comm; do sleep .01; done
         echo 'echo $0' | env -u SHELL timeout 60 {options} nsenter -t $T -m
         r=$?; kill $T; exit $r"
    ))
}

#[test]
fn shell_is_that_of_the_first_line_of_the_uid_inside() {
    let sandbox = sandbox_or_skip!();
    let prepare = r#"
        printf "other:x:0\nbad:x:+0:0::/:/bin/false\none:x:0:0::/:/bin/bash\nroot:x:0:0::/:/bin/sh\n" > passwd
        mount --bind passwd /etc/passwd"#;
    let run = enter(&sandbox, prepare.trim(), "");
    assert_eq!(run.output(), "-bash\n");
}

#[test]
fn no_code_of_the_entered_side_runs_in_nsenter() {
    let sandbox = sandbox_or_skip!("strace");
    let run = enter(&sandbox, ":", "strace -o /mnt/trace");
    assert!(run.output().starts_with('-'), "{run:?}");
    let trace = sandbox.shell("cat trace").stdout;
    let (_, inside) = trace.split_once("setns(").unwrap();
    // After the execve come the calls of the shell itself.
    let (inside, _) = inside.split_once("execve(").unwrap();
    let opened: Vec<&str> = inside
        .lines()
        .filter(|line| line.starts_with("open") && !line.contains("\"/etc/passwd\""))
        .collect();
    assert_eq!(opened, [""; 0], "{inside}");
}

#[test]
fn whatever_lies_at_the_place_of_passwd_there_is_a_shell() {
    let sandbox = sandbox_or_skip!();
    for prepare in [
        "mkfifo fifo; mount --bind fifo /etc/passwd",
        "mount --bind /dev/zero /etc/passwd",
        "> empty; mount --bind empty /etc/passwd",
        "truncate -s 8E huge || truncate -s 1G huge; mount --bind huge /etc/passwd",
    ] {
        let run = enter(&sandbox, prepare, "");
        sandbox.shell("rm -f fifo huge");
        assert_eq!(run.stdout, "-sh\n", "{prepare}: {run:?}");
    }
}
