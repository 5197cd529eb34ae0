//! System V objects, what they use and what limits them, as plain records: sysvipc(7).

/// The key and the permissions of an object, ids as the caller's user namespace shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions {
    /// The key it is found by; 0 for one that is not found by a key.
    pub key: u32,
    /// Its id.
    pub id: i32,
    /// The nine permission bits and, for a segment, the flags above them.
    pub mode: u32,
    /// The owner's user.
    pub uid: u32,
    /// The owner's group.
    pub gid: u32,
    /// The creator's user.
    pub cuid: u32,
    /// The creator's group.
    pub cgid: u32,
}

/// A message queue. Times are seconds since the epoch, 0 for never; processes are 0 for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Queue {
    /// Who may do what.
    pub permissions: Permissions,
    /// Bytes in the messages queued.
    pub bytes: u64,
    /// Messages queued.
    pub messages: u64,
    /// The most bytes that may be queued; `None` where the source does not tell.
    pub capacity: Option<u64>,
    /// The last process that sent.
    pub last_sender: i32,
    /// The last process that received.
    pub last_receiver: i32,
    /// When a message was last sent.
    pub sent: i64,
    /// When a message was last received.
    pub received: i64,
    /// When the queue was made or changed.
    pub changed: i64,
}

/// A shared memory segment. Times are seconds since the epoch, 0 for never; processes are 0 for
/// none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Segment {
    /// Who may do what; also the flags [`DESTROYED`] and [`LOCKED`].
    pub permissions: Permissions,
    /// Its size in bytes.
    pub size: u64,
    /// The process that made it.
    pub creator: i32,
    /// The last process that attached or detached it.
    pub last_user: i32,
    /// How many mappings of it there are.
    pub attached: u64,
    /// When it was last attached.
    pub attach_time: i64,
    /// When it was last detached.
    pub detach_time: i64,
    /// When it was made or changed.
    pub changed: i64,
    /// Bytes of it in memory; `None` where the source does not tell.
    pub resident: Option<u64>,
    /// Bytes of it that are swapped out; `None` where the source does not tell.
    pub swapped: Option<u64>,
}

/// A set of semaphores. Times are seconds since the epoch, 0 for never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SemaphoreSet {
    /// Who may do what.
    pub permissions: Permissions,
    /// How many semaphores it has.
    pub count: u64,
    /// When an operation was last done.
    pub operated: i64,
    /// When it was made or changed.
    pub changed: i64,
}

/// The flag in a segment's mode that it goes away with its last mapping.
pub const DESTROYED: u32 = 0o1000;
/// The flag in a segment's mode that it is not swapped out.
pub const LOCKED: u32 = 0o2000;

/// What the message queues of the namespace use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueUsage {
    /// The highest index in use, 0 also if there is none.
    pub highest: i32,
    /// Queues.
    pub queues: i32,
    /// Messages.
    pub messages: i32,
    /// Bytes in all messages; the kernel's number is cut to 32 bits.
    pub bytes: i32,
}

/// What the shared memory segments of the namespace use.
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
    /// Always 0 in kernels of today.
    pub swap_attempts: u64,
    /// Always 0 in kernels of today.
    pub swap_successes: u64,
}

/// What the semaphore sets of the namespace use.
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
    /// Bytes in a queue, unless changed for that queue.
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

/// What `semctl` tells of one semaphore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Semaphore {
    /// Its value.
    pub value: i32,
    /// Processes that wait for a higher value.
    pub waiting_for_increase: i32,
    /// Processes that wait for zero.
    pub waiting_for_zero: i32,
    /// The last process that operated on it, 0 for none.
    pub last_user: i32,
}
