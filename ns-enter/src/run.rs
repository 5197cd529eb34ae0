//! Taking the steps of the plan.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::fcntl::OFlag;
use nix::sys::prctl;
use nix::unistd::{self, Pid};
use ns_common::accounts::Database;
use ns_common::console::Console;
use ns_common::error::{Attempt, Error, ExitStatus, Failure};
use ns_common::explain;
use ns_common::hint::{self, Failed};
use ns_common::idmap::{Both, IdKind};
use ns_common::number::quoted;
use ns_common::passwd;
use ns_common::privileges;
use ns_common::process::sealed;
use ns_common::process::supervise::{self, Attended, Signals};
use ns_common::process::target::Credentials;
use ns_common::process::variables;
use ns_common::procfs::{self, WriteFailure};
use ns_common::sys::fork::{Forked, StateChange};
use ns_common::sys::{descriptor, signal, uninterrupted};
use ns_common::words;

use crate::likeness::{Label, limit_bounding_set, set_limits, take_gids, take_groups, take_uids};
use crate::outside::Outside;
use crate::plan::{Afterwards, NewId, Plan, Refusal, Step};
use crate::request::Request;

/// Carries out the request. Returns only in a process that does not execute the program.
pub(crate) fn execute(mut request: Request, console: &mut Console) -> Result<ExitStatus, Failure> {
    let explains = request.explain;
    let outside = Outside::open(&mut request)?;
    let plan = Plan::new(request, outside)?;
    if explains {
        let text = explain::render(&plan.lines());
        console.output.push(text.as_slice());
        return Ok(ExitStatus::SUCCESS);
    }
    let mut process = Process::default();
    // Each step is consumed, so that what it holds open from outside is closed after it.
    for step in plan.0 {
        if let Some(child) = process.carry_out(step)? {
            return attend(child);
        }
    }
    Ok(ExitStatus::SUCCESS)
}

/// What a step leaves for later ones.
#[derive(Default)]
struct Process {
    /// The target's ids and groups, as seen inside.
    of_target: Option<Credentials>,
    /// The ids found for names inside.
    named: Both<Option<u32>>,
    groups_dropped: bool,
}

impl Process {
    /// Takes one step. After a fork it returns the child in the parent, which must only wait for
    /// it.
    fn carry_out(&mut self, step: Step) -> Result<Option<Attended>, Error> {
        match step {
            Step::SetLabel(label) => set_label(&label)?,
            Step::RaiseLimits(limits) | Step::SetLimits(limits) => set_limits(&limits)?,
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
                // 0 stands for the writing process, whose PID may be different inside: cgroups(7).
                uninterrupted(|| unistd::write(&list, b"0"))
                    .attempt(|| words!["write cgroup.procs failed"])?;
            }
            Step::LookUp(kind, name) => {
                let number = look_up(kind, &name)?;
                match kind {
                    IdKind::User => self.named.user = Some(number),
                    IdKind::Group => self.named.group = Some(number),
                }
            }
            Step::ReadIds(target) => self.of_target = Some(target.credentials()?),
            Step::DefaultChildSignal => {
                signal::default_child_signal().attempt(|| words!["sigaction failed"])?;
            }
            Step::Fork => match supervise::fork(&Signals::default())? {
                Forked::Parent(child) => return Ok(Some(child)),
                Forked::Child(inherited) => inherited.restore()?,
            },
            Step::DropGroups(refusal) => self.drop_groups(refusal)?,
            Step::LimitBoundingSet(wanted) => limit_bounding_set(wanted)?,
            Step::TakeGroups => take_groups(&self.target().groups)?,
            Step::TakeGids => take_gids(self.target().ids.group)?,
            Step::TakeUids => take_uids(self.target().ids.user)?,
            Step::SetGid(gid) => privileges::set_gid(self.number(gid, IdKind::Group))?,
            Step::SetUid(uid) => privileges::set_uid(self.number(uid, IdKind::User))?,
            Step::KeepCapabilities => privileges::keep_capabilities()?,
            Step::SetNoNewPrivileges => {
                prctl::set_no_new_privs().attempt(|| words!["prctl failed"])?;
            }
            Step::Execute(program) => return Err(program.execute()),
            Step::ExecuteCopy(copy, argv) => return Err(sealed::execute(&copy, &argv)),
        }
        Ok(None)
    }

    fn drop_groups(&self, refusal: Refusal) -> Result<(), Error> {
        match (privileges::drop_groups(), refusal) {
            (Err(error), Refusal::Counts(target)) if !self.groups_dropped => {
                let target = target.as_deref();
                Err(target.map_or(error.clone(), |target| {
                    hint::explain(error, &Failed::DropGroupsInside(target))
                }))
            }
            _ => Ok(()),
        }
    }

    fn target(&self) -> &Credentials {
        self.of_target.as_ref().expect("the plan reads them before")
    }

    fn number(&self, id: NewId, kind: IdKind) -> u32 {
        match (id, kind) {
            (NewId::Number(number), _) => number,
            (NewId::OfTarget, IdKind::User) => self.target().ids.user.effective,
            (NewId::OfTarget, IdKind::Group) => self.target().ids.group.effective,
            (NewId::Named, kind) => match kind {
                IdKind::User => self.named.user,
                IdKind::Group => self.named.group,
            }
            .expect("the plan looks it up before"),
        }
    }
}

fn set_label(label: &Label) -> Result<(), Error> {
    let own = Path::new("/proc/self/attr").join(label.file);
    procfs::write(&own, &label.text).map_err(|failure| {
        let (WriteFailure::Open(errno) | WriteFailure::Write(errno)) = failure;
        let text = label.text.as_slice();
        Error::caused_by(words!["failed to set exec context to '", text, "'"], errno)
    })
}

fn look_up(kind: IdKind, name: &OsStr) -> Result<u32, Error> {
    let (database, what) = match kind {
        IdKind::User => (Database::Passwd, "failed to parse uid"),
        IdKind::Group => (Database::Group, "failed to parse gid"),
    };
    passwd::number(name, database)
        .attempt(|| words!["cannot read ", database.path()])?
        .ok_or_else(|| Error::new(quoted(what, name)))
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
    // After entering a mount namespace this is its root.
    let before = match afterwards {
        Afterwards::Stay => Some(open_directory(Path::new("."))?),
        Afterwards::AtRoot => None,
    };
    unistd::fchdir(&root).attempt(|| words!["change directory by root file descriptor failed"])?;
    unistd::chroot(".").attempt(|| words!["chroot failed"])?;
    unistd::chdir("/").attempt(|| words!["cannot change directory to /"])?;
    before.map_or(Ok(()), change_directory)
}

/// Waits for the child, and ends the way it ended.
fn attend(child: Attended) -> Result<ExitStatus, Failure> {
    match child.end()? {
        StateChange::Exited(status) => Ok(status),
        StateChange::Killed { signal: number, .. } | StateChange::Stopped(number) => {
            // This returns if our caller had the signal ignored or blocked. There is no second core
            // dump, because this process is not dumpable.
            let _ = signal::send(Pid::this(), number);
            Err(Failure::Told(ExitStatus::FAILURE))
        }
    }
}
