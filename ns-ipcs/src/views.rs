//! Which columns are shown of each kind unless columns are named.

use ns_common::ipc::{Posix, Resource, SystemV};

use crate::columns::Column::{
    self, Address, Attach, CPid, Cgroup, Command, Ctime, Cuser, Detach, Group, Id, Key, LPid,
    LrPid, LsPid, MTime, Msgs, Name, Nattch, Nsems, OTime, Owner, Perms, Pid, PidCommand, Recv,
    Send, ShmId, Size, Status, Sval, UsedBytes, User,
};

/// What a list tells of each object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Keys, owners, permissions and sizes.
    Usual,
    /// Times.
    Times,
    /// Processes.
    Processes,
    /// Creators and owners.
    Creators,
}

/// The columns of a view.
pub(crate) fn columns(kind: Resource, list: List) -> &'static [Column] {
    match (list, kind) {
        (List::Usual, kind) => usual(kind),
        (List::Creators, _) => &[Id, Perms, Cuser, Cgroup, User, Group],
        (List::Times, Resource::SystemV(SystemV::Queue)) => &[Id, Owner, Send, Recv, Ctime],
        (List::Times, Resource::SystemV(SystemV::Segment)) => &[Id, Owner, Attach, Detach, Ctime],
        (List::Times, Resource::SystemV(SystemV::SemaphoreSet)) => &[Id, Owner, OTime, Ctime],
        (List::Processes, Resource::SystemV(SystemV::Queue)) => &[Id, Owner, LsPid, LrPid],
        (List::Processes, Resource::SystemV(SystemV::Segment)) => &[Id, Owner, CPid, LPid],
        (List::Processes, Resource::SystemV(SystemV::SemaphoreSet)) => &[Id, Owner],
        (List::Times | List::Processes, Resource::Posix(_)) => usual(kind),
    }
}

fn usual(kind: Resource) -> &'static [Column] {
    match kind {
        Resource::SystemV(SystemV::Queue) => {
            &[Key, Id, Perms, Owner, UsedBytes, Msgs, LsPid, LrPid]
        }
        Resource::SystemV(SystemV::Segment) => &[
            Key, Id, Perms, Owner, Size, Nattch, Status, Ctime, CPid, LPid, Command,
        ],
        Resource::SystemV(SystemV::SemaphoreSet) => &[Key, Id, Perms, Owner, Nsems],
        Resource::Posix(Posix::Queue) => &[Name, Perms, Owner, MTime, UsedBytes, Msgs],
        Resource::Posix(Posix::Memory) => &[Name, Perms, Owner, Size, MTime],
        Resource::Posix(Posix::Semaphore) => &[Name, Perms, Owner, MTime, Sval],
    }
}

/// The columns of who has an object mapped, a row for each process.
pub(crate) fn of_attachments(kind: Resource) -> &'static [Column] {
    match kind {
        Resource::SystemV(_) => &[ShmId, Key, Owner, Size, Pid, PidCommand, Address],
        Resource::Posix(_) => &[Name, Owner, Size, Pid, PidCommand, Address],
    }
}
