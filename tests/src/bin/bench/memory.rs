//! How much memory programs take.

use std::fs;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::fcntl::{FcntlArg, fcntl};
use ns_tests::tool;

use crate::Failure;
use crate::timing::Side;

/// The most kilobytes that a command has in memory at once. It is asked while it waits for the
/// reader of a very small pipe, the last time with its last page still unwritten.
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

/// What a process 1 that reaps takes: resident in all, and of that its own pages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resident {
    pub(crate) all: u64,
    pub(crate) own: u64,
}

/// That of `unshare --init`.
pub(crate) fn of_init() -> Result<Resident, Failure> {
    let mut command = Command::new(tool::ours("unshare"));
    command.args(["--fork", "--pid", "--init", "--kill-child", "sleep", "1000"]);
    let child = command.stdin(Stdio::null()).spawn()?;
    resident(child, |pid| {
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
        children.split_whitespace().next()?.parse().ok()
    })
}

/// That of tini, if it is installed.
pub(crate) fn of_tini() -> Result<Option<Resident>, Failure> {
    let Some(side) = Side::other("tini", "tini -s -- sleep 1000") else {
        return Ok(None);
    };
    resident(side.command().spawn()?, Some).map(Some)
}

/// Looks at the process that `find` finds from the one that was started.
fn resident(mut child: Child, find: impl Fn(u32) -> Option<u32>) -> Result<Resident, Failure> {
    // It is at rest once its program runs.
    std::thread::sleep(Duration::from_millis(300));
    let found = find(child.id());
    let field = |name| found.and_then(|pid| kilobytes(pid, name));
    let resident = field("VmRSS").zip(field("RssAnon"));
    // SIGKILL does not reach the grandchildren; the namespace's end does.
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
