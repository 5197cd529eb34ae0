//! Measuring the memory of programs.

use std::fs;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::fcntl::{FcntlArg, fcntl};
use ns_tests::tool;

use crate::Failure;
use crate::timing::Side;

/// The peak resident size of a command, in kilobytes. It is read while the command waits for the
/// reader of a very small pipe, the last time before the command writes its last page.
pub(crate) fn most(side: &Side) -> Result<u64, Failure> {
    let mut child = side.command().stdout(Stdio::piped()).spawn()?;
    let mut output = child.stdout.take().ok_or("there is a pipe")?;
    fcntl(&output, FcntlArg::F_SETPIPE_SZ(4096))?;
    let mut page = [0; 4096];
    let mut most = 0;
    while output.read(&mut page)? > 0 {
        most = most.max(kilobytes(child.id(), "VmHWM").unwrap_or(0));
    }
    child.wait()?;
    Ok(most)
}

/// The memory of a process 1 that reaps: the resident size, and its private part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resident {
    pub(crate) all: u64,
    pub(crate) own: u64,
}

/// The memory of `unshare --init`.
pub(crate) fn of_init() -> Result<Resident, Failure> {
    let mut command = Command::new(tool::ours("unshare"));
    command.args(["--fork", "--pid", "--init", "--kill-child", "sleep", "1000"]);
    let child = command.stdin(Stdio::null()).spawn()?;
    resident(child, |pid| {
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
        children.split_whitespace().next()?.parse().ok()
    })
}

/// The memory of tini, if it is installed.
pub(crate) fn of_tini() -> Result<Option<Resident>, Failure> {
    let Some(side) = Side::other("tini", "tini -s -- sleep 1000") else {
        return Ok(None);
    };
    resident(side.command().spawn()?, Some).map(Some)
}

/// Measures the process that `find` returns for the started one.
fn resident(mut child: Child, find: impl Fn(u32) -> Option<u32>) -> Result<Resident, Failure> {
    // It is idle once its program runs.
    std::thread::sleep(Duration::from_millis(300));
    let found = find(child.id());
    let field = |name| found.and_then(|pid| kilobytes(pid, name));
    let resident = field("VmRSS").zip(field("RssAnon"));
    // SIGKILL does not reach the grandchildren; they end with the PID namespace.
    child.kill()?;
    child.wait()?;
    let (all, own) = resident.ok_or("no process to look at")?;
    Ok(Resident { all, own })
}

fn kilobytes(pid: u32, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(field))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
