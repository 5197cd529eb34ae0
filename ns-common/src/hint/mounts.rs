//! Why a file system could not be mounted, or a namespace could not be bound to a file.

use std::os::fd::AsRawFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::isatty;

use super::Failed;
use super::system::{Owner, System};
use crate::error::Message;
use crate::namespace::Kind;
use crate::sys::file::{Identity, status_of};
use crate::sys::{capability, descriptor};
use crate::words;

/// Empty directories that exist as mount points, so that a mount on one hides nothing.
const EMPTY: &[&[u8]] = &[b"/proc/sys/fs/binfmt_misc", b"/proc/fs/nfsd"];

pub(super) fn pid_namespace_is_foreign(_: &Failed<'_>, system: &System) -> Option<Message> {
    let is_foreign = (system.owner)(Kind::Pid)? == Owner::Other;
    let text = "a new PID namespace is needed too: add --pid --fork";
    is_foreign.then(|| words![text])
}

/// In a user namespace the kernel mounts proc only if the current one is fully visible; outside
/// user namespaces root always may: mount_namespaces(7).
pub(super) fn proc_is_covered(_: &Failed<'_>, system: &System) -> Option<Message> {
    if system.is_outside_of_user_namespaces() {
        return None;
    }
    let mounts = system.mounts();
    let hides = |place: &[u8]| place.starts_with(b"/proc/") && !EMPTY.contains(&place);
    let cover = mounts.iter().find(|mount| hides(&mount.place))?;
    let text =
        "the kernel mounts no complete proc while the current one is partly covered: unmount ";
    Some(words![text, cover.place.as_slice()])
}

pub(super) fn ipc_namespace_is_foreign(_: &Failed<'_>, system: &System) -> Option<Message> {
    let is_foreign = (system.owner)(Kind::Ipc)? == Owner::Other;
    let text = "the IPC namespace belongs to another user namespace: make a new one with --ipc";
    is_foreign.then(|| words![text])
}

pub(super) fn kernel_is_before_own_binfmt(_: &Failed<'_>, system: &System) -> Option<Message> {
    let release = String::from_utf8(system.setting("kernel/osrelease")?).ok()?;
    let mut numbers = release.split(['.', '-']).map(str::parse);
    let mut number = || numbers.next()?.ok();
    let version: (u32, u32) = (number()?, number()?);
    let text = "user namespaces have their own binfmt_misc since Linux 6.7, and this is ";
    (version < (6, 7) && !system.is_outside_of_user_namespaces()).then(|| words![text, release])
}

pub(super) fn kernel_lacks_file_system(failed: &Failed<'_>, system: &System) -> Option<Message> {
    let Failed::Mount(name, _) = failed else {
        return None;
    };
    let table = system.read("filesystems")?;
    let mut known = table.split(u8::is_ascii_whitespace);
    let text = " file system: load its module, or use a kernel built with it";
    (!known.any(|known| known == name.as_bytes()))
        .then(|| words!["this kernel has no ", *name, text])
}

pub(super) fn directory_is_missing(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let Failed::Mount(_, directory) = failed else {
        return None;
    };
    let is_missing = status_of(*directory) == Err(Errno::ENOENT);
    is_missing.then(|| words![directory, " does not exist: mkdir ", directory])
}

/// A namespace to be bound, and the file to bind it to.
struct Bind<'a> {
    kind: Kind,
    namespace: Option<&'a Path>,
    file: &'a Path,
}

fn bind<'a>(failed: &Failed<'a>) -> Option<Bind<'a>> {
    match *failed {
        Failed::Bind {
            kind,
            namespace,
            file,
        } => Some(Bind {
            kind,
            namespace,
            file,
        }),
        _ => None,
    }
}

pub(super) fn file_is_missing(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let Bind { file, .. } = bind(failed)?;
    let is_missing = status_of(file) == Err(Errno::ENOENT);
    is_missing.then(|| words![file, " does not exist: touch ", file])
}

pub(super) fn pid_namespace_is_empty(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let is_empty = status_of(bind(failed)?.namespace?) == Err(Errno::ENOENT);
    let text = "a PID namespace can be bound only once it has a process: add --fork";
    (is_empty && !are_messages_output()).then(|| words![text])
}

/// Whether standard error goes where standard output goes: scripts that merge the two compare the
/// result.
fn are_messages_output() -> bool {
    let (output, messages) = (descriptor::standard_output(), descriptor::standard_error());
    let is_one = Identity::of(output).is_ok_and(|one| Identity::of(messages) == Ok(one));
    is_one && isatty(messages) != Ok(true)
}

pub(super) fn mount_is_shared(failed: &Failed<'_>, system: &System) -> Option<Message> {
    let Bind { file, .. } = bind(failed)?;
    let held = descriptor::open(file, OFlag::O_PATH).ok()?;
    let info = system.read(&format!("self/fdinfo/{}", held.as_raw_fd()))?;
    let number = crate::procfs::field(&info, b"mnt_id:")?;
    let mounts = system.mounts();
    let mount = mounts.iter().find(|mount| mount.number == number)?;
    let text = " is on a shared mount, to which a mount namespace cannot be bound: bind its directory to itself and make that mount private";
    (mount.is_shared && !are_messages_output()).then(|| words![file, text])
}

pub(super) fn privilege_to_bind_is_missing(
    failed: &Failed<'_>,
    system: &System,
) -> Option<Message> {
    let kind = bind(failed)?.kind;
    if system.lacks(capability::SYS_ADMIN) {
        let text = " namespace takes CAP_SYS_ADMIN outside the new user namespace: be root";
        return Some(words!["binding a ", kind.name(), text]);
    }
    let is_foreign = (system.owner)(Kind::Mount)? == Owner::Other;
    let text = "the mount namespace outside belongs to another user namespace: make one first, with unshare --mount";
    is_foreign.then(|| words![text])
}
