//! Waiting for a child, signalling it, and ending the way it ended.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use ns_tests::process::{
    Target, child_of, eventually, id, kill, processes, start_and_wait_for_a_line, state,
};
use ns_tests::sandbox_or_skip;
use ns_tests::skip::{is_root, skipped};
use ns_tests::tool;

#[test]
fn parent_dies_of_the_childs_signal_without_a_core() {
    let sandbox = sandbox_or_skip!();
    let process = Target::new(&sandbox);
    for (tool, options) in [("unshare", &["-f", "-u"][..]), ("nsenter", &["-p", "-t"])] {
        for signal in [
            libc::SIGTERM,
            libc::SIGKILL,
            libc::SIGSEGV,
            libc::SIGABRT,
            libc::SIGINT,
            libc::SIGRTMIN() + 3,
        ] {
            let mut command = sandbox.command("bash");
            let target = if tool == "nsenter" {
                process.pid().to_string()
            } else {
                String::new()
            };
            let script = format!(
                "ulimit -c unlimited; exec {tool} {} {target} sh -c 'kill -{signal} $$'",
                options.join(" ")
            );
            let status = command
                .args(["-c", &script])
                .stderr(Stdio::null())
                .status()
                .unwrap();
            assert_eq!(status.signal(), Some(signal), "{tool}: {status:?}");
            assert!(!status.core_dumped(), "{tool} {signal}");
        }
    }
}

#[test]
fn fork_holds_terminating_signals_back_and_forwarding_passes_them_on() {
    let sandbox = sandbox_or_skip!();
    // One program runs until its input ends, the other until a signal arrives.
    let deaf = "trap 'exit 9' TERM INT; echo ready; read line; exit 3";
    let listening = "trap 'exit 9' TERM INT; echo ready; while :; do sleep .01; done";
    for signal in [libc::SIGTERM, libc::SIGINT] {
        for (options, program, expected) in [
            ("-f", deaf, 3),
            ("--forward-signals", listening, 9),
            ("--forward-signals --kill-child", listening, 9),
        ] {
            let mut command = sandbox.command("bash");
            // A shell makes background jobs ignore INT; here it must have its default disposition.
            command.args([
                "-c",
                &format!("exec unshare -u {options} sh -c \"$0\""),
                program,
            ]);
            let mut child = start_and_wait_for_a_line(command.stdin(Stdio::piped()));
            kill(id(&child), signal);
            // wait(2) closes the child's standard input.
            let status = child.wait().unwrap();
            assert_eq!(status.code(), Some(expected), "{options} {signal}");
        }
    }
}

#[test]
fn init_without_a_handler_gets_no_forwarded_signal() {
    let sandbox = sandbox_or_skip!();
    let mut command = sandbox.command(tool::ours("unshare"));
    command.args([
        "-p",
        "--forward-signals",
        "sh",
        "-c",
        "echo ready; exec sleep 1",
    ]);
    let mut child = start_and_wait_for_a_line(&mut command);
    kill(id(&child), libc::SIGTERM);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn no_child_outlives_a_killed_parent_at_any_moment() {
    let sandbox = sandbox_or_skip!();
    let marker = format!("4242{}", std::process::id());
    for round in 0..60_u64 {
        let mut command = sandbox.command(tool::ours("unshare"));
        command
            .args(["--kill-child", "-p", "-f", "sleep", &marker])
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        sleep(Duration::from_micros(round * 97 % 4000));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(
        eventually(|| processes(&marker).is_empty()),
        "left: {:?}",
        processes(&marker)
    );
    let run = sandbox.shell("unshare -p -f --kill-child true");
    assert_eq!(run.output(), "");
}

#[test]
fn death_signal_stays_armed_when_the_ids_change() {
    let sandbox = sandbox_or_skip!();
    if !is_root() {
        return skipped("only root has other ids to change to");
    }
    for ids in [
        &["-S", "1000"][..],
        &["-G", "1000"],
        &["-G", "1000", "-S", "1000"],
    ] {
        let mut command = sandbox.command(tool::ours("unshare"));
        command
            .arg("--kill-child")
            .args(ids)
            .args(["sh", "-c", "echo ready; exec sleep 60"]);
        let mut parent = start_and_wait_for_a_line(&mut command);
        let child = child_of(parent.id());
        parent.kill().unwrap();
        parent.wait().unwrap();
        let ended = || matches!(state(child), None | Some('Z'));
        assert!(eventually(ended), "{ids:?}");
    }
}

#[test]
fn nsenter_stops_and_continues_with_its_child() {
    let sandbox = sandbox_or_skip!();
    let target = Target::new(&sandbox);
    let mut command = sandbox.command(tool::ours("nsenter"));
    command.args([
        "-p",
        "-t",
        &target.pid().to_string(),
        "sh",
        "-c",
        "echo ready; read line; exit 6",
    ]);
    command.stdin(Stdio::piped());
    let mut parent = start_and_wait_for_a_line(&mut command);
    let child = child_of(parent.id());
    kill(child, libc::SIGSTOP);
    assert!(eventually(
        || state(child) == Some('T') && state(id(&parent)) == Some('T')
    ));
    kill(id(&parent), libc::SIGCONT);
    assert_eq!(parent.wait().unwrap().code(), Some(6));
}
