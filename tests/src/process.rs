//! Starting, inspecting and ending processes in tests.
//!
//! Each of these functions panics on failure.

use std::fs;
use std::io::{BufRead, BufReader};
use std::ops::{Deref, DerefMut};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::sandbox::Sandbox;
use crate::tool;

/// Waits until `holds` returns true, for at most a minute, so that a busy machine does not cause
/// failures. Returns whether it did.
pub fn eventually(mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(60);
    while Instant::now() < end {
        if holds() {
            return true;
        }
        sleep(Duration::from_millis(5));
    }
    holds()
}

/// The processes whose command line contains `marker`.
pub fn processes(marker: &str) -> Vec<i32> {
    let is_marked = |pid: &i32| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words
            .windows(marker.len())
            .any(|window| window == marker.as_bytes())
    };
    let entries = fs::read_dir("/proc")
        .expect("it must not fail here")
        .flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(is_marked)
        .collect()
}

/// Waits until a process has a child, and returns the first one.
pub fn child_of(parent: u32) -> i32 {
    let mut child = None;
    eventually(|| {
        let list = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"))
            .unwrap_or_default();
        child = list
            .split_whitespace()
            .next()
            .and_then(|pid| pid.parse().ok());
        child.is_some()
    });
    child.expect("it must not fail here")
}

/// The state of a process, a letter of proc_pid_stat(5); `None` if there is no such process.
pub fn state(pid: i32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

/// Sends a signal to a process.
pub fn kill(pid: i32, signal: i32) {
    let pid = nix::unistd::Pid::from_raw(pid);
    nix::sys::signal::kill(
        pid,
        nix::sys::signal::Signal::try_from(signal).expect("it must not fail here"),
    )
    .expect("it must not fail here");
}

/// The PID of a child, in the type that kill(2) takes.
pub fn id(child: &Child) -> i32 {
    i32::try_from(child.id()).expect("it must not fail here")
}

/// A child that is killed and waited for when its test ends, even by a panic.
#[derive(Debug)]
pub struct Running(Child);

impl Deref for Running {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Running {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a command, and waits for the first line of its standard output, which means that it is
/// ready.
pub fn start_and_wait_for_a_line(command: &mut Command) -> Running {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .expect("it must not fail here");
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("it must not fail here"))
        .read_line(&mut line)
        .expect("it must not fail here");
    assert_ne!(line, "", "it must have become ready");
    Running(child)
}

/// A process in new PID and UTS namespaces, which even an ordinary user may enter.
#[derive(Debug)]
pub struct Target(Running);

impl Target {
    /// Starts the process, and waits until it is in its namespaces.
    pub fn new(sandbox: &Sandbox) -> Self {
        let mut command = sandbox.command(tool::ours("unshare"));
        command.args([
            "-p",
            "-u",
            "--kill-child",
            "-f",
            "sh",
            "-c",
            "echo ready; exec sleep 60",
        ]);
        Self(start_and_wait_for_a_line(&mut command))
    }

    /// Its PID outside.
    pub fn pid(&self) -> i32 {
        child_of(self.0.id())
    }
}
