//! Plain records of System V objects, their usage and limits: sysvipc(7).

/// The key, id, owners and mode of an object; uids and gids are those of the caller's user
/// namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions {
    /// The key; 0 (IPC_PRIVATE) if it has none.
    pub key: u32,
    /// Its id.
    pub id: i32,
    /// The nine permission bits and, for a segment, the flags [`DESTROYED`] and [`LOCKED`].
    pub mode: u32,
    /// The owner's uid.
    pub uid: u32,
    /// The owner's gid.
    pub gid: u32,
    /// The creator's uid.
    pub cuid: u32,
    /// The creator's gid.
    pub cgid: u32,
}

/// A message queue. Times are in seconds since the epoch, 0 for never; PIDs are 0 for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Queue {
    /// Key, id, owners and mode.
    pub permissions: Permissions,
    /// Bytes in the queued messages.
    pub bytes: u64,
    /// The number of queued messages.
    pub messages: u64,
    /// The most bytes that may be queued; `None` if the source does not tell.
    pub capacity: Option<u64>,
    /// The process that last sent a message.
    pub last_sender: i32,
    /// The process that last received a message.
    pub last_receiver: i32,
    /// When a message was last sent.
    pub sent: i64,
    /// When a message was last received.
    pub received: i64,
    /// When the queue was created or its record last changed.
    pub changed: i64,
}

/// A shared memory segment. Times are in seconds since the epoch, 0 for never; PIDs are 0 for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Segment {
    /// Key, id, owners and mode.
    pub permissions: Permissions,
    /// Its size in bytes.
    pub size: u64,
    /// The process that created it.
    pub creator: i32,
    /// The process that last attached or detached it.
    pub last_user: i32,
    /// The number of attachments.
    pub attached: u64,
    /// When it was last attached.
    pub attach_time: i64,
    /// When it was last detached.
    pub detach_time: i64,
    /// When it was created or its record last changed.
    pub changed: i64,
    /// Bytes of it in memory; `None` if the source does not tell.
    pub resident: Option<u64>,
    /// Bytes of it that are swapped out; `None` if the source does not tell.
    pub swapped: Option<u64>,
}

/// A set of semaphores. Times are in seconds since the epoch, 0 for never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SemaphoreSet {
    /// Key, id, owners and mode.
    pub permissions: Permissions,
    /// The number of semaphores.
    pub count: u64,
    /// When semop(2) last succeeded.
    pub operated: i64,
    /// When it was created or its record last changed.
    pub changed: i64,
}

/// The flag in a segment's mode that it is removed after the last process detaches it.
pub const DESTROYED: u32 = 0o1000;
/// The flag in a segment's mode that it is locked in memory.
pub const LOCKED: u32 = 0o2000;

/// The use of message queues in the IPC namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueUsage {
    /// The highest index in use, 0 also if there is none.
    pub highest: i32,
    /// Queues.
    pub queues: i32,
    /// Messages.
    pub messages: i32,
    /// Bytes in all messages; the kernel truncates the number to 32 bits.
    pub bytes: i32,
}

/// The use of shared memory segments in the IPC namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SegmentUsage {
    /// The highest index in use, 0 also if there is none.
    pub highest: i32,
    /// Segments.
    pub segments: i32,
    /// Pages in all segments.
    pub pages: u64,
    /// Pages of them in memory.
    pub resident: u64,
    /// Pages of them swapped out.
    pub swapped: u64,
    /// Always 0 in current kernels.
    pub swap_attempts: u64,
    /// Always 0 in current kernels.
    pub swap_successes: u64,
}

/// The use of semaphore sets in the IPC namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SemaphoreUsage {
    /// The highest index in use, 0 also if there is none.
    pub highest: i32,
    /// Sets.
    pub sets: i32,
    /// Semaphores in all sets.
    pub semaphores: i32,
}

/// Limits of message queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueLimits {
    /// Queues.
    pub queues: i64,
    /// Bytes in a message.
    pub message: i64,
    /// Bytes in a queue, the default for new queues.
    pub queue: i64,
}

/// Limits of shared memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SegmentLimits {
    /// Segments.
    pub segments: u64,
    /// Bytes in a segment.
    pub segment: u64,
    /// Pages in all segments.
    pub pages: u64,
}

/// Limits of semaphores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SemaphoreLimits {
    /// Sets.
    pub sets: i64,
    /// Semaphores in a set.
    pub per_set: i64,
    /// Semaphores in all sets.
    pub semaphores: i64,
    /// Operations in one call.
    pub operations: i64,
}

/// The state of one semaphore: semctl(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Semaphore {
    /// Its value.
    pub value: i32,
    /// The number of processes that wait for the value to increase.
    pub waiting_for_increase: i32,
    /// The number of processes that wait for zero.
    pub waiting_for_zero: i32,
    /// The process that last operated on it, 0 for none.
    pub last_user: i32,
}
