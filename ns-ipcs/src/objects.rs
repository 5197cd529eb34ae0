//! What is listed: objects of every kind, with what has been looked up for each.

use ns_common::ipc::Posix;
use ns_common::ipc::system_v::{Permissions, Queue, Segment, SemaphoreSet};
use ns_common::sys::file::FileStatus;

/// An object of any kind.
#[derive(Debug, Clone)]
pub(crate) enum Object {
    Queue(Queue),
    Segment(Segment),
    SemaphoreSet(SemaphoreSet),
    Posix(PosixObject),
    /// No object, but a row of the table of limits.
    Usage(Usage),
}

/// How much of a limit is used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) resource: &'static str,
    pub(crate) description: &'static str,
    pub(crate) used: Option<u64>,
    pub(crate) limit: Option<u64>,
}

/// A POSIX object: the file that it is, and what that tells where it may be read.
#[derive(Debug, Clone)]
pub(crate) struct PosixObject {
    pub(crate) kind: Posix,
    /// Its name, with the slash.
    pub(crate) name: Vec<u8>,
    pub(crate) status: FileStatus,
    pub(crate) content: Option<Content>,
}

/// What is in a POSIX object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Queue(QueueContent),
    Semaphore { value: u64 },
}

/// What is in a POSIX queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueueContent {
    pub(crate) bytes: u64,
    pub(crate) messages: u64,
    pub(crate) most_messages: u64,
    pub(crate) message_size: u64,
    /// The process that is told of the next message, 0 for none.
    pub(crate) notified: i32,
}

/// An object as it is listed, with what else has been looked up for it.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) object: Object,
    /// The inode of its IPC namespace.
    pub(crate) namespace: u64,
    /// How a segment's creator is called, as long as it lives.
    pub(crate) command: Option<Vec<u8>>,
    /// The processes that have it mapped.
    pub(crate) attachments: Vec<Attachment>,
    /// The one of them that a row is about.
    pub(crate) attachment: Option<Attachment>,
    pub(crate) waiters: Option<Waiters>,
}

/// A process that has shared memory mapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attachment {
    pub(crate) pid: i32,
    pub(crate) command: Vec<u8>,
    /// Where it begins.
    pub(crate) address: u64,
    /// In how many pieces it is mapped: the kernel counts these.
    pub(crate) pieces: u64,
}

/// How many processes wait at the semaphores of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Waiters {
    pub(crate) for_increase: u64,
    pub(crate) for_zero: u64,
}

impl From<&Queue> for Object {
    fn from(queue: &Queue) -> Self {
        Self::Queue(*queue)
    }
}

impl From<&Segment> for Object {
    fn from(segment: &Segment) -> Self {
        Self::Segment(*segment)
    }
}

impl From<&SemaphoreSet> for Object {
    fn from(set: &SemaphoreSet) -> Self {
        Self::SemaphoreSet(*set)
    }
}

impl Listed {
    /// The object alone.
    pub(crate) fn new(object: Object) -> Self {
        Self {
            object,
            namespace: 0,
            command: None,
            attachments: Vec::new(),
            attachment: None,
            waiters: None,
        }
    }

    /// Of a System V object.
    pub(crate) fn permissions(&self) -> Option<&Permissions> {
        match &self.object {
            Object::Queue(queue) => Some(&queue.permissions),
            Object::Segment(segment) => Some(&segment.permissions),
            Object::SemaphoreSet(set) => Some(&set.permissions),
            Object::Posix(_) | Object::Usage(_) => None,
        }
    }

    /// The object as what it may be.
    pub(crate) fn queue(&self) -> Option<&Queue> {
        match &self.object {
            Object::Queue(queue) => Some(queue),
            _ => None,
        }
    }

    pub(crate) fn segment(&self) -> Option<&Segment> {
        match &self.object {
            Object::Segment(segment) => Some(segment),
            _ => None,
        }
    }

    pub(crate) fn set(&self) -> Option<&SemaphoreSet> {
        match &self.object {
            Object::SemaphoreSet(set) => Some(set),
            _ => None,
        }
    }

    pub(crate) fn usage(&self) -> Option<&Usage> {
        match &self.object {
            Object::Usage(usage) => Some(usage),
            _ => None,
        }
    }

    pub(crate) fn posix(&self) -> Option<&PosixObject> {
        match &self.object {
            Object::Posix(object) => Some(object),
            _ => None,
        }
    }

    pub(crate) fn posix_memory(&self) -> Option<&PosixObject> {
        self.posix().filter(|object| object.kind == Posix::Memory)
    }

    /// What is in it, where that may be read.
    pub(crate) fn posix_queue(&self) -> Option<&QueueContent> {
        match self.posix()?.content.as_ref()? {
            Content::Queue(content) => Some(content),
            Content::Semaphore { .. } => None,
        }
    }

    /// The value of a POSIX semaphore, where that may be read.
    pub(crate) fn posix_semaphore(&self) -> Option<u64> {
        match self.posix()?.content? {
            Content::Semaphore { value } => Some(value),
            Content::Queue(_) => None,
        }
    }

    /// The owner's user.
    pub(crate) fn uid(&self) -> u32 {
        match &self.object {
            Object::Posix(object) => object.status.uid,
            _ => self.permissions().map_or(0, |permissions| permissions.uid),
        }
    }

    /// The owner's group.
    pub(crate) fn gid(&self) -> u32 {
        match &self.object {
            Object::Posix(object) => object.status.gid,
            _ => self.permissions().map_or(0, |permissions| permissions.gid),
        }
    }

    /// The permission bits and the flags above them.
    pub(crate) fn mode(&self) -> u32 {
        match &self.object {
            Object::Posix(object) => object.status.mode,
            _ => self.permissions().map_or(0, |permissions| permissions.mode),
        }
    }

    /// When something last happened to it.
    pub(crate) fn latest(&self) -> i64 {
        match &self.object {
            Object::Queue(queue) => queue.latest(),
            Object::Segment(segment) => segment.latest(),
            Object::SemaphoreSet(set) => set.latest(),
            Object::Posix(object) => object.status.modified,
            Object::Usage(_) => 0,
        }
    }
}

impl Usage {
    /// The share that is used, in hundredths of a percent.
    pub(crate) fn share(&self) -> Option<u64> {
        let (used, limit) = (u128::from(self.used?), u128::from(self.limit?));
        let share = (limit > 0).then(|| (used * 20_000 + limit) / (2 * limit))?;
        Some(u64::try_from(share).unwrap_or(u64::MAX))
    }
}
