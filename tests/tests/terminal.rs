//! Job control on a pseudo-terminal: what stops and continues the program stops and continues the
//! tool.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::process::Stdio;

use ns_tests::process::{Target, eventually, processes, state};
use ns_tests::sandbox::Sandbox;
use ns_tests::sandbox_or_skip;
use rexpect::session::{PtySession, spawn_command};

const TIMEOUT_MILLISECONDS: u64 = 20_000;

/// An interactive shell in the sandbox, at its prompt.
fn shell(sandbox: &Sandbox) -> PtySession {
    let mut command = sandbox.command("bash");
    command
        .stdin(Stdio::inherit())
        .args(["--norc", "--noprofile", "-i"])
        .env("TERM", "dumb")
        .env("PS1", "ready> ")
        .env("HISTFILE", "");
    let mut shell = spawn_command(command, Some(TIMEOUT_MILLISECONDS)).unwrap();
    shell.exp_string("ready> ").unwrap();
    shell
}

/// Waits for the prompt, and for the status of what came before it.
fn expect_status(shell: &mut PtySession, status: i32) {
    shell.exp_string("ready> ").unwrap();
    shell.send_line("echo status $?").unwrap();
    shell.exp_string(&format!("status {status}")).unwrap();
    shell.exp_string("ready> ").unwrap();
}

/// Stops a program that reads lines, continues it, and lets it exit with a status.
fn stop_and_continue(shell: &mut PtySession, tool: &str) {
    let marker = format!("terminal-test-{}", std::process::id());
    shell
        .send_line(&format!(
            "{tool} sh -c 'while read x; do echo got $x; [ $x = end ] && exit 7; done' {marker}"
        ))
        .unwrap();
    shell.send_line("one").unwrap();
    shell.exp_string("got one").unwrap();
    shell.send_control('z').unwrap();
    shell.exp_string("Stopped").unwrap();
    shell.exp_string("ready> ").unwrap();
    // The shell waits only for the tool; a program that has not stopped yet would read what is
    // typed now.
    let stopped = || {
        let ids = processes(&marker);
        let running = ids.iter().filter(|id| state(**id) != Some('T')).count();
        // A process 1 cannot stop.
        !ids.is_empty() && running == usize::from(tool.contains("--init"))
    };
    assert!(eventually(stopped), "{tool}: the program must stop too");
    shell.send_line("fg").unwrap();
    shell.send_line("two").unwrap();
    shell.exp_string("got two").unwrap();
    shell.send_line("end").unwrap();
    expect_status(shell, 7);
}

#[test]
fn stopped_program_stops_the_tool_and_continues_with_it() {
    let sandbox = sandbox_or_skip!();
    let target = Target::new(&sandbox);
    let nsenter = format!("nsenter -t {}", target.pid());
    let mut shell = shell(&sandbox);
    for tool in [
        "unshare -u",
        "unshare -u --fork",
        "unshare --init",
        &format!("{nsenter} -u"),
        &format!("{nsenter} -p"),
    ] {
        stop_and_continue(&mut shell, tool);
    }
    shell.send_line("exit").unwrap();
}

#[test]
fn interrupt_ends_the_program_and_its_status_is_ours() {
    let sandbox = sandbox_or_skip!();
    let mut shell = shell(&sandbox);
    for tool in [
        "unshare -u --fork",
        "unshare -u --forward-signals",
        "unshare --init",
    ] {
        shell
            .send_line(&format!(
                "{tool} sh -c 'trap \"exit 9\" INT; echo begun; while :; do sleep .05; done'"
            ))
            .unwrap();
        shell.exp_string("begun\r\n").unwrap();
        shell.send_control('c').unwrap();
        expect_status(&mut shell, 9);
    }
    shell.send_line("exit").unwrap();
}
