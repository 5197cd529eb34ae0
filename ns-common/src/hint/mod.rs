//! Why a step failed: one table of causes. Each is checked for after the failure, and told only if
//! the check finds it.

use std::ffi::CStr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::OnceLock;

use nix::errno::Errno::{
    self, EACCES, EINVAL, ENODEV, ENOENT, ENOEXEC, ENOMEM, ENOSPC, ENOSYS, EPERM, EUSERS,
};

use crate::error::{Error, Message};
use crate::idmap::{Both, IdKind, IdMap};
use crate::namespace::{Kind, KindSet};
use crate::process::target::Target;
use crate::sys::ipc::Pages;
use crate::sys::limit::{Limits, ResourceLimit};

mod entering;
mod execution;
#[cfg(test)]
mod fake;
mod huge_pages;
mod ids;
mod map_programs;
mod maps;
mod mounts;
mod system;
mod unshare;

use system::System;

/// A step that failed, with what the checks need to know about it.
#[derive(Debug, Clone, Copy)]
pub enum Failed<'a> {
    /// unshare(2) for these kinds.
    Unshare(KindSet),
    /// Writing a map of our own user namespace.
    WriteMap(IdKind, &'a IdMap),
    /// Writing a map of a user namespace below ours.
    WriteMapFromOutside(IdKind, &'a IdMap),
    /// Executing newuidmap(1) or newgidmap(1).
    ExecuteMapProgram(IdKind),
    /// Running newuidmap(1) and newgidmap(1) outside, to write the maps of our own user namespace.
    RunMapPrograms(&'a Both<Option<IdMap>>),
    /// Writing `allow` or `deny` to `/proc/PID/setgroups`.
    WriteSetGroups(&'a str),
    /// Mounting a new file system of this type on a directory.
    Mount(&'a str, &'a Path),
    /// Binding a namespace of a kind to a file.
    Bind {
        /// Which kind.
        kind: Kind,
        /// The namespace's file in `/proc`, if there is a path to it.
        namespace: Option<&'a Path>,
        /// The file to bind it to.
        file: &'a Path,
    },
    /// Dropping the supplementary groups.
    DropGroups,
    /// Dropping the supplementary groups after entering the user namespace of a process.
    DropGroupsInside(&'a Target),
    /// Changing the uid or gid.
    SetId(IdKind, u32),
    /// Setting a resource limit.
    SetLimit(ResourceLimit, Limits),
    /// Opening a file below `/proc/PID` of a process.
    OpenProcess(&'a Target),
    /// Copying a descriptor of another process.
    CopyDescriptor(&'a Target),
    /// setns(2) for these kinds of a process.
    EnterProcess {
        /// The process.
        target: &'a Target,
        /// The kinds to enter.
        kinds: KindSet,
        /// Those of `kinds`, and the user kind in any case, whose namespace the process shares with
        /// the caller.
        shared: KindSet,
    },
    /// setns(2) with a namespace file of this kind.
    EnterFile(Kind, &'a OwnedFd),
    /// Forking a child into a PID namespace.
    Fork,
    /// Executing a program by name, which is searched for if it contains no slash.
    Execute(&'a CStr),
    /// Executing a program from a copy in memory.
    ExecuteCopy(&'a CStr, &'a OwnedFd),
    /// Creating a segment in huge pages.
    CreateInHugePages {
        /// The size of the segment in bytes.
        size: u64,
        /// The kind of pages.
        pages: Pages,
    },
}

/// Turns the table of causes into the function that looks for them.
///
/// A row has a pattern for the step, the errnos it applies to (none if another program has failed
/// and reported its own reason), and the check, which returns cause and remedy in one sentence. The
/// table becomes code because data would contain three pointers a row, which the loader relocates
/// at every start.
macro_rules! causes {
    ($($step:pat $(if $condition:expr)?, [$($errno:path),*] => $check:path;)+) => {
        /// The first cause that a check finds. Inlined where the step is known at compile time, it
        /// contains only the checks of that step.
        #[inline(always)]
        fn find_inline(failed: &Failed<'_>, errno: Option<Errno>, system: &System) -> Option<Message> {
            $(if matches!(failed, $step $(if $condition)?) && is_among(errno, &[$($errno),*]) {
                if let Some(hint) = $check(failed, system) {
                    return Some(hint);
                }
            })+
            None
        }
    };
}

#[cold]
#[inline(never)]
fn find(failed: &Failed<'_>, errno: Option<Errno>, system: &System) -> Option<Message> {
    find_inline(failed, errno, system)
}

/// Whether `errno` is one of `errnos`, or both are absent.
fn is_among(errno: Option<Errno>, errnos: &[Errno]) -> bool {
    errno.map_or(errnos.is_empty(), |errno| errnos.contains(&errno))
}

// More specific causes come first, because the first one found is told.
causes! {
    Failed::Unshare(_), [EPERM, EACCES, ENOSYS] => unshare::filter_refuses;
    Failed::Unshare(_), [ENOSPC] => unshare::limit_is_zero;
    Failed::Unshare(_), [ENOSPC] => unshare::limit_may_be_reached;
    Failed::Unshare(_), [EUSERS] => unshare::nesting_is_too_deep;
    Failed::Unshare(kinds) if kinds.contains(Kind::User), [EPERM] => unshare::root_is_changed;
    Failed::Unshare(kinds) if kinds.contains(Kind::User), [EPERM] => unshare::ids_are_unmapped;
    Failed::Unshare(kinds) if kinds.contains(Kind::User), [EPERM] => unshare::are_switched_off;
    Failed::Unshare(kinds) if kinds.contains(Kind::User), [EPERM, EACCES] => unshare::apparmor_restricts;
    Failed::Unshare(kinds) if !kinds.contains(Kind::User), [EPERM] => unshare::privilege_is_missing;
    Failed::Unshare(_), [EINVAL, ENOSYS] => unshare::kernel_lacks_kind;

    Failed::WriteMap(..), [EPERM, EACCES] => maps::apparmor_restricts;
    Failed::WriteMap(..) | Failed::WriteSetGroups(_), [EACCES] => maps::process_is_not_dumpable;
    Failed::WriteMap(..), [EPERM] => maps::capability_of_maker_is_missing;
    Failed::WriteMapFromOutside(..), [EPERM] => maps::capability_to_map_is_missing;
    Failed::WriteMapFromOutside(..), [EPERM] => maps::capability_to_map_root_is_missing;
    Failed::WriteMapFromOutside(..), [EPERM] => maps::ids_are_not_mapped_outside;
    Failed::WriteSetGroups(_), [EPERM] => maps::groups_are_mapped;
    Failed::WriteSetGroups(_), [EPERM] => maps::policy_is_final;
    Failed::WriteSetGroups(_), [EACCES] => maps::policy_takes_capability;
    Failed::ExecuteMapProgram(_), [ENOENT] => map_programs::program_is_not_installed;
    Failed::RunMapPrograms(_), [] => map_programs::privileges_are_taken;
    Failed::RunMapPrograms(_), [] => map_programs::program_is_not_privileged;
    Failed::RunMapPrograms(_), [] => map_programs::block_is_not_delegated;

    Failed::Mount("proc", _), [EPERM] => mounts::pid_namespace_is_foreign;
    Failed::Mount("proc", _), [EPERM] => mounts::proc_is_covered;
    Failed::Mount("mqueue", _), [EPERM] => mounts::ipc_namespace_is_foreign;
    Failed::Mount("binfmt_misc", _), [EPERM] => mounts::kernel_is_before_own_binfmt;
    Failed::Mount(..), [ENODEV] => mounts::kernel_lacks_file_system;
    Failed::Mount(..), [ENOENT] => mounts::directory_is_missing;

    Failed::Bind { .. }, [ENOENT] => mounts::file_is_missing;
    Failed::Bind { kind: Kind::Pid, .. }, [ENOENT] => mounts::pid_namespace_is_empty;
    Failed::Bind { kind: Kind::Mount, .. }, [EINVAL] => mounts::mount_is_shared;
    Failed::Bind { .. }, [EPERM] => mounts::privilege_to_bind_is_missing;

    Failed::OpenProcess(_), [ENOENT] => entering::proc_is_of_another_namespace;
    Failed::OpenProcess(_), [ENOENT, EPERM] => entering::proc_hides_others;
    Failed::OpenProcess(_) | Failed::EnterProcess { .. }, [EACCES, EPERM] => entering::process_is_closed;
    Failed::CopyDescriptor(_), [EPERM] => entering::process_is_closed;
    Failed::CopyDescriptor(_), [EPERM] => entering::yama_forbids;
    Failed::EnterProcess { .. } | Failed::EnterFile(..), [EPERM, ENOSYS] => entering::filter_refuses;
    Failed::EnterFile(..), [EINVAL] => entering::file_is_another;
    Failed::EnterProcess { .. } | Failed::EnterFile(..), [EINVAL] => entering::user_namespace_is_own;
    Failed::EnterProcess { .. } | Failed::EnterFile(..), [EINVAL] => entering::pid_namespace_is_not_below;
    Failed::EnterProcess { .. } | Failed::EnterFile(..), [EPERM] => entering::right_over_owner_is_missing;
    Failed::Fork, [ENOMEM] => entering::pid_namespace_has_ended;

    Failed::Execute(_), [ENOENT] => execution::interpreter_is_missing;
    Failed::Execute(_), [EACCES] => execution::program_is_a_directory;
    Failed::Execute(_), [EACCES] => execution::execution_is_forbidden;
    Failed::ExecuteCopy(..), [ENOENT] => execution::copy_needs_a_file;
    Failed::Execute(_) | Failed::ExecuteCopy(..), [ENOEXEC] => execution::machine_is_another;

    Failed::DropGroups, [EPERM] => ids::groups_take_capability;
    Failed::DropGroups, [EPERM] => ids::groups_are_denied;
    Failed::DropGroups, [EPERM] => ids::groups_are_not_mapped;
    Failed::DropGroupsInside(_), [EPERM] => ids::groups_are_denied_inside;
    Failed::SetId(..), [EINVAL] => ids::id_is_not_mapped;
    Failed::SetId(..), [EPERM] => ids::id_takes_capability;
    Failed::SetLimit(..), [EPERM] => ids::limit_may_not_be_raised;

    Failed::CreateInHugePages { .. }, [ENOMEM] => huge_pages::are_short;
    Failed::CreateInHugePages { .. }, [EPERM] => huge_pages::are_for_a_group;
    Failed::CreateInHugePages { .. }, [EINVAL] => huge_pages::have_other_sizes;
}

/// Whether hints are wanted: `NS_HINTS=0` silences them.
///
/// The first answer is kept, because the process may change its environment later.
pub fn are_wanted() -> bool {
    static WANTED: OnceLock<bool> = OnceLock::new();
    *WANTED.get_or_init(|| std::env::var_os("NS_HINTS").is_none_or(|value| value != "0"))
}

/// Adds a hint to `error` if a cause for the failure is found.
pub fn explain(error: Error, failed: &Failed<'_>) -> Error {
    with_hint(error, failed, find)
}

/// Like [`explain`], for a program that has hints for this step only: it leaves out the checks of
/// other steps, 60 kB.
#[inline(always)]
pub fn explain_only(error: Error, failed: &Failed<'_>) -> Error {
    with_hint(error, failed, find_inline)
}

#[inline(always)]
fn with_hint(
    error: Error,
    failed: &Failed<'_>,
    find: impl Fn(&Failed<'_>, Option<Errno>, &System) -> Option<Message>,
) -> Error {
    if !are_wanted() {
        return error;
    }
    let hint = error
        .cause()
        .and_then(|errno| find(failed, Some(errno), &System::current()));
    error.with_hint(hint)
}

/// The hint for a failure that another program has reported, if a cause is found.
pub fn after(failed: &Failed<'_>) -> Option<Message> {
    let find = || find(failed, None, &System::current());
    are_wanted().then(find).flatten()
}
