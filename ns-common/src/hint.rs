//! Why a step failed: one table of causes, each looked for after the failure and told only if
//! found.

mod entering;
mod execution;
mod huge_pages;

use std::ffi::CStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::error::{Error, Message};
use crate::idmap::IdKind;
use crate::namespace::{Kind, KindSet};
use crate::process::target::Target;
use crate::sys::descriptor;
use crate::sys::ipc::Pages;
use crate::sys::limit::{Limits, Resource};
use crate::words;

/// A step that failed, with what the checks need to know of it.
#[derive(Debug, Clone, Copy)]
pub enum Failed<'a> {
    /// unshare(2) for these kinds.
    Unshare(KindSet),
    /// Mounting a proc file system.
    MountProc {
        /// Whether the mounting process is in a new PID namespace.
        in_new_pid_namespace: bool,
    },
    /// Binding a namespace to a file.
    Bind(&'a Path),
    /// Dropping the supplementary groups.
    DropGroups,
    /// Dropping them in the user namespace of a process, which has been entered.
    DropGroupsInside(&'a Target),
    /// Taking on a uid or gid.
    SetId(IdKind, u32),
    /// Taking on limits.
    SetLimit(Resource, Limits),
    /// Opening something below `/proc` of a process.
    OpenProcess(&'a Target),
    /// Copying a descriptor of another process.
    CopyDescriptor,
    /// setns(2) for these kinds of a process; `own` are those that are the caller's already, and its
    /// user namespace if the process shares it.
    EnterProcess {
        /// The process.
        target: &'a Target,
        /// What was to be entered.
        kinds: KindSet,
        /// What need not be.
        own: KindSet,
    },
    /// setns(2) for a kind by its file.
    EnterFile(Kind, &'a OwnedFd),
    /// Executing a program by its name, which is looked up if it has no slash.
    Execute(&'a CStr),
    /// Executing a copy of a program in memory.
    ExecuteCopy(&'a CStr, &'a OwnedFd),
    /// Creating a segment of so many bytes in huge pages.
    CreateInHugePages {
        /// Bytes.
        size: u64,
        /// Which pages.
        pages: Pages,
    },
}

/// One row: which steps and which reasons of the system it is about, and the check, which gives the
/// cause and the remedy in one sentence.
struct Cause {
    concerns: fn(&Failed<'_>) -> bool,
    errnos: &'static [Errno],
    find: fn(&Failed<'_>, &System) -> Option<Message>,
}

/// The causes, the more specific ones first: the first that is found is told.
static CAUSES: &[Cause] = &[
    Cause {
        concerns: |failed| matches!(failed, Failed::Unshare(_)),
        errnos: &[Errno::ENOSPC, Errno::EUSERS],
        find: limit_is_zero,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::Unshare(kinds) if kinds.contains(Kind::User)),
        errnos: &[Errno::EPERM, Errno::EACCES],
        find: user_namespaces_are_switched_off,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::Unshare(kinds) if !kinds.contains(Kind::User)),
        errnos: &[Errno::EPERM, Errno::EACCES],
        find: privilege_is_missing,
    },
    Cause {
        concerns: |failed| {
            matches!(
                failed,
                Failed::MountProc {
                    in_new_pid_namespace: false
                }
            )
        },
        errnos: &[Errno::EPERM],
        find: |_, _| Some(words!["a new PID namespace is needed too: --pid --fork"]),
    },
    Cause {
        concerns: |failed| {
            matches!(
                failed,
                Failed::MountProc {
                    in_new_pid_namespace: true
                }
            )
        },
        errnos: &[Errno::EPERM],
        find: proc_is_covered,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::Bind(_)),
        errnos: &[Errno::ENOENT],
        find: file_is_missing,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::DropGroups),
        errnos: &[Errno::EPERM],
        find: groups_are_denied,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::CreateInHugePages { .. }),
        errnos: &[Errno::ENOMEM],
        find: huge_pages::are_short,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::CreateInHugePages { .. }),
        errnos: &[Errno::EPERM],
        find: huge_pages::are_for_a_group,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::CreateInHugePages { .. }),
        errnos: &[Errno::EINVAL],
        find: huge_pages::have_other_sizes,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::DropGroupsInside(_)),
        errnos: &[Errno::EPERM],
        find: entering::groups_are_denied_inside,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::SetId(..)),
        errnos: &[Errno::EINVAL],
        find: execution::id_is_not_mapped,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::SetLimit(..)),
        errnos: &[Errno::EPERM],
        find: execution::limit_may_not_be_raised,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::OpenProcess(_)),
        errnos: &[Errno::ENOENT],
        find: entering::proc_is_of_another_namespace,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::OpenProcess(_)),
        errnos: &[Errno::ENOENT, Errno::EPERM],
        find: entering::proc_hides_others,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::OpenProcess(_) | Failed::EnterProcess { .. }),
        errnos: &[Errno::EACCES, Errno::EPERM],
        find: entering::process_is_closed,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::CopyDescriptor),
        errnos: &[Errno::EPERM],
        find: entering::yama_forbids,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::EnterProcess { .. } | Failed::EnterFile(..)),
        errnos: &[Errno::EINVAL],
        find: entering::user_namespace_is_own,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::EnterProcess { .. } | Failed::EnterFile(..)),
        errnos: &[Errno::EINVAL],
        find: entering::pid_namespace_is_not_below,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::EnterProcess { .. } | Failed::EnterFile(..)),
        errnos: &[Errno::EPERM],
        find: entering::right_over_owner_is_missing,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::Execute(_)),
        errnos: &[Errno::ENOENT],
        find: execution::interpreter_is_missing,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::Execute(_)),
        errnos: &[Errno::EACCES],
        find: execution::execution_is_forbidden,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::ExecuteCopy(..)),
        errnos: &[Errno::ENOENT],
        find: execution::copy_needs_a_file,
    },
    Cause {
        concerns: |failed| matches!(failed, Failed::Execute(_) | Failed::ExecuteCopy(..)),
        errnos: &[Errno::ENOEXEC],
        find: execution::machine_is_another,
    },
];

/// The error, with a hint if a cause for the failure of this step is found.
pub fn explain(error: Error, failed: &Failed<'_>) -> Error {
    if !are_wanted() {
        return error;
    }
    let hint = error
        .cause()
        .and_then(|errno| find(failed, errno, &System::current()));
    error.with_hint(hint)
}

/// Whether the user wants hints: `NS_HINTS=0` silences them.
pub fn are_wanted() -> bool {
    std::env::var_os("NS_HINTS").is_none_or(|value| value != "0")
}

fn find(failed: &Failed<'_>, errno: Errno, system: &System) -> Option<Message> {
    CAUSES
        .iter()
        .filter(|cause| (cause.concerns)(failed) && cause.errnos.contains(&errno))
        .find_map(|cause| (cause.find)(failed, system))
}

/// The system as its /proc and /sys tell of it, which a test can put together from files.
#[derive(Debug)]
struct System {
    proc: PathBuf,
    sys: PathBuf,
}

impl System {
    fn current() -> Self {
        Self {
            proc: PathBuf::from("/proc"),
            sys: PathBuf::from("/sys"),
        }
    }

    fn read(&self, file: &str) -> Option<Vec<u8>> {
        // After entering, `/proc` is another side's, and may be anything.
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let file = descriptor::open(&self.proc.join(file), flags).ok()?;
        let mut content = Vec::new();
        let read = File::from(file)
            .take(LONGEST_FILE)
            .read_to_end(&mut content);
        read.ok().map(|_| content)
    }

    /// The text of a setting below /proc/sys, without blanks around it.
    fn setting(&self, name: &str) -> Option<Vec<u8>> {
        let text = self.read(&format!("sys/{name}"))?;
        Some(text.trim_ascii().to_vec())
    }

    /// The text of a field of our own status: proc_pid_status(5).
    fn status(&self, field: &str) -> Option<Vec<u8>> {
        let text = self.read("self/status")?;
        let value = |line: &[u8]| {
            let rest = line.strip_prefix(field.as_bytes())?.strip_prefix(b":")?;
            Some(rest.trim_ascii().to_vec())
        };
        text.split(|byte| *byte == b'\n').find_map(value)
    }

    /// Whether a capability, by number, is in our effective set.
    fn has_capability(&self, number: u32) -> Option<bool> {
        let set = String::from_utf8(self.status("CapEff")?).ok()?;
        Some(u64::from_str_radix(&set, 16).ok()? & (1 << number) != 0)
    }

    /// The value of an option with which `/proc` is mounted, `name=`.
    fn option_of_proc(&self, name: &[u8]) -> Option<Vec<u8>> {
        let table = self.read("self/mountinfo")?;
        // Of several mounts on one place the last counts.
        let mounts = table.split(|byte| *byte == b'\n').rev();
        let fields = mounts.map(|line| line.split(|byte| *byte == b' ').collect::<Vec<_>>());
        let mount = fields
            .into_iter()
            .find(|fields| fields.get(4) == Some(&b"/proc".as_slice()))?;
        let mut options = mount.last()?.split(|byte| *byte == b',');
        options
            .find_map(|option| option.strip_prefix(name))
            .map(<[u8]>::to_vec)
    }

    /// The places where something is mounted: proc_pid_mountinfo(5).
    fn mount_points(&self) -> Vec<Vec<u8>> {
        let table = self.read("self/mountinfo").unwrap_or_default();
        let place = |line: &[u8]| line.split(|byte| *byte == b' ').nth(4).map(<[u8]>::to_vec);
        table
            .split(|byte| *byte == b'\n')
            .filter_map(place)
            .collect()
    }
}

const CAP_SYS_ADMIN: u32 = 21;
/// No file that a check looks at is longer.
const LONGEST_FILE: u64 = 1 << 20;
/// The directory for binfmt_misc is empty, so that a mount there hides nothing.
const BINFMT_MISC: &[u8] = b"/proc/sys/fs/binfmt_misc";

fn limit_is_zero(failed: &Failed<'_>, system: &System) -> Option<Message> {
    let Failed::Unshare(kinds) = failed else {
        return None;
    };
    kinds.iter().find_map(|kind| {
        let name = format!("max_{}_namespaces", kind.file());
        let limit = system.setting(&format!("user/{name}"))?;
        (limit == b"0").then(|| words!["user.", name, " is 0"])
    })
}

fn user_namespaces_are_switched_off(_: &Failed<'_>, system: &System) -> Option<Message> {
    let switches: [(&str, &[u8]); 2] = [
        ("unprivileged_userns_clone", b"0"),
        ("apparmor_restrict_unprivileged_userns", b"1"),
    ];
    switches.iter().find_map(|(name, value)| {
        let found = system.setting(&format!("kernel/{name}"))?;
        (found == *value).then(|| words!["kernel.", name, " is ", *value])
    })
}

fn privilege_is_missing(_: &Failed<'_>, system: &System) -> Option<Message> {
    // Neither who has no id here nor who sits in a chroot may make a user namespace:
    // user_namespaces(7).
    let overflow = system.setting("kernel/overflowuid")?;
    let ids = system.status("Uid")?;
    let effective = ids.split(u8::is_ascii_whitespace).nth(1)?;
    let may_make_one = effective != overflow && system.mount_points().contains(&b"/".to_vec());
    let lacks = system.has_capability(CAP_SYS_ADMIN) == Some(false);
    (lacks && may_make_one)
        .then(|| words!["without CAP_SYS_ADMIN a user namespace is needed too: --map-root-user"])
}

fn proc_is_covered(_: &Failed<'_>, system: &System) -> Option<Message> {
    let hides = |place: &Vec<u8>| place.starts_with(b"/proc/") && place != BINFMT_MISC;
    let place = system.mount_points().into_iter().find(hides)?;
    let text = "the kernel allows no whole proc where the current one is covered in part, by ";
    Some(words![text, place.as_slice()])
}

fn file_is_missing(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let Failed::Bind(file) = failed else {
        return None;
    };
    (!file.exists()).then(|| words![file, " must exist before: touch ", file])
}

fn groups_are_denied(_: &Failed<'_>, system: &System) -> Option<Message> {
    let policy = system.read("self/setgroups")?;
    policy.starts_with(b"deny").then(|| {
        words!["setgroups is denied in this user namespace; map the groups by --map-groups"]
    })
}
