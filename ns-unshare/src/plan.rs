//! The plan: an ordered list of steps, which can be printed, compared and tested without
//! privileges.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use nix::mount::MsFlags;
use ns_common::error::{Error, Message};
use ns_common::idmap::{Both, IdExtent, IdKind, IdMap};
use ns_common::namespace::{Kind, KindSet};
use ns_common::process::program::{Accounts, Program};
use ns_common::process::variables::Change;
use ns_common::words;

use self::maps::Maps;
use crate::caller::Caller;
use crate::cli::BINFMT_MISC;
use crate::request::{Existing, Fork, Propagation, Remaining, Request, SetGroups};

/// A step of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Make sure that children can be waited for.
    DefaultChildSignal,
    /// Take over the inherited descriptor to which events are written.
    TakeStatusDescriptor(i32),
    /// Take over the inherited descriptor from which a byte must be read before the program runs.
    TakeWaitDescriptor(i32),
    /// Fork the helper that will write the program's PID to a file, and make sure that it can.
    StartPidFile(PathBuf),
    /// Fork the helper that will bind the new namespaces to files, in this order.
    StartBinder(Vec<(Kind, PathBuf)>),
    /// Fork the helper that will write the maps from outside.
    StartMapper(MapperJob),
    /// Enter existing namespaces.
    Join(Vec<(Kind, Existing)>),
    /// Open the current mount namespace and working directory, to return to them.
    HoldOuterMounts,
    /// Create the new namespaces and move into them.
    Unshare(KindSet),
    /// Make sure that the new mount namespace can be bound to a file in the original one.
    OutrankOuterMounts,
    /// Tell the mapper to write the maps, and wait for it.
    WriteMapsFromOutside,
    /// Set the offset, in seconds, of a clock of the new time namespace.
    OffsetClock(Clock, i64),
    /// Set the host name.
    SetHostName(OsString),
    /// Set the NIS domain name.
    SetDomainName(OsString),
    /// Bring the loopback device up.
    BringLoopbackUp,
    /// Change the environment.
    ChangeEnvironment(Vec<Change>),
    /// Fork: the child takes the following steps, and the parent waits for it.
    Fork(Fork),
    /// In process 1: fork a child, which takes the following steps, and serve it and the remaining
    /// processes.
    StartProgram(Remaining),
    /// Ask for a signal, by number, when the parent dies; it may have died already.
    DieWithParent(i32),
    /// Map one id, the caller's own, which needs no privileges.
    MapSingle(IdKind, IdExtent),
    /// Write `/proc/self/setgroups`.
    WriteSetGroups(SetGroups, Missing),
    /// Fail, because the request contradicts itself in a way that the reference detects only here.
    Refuse(Message),
    /// Change the propagation of all mounts.
    Propagate(MsFlags),
    /// Make the propagation of a mount point private; do nothing if the directory is not one.
    MakePrivate(PathBuf),
    /// Mount a new proc on a directory.
    MountProc(PathBuf),
    /// Mount a new binfmt_misc on a directory.
    MountBinfmt(PathBuf),
    /// Register an interpreter with the binfmt_misc mounted on a directory.
    RegisterInterpreter(PathBuf, OsString),
    /// Mount an mqueue file system on a directory.
    MountMqueue(PathBuf),
    /// Change the root directory.
    ChangeRoot(PathBuf),
    /// Change the working directory.
    ChangeDirectory(PathBuf),
    /// Drop all supplementary groups.
    DropGroups,
    /// Change the gid.
    SetGid(u32),
    /// Change the uid.
    SetUid(u32),
    /// Keep the capabilities for the program.
    KeepCapabilities,
    /// Tell the binder to bind the namespaces to their files, all or none, and wait for that.
    Bind,
    /// Report to supervisors that the program is about to run.
    Report,
    /// Wait for a byte from the wait descriptor.
    AwaitByte,
    /// Tell the binder to leave the files bound.
    Keep,
    /// Execute the program.
    Execute(Program),
}

/// A clock of a time namespace: time_namespaces(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// CLOCK_MONOTONIC
    Monotonic,
    /// CLOCK_BOOTTIME
    Boottime,
}

impl Clock {
    /// The clock id: clock_gettime(2).
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Monotonic => libc::CLOCK_MONOTONIC,
            Self::Boottime => libc::CLOCK_BOOTTIME,
        }
    }
}

/// Whether it is an error that the kernel does not have a file, being too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is not an error.
    Tolerated,
    /// It is an error.
    AnError,
}

/// The maps that the mapper writes; one that is `None` is not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MapperJob {
    /// The `uid_map` and the `gid_map`.
    pub(crate) maps: Both<Option<IdMap>>,
    /// What writes them.
    pub(crate) writer: Writer,
}

/// What writes a map of more than the caller's own id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writer {
    /// The mapper itself, which is root.
    Mapper,
    /// newuidmap(1) and newgidmap(1), which check the ranges delegated to the caller.
    SetuidPrograms,
}

/// All steps, up to and including the execution of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan(pub(crate) Vec<Step>);

impl Plan {
    /// The steps that `request` means for `caller`.
    pub(crate) fn new(request: &Request, caller: &dyn Caller) -> Result<Self, Error> {
        let maps = Maps::new(request, caller)?;
        let mut steps = Vec::new();
        steps.extend(request.status_fd.map(Step::TakeStatusDescriptor));
        steps.extend(request.wait_fd.map(Step::TakeWaitDescriptor));
        steps.push(Step::DefaultChildSignal);
        steps.extend(request.pid_file.clone().map(Step::StartPidFile));
        push_helpers(&mut steps, request, &maps);
        push_joined(&mut steps, request);
        push_owner(&mut steps, request);
        push_unshare(&mut steps, request);
        if maps.mapper.is_some() {
            steps.push(Step::WriteMapsFromOutside);
        }
        push_clocks(&mut steps, request);
        push_environment(&mut steps, request);
        // Without a child the reference binds here, where the mounts still have their original
        // propagation, and where the kernel may refuse because of it; so do we. With a child,
        // binding comes last.
        let keeps_namespaces = !request.files.is_empty();
        if keeps_namespaces && request.fork.is_none() {
            steps.push(Step::Bind);
        }
        steps.extend(request.fork.clone().map(Step::Fork));
        push_death_signal(&mut steps, request);
        push_maps(&mut steps, request, &maps);
        push_names(&mut steps, request);
        push_mounts(&mut steps, request);
        let init = request.fork.as_ref().and_then(|fork| fork.init);
        steps.extend(init.map(Step::StartProgram));
        push_ids(&mut steps, request);
        if keeps_namespaces && request.fork.is_some() {
            steps.push(Step::Bind);
        }
        let reports = request.pid_file.is_some() || request.status_fd.is_some();
        if reports {
            steps.push(Step::Report);
        }
        steps.extend(request.wait_fd.map(|_| Step::AwaitByte));
        if keeps_namespaces || reports {
            steps.push(Step::Keep);
        }
        steps.push(Step::Execute(program(request)));
        Ok(Self(steps))
    }
}

fn push_helpers(steps: &mut Vec<Step>, request: &Request, maps: &Maps) {
    if !request.files.is_empty() {
        let files = request.files.clone().into_iter();
        steps.push(Step::StartBinder(files.collect()));
    }
    steps.extend(maps.mapper.clone().map(Step::StartMapper));
}

/// After the helpers have been forked, so that they stay in the caller's namespaces.
fn push_joined(steps: &mut Vec<Step>, request: &Request) {
    let joins_mounts = request.joined.contains(Kind::Mount);
    if !request.files.is_empty() && (joins_mounts || request.kinds.contains(Kind::Mount)) {
        steps.push(Step::HoldOuterMounts);
    }
    if !request.joined.is_empty() {
        let joined = request.joined.clone().into_iter();
        steps.push(Step::Join(joined.collect()));
    }
}

/// Before unshare(2), because the process that creates a user namespace owns it.
fn push_owner(steps: &mut Vec<Step>, request: &Request) {
    let Some(owner) = request.owner else { return };
    if let Some(gid) = owner.group {
        steps.extend([Step::DropGroups, Step::SetGid(gid)]);
    }
    steps.extend(owner.user.map(Step::SetUid));
}

fn push_unshare(steps: &mut Vec<Step>, request: &Request) {
    steps.push(Step::Unshare(request.kinds));
    if request.files.contains(Kind::Mount) {
        steps.push(Step::OutrankOuterMounts);
    }
}

/// The kernel accepts offsets only before the first process enters: time_namespaces(7).
fn push_clocks(steps: &mut Vec<Step>, request: &Request) {
    let clocks = [
        (Clock::Boottime, request.boottime),
        (Clock::Monotonic, request.monotonic),
    ];
    let offset = |(clock, seconds): (_, Option<_>)| Some(Step::OffsetClock(clock, seconds?));
    steps.extend(clocks.into_iter().filter_map(offset));
}

/// Before the fork, so that the program can never read removed variables from its waiting parent.
fn push_environment(steps: &mut Vec<Step>, request: &Request) {
    let kept = request.kept_variables.clone().map(Change::Keep);
    let changes: Vec<Change> = kept.into_iter().chain(request.variables.clone()).collect();
    if !changes.is_empty() {
        steps.push(Step::ChangeEnvironment(changes));
    }
}

fn push_death_signal(steps: &mut Vec<Step>, request: &Request) {
    let signal = request.fork.as_ref().and_then(|fork| fork.death_signal);
    steps.extend(signal.map(Step::DieWithParent));
}

fn push_ids(steps: &mut Vec<Step>, request: &Request) {
    if let Some(gid) = request.ids.group {
        steps.extend([Step::DropGroups, Step::SetGid(gid)]);
    }
    steps.extend(request.ids.user.map(Step::SetUid));
    if request.ids != Both::default() {
        // Changing the ids clears the parent-death signal: PR_SET_PDEATHSIG(2const). Our own
        // process 1 keeps its ids, and the program ends with it.
        if request
            .fork
            .as_ref()
            .is_some_and(|fork| fork.init.is_none())
        {
            push_death_signal(steps, request);
        }
    }
    if request.keep_capabilities && request.kinds.contains(Kind::User) {
        steps.push(Step::KeepCapabilities);
    }
}

/// In another root directory, the user's shell is looked up in the files there only.
fn program(request: &Request) -> Program {
    let accounts = match request.root {
        Some(_) => Accounts::EnteredFile,
        None => Accounts::NameService,
    };
    Program::new(request.command.clone(), accounts)
}

fn push_maps(steps: &mut Vec<Step>, request: &Request, maps: &Maps) {
    let single = |kind| move |extent| Step::MapSingle(kind, extent);
    steps.extend(maps.single.user.map(single(IdKind::User)));
    if let Some(extent) = maps.single.group {
        if request.setgroups == Some(SetGroups::Allow) {
            steps.push(Step::Refuse(words![
                "options --setgroups=allow and --map-group are mutually exclusive"
            ]));
        }
        // Without privileges outside, the kernel accepts a gid_map only after this:
        // user_namespaces(7).
        steps.push(Step::WriteSetGroups(SetGroups::Deny, Missing::Tolerated));
        steps.push(Step::MapSingle(IdKind::Group, extent));
    }
    let explicit = |policy| Step::WriteSetGroups(policy, Missing::AnError);
    steps.extend(request.setgroups.map(explicit));
}

fn push_names(steps: &mut Vec<Step>, request: &Request) {
    steps.extend(request.host_name.clone().map(Step::SetHostName));
    steps.extend(request.domain_name.clone().map(Step::SetDomainName));
    if request.loopback {
        steps.push(Step::BringLoopbackUp);
    }
}

fn push_mounts(steps: &mut Vec<Step>, request: &Request) {
    if request.kinds.contains(Kind::Mount) {
        steps.extend(propagation_flag(request.propagation).map(Step::Propagate));
    }
    let rule = request
        .load_interpreter
        .as_ref()
        .filter(|rule| !rule.is_empty());
    let opened_outside =
        rule.filter(|rule| request.root.is_some() && is_opened_at_registration(rule));
    if let Some(rule) = opened_outside {
        push_binfmt(steps, BINFMT_MISC.into(), Some(rule));
    }
    steps.extend(request.root.clone().map(Step::ChangeRoot));
    let new_root = request.root.as_ref().map(|_| PathBuf::from("/"));
    let directory = request.working_directory.clone().or(new_root);
    steps.extend(directory.map(Step::ChangeDirectory));
    if let Some(directory) = &request.mount_proc {
        if request.root.is_none() && request.propagation != Propagation::Private {
            steps.push(Step::MakePrivate(directory.clone()));
        }
        steps.push(Step::MountProc(directory.clone()));
    }
    if let Some(directory) = &request.mount_binfmt {
        push_binfmt(
            steps,
            directory.clone(),
            rule.filter(|_| opened_outside.is_none()),
        );
    }
    steps.extend(request.mount_mqueue.clone().map(Step::MountMqueue));
}

fn push_binfmt(steps: &mut Vec<Step>, directory: PathBuf, rule: Option<&OsString>) {
    steps.push(Step::MountBinfmt(directory.clone()));
    steps.extend(rule.map(|rule| Step::RegisterInterpreter(directory, rule.clone())));
}

fn propagation_flag(propagation: Propagation) -> Option<MsFlags> {
    let flag = match propagation {
        Propagation::Private => MsFlags::MS_PRIVATE,
        Propagation::Slave => MsFlags::MS_SLAVE,
        Propagation::Shared => MsFlags::MS_SHARED,
        Propagation::Unchanged => return None,
    };
    Some(MsFlags::MS_REC | flag)
}

/// Whether a binfmt_misc rule has the flag `F` in its last field. The first byte of a rule is its
/// delimiter.
fn is_opened_at_registration(rule: &OsStr) -> bool {
    let rule = rule.as_encoded_bytes();
    let fields = rule
        .split_first()
        .and_then(|(delimiter, rest)| rest.rsplit(|byte| byte == delimiter).next());
    fields.is_some_and(|flags| flags.contains(&b'F'))
}

mod maps;
#[cfg(test)]
mod tests;
