//! What is done, in which order: a list that can be read and compared without privileges.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::rc::Rc;

use ns_common::namespace::Kind;
use ns_common::process::enter::{Entrance, Source};
use ns_common::process::program::{Accounts, Program};
use ns_common::process::target::Target;
use ns_common::process::variables::Change;

use crate::outside::Outside;
use crate::request::{Credential, Request, WorkingDirectory};

/// All that is to be done.
#[derive(Debug)]
pub(crate) struct Plan(pub(crate) Vec<Step>);

/// One thing to do, with all that it takes.
#[derive(Debug)]
pub(crate) enum Step {
    /// Have the kernel run the program in this SELinux context.
    SetContext(Vec<u8>),
    /// Keep other processes from looking into this one: what it holds open must be out of reach for the
    /// side that is entered.
    Hide,
    /// Drop the groups while the caller's privileges count; inside it may be denied.
    TryToDropGroups,
    /// Enter the namespaces.
    Enter(Entrance),
    /// Change to a root directory from outside.
    ChangeRoot(OwnedFd, Afterwards),
    /// Change to a working directory from outside.
    ChangeDirectory(OwnedFd),
    /// Change to a working directory by its path inside.
    ChangeDirectoryInside(PathBuf),
    /// Make the changes of the environment.
    ChangeEnvironment(Vec<Change>),
    /// Move into the cgroup whose list of processes this is.
    JoinCgroup(OwnedFd),
    /// Read the target's uid and gid as they are seen from inside.
    ReadIds(Rc<Target>),
    /// Give SIGCHLD its default disposition, so that the child can be waited for.
    DefaultChildSignal,
    /// Go on in a child, which is in the PID namespace; the parent waits for it.
    Fork,
    /// Drop the groups.
    DropGroups(Refusal),
    /// Take on a gid.
    SetGid(NewId),
    /// Take on a uid.
    SetUid(NewId),
    /// Keep the capabilities for the program.
    KeepCapabilities,
    /// Become the program.
    Execute(Program),
}

/// Where the process is after its root directory has been changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Afterwards {
    /// In the directory where it was, which may lie outside the new root.
    Stay,
    /// In the new root directory.
    AtRoot,
}

/// A uid or gid to take on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NewId {
    /// This number.
    Number(u32),
    /// That of the target, which [`Step::ReadIds`] has found.
    OfTarget,
}

/// What it means when the groups may not be dropped.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Nothing: setgid(2) will tell whether the caller has the right.
    Passes,
    /// It is an error unless [`Step::TryToDropGroups`] has dropped them. The target, where the user
    /// namespace is its own, can tell why.
    Counts(Option<Rc<Target>>),
}

impl Plan {
    /// The steps for `request`, with what has been opened for it.
    pub(crate) fn new(request: Request, outside: Outside) -> Self {
        let kinds = outside.entrance.kinds();
        let becomes_root = kinds.contains(Kind::User) && !request.preserve_credentials;
        let mut steps = Vec::new();
        // A hidden process may not write the context.
        steps.extend(outside.context.map(Step::SetContext));
        steps.push(Step::Hide);
        if becomes_root {
            steps.push(Step::TryToDropGroups);
        }
        let user_of_target = match outside.entrance.sources.get(&Kind::User) {
            Some(Source::Target) => outside.entrance.target.clone(),
            _ => None,
        };
        steps.push(Step::Enter(outside.entrance));
        let inside = match request.working_directory {
            WorkingDirectory::Inside(path) => Some(path),
            WorkingDirectory::Outside(_) => None,
        };
        let accounts = if kinds.contains(Kind::Mount) || outside.root.is_some() {
            Accounts::EnteredFile
        } else {
            Accounts::NameService
        };
        if let Some(root) = outside.root {
            let moves = inside.is_some() || outside.working_directory.is_some();
            let afterwards = if moves {
                Afterwards::AtRoot
            } else {
                Afterwards::Stay
            };
            steps.push(Step::ChangeRoot(root, afterwards));
        }
        steps.extend(outside.working_directory.map(Step::ChangeDirectory));
        steps.extend(inside.map(Step::ChangeDirectoryInside));
        let replaced = outside.environment.map(Change::Replace);
        steps.extend(replaced.map(|change| Step::ChangeEnvironment(vec![change])));
        steps.extend(outside.cgroup.map(Step::JoinCgroup));
        steps.extend(outside.followed.map(Step::ReadIds));
        if kinds.contains(Kind::Pid) && !request.no_fork {
            steps.extend([Step::DefaultChildSignal, Step::Fork]);
        }
        if let Some(gid) = new_id(request.ids.group, becomes_root) {
            let refusal = if becomes_root {
                Refusal::Counts(user_of_target)
            } else {
                Refusal::Passes
            };
            steps.extend([Step::DropGroups(refusal), Step::SetGid(gid)]);
        }
        steps.extend(new_id(request.ids.user, becomes_root).map(Step::SetUid));
        if request.keep_capabilities && kinds.contains(Kind::User) {
            steps.push(Step::KeepCapabilities);
        }
        steps.push(Step::Execute(Program::new(request.command, accounts)));
        Self(steps)
    }
}

fn new_id(credential: Credential, becomes_root: bool) -> Option<NewId> {
    match credential {
        Credential::Unchanged => becomes_root.then_some(NewId::Number(0)),
        Credential::Number(number) => Some(NewId::Number(number)),
        Credential::Follow => Some(NewId::OfTarget),
    }
}

#[cfg(test)]
mod tests;
