//! Carrying the plan out.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::fcntl::OFlag;
use nix::unistd::{self, Pid};
use ns_common::console::Console;
use ns_common::error::{Attempt, Error, ExitStatus, Failure};
use ns_common::explain;
use ns_common::idmap::Both;
use ns_common::privileges;
use ns_common::process::supervise::{self, Attended, Signals};
use ns_common::process::variables;
use ns_common::procfs::{self, WriteFailure};
use ns_common::sys::fork::Change;
use ns_common::sys::{descriptor, signal};
use ns_common::words;

use crate::outside::Outside;
use crate::plan::{Afterwards, NewId, Plan, Refusal, Step};
use crate::request::Request;

/// Does all that was asked for. Returns only in a process that is not replaced by the program.
pub(crate) fn execute(mut request: Request, console: &mut Console) -> Result<ExitStatus, Failure> {
    let explains = request.explain;
    let outside = Outside::open(&mut request)?;
    let plan = Plan::new(request, outside);
    if explains {
        let text = explain::render(&plan.lines());
        console.output.push(text.as_slice());
        return Ok(ExitStatus::SUCCESS);
    }
    let mut process = Process::default();
    // What a step holds from outside is closed when it is done.
    for step in plan.0 {
        if let Some(child) = process.carry_out(step)? {
            return attend(child);
        }
    }
    Ok(ExitStatus::SUCCESS)
}

/// What one step of a process on the way to the program leaves for another.
#[derive(Default)]
struct Process {
    /// The target's uid and gid as seen from inside.
    ids_of_target: Option<Both<u32>>,
    groups_dropped: bool,
}

impl Process {
    /// Does one step. After a fork the parent gets the child, and has nothing more to do than to wait for it.
    fn carry_out(&mut self, step: Step) -> Result<Option<Attended>, Error> {
        match step {
            Step::SetContext(context) => set_context(&context)?,
            Step::Hide => {
                signal::hide_from_other_processes().attempt(|| words!["prctl failed"])?;
            }
            Step::TryToDropGroups => self.groups_dropped = privileges::drop_groups().is_ok(),
            Step::Enter(entrance) => entrance.enter()?,
            Step::ChangeRoot(root, afterwards) => change_root(root, afterwards)?,
            Step::ChangeDirectory(directory) => change_directory(&directory)?,
            Step::ChangeDirectoryInside(path) => change_directory(&open_directory(&path)?)?,
            Step::ChangeEnvironment(changes) => variables::change(&changes)?,
            Step::JoinCgroup(list) => {
                // 0 stands for the writer, whose number may be another in the namespaces entered: cgroups(7).
                unistd::write(&list, b"0").attempt(|| words!["write cgroup.procs failed"])?;
            }
            Step::ReadIds(target) => self.ids_of_target = Some(target.effective_ids()?),
            Step::DefaultChildSignal => {
                signal::default_child_signal().attempt(|| words!["sigaction failed"])?;
            }
            Step::Fork => {
                return supervise::fork(&Signals::default());
            }
            Step::DropGroups(refusal) => self.drop_groups(refusal)?,
            Step::SetGid(gid) => privileges::set_gid(self.number(gid, |ids| ids.group))?,
            Step::SetUid(uid) => privileges::set_uid(self.number(uid, |ids| ids.user))?,
            Step::KeepCapabilities => privileges::keep_capabilities()?,
            Step::Execute(program) => return Err(program.execute()),
        }
        Ok(None)
    }

    fn drop_groups(&self, refusal: Refusal) -> Result<(), Error> {
        match (privileges::drop_groups(), refusal) {
            (Err(error), Refusal::Counts(target)) if !self.groups_dropped => {
                let setgroups = target.and_then(|target| target.read("setgroups").ok());
                let is_denied = setgroups.is_some_and(|policy| policy.trim_ascii() == b"deny");
                let text = "the user namespace denies setgroups(2); --preserve-credentials keeps the groups";
                Err(error.with_hint(is_denied.then(|| words![text])))
            }
            _ => Ok(()),
        }
    }

    fn number(&self, id: NewId, of_target: fn(Both<u32>) -> u32) -> u32 {
        match id {
            NewId::Number(number) => number,
            NewId::OfTarget => {
                let ids = self.ids_of_target.expect("the plan reads them before");
                of_target(ids)
            }
        }
    }
}

fn set_context(context: &[u8]) -> Result<(), Error> {
    let own = Path::new("/proc/self/attr/exec");
    procfs::write(own, context).map_err(|failure| {
        let (WriteFailure::Open(errno) | WriteFailure::Write(errno)) = failure;
        Error::caused_by(
            words!["failed to set exec context to '", context, "'"],
            errno,
        )
    })
}

fn open_directory(path: &Path) -> Result<OwnedFd, Error> {
    let opened = descriptor::open(path, OFlag::O_RDONLY);
    opened.attempt(|| words!["cannot open current working directory"])
}

fn change_directory(directory: impl AsFd) -> Result<(), Error> {
    unistd::fchdir(directory)
        .attempt(|| words!["change directory by working directory file descriptor failed"])
}

fn change_root(root: OwnedFd, afterwards: Afterwards) -> Result<(), Error> {
    // After a mount namespace has been entered this is its root.
    let before = match afterwards {
        Afterwards::Stay => Some(open_directory(Path::new("."))?),
        Afterwards::AtRoot => None,
    };
    unistd::fchdir(&root).attempt(|| words!["change directory by root file descriptor failed"])?;
    unistd::chroot(".").attempt(|| words!["chroot failed"])?;
    unistd::chdir("/").attempt(|| words!["cannot change directory to /"])?;
    before.map_or(Ok(()), change_directory)
}

/// Waits for the child, and ends as it did.
fn attend(child: Attended) -> Result<ExitStatus, Failure> {
    match child.end()? {
        Change::Exited(status) => Ok(status),
        Change::Killed(number) | Change::Stopped(number) => {
            // Where our caller ignores or blocks it we are still here afterwards. There is no core file, since
            // others may not look into us.
            let _ = signal::send(Pid::this(), number);
            Err(Failure::Told(ExitStatus::FAILURE))
        }
    }
}
