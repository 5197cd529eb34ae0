//! Inter-process communication objects: their kinds and records, and finding them.

pub mod filter;
pub mod limits;
mod mount;
pub mod posix;
pub mod read;
pub mod system_v;
pub mod table;

/// A kind of System V object: sysvipc(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SystemV {
    /// A message queue.
    Queue,
    /// A shared memory segment.
    Segment,
    /// A set of semaphores.
    SemaphoreSet,
}

impl SystemV {
    /// The plural, for messages.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Queue => "message queues",
            Self::Segment => "shared memory segments",
            Self::SemaphoreSet => "semaphore sets",
        }
    }
}

/// A kind of POSIX object: mq_overview(7), shm_overview(7), sem_overview(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posix {
    /// A message queue.
    Queue,
    /// A shared memory object.
    Memory,
    /// A named semaphore.
    Semaphore,
}

impl Posix {
    /// The plural, for messages.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Queue => "POSIX message queues",
            Self::Memory => "POSIX shared memory",
            Self::Semaphore => "POSIX semaphores",
        }
    }
}

/// A kind of IPC object, System V or POSIX.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// Identified by key and id.
    SystemV(SystemV),
    /// Identified by name.
    Posix(Posix),
}

impl From<SystemV> for Resource {
    fn from(resource: SystemV) -> Self {
        Self::SystemV(resource)
    }
}

impl From<Posix> for Resource {
    fn from(resource: Posix) -> Self {
        Self::Posix(resource)
    }
}

/// A set of kinds, iterated in the order in which `ipcs` shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resources(u8);

impl Resources {
    /// Every kind, in order.
    const IN_ORDER: [Resource; 6] = [
        Resource::SystemV(SystemV::Queue),
        Resource::SystemV(SystemV::Segment),
        Resource::SystemV(SystemV::SemaphoreSet),
        Resource::Posix(Posix::Queue),
        Resource::Posix(Posix::Memory),
        Resource::Posix(Posix::Semaphore),
    ];
    /// No kind.
    pub const NONE: Self = Self(0);
    /// The System V kinds.
    pub const SYSTEM_V: Self = Self(0b000_111);
    /// The POSIX kinds.
    pub const POSIX: Self = Self(0b111_000);

    /// One kind.
    pub const fn only(resource: Resource) -> Self {
        Self(Self::bit(resource))
    }

    /// This set with one more kind.
    #[must_use]
    pub fn with(self, resource: impl Into<Resource>) -> Self {
        self.union(Self::only(resource.into()))
    }

    /// The kinds in this set or in `other`.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `resource` is in the set.
    pub fn contains(self, resource: impl Into<Resource>) -> bool {
        self.0 & Self::bit(resource.into()) != 0
    }

    /// The kinds in both this set and `other`.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The kind in the set, if there is exactly one.
    pub fn single(self) -> Option<Resource> {
        self.iter().next().filter(|_| self.0.is_power_of_two())
    }

    /// The kinds, in order.
    pub fn iter(self) -> impl Iterator<Item = Resource> {
        Self::IN_ORDER
            .into_iter()
            .filter(move |resource| self.contains(*resource))
    }

    const fn bit(resource: Resource) -> u8 {
        match resource {
            Resource::SystemV(SystemV::Queue) => 1 << 0,
            Resource::SystemV(SystemV::Segment) => 1 << 1,
            Resource::SystemV(SystemV::SemaphoreSet) => 1 << 2,
            Resource::Posix(Posix::Queue) => 1 << 3,
            Resource::Posix(Posix::Memory) => 1 << 4,
            Resource::Posix(Posix::Semaphore) => 1 << 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_add_up_and_come_in_order() {
        let both = Resources::NONE
            .with(Posix::Queue)
            .with(SystemV::Segment)
            .with(SystemV::Segment);
        let kinds: Vec<Resource> = both.iter().collect();
        assert_eq!(kinds, [SystemV::Segment.into(), Posix::Queue.into()]);
        assert!(both.contains(Posix::Queue) && !both.contains(SystemV::Queue));
        assert_eq!(both.single(), None);
        assert_eq!(Resources::NONE.single(), None);
        let one = Resources::NONE.with(SystemV::SemaphoreSet);
        assert_eq!(one.single(), Some(SystemV::SemaphoreSet.into()));
    }

    #[test]
    fn system_v_and_posix_are_all_there_is() {
        let all = Resources::SYSTEM_V.union(Resources::POSIX);
        assert!(all.iter().eq(Resources::IN_ORDER));
        let first_three = Resources::SYSTEM_V.iter();
        assert!(first_three.eq(Resources::IN_ORDER.into_iter().take(3)));
    }
}
