//! The plan: an ordered list of steps, which can be printed and compared without privileges.

use std::ffi::{CStr, OsString};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::rc::Rc;

use ns_common::error::Error;
use ns_common::idmap::IdKind;
use ns_common::namespace::{Kind, KindSet};
use ns_common::process::enter::{Entrance, Source};
use ns_common::process::program::{Accounts, Program};
use ns_common::process::target::Target;
use ns_common::process::variables::Change;
use ns_common::sys::limit::{Limits, ResourceLimit};

use crate::likeness::{Label, Likeness};
use crate::outside::Outside;
use crate::request::{Credential, Request, WorkingDirectory};

/// All steps, up to and including the execution of the program.
#[derive(Debug)]
pub(crate) struct Plan(pub(crate) Vec<Step>);

/// A step of the plan, with everything it needs.
#[derive(Debug)]
pub(crate) enum Step {
    /// Ask the kernel to run the program with this label of a security module.
    SetLabel(Label),
    /// Raise hard limits to those of the target, while we have the caller's privileges.
    RaiseLimits(Vec<(ResourceLimit, Limits)>),
    /// Make this process not dumpable, so that processes inside cannot reach what it has open.
    Hide,
    /// Try to drop the groups while we have the caller's privileges, because it may be denied
    /// inside.
    TryToDropGroups,
    /// Enter the namespaces.
    Enter(Entrance),
    /// Change to a root directory opened outside.
    ChangeRoot(OwnedFd, Afterwards),
    /// Change to a working directory opened outside.
    ChangeDirectory(OwnedFd),
    /// Change to a working directory by its path inside.
    ChangeDirectoryInside(PathBuf),
    /// Change the environment.
    ChangeEnvironment(Vec<Change>),
    /// Move into the cgroup with this `cgroup.procs`.
    JoinCgroup(OwnedFd),
    /// Look up the uid or gid of a name inside.
    LookUp(IdKind, OsString),
    /// Read the target's ids and groups, as seen inside.
    ReadIds(Rc<Target>),
    /// Give SIGCHLD its default disposition, so that the child can be waited for.
    DefaultChildSignal,
    /// Fork a child, which is in the PID namespace and takes the following steps; the parent waits
    /// for it.
    Fork,
    /// Reduce the capability bounding set to this one.
    LimitBoundingSet(u64),
    /// Drop the groups.
    DropGroups(Refusal),
    /// Set the supplementary groups of the target.
    TakeGroups,
    /// Set the real, effective and saved gid of the target.
    TakeGids,
    /// Change the gid.
    SetGid(NewId),
    /// Set the real, effective and saved uid of the target.
    TakeUids,
    /// Change the uid.
    SetUid(NewId),
    /// Keep the capabilities for the program.
    KeepCapabilities,
    /// Set no_new_privs.
    SetNoNewPrivileges,
    /// Set the resource limits of the target.
    SetLimits(Vec<(ResourceLimit, Limits)>),
    /// Execute the program.
    Execute(Program),
    /// Execute the copy of the program from outside.
    ExecuteCopy(OwnedFd, Vec<&'static CStr>),
}

/// The working directory after the root directory has been changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Afterwards {
    /// The former one, which may be outside the new root.
    Stay,
    /// The new root directory.
    AtRoot,
}

/// A uid or gid to change to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NewId {
    /// This id.
    Number(u32),
    /// The target's effective id, which [`Step::ReadIds`] has read.
    OfTarget,
    /// The id that [`Step::LookUp`] has found.
    Named,
}

/// What to do if dropping the groups is refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Ignore it: setgid(2) will fail if the caller lacks the right.
    Passes,
    /// Fail, unless [`Step::TryToDropGroups`] has dropped them. The target, if the user namespace
    /// entered is the target's, helps to find the cause.
    Counts(Option<Rc<Target>>),
}

impl Plan {
    /// The steps for `request`, using what has been opened for it.
    pub(crate) fn new(mut request: Request, mut outside: Outside) -> Result<Self, Error> {
        let kinds = outside.entrance.kinds();
        let becomes_root = kinds.contains(Kind::User) && !request.preserve_credentials;
        let likeness = outside.likeness.take();
        let mut steps = Vec::new();
        // Before hiding, because a process that is not dumpable may not write the label.
        steps.extend(outside.label.take().map(Step::SetLabel));
        steps.push(Step::Hide);
        let raised = likeness.as_ref().map_or(Ok(Vec::new()), Likeness::raised)?;
        steps.extend((!raised.is_empty()).then_some(Step::RaiseLimits(raised)));
        if becomes_root && request.ids.group != Credential::Like {
            steps.push(Step::TryToDropGroups);
        }
        let user_of_target = user_of_target(&outside.entrance);
        let accounts = accounts(kinds, &outside);
        let entrance = std::mem::take(&mut outside.entrance);
        steps.extend((!kinds.is_empty()).then_some(Step::Enter(entrance)));
        push_directories(&mut steps, &mut request, &mut outside);
        let mut changes = std::mem::take(&mut request.variables);
        changes.splice(0..0, outside.environment.take().map(Change::Replace));
        steps.extend((!changes.is_empty()).then_some(Step::ChangeEnvironment(changes)));
        let cgroups = std::mem::take(&mut outside.cgroups);
        steps.extend(cgroups.into_iter().map(Step::JoinCgroup));
        steps.extend(request.ids.iter().filter_map(looked_up));
        steps.extend(outside.followed.take().map(Step::ReadIds));
        if kinds.contains(Kind::Pid) && !request.no_fork {
            steps.extend([Step::DefaultChildSignal, Step::Fork]);
        }
        let bounds = likeness.as_ref().map(|likeness| likeness.bounding_set);
        steps.extend(bounds.map(Step::LimitBoundingSet));
        let refusal = refusal(becomes_root, user_of_target);
        steps.extend(new_gid(request.ids.group, becomes_root, refusal));
        steps.extend(new_uid(request.ids.user, becomes_root));
        if request.keep_capabilities && kinds.contains(Kind::User) {
            steps.push(Step::KeepCapabilities);
        }
        steps.extend(likeness.into_iter().flat_map(last_likeness));
        steps.push(match outside.program {
            Some(copy) => Step::ExecuteCopy(copy, request.command),
            None => Step::Execute(Program::new(request.command, accounts)),
        });
        Ok(Self(steps))
    }
}

/// The target, if the user namespace to be entered is the target's.
fn user_of_target(entrance: &Entrance) -> Option<Rc<Target>> {
    match entrance.sources.get(Kind::User) {
        Some(Source::Target) => entrance.target.clone(),
        _ => None,
    }
}

fn refusal(becomes_root: bool, user_of_target: Option<Rc<Target>>) -> Refusal {
    if becomes_root {
        Refusal::Counts(user_of_target)
    } else {
        Refusal::Passes
    }
}

/// Where to look up the user's shell: in another root, only in the files there.
fn accounts(kinds: KindSet, outside: &Outside) -> Accounts {
    if kinds.contains(Kind::Mount) || outside.root.is_some() {
        Accounts::EnteredFile
    } else {
        Accounts::NameService
    }
}

fn looked_up((kind, id): (IdKind, &Credential)) -> Option<Step> {
    match id {
        Credential::Name(name) => Some(Step::LookUp(kind, name.clone())),
        _ => None,
    }
}

fn push_directories(steps: &mut Vec<Step>, request: &mut Request, outside: &mut Outside) {
    let inside = match std::mem::take(&mut request.working_directory) {
        WorkingDirectory::Inside(path) => Some(path),
        WorkingDirectory::Outside(_) => None,
    };
    if let Some(root) = outside.root.take() {
        let moves = inside.is_some() || outside.working_directory.is_some();
        let afterwards = if moves {
            Afterwards::AtRoot
        } else {
            Afterwards::Stay
        };
        steps.push(Step::ChangeRoot(root, afterwards));
    }
    steps.extend(outside.working_directory.take().map(Step::ChangeDirectory));
    steps.extend(inside.map(Step::ChangeDirectoryInside));
}

fn new_gid(credential: Credential, becomes_root: bool, refusal: Refusal) -> Vec<Step> {
    let id = match credential {
        Credential::Like => return vec![Step::TakeGroups, Step::TakeGids],
        other => new_id(other, becomes_root),
    };
    let steps = id.map(|id| vec![Step::DropGroups(refusal), Step::SetGid(id)]);
    steps.unwrap_or_default()
}

fn new_uid(credential: Credential, becomes_root: bool) -> Option<Step> {
    match credential {
        Credential::Like => Some(Step::TakeUids),
        other => new_id(other, becomes_root).map(Step::SetUid),
    }
}

fn new_id(credential: Credential, becomes_root: bool) -> Option<NewId> {
    match credential {
        Credential::Unchanged => becomes_root.then_some(NewId::Number(0)),
        Credential::Number(number) => Some(NewId::Number(number)),
        Credential::Name(_) => Some(NewId::Named),
        Credential::Follow | Credential::Like => Some(NewId::OfTarget),
    }
}

/// The attributes set last, because they would hinder earlier steps: no_new_privs, and limits such
/// as that of open files.
fn last_likeness(likeness: Likeness) -> Vec<Step> {
    let mut steps = Vec::new();
    steps.extend(
        likeness
            .no_new_privileges
            .then_some(Step::SetNoNewPrivileges),
    );
    let limits = likeness.limits;
    steps.extend((!limits.is_empty()).then_some(Step::SetLimits(limits)));
    steps
}

#[cfg(test)]
mod tests;
