//! What of each limit of the namespace is used.

use std::path::Path;

use ns_common::error::Error;
use ns_common::ipc::limits::{self, SETTINGS};
use ns_common::ipc::{Posix, Resource, Resources, SystemV};
use ns_common::sys::ipc;
use ns_common::words;

use crate::columns::Usage;
use crate::posix;
use crate::request::Share;
use crate::values::append_hundredths;

/// Where the limits of POSIX queues are.
const QUEUE_SETTINGS: &str = "/proc/sys/fs/mqueue";
/// A semaphore's greatest value, which the kernel has as a constant.
const GREATEST_VALUE: u64 = 32_767;

/// A limit: of which kind, its name, what it says, and how to find out.
type Limit = (
    Resource,
    &'static str,
    &'static str,
    fn(&Totals) -> (Option<u64>, Option<u64>),
);

const QUEUE: Resource = Resource::SystemV(SystemV::Queue);
const SEGMENT: Resource = Resource::SystemV(SystemV::Segment);
const SET: Resource = Resource::SystemV(SystemV::SemaphoreSet);
const POSIX_QUEUE: Resource = Resource::Posix(Posix::Queue);

/// All limits, each with what is used and what may be.
static LIMITS: &[Limit] = &[
    (QUEUE, "MSGMNI", "System V message queues", |totals| {
        (totals.queues.used, totals.queues.limits[0])
    }),
    (QUEUE, "MSGMAX", "bytes in a System V message", |totals| {
        (None, totals.queues.limits[1])
    }),
    (
        QUEUE,
        "MSGMNB",
        "bytes in a System V message queue, unless changed for it",
        |totals| (None, totals.queues.limits[2]),
    ),
    (POSIX_QUEUE, "MQUMNI", "POSIX message queues", |totals| {
        (totals.posix_queues.used, totals.posix_queues.limits[0])
    }),
    (
        POSIX_QUEUE,
        "MQUMAX",
        "messages in a POSIX message queue",
        |totals| (None, totals.posix_queues.limits[1]),
    ),
    (
        POSIX_QUEUE,
        "MQUMNB",
        "bytes in a POSIX message",
        |totals| (None, totals.posix_queues.limits[2]),
    ),
    (SEGMENT, "SHMMNI", "shared memory segments", |totals| {
        (totals.segments.used, totals.segments.limits[0])
    }),
    (
        SEGMENT,
        "SHMALL",
        "pages in all shared memory segments",
        |totals| (totals.pages, totals.segments.limits[1]),
    ),
    (
        SEGMENT,
        "SHMMAX",
        "bytes in a shared memory segment",
        |totals| (None, totals.segments.limits[2]),
    ),
    (
        SEGMENT,
        "SHMMIN",
        "least bytes in a shared memory segment",
        |_| (None, Some(1)),
    ),
    (SET, "SEMMNI", "semaphore sets", |totals| {
        (totals.sets.used, totals.sets.limits[0])
    }),
    (SET, "SEMMNS", "semaphores in all sets", |totals| {
        (totals.semaphores, totals.sets.limits[1])
    }),
    (SET, "SEMMSL", "semaphores in a set", |totals| {
        (None, totals.sets.limits[2])
    }),
    (SET, "SEMOPM", "operations in a call", |totals| {
        (None, totals.operations)
    }),
    (SET, "SEMVMX", "greatest value of a semaphore", |_| {
        (None, Some(GREATEST_VALUE))
    }),
];

/// Objects of a kind, and three limits.
#[derive(Debug, Default)]
struct Kind {
    used: Option<u64>,
    limits: [Option<u64>; 3],
}

/// What the kernel says of the kinds that were asked for.
#[derive(Debug, Default)]
struct Totals {
    queues: Kind,
    segments: Kind,
    pages: Option<u64>,
    sets: Kind,
    semaphores: Option<u64>,
    operations: Option<u64>,
    posix_queues: Kind,
}

/// The rows for these kinds.
pub(crate) fn rows(resources: Resources) -> Vec<Usage> {
    let totals = Totals::read(resources);
    let wanted = LIMITS.iter().filter(|(kind, ..)| resources.contains(*kind));
    wanted
        .map(|(_, resource, description, find)| {
            let (used, limit) = find(&totals);
            Usage {
                resource,
                description,
                used,
                limit,
            }
        })
        .collect()
}

impl Totals {
    fn read(resources: Resources) -> Self {
        let settings = Path::new(SETTINGS);
        let mut totals = Self::default();
        if resources.contains(QUEUE) {
            let limits = limits::queues(settings);
            let used = ipc::queue_usage().ok().map(|usage| count(usage.queues));
            totals.queues = Kind {
                used,
                limits: limits.map_or([None; 3], |limits| {
                    [limits.queues, limits.message, limits.queue].map(positive)
                }),
            };
        }
        if resources.contains(SEGMENT) {
            let limits = limits::segments(settings);
            let usage = ipc::segment_usage().ok();
            totals.segments = Kind {
                used: usage.map(|usage| count(usage.segments)),
                limits: limits.map_or([None; 3], |limits| {
                    [limits.segments, limits.pages, limits.segment].map(Some)
                }),
            };
            totals.pages = usage.map(|usage| usage.pages);
        }
        if resources.contains(SET) {
            let limits = limits::semaphores(settings);
            let usage = ipc::semaphore_usage().ok();
            totals.sets = Kind {
                used: usage.map(|usage| count(usage.sets)),
                limits: limits.map_or([None; 3], |limits| {
                    [limits.sets, limits.semaphores, limits.per_set].map(positive)
                }),
            };
            totals.semaphores = usage.map(|usage| count(usage.semaphores));
            totals.operations = limits.and_then(|limits| positive(limits.operations));
        }
        if resources.contains(POSIX_QUEUE) {
            let settings = Path::new(QUEUE_SETTINGS);
            totals.posix_queues = Kind {
                used: posix::count_queues(),
                limits: ["queues_max", "msg_max", "msgsize_max"]
                    .map(|name| limits::number(settings, name)),
            };
        }
        totals
    }
}

fn count(number: i32) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn positive(number: i64) -> Option<u64> {
    u64::try_from(number).ok()
}

/// What is said of a row of which too much is used.
pub(crate) fn exceeded(usage: &Usage) -> Error {
    let mut share = Vec::new();
    if let Some(hundredths) = usage.share() {
        append_hundredths(hundredths, &mut share);
    }
    Error::new(words![
        usage.resource,
        ": ",
        usage.used.unwrap_or(0),
        " of ",
        usage.limit.unwrap_or(0),
        " used (",
        share.as_slice(),
        " %)"
    ])
}

impl Share {
    /// Whether more than this is used of a limit, compared exactly.
    pub(crate) fn is_exceeded_by(self, usage: &Usage) -> bool {
        let (Some(used), Some(limit @ 1..)) = (usage.used, usage.limit) else {
            return false;
        };
        let scale = 10_u128.pow(self.decimals);
        u128::from(used) * 100 * scale > self.digits * u128::from(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_compared_exactly() {
        let usage = |used, limit| Usage {
            resource: "",
            description: "",
            used: Some(used),
            limit: Some(limit),
        };
        let share = |digits, decimals| Share { digits, decimals };
        assert!(!share(50, 0).is_exceeded_by(&usage(2, 4)));
        assert!(share(50, 0).is_exceeded_by(&usage(3, 4)));
        assert!(share(4999, 2).is_exceeded_by(&usage(2, 4)));
        assert!(!share(0, 0).is_exceeded_by(&usage(0, 4)));
        assert!(!share(0, 0).is_exceeded_by(&usage(5, 0)));
        assert!(!share(100, 0).is_exceeded_by(&usage(u64::MAX, u64::MAX)));
        assert!(share(99_999_999_999_999, 12).is_exceeded_by(&usage(u64::MAX, u64::MAX)));
    }
}
