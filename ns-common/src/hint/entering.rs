//! Why the kernel refused to let us inspect a process or enter its namespaces.

use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::Failed;
use super::system::System;
use crate::error::Message;
use crate::namespace::{Kind, KindSet};
use crate::process::target::{Target, own_namespace};
use crate::sys::file::Identity;
use crate::sys::{capability, descriptor, namespace};
use crate::words;

/// The process exists, but this `/proc` does not show it.
pub(super) fn proc_is_of_another_namespace(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let Failed::OpenProcess(target) = failed else {
        return None;
    };
    let text = "/proc belongs to another PID namespace: mount one for the caller's";
    target.is_absent_from_proc().then(|| words![text])
}

/// `/proc` hides the processes of other users: the mount option `hidepid` of proc(5).
pub(super) fn proc_hides_others(failed: &Failed<'_>, system: &System) -> Option<Message> {
    let Failed::OpenProcess(target) = failed else {
        return None;
    };
    // Without a pidfd, a hidden process looks like one that does not exist.
    if !target.is_running() {
        return None;
    }
    // Anybody may read this file of a process that is not hidden.
    if target.read("status").is_ok() {
        return None;
    }
    let option = system.option_of_proc(b"hidepid=")?;
    let text = "/proc hides the processes of other users (hidepid=";
    let hides = !matches!(option.as_slice(), b"0" | b"off");
    hides.then(|| words![text, option.as_slice(), "): be root to see them"])
}

/// The process belongs to another user, or only root may inspect it.
pub(super) fn process_is_closed(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let target = match failed {
        Failed::OpenProcess(target)
        | Failed::CopyDescriptor(target)
        | Failed::EnterProcess { target, .. } => target,
        _ => return None,
    };
    // Without this right over the process, the other rights that entering needs do not matter yet.
    let closed = [Some(Errno::EACCES), Some(Errno::EPERM)];
    let error = target.open_namespace(Kind::Uts).err()?;
    if !closed.contains(&error.cause()) || capability::is_effective(capability::SYS_PTRACE).ok()? {
        return None;
    }
    let pid = target.pid().as_raw();
    let owner = target.credentials().ok()?.ids.user;
    let own = nix::unistd::getuid().as_raw();
    if [owner.real, owner.effective, owner.saved] != [own; 3] {
        let text = " belongs to another user: only that user and root may inspect it";
        return Some(words!["process ", pid, text]);
    }
    // This file belongs to the owner of the process, or to root if the process is not dumpable.
    let is_root = target.owner_of("ns").ok()? == 0 && own != 0;
    let text = " may be inspected only by root (PR_SET_DUMPABLE of prctl(2))";
    is_root.then(|| words!["process ", pid, text])
}

/// A seccomp filter forbids the call.
pub(super) fn filter_refuses(_: &Failed<'_>, system: &System) -> Option<Message> {
    let is_filtered = system.status("Seccomp")? == b"2" && (system.is_setns_filtered)();
    let text = "a seccomp filter refuses setns(2): whatever started this command must allow it, for example with another container profile";
    is_filtered.then(|| words![text])
}

/// The caller is in the user namespace already: setns(2).
pub(super) fn user_namespace_is_own(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let is_own = match failed {
        Failed::EnterProcess { kinds, shared, .. } => {
            kinds.contains(Kind::User) && shared.contains(Kind::User)
        }
        Failed::EnterFile(Kind::User, file) => is_own_namespace(Kind::User, file)?,
        _ => false,
    };
    let text =
        "this is the caller's own user namespace, which cannot be entered again: leave it out";
    is_own.then(|| words![text])
}

fn is_own_namespace(kind: Kind, file: &OwnedFd) -> Option<bool> {
    let (own, its) = (own_namespace(kind).ok()?, Identity::of(file).ok()?);
    Some(own == its)
}

/// A PID namespace can be entered only from itself or from one above it: setns(2).
pub(super) fn pid_namespace_is_not_below(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let file = match failed {
        Failed::EnterProcess { target, kinds, .. } if kinds.contains(Kind::Pid) => {
            target.open_namespace(Kind::Pid).ok()?
        }
        Failed::EnterFile(Kind::Pid, file) => file.try_clone().ok()?,
        _ => return None,
    };
    let own = own_namespace(Kind::Pid).ok()?;
    let mut ancestor = file;
    loop {
        if Identity::of(&ancestor).ok()? == own {
            return None;
        }
        match namespace::parent(ancestor.as_fd()) {
            Ok(parent) => ancestor = parent,
            // The kernel shows only the caller's own namespace and those below it.
            Err(Errno::EPERM) => break,
            Err(_) => return None,
        }
    }
    let text = "the PID namespace is neither the caller's nor below it: enter it from one above it";
    Some(words![text])
}

/// Entering takes CAP_SYS_ADMIN in the user namespace that owns the namespace.
pub(super) fn right_over_owner_is_missing(failed: &Failed<'_>, _: &System) -> Option<Message> {
    match failed {
        Failed::EnterProcess {
            target,
            kinds,
            shared,
        } => kinds
            .without(Kind::User)
            .iter()
            .find_map(|kind| over_kind(kind, target, *kinds, *shared)),
        Failed::EnterFile(kind, file) if *kind != Kind::User => over_file(*kind, file),
        _ => None,
    }
}

fn over_kind(kind: Kind, target: &Target, kinds: KindSet, shared: KindSet) -> Option<Message> {
    let file = target.open_namespace(kind).ok()?;
    let owner = match owner(kind, &file)? {
        Ok(owner) => owner,
        Err(message) => return Some(message),
    };
    let shares_user = shared.contains(Kind::User);
    let is_of_target = owner == target.namespace(Kind::User).ok()?;
    let name = words!["ns/", kind.file()];
    if kinds.contains(Kind::User) && !shares_user {
        let text = " is not owned by the target's user namespace: leave it out, or be root";
        return (!is_of_target).then(|| words![name, text]);
    }
    if shared.contains(kind) {
        let text =
            " is the caller's already, and entering it again takes CAP_SYS_ADMIN: leave it out";
        return Some(words![name, text]);
    }
    if is_of_target && !shares_user {
        let text = " is owned by the target's user namespace: add --user --preserve-credentials";
        return Some(words![name, text]);
    }
    takes_capability(&name, owner)
}

fn over_file(kind: Kind, file: &OwnedFd) -> Option<Message> {
    match owner(kind, file)? {
        Ok(owner) => takes_capability(&words!["ns/", kind.file()], owner),
        Err(message) => Some(message),
    }
}

fn takes_capability(name: &Message, owner: Identity) -> Option<Message> {
    let is_own = owner == own_namespace(Kind::User).ok()?;
    let text = " is owned by the caller's user namespace, and entering it takes CAP_SYS_ADMIN there: be root";
    is_own.then(|| words![*name, text])
}

/// The user namespace that owns the namespace `file`, or the message that says why it cannot be
/// entered at all. `None` if the caller has the capability, so that this is not the cause.
fn owner(kind: Kind, file: &OwnedFd) -> Option<Result<Identity, Message>> {
    let owner = match namespace::owner(file.as_fd()) {
        Ok(owner) => Identity::of(owner).ok()?,
        // The kernel shows the owner only if it is the caller's user namespace or below it.
        Err(Errno::EPERM) => {
            let text = " is owned by a user namespace outside the caller's: enter it from there";
            return Some(Err(words!["ns/", kind.file(), text]));
        }
        Err(_) => return None,
    };
    // A capability in this user namespace also counts in those below it.
    let is_capable = capability::is_effective(capability::SYS_ADMIN).ok()?;
    (!is_capable).then_some(Ok(owner))
}

/// Once process 1 of a PID namespace has ended, no process can be created in it: pid_namespaces(7).
pub(super) fn pid_namespace_has_ended(_: &Failed<'_>, system: &System) -> Option<Message> {
    let file = system.path("self/ns").join(Kind::Pid.file_after_unshare());
    let namespace = descriptor::open(&file, OFlag::O_RDONLY).ok()?;
    let has_ended = namespace::first_process(namespace.as_fd()) == Err(Errno::ESRCH);
    let text = "process 1 of the PID namespace has ended, so no process can be started in it: make a new one";
    has_ended.then(|| words![text])
}

/// The file is a namespace of another kind, or not a namespace.
pub(super) fn file_is_another(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let Failed::EnterFile(kind, file) = failed else {
        return None;
    };
    match namespace::flag_of(file.as_fd()) {
        Ok(flag) => {
            let mut kinds = Kind::ALL.into_iter();
            let other = kinds.find(|kind| kind.flag().bits() == flag)?;
            let text = "the file is a namespace of kind ";
            (other != *kind).then(|| words![text, other.file(), ", not ", kind.file()])
        }
        Err(Errno::ENOTTY) => {
            let text = "the file is not a namespace: give one of /proc/PID/ns, or one to which a namespace is bound";
            Some(words![text])
        }
        Err(_) => None,
    }
}

/// Yama lets only a parent copy descriptors of its children.
pub(super) fn yama_forbids(_: &Failed<'_>, system: &System) -> Option<Message> {
    let scope = system.setting("kernel/yama/ptrace_scope")?;
    let needs_capability = matches!(scope.as_slice(), b"1" | b"2" | b"3");
    let is_capable = !system.lacks(capability::SYS_PTRACE) && scope != b"3";
    let text = ": copying a descriptor of another process takes CAP_SYS_PTRACE";
    let name = "kernel.yama.ptrace_scope is ";
    (needs_capability && !is_capable).then(|| words![name, scope.as_slice(), text])
}

#[cfg(test)]
mod tests {
    use nix::unistd::Pid;

    use super::super::fake::Fake;
    use super::*;

    /// The hint with this setting of Yama and these capabilities.
    fn with_yama(scope: &str, capabilities: &str) -> Option<String> {
        let status = format!("CapEff:\t{capabilities}\n");
        let setting = "proc/sys/kernel/yama/ptrace_scope";
        let fake = Fake::new(&[(setting, scope), ("proc/self/status", &status)]);
        fake.hint(
            &Failed::CopyDescriptor(&Target::hold(Pid::this())),
            Errno::EPERM,
        )
    }

    #[test]
    fn yama_is_named_where_it_forbids() {
        let (none, ptrace) = ("0000000000000000", "0000000000080000");
        assert!(with_yama("1\n", none).is_some());
        assert!(with_yama("3\n", ptrace).is_some());
        assert_eq!(with_yama("1\n", ptrace), None);
        assert_eq!(with_yama("0\n", none), None);
    }
}
