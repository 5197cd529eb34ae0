//! The kinds of namespaces and the kernel's names for them: namespaces(7).

use nix::sched::CloneFlags;

mod by_kind;

pub use by_kind::ByKind;

/// A kind of namespace, declared in the order in which the tools enter and persist them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// User and group ids, capabilities: user_namespaces(7).
    User,
    /// The root of the cgroup hierarchy: cgroup_namespaces(7).
    Cgroup,
    /// System V IPC objects and POSIX message queues: ipc_namespaces(7).
    Ipc,
    /// Host name and NIS domain name: uts_namespaces(7).
    Uts,
    /// Network devices, addresses, ports: network_namespaces(7).
    Net,
    /// Process ids: pid_namespaces(7).
    Pid,
    /// Mount points: mount_namespaces(7).
    Mount,
    /// Boot-time and monotonic clocks: time_namespaces(7).
    Time,
}

impl Kind {
    /// All kinds, in order.
    pub const ALL: [Self; 8] = [
        Self::User,
        Self::Cgroup,
        Self::Ipc,
        Self::Uts,
        Self::Net,
        Self::Pid,
        Self::Mount,
        Self::Time,
    ];

    /// The file in `/proc/PID/ns` for the namespace that the process is in.
    pub fn file(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Cgroup => "cgroup",
            Self::Ipc => "ipc",
            Self::Uts => "uts",
            Self::Net => "net",
            Self::Pid => "pid",
            Self::Mount => "mnt",
            Self::Time => "time",
        }
    }

    /// The file in `/proc/PID/ns` for the namespace that the process has just created with
    /// unshare(2).
    ///
    /// New PID and time namespaces are for children only: the process itself stays where it was.
    pub fn file_after_unshare(self) -> &'static str {
        match self {
            Self::Pid => "pid_for_children",
            Self::Time => "time_for_children",
            other => other.file(),
        }
    }

    /// The kind with this name, which may be that of its option or of its file in `/proc/PID/ns`.
    pub fn by_name(name: &[u8]) -> Option<Self> {
        let is_it = |kind: &Self| name == kind.file().as_bytes();
        match name {
            b"mount" => Some(Self::Mount),
            _ => Self::ALL.into_iter().find(is_it),
        }
    }

    /// The name of the kind, for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Cgroup => "cgroup",
            Self::Ipc => "IPC",
            Self::Uts => "UTS",
            Self::Net => "network",
            Self::Pid => "PID",
            Self::Mount => "mount",
            Self::Time => "time",
        }
    }

    /// The flag as clone(2) names it.
    pub fn flag_name(self) -> &'static str {
        match self {
            Self::User => "CLONE_NEWUSER",
            Self::Cgroup => "CLONE_NEWCGROUP",
            Self::Ipc => "CLONE_NEWIPC",
            Self::Uts => "CLONE_NEWUTS",
            Self::Net => "CLONE_NEWNET",
            Self::Pid => "CLONE_NEWPID",
            Self::Mount => "CLONE_NEWNS",
            Self::Time => "CLONE_NEWTIME",
        }
    }

    /// The flag for clone(2), unshare(2) and setns(2).
    pub fn flag(self) -> CloneFlags {
        match self {
            Self::User => CloneFlags::CLONE_NEWUSER,
            Self::Cgroup => CloneFlags::CLONE_NEWCGROUP,
            Self::Ipc => CloneFlags::CLONE_NEWIPC,
            Self::Uts => CloneFlags::CLONE_NEWUTS,
            Self::Net => CloneFlags::CLONE_NEWNET,
            Self::Pid => CloneFlags::CLONE_NEWPID,
            Self::Mount => CloneFlags::CLONE_NEWNS,
            // nix has no constant for this flag.
            Self::Time => CloneFlags::from_bits_retain(libc::CLONE_NEWTIME),
        }
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KindSet(u8);

impl KindSet {
    /// The empty set.
    pub const EMPTY: Self = Self(0);

    /// The set with `kind` added.
    #[must_use]
    pub fn with(self, kind: Kind) -> Self {
        Self(self.0 | bit(kind))
    }

    /// The set without `kind`.
    #[must_use]
    pub fn without(self, kind: Kind) -> Self {
        Self(self.0 & !bit(kind))
    }

    /// Adds `kind`.
    pub fn insert(&mut self, kind: Kind) {
        *self = self.with(kind);
    }

    /// Whether `kind` is in the set.
    pub fn contains(self, kind: Kind) -> bool {
        self.0 & bit(kind) != 0
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kinds in the set, in the order of entering.
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL
            .into_iter()
            .filter(move |kind| self.contains(*kind))
    }

    /// The flags of all kinds, for one unshare(2) or setns(2).
    pub fn flags(self) -> CloneFlags {
        self.iter()
            .fold(CloneFlags::empty(), |flags, kind| flags | kind.flag())
    }
}

impl FromIterator<Kind> for KindSet {
    fn from_iter<T: IntoIterator<Item = Kind>>(kinds: T) -> Self {
        kinds.into_iter().fold(Self::EMPTY, Self::with)
    }
}

fn bit(kind: Kind) -> u8 {
    1 << kind as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_keeps_the_order_of_entering() {
        let set: KindSet = [Kind::Time, Kind::Mount, Kind::User].into_iter().collect();
        assert_eq!(
            set.iter().collect::<Vec<_>>(),
            [Kind::User, Kind::Mount, Kind::Time]
        );
        assert_eq!(
            set.flags().bits(),
            libc::CLONE_NEWUSER | libc::CLONE_NEWNS | libc::CLONE_NEWTIME
        );
        assert_eq!(set.without(Kind::Mount).iter().count(), 2);
    }
}
