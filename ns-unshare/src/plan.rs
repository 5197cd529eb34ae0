//! What will be done, in order: data that can be read, compared and tested without privileges.

use std::ffi::{CStr, OsStr, OsString};
use std::path::PathBuf;

use nix::mount::MsFlags;
use ns_common::error::{Error, Message};
use ns_common::idmap::{Hole, IdExtent, IdMap, Side};
use ns_common::namespace::{Kind, KindSet};
use ns_common::words;

use crate::cli::{BINFMT_MISC, Propagation, Range, Request, SetGroups, SingleId};
use crate::world::World;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are what the names say")]
pub enum Step {
    /// Make sure that children can be waited for.
    DefaultChildSignal,
    /// Fork the helper that will bind the new namespaces to files.
    StartBinder,
    /// Fork the helper that will write maps from outside.
    StartMapper(MapperJob),
    /// Remember which mount namespace this is.
    NoteOuterMounts,
    /// Make the new namespaces and move in.
    Unshare(KindSet),
    /// See to it that the new mount namespace can be bound to a file in the one noted.
    OutrankOuterMounts,
    /// Release the mapper and wait for it.
    WriteMapsFromOutside,
    /// Set the offset of a clock of the new time namespace.
    OffsetClock {
        clock: Clock,
        seconds: i64,
    },
    /// Ask for a signal when the parent dies, which may have happened already.
    DieWithParent(i32),
    /// Map one id, the caller's own, which needs no privilege.
    MapSingle(Side, IdExtent),
    /// Write `/proc/self/setgroups`.
    WriteSetGroups {
        policy: SetGroups,
        missing: Missing,
    },
    /// Fail: the request turns out to contradict itself.
    Refuse(Message),
    /// Change the propagation of all mounts.
    Propagate(MsFlags),
    /// Make a mount point's propagation private; no harm if it is none.
    MakePrivate(PathBuf),
    MountProc(PathBuf),
    MountBinfmt(PathBuf),
    /// Register an interpreter with a mounted binfmt_misc.
    RegisterInterpreter {
        directory: PathBuf,
        text: OsString,
    },
    ChangeRoot(PathBuf),
    ChangeDirectory(PathBuf),
    DropGroups,
    SetGid(u32),
    SetUid(u32),
    KeepCapabilities,
    /// Keep only these variables.
    ReplaceEnvironment(Vec<OsString>),
}

/// A clock of a time namespace: time_namespaces(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "named as the kernel names them")]
pub enum Clock {
    Monotonic,
    Boottime,
}

/// Whether a file may be missing because the kernel is older than it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the type says it")]
pub enum Missing {
    Tolerated,
    AnError,
}

/// What the mapper writes; `None` leaves that side alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapperJob {
    /// The `uid_map`.
    pub users: Option<IdMap>,
    /// The `gid_map`.
    pub groups: Option<IdMap>,
    /// Who writes.
    pub writer: Writer,
}

/// Who may write a map of more than one's own id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// The mapper itself: it is root.
    Mapper,
    /// newuidmap(1) and newgidmap(1), which check the caller's delegation.
    SetuidPrograms,
}

/// How the program's process is forked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fork {
    /// Pass INT and TERM on instead of holding them back.
    pub forward_signals: bool,
    /// Watch for the death of the parent.
    pub dies_with_parent: bool,
}

/// The whole way from here to the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The kinds of the new namespaces.
    pub kinds: KindSet,
    /// What the first process does.
    pub before: Vec<Step>,
    /// Whether what follows is done by a child.
    pub fork: Option<Fork>,
    /// The namespaces to bind to files, in order, once there is a process in each.
    pub files: Vec<(Kind, PathBuf)>,
    /// What the process of the program does.
    pub inside: Vec<Step>,
    /// The program; empty for a shell.
    pub command: Vec<&'static CStr>,
}

impl Plan {
    /// Settles what `request` means for a caller in `world`.
    pub fn new(request: Request, world: &dyn World) -> Result<Self, Error> {
        let maps = Maps::new(&request, world)?;
        Ok(Self {
            kinds: request.kinds,
            before: before(&request, &maps),
            fork: request.fork.then_some(Fork {
                forward_signals: request.forward_signals,
                dies_with_parent: request.kill_child.is_some(),
            }),
            inside: inside(&request, &maps),
            files: request.files.into_iter().collect(),
            command: request.command,
        })
    }
}

/// Which map is written by whom.
struct Maps {
    mapper: Option<MapperJob>,
    single_user: Option<IdExtent>,
    single_group: Option<IdExtent>,
}

impl Maps {
    fn new(request: &Request, world: &dyn World) -> Result<Self, Error> {
        let owner = request.owner;
        let (users, single_user) = side(
            Side::User,
            request.map_user,
            &request.user_ranges,
            owner.is_some_and(|owner| owner.uid.is_some()),
            world,
        )?;
        let (groups, single_group) = side(
            Side::Group,
            request.map_group,
            &request.group_ranges,
            owner.is_some_and(|owner| owner.gid.is_some()),
            world,
        )?;
        let mapper = (users.is_some() || groups.is_some()).then(|| {
            let is_root = world.effective_id(Side::User) == 0;
            MapperJob {
                users,
                groups,
                writer: if is_root {
                    Writer::Mapper
                } else {
                    Writer::SetuidPrograms
                },
            }
        });
        Ok(Self {
            mapper,
            single_user,
            single_group,
        })
    }
}

/// The map of one side for the mapper, or else the single extent that the process maps itself.
///
/// The mapper takes a single extent too where there are blocks to go with it, or where the process
/// gives up the privilege to write it (`privilege_leaves`).
fn side(
    side: Side,
    single: Option<SingleId>,
    ranges: &[Range],
    privilege_leaves: bool,
    world: &dyn World,
) -> Result<(Option<IdMap>, Option<IdExtent>), Error> {
    let single = single.map(|id| {
        let outer = world.effective_id(side);
        match id {
            SingleId::Id(inner) => IdExtent::single(inner, outer),
            SingleId::Same => IdExtent::single(outer, outer),
        }
    });
    if ranges.is_empty() {
        return Ok(match single {
            Some(extent) if privilege_leaves => (Some(IdMap::single(extent)), None),
            single => (None, single),
        });
    }
    let mut extents = Vec::new();
    for range in ranges {
        match range {
            Range::Extent(extent) => extents.push((*extent, Hole::CostsOneId)),
            Range::Auto(block) => extents.push((IdExtent { inner: 0, ..*block }, Hole::Free)),
            Range::Subids(block) => extents.push((*block, Hole::CostsOneId)),
            Range::All => extents.extend(
                world
                    .all_ids(side)?
                    .into_iter()
                    .map(|extent| (extent, Hole::CostsOneId)),
            ),
        }
    }
    Ok((Some(IdMap::new(single, &extents)), None))
}

fn before(request: &Request, maps: &Maps) -> Vec<Step> {
    let mut steps = vec![Step::DefaultChildSignal];
    if !request.files.is_empty() {
        steps.push(Step::StartBinder);
    }
    if let Some(job) = &maps.mapper {
        steps.push(Step::StartMapper(job.clone()));
    }
    if let Some(owner) = request.owner {
        if let Some(gid) = owner.gid {
            steps.extend([Step::DropGroups, Step::SetGid(gid)]);
        }
        steps.extend(owner.uid.map(Step::SetUid));
    }
    let keeps_mounts = request.files.contains_key(&Kind::Mount);
    if keeps_mounts {
        steps.push(Step::NoteOuterMounts);
    }
    steps.push(Step::Unshare(request.kinds));
    if keeps_mounts {
        steps.push(Step::OutrankOuterMounts);
    }
    if maps.mapper.is_some() {
        steps.push(Step::WriteMapsFromOutside);
    }
    // The kernel takes offsets only until the first process has entered.
    let clocks = [
        (Clock::Boottime, request.boottime),
        (Clock::Monotonic, request.monotonic),
    ];
    steps.extend(clocks.into_iter().filter_map(|(clock, seconds)| {
        Some(Step::OffsetClock {
            clock,
            seconds: seconds?,
        })
    }));
    // Before the fork, so that at no moment the program can read in its waiting parent what it shall not see.
    steps.extend(request.environment.clone().map(Step::ReplaceEnvironment));
    steps
}

fn inside(request: &Request, maps: &Maps) -> Vec<Step> {
    let mut steps = Vec::new();
    steps.extend(request.kill_child.map(Step::DieWithParent));
    push_maps(&mut steps, request, maps);
    push_mounts(&mut steps, request);
    if let Some(gid) = request.gid {
        steps.extend([Step::DropGroups, Step::SetGid(gid)]);
    }
    steps.extend(request.uid.map(Step::SetUid));
    if request.uid.is_some() || request.gid.is_some() {
        // The kernel forgets the parent-death signal when the ids change: PR_SET_PDEATHSIG(2const).
        steps.extend(request.kill_child.map(Step::DieWithParent));
    }
    if request.keep_capabilities && request.kinds.contains(Kind::User) {
        steps.push(Step::KeepCapabilities);
    }
    steps
}

fn push_maps(steps: &mut Vec<Step>, request: &Request, maps: &Maps) {
    steps.extend(
        maps.single_user
            .map(|extent| Step::MapSingle(Side::User, extent)),
    );
    if let Some(extent) = maps.single_group {
        if request.setgroups == Some(SetGroups::Allow) {
            steps.push(Step::Refuse(words![
                "options --setgroups=allow and --map-group are mutually exclusive"
            ]));
        }
        // Without privileges outside, the kernel refuses a gid_map before this: user_namespaces(7).
        steps.push(Step::WriteSetGroups {
            policy: SetGroups::Deny,
            missing: Missing::Tolerated,
        });
        steps.push(Step::MapSingle(Side::Group, extent));
    }
    steps.extend(request.setgroups.map(|policy| Step::WriteSetGroups {
        policy,
        missing: Missing::AnError,
    }));
}

fn push_mounts(steps: &mut Vec<Step>, request: &Request) {
    if request.kinds.contains(Kind::Mount) {
        steps.extend(propagation_flag(request.propagation).map(Step::Propagate));
    }
    let interpreter = request
        .load_interpreter
        .as_ref()
        .filter(|text| !text.is_empty());
    let opened_outside =
        request.root.is_some() && interpreter.is_some_and(|text| is_opened_at_registration(text));
    if let Some(text) = interpreter.filter(|_| opened_outside) {
        steps.push(Step::MountBinfmt(BINFMT_MISC.into()));
        steps.push(Step::RegisterInterpreter {
            directory: BINFMT_MISC.into(),
            text: text.clone(),
        });
    }
    steps.extend(request.root.clone().map(Step::ChangeRoot));
    let new_root = request.root.as_ref().map(|_| PathBuf::from("/"));
    steps.extend(
        request
            .working_directory
            .clone()
            .or(new_root)
            .map(Step::ChangeDirectory),
    );
    if let Some(directory) = &request.mount_proc {
        if request.root.is_none() && request.propagation != Propagation::Private {
            steps.push(Step::MakePrivate(directory.clone()));
        }
        steps.push(Step::MountProc(directory.clone()));
    }
    if let Some(directory) = &request.mount_binfmt {
        steps.push(Step::MountBinfmt(directory.clone()));
        if let Some(text) = interpreter.filter(|_| !opened_outside) {
            steps.push(Step::RegisterInterpreter {
                directory: directory.clone(),
                text: text.clone(),
            });
        }
    }
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

/// Whether a binfmt_misc rule has the flag `F`: the last field, behind the delimiter that the first byte defines.
fn is_opened_at_registration(rule: &OsStr) -> bool {
    let rule = rule.as_encoded_bytes();
    let fields = rule
        .split_first()
        .and_then(|(delimiter, rest)| rest.rsplit(|byte| byte == delimiter).next());
    fields.is_some_and(|flags| flags.contains(&b'F'))
}

#[cfg(test)]
mod tests;
