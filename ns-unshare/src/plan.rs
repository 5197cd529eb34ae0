//! What will be done, in order: one list, which can be read, compared and tested without
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
use crate::request::{Fork, Place, Propagation, Remaining, Request, SetGroups};

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Make sure that children can be waited for.
    DefaultChildSignal,
    /// Take over the descriptor, by its number, that events are written to.
    TakeStatusDescriptor(i32),
    /// Take over the descriptor, by its number, on which a byte lets the program run.
    TakeWaitDescriptor(i32),
    /// Fork the helper that will write the program's number to a file, and make sure that it can.
    StartPidFile(PathBuf),
    /// Fork the helper that will bind the new namespaces to files, in this order.
    StartBinder(Vec<(Kind, PathBuf)>),
    /// Fork the helper that will write maps from outside.
    StartMapper(MapperJob),
    /// Enter existing namespaces.
    Join(Vec<(Kind, Place)>),
    /// Hold the mount namespace and the directory that we are in, to come back to.
    HoldOuterMounts,
    /// Make the new namespaces and move in.
    Unshare(KindSet),
    /// See to it that the new mount namespace can be bound to a file in the one held.
    OutrankOuterMounts,
    /// Have the mapper write, and wait for it.
    WriteMapsFromOutside,
    /// Set the offset, in seconds, of a clock of the new time namespace.
    OffsetClock(Clock, i64),
    /// Set the host name.
    SetHostName(OsString),
    /// Set the NIS domain name.
    SetDomainName(OsString),
    /// Bring the loopback device up.
    BringLoopbackUp,
    /// Make the changes of the environment.
    ChangeEnvironment(Vec<Change>),
    /// Split the process: what follows is done by a child, which the parent waits for.
    Fork(Fork),
    /// In process 1: split it, attend to the child, which does what follows, and to what remains.
    StartProgram(Remaining),
    /// Ask for a signal, by number, when the parent dies, which may have happened already.
    DieWithParent(i32),
    /// Map one id, the caller's own, which needs no privilege.
    MapSingle(IdKind, IdExtent),
    /// Write `/proc/self/setgroups`.
    WriteSetGroups(SetGroups, Missing),
    /// Fail: the request turns out to contradict itself.
    Refuse(Message),
    /// Change the propagation of all mounts.
    Propagate(MsFlags),
    /// Make a mount point's propagation private; no harm if it is none.
    MakePrivate(PathBuf),
    /// Mount a new proc there.
    MountProc(PathBuf),
    /// Mount a new binfmt_misc there.
    MountBinfmt(PathBuf),
    /// Register an interpreter with the binfmt_misc mounted on a directory.
    RegisterInterpreter(PathBuf, OsString),
    /// Mount an mqueue file system there.
    MountMqueue(PathBuf),
    /// Change the root directory.
    ChangeRoot(PathBuf),
    /// Change the working directory.
    ChangeDirectory(PathBuf),
    /// Drop all supplementary groups.
    DropGroups,
    /// Take on a gid.
    SetGid(u32),
    /// Take on a uid.
    SetUid(u32),
    /// Keep the capabilities for the program.
    KeepCapabilities,
    /// Have the binder bind the namespaces to their files, all or none, and wait for that.
    Bind,
    /// Tell supervisors that all is ready for the program.
    Report,
    /// Wait for a byte on the descriptor taken over.
    AwaitByte,
    /// Have the binder leave them bound, whatever becomes of us.
    Keep,
    /// Become the program.
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
    /// The kernel's number: clock_gettime(2).
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Monotonic => libc::CLOCK_MONOTONIC,
            Self::Boottime => libc::CLOCK_BOOTTIME,
        }
    }
}

/// Whether a file may be missing because the kernel is older than it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It may.
    Tolerated,
    /// It may not.
    AnError,
}

/// The maps that the mapper writes; one that is `None` is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MapperJob {
    /// The `uid_map` and the `gid_map`.
    pub(crate) maps: Both<Option<IdMap>>,
    /// Who writes.
    pub(crate) writer: Writer,
}

/// Who may write a map of more than one's own id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writer {
    /// The mapper itself: it is root.
    Mapper,
    /// newuidmap(1) and newgidmap(1), which check the caller's delegation.
    SetuidPrograms,
}

/// The whole way from here to the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan(pub(crate) Vec<Step>);

impl Plan {
    /// Settles what `request` means for `caller`.
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
        // Without a child the reference binds here, where the mounts are still as they were copied:
        // what the kernel refuses for their sake is to be refused. A child binds when all else is
        // done.
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

/// The helpers stay where the caller was.
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

/// Whoever makes a user namespace owns it.
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

/// The kernel takes offsets only until the first process has entered.
fn push_clocks(steps: &mut Vec<Step>, request: &Request) {
    let clocks = [
        (Clock::Boottime, request.boottime),
        (Clock::Monotonic, request.monotonic),
    ];
    let offset = |(clock, seconds): (_, Option<_>)| Some(Step::OffsetClock(clock, seconds?));
    steps.extend(clocks.into_iter().filter_map(offset));
}

/// Before the fork, so that at no moment the program can read in its waiting parent what it is not
/// to see.
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
        // The kernel forgets the parent-death signal when the ids change:
        // PR_SET_PDEATHSIG(2const). A process 1 of ours keeps its ids, and its end is that of the
        // program.
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

/// In another root directory only the files there are asked for the user's shell.
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
        // Without privileges outside, the kernel refuses a gid_map before this: user_namespaces(7).
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

/// Whether a binfmt_misc rule has the flag `F`: the last field, behind the delimiter that the first
/// byte defines.
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
