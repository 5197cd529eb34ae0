//! What follows once everything has been opened: data that can be read, compared and tested without privileges.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use ns_common::namespace::{Kind, KindSet};

use crate::cli::{Credential, Request};

/// Where a namespace comes from.
#[derive(Debug)]
pub enum Source {
    /// A file named on the command line, or a descriptor obtained from another source.
    File(OwnedFd),
    /// The target process.
    Target,
}

/// What is entered, a source a kind, in the order of entering.
pub type Sources = BTreeMap<Kind, Source>;

/// One setns(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// By the target's pidfd: all of them or none.
    Target(KindSet),
    /// By the file for this kind.
    File(Kind),
}

/// The calls that enter `kinds`, in order: those of the target in one call, each file in one of its own.
///
/// The call with the user namespace comes first, for that brings the rights over what it owns.
pub fn calls(sources: &Sources, kinds: KindSet) -> Vec<Call> {
    let mut of_target = KindSet::EMPTY;
    let mut calls = Vec::new();
    for (kind, source) in sources.iter().filter(|(kind, _)| kinds.contains(**kind)) {
        match source {
            Source::File(_) => calls.push(Call::File(*kind)),
            Source::Target => of_target.insert(*kind),
        }
    }
    if !of_target.is_empty() {
        let user_has_a_file = calls.first() == Some(&Call::File(Kind::User));
        calls.insert(usize::from(user_has_a_file), Call::Target(of_target));
    }
    calls
}

/// A uid or gid to take on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Id {
    /// This number.
    Number(u32),
    /// That of the target, as seen from inside.
    Follow,
}

/// What a refused setgroups(2) inside means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Groups {
    /// Nothing: setgid(2) will tell whether the caller has the right.
    MayStay,
    /// It is an error unless the groups were dropped outside already.
    MustBeGone,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Drop the groups while the caller's privileges count; inside it may be denied.
    TryToDropGroups,
    /// Enter all that is to be entered.
    Enter,
    /// Keep the present directory, which after entering a mount namespace is its root, to return to.
    KeepDirectory,
    /// Change to the root directory opened before.
    ChangeRoot,
    /// Open a directory by its path inside.
    OpenDirectory(PathBuf),
    /// Change to the working directory opened before.
    ChangeDirectory,
    /// Take the target's environment.
    ReplaceEnvironment,
    /// Move into the target's cgroup.
    JoinCgroup,
    /// Look up the target's owner as it is seen from inside.
    LookUpOwner,
    /// Go on in a child, which is in the PID namespace.
    Fork,
    /// Drop the groups, then take on a gid.
    SetGid(Id, Groups),
    /// Take on a uid.
    SetUid(Id),
    /// Keep the capabilities for the program.
    KeepCapabilities,
}

/// The steps for `request`, which enters `kinds`.
pub fn steps(request: &Request, kinds: KindSet) -> Vec<Step> {
    let becomes_root = kinds.contains(Kind::User) && !request.preserve_credentials;
    let mut steps = Vec::new();
    if becomes_root {
        steps.push(Step::TryToDropGroups);
    }
    steps.push(Step::Enter);
    push_directories(&mut steps, request);
    if request.environment {
        steps.push(Step::ReplaceEnvironment);
    }
    if request.join_cgroup {
        steps.push(Step::JoinCgroup);
    }
    if request.uid.follow || request.gid.follow {
        steps.push(Step::LookUpOwner);
    }
    if kinds.contains(Kind::Pid) && !request.no_fork {
        steps.push(Step::Fork);
    }
    let groups = if becomes_root {
        Groups::MustBeGone
    } else {
        Groups::MayStay
    };
    steps.extend(id(request.gid, becomes_root).map(|gid| Step::SetGid(gid, groups)));
    steps.extend(id(request.uid, becomes_root).map(Step::SetUid));
    if request.keep_capabilities && kinds.contains(Kind::User) {
        steps.push(Step::KeepCapabilities);
    }
    steps
}

fn push_directories(steps: &mut Vec<Step>, request: &Request) {
    let moves = request.working_directory.given || request.inner_working_directory.is_some();
    if request.root.given {
        if !moves {
            steps.push(Step::KeepDirectory);
        }
        steps.push(Step::ChangeRoot);
    }
    steps.extend(
        request
            .inner_working_directory
            .clone()
            .map(Step::OpenDirectory),
    );
    if moves || request.root.given {
        steps.push(Step::ChangeDirectory);
    }
}

fn id(credential: Credential, becomes_root: bool) -> Option<Id> {
    match credential {
        Credential { follow: true, .. } => Some(Id::Follow),
        Credential {
            number: Some(number),
            ..
        } => Some(Id::Number(number)),
        Credential { .. } => becomes_root.then_some(Id::Number(0)),
    }
}

#[cfg(test)]
mod tests;
