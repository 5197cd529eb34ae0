//! What of each limit of the namespace is used.

use std::path::Path;

use ns_common::error::Error;
use ns_common::ipc::limits::{self, SETTINGS};
use ns_common::ipc::{Posix, Resource, Resources, SystemV};
use ns_common::sys::ipc;
use ns_common::words;

use crate::doubts::Doubts;
use crate::objects::Usage;
use crate::posix;
use crate::request::Share;
use crate::totals;
use crate::writer::append_hundredths;

/// Where the limits of POSIX queues are.
const QUEUE_SETTINGS: &str = "/proc/sys/fs/mqueue";
/// A semaphore's greatest value, which the kernel has as a constant.
const GREATEST_VALUE: u64 = 32_767;

const QUEUE: Resource = Resource::SystemV(SystemV::Queue);
const SEGMENT: Resource = Resource::SystemV(SystemV::Segment);
const SET: Resource = Resource::SystemV(SystemV::SemaphoreSet);
const POSIX_QUEUE: Resource = Resource::Posix(Posix::Queue);

/// Objects of a kind, and three limits.
#[derive(Debug, Default)]
struct Counted {
    used: Option<u64>,
    limits: [Option<u64>; 3],
}

/// What the kernel says of the kinds that were asked for.
#[derive(Debug, Default)]
struct Totals {
    queues: Counted,
    segments: Counted,
    pages: Option<u64>,
    sets: Counted,
    semaphores: Option<u64>,
    operations: Option<u64>,
    posix_queues: Counted,
}

/// The limit of a kind: its name, what it says, what is used and what may be.
fn limit(
    kind: Resource,
    resource: &'static str,
    description: &'static str,
    used: Option<u64>,
    limit: Option<u64>,
) -> (Resource, Usage) {
    let usage = Usage {
        resource,
        description,
        used,
        limit,
    };
    (kind, usage)
}

/// The rows for these kinds.
pub(crate) fn rows(resources: Resources, doubts: &Doubts) -> Vec<Usage> {
    let limits = Totals::read(resources, doubts).limits().into_iter();
    limits
        .filter(|(kind, _)| resources.contains(*kind))
        .map(|(_, usage)| usage)
        .collect()
}

impl Totals {
    /// All limits, each with its kind.
    #[rustfmt::skip]
    fn limits(self) -> [(Resource, Usage); 15] {
        let (queues, segments, sets) = (self.queues, self.segments, self.sets);
        let posix_queues = self.posix_queues;
        [
            limit(QUEUE, "MSGMNI", "System V message queues", queues.used, queues.limits[0]),
            limit(QUEUE, "MSGMAX", "bytes in a System V message", None, queues.limits[1]),
            limit(QUEUE, "MSGMNB", "bytes in a System V message queue, unless changed for it", None, queues.limits[2]),
            limit(POSIX_QUEUE, "MQUMNI", "POSIX message queues", posix_queues.used, posix_queues.limits[0]),
            limit(POSIX_QUEUE, "MQUMAX", "messages in a POSIX message queue", None, posix_queues.limits[1]),
            limit(POSIX_QUEUE, "MQUMNB", "bytes in a POSIX message", None, posix_queues.limits[2]),
            limit(SEGMENT, "SHMMNI", "shared memory segments", segments.used, segments.limits[0]),
            limit(SEGMENT, "SHMALL", "pages in all shared memory segments", self.pages, segments.limits[1]),
            limit(SEGMENT, "SHMMAX", "bytes in a shared memory segment", None, segments.limits[2]),
            limit(SEGMENT, "SHMMIN", "least bytes in a shared memory segment", None, Some(1)),
            limit(SET, "SEMMNI", "semaphore sets", sets.used, sets.limits[0]),
            limit(SET, "SEMMNS", "semaphores in all sets", self.semaphores, sets.limits[1]),
            limit(SET, "SEMMSL", "semaphores in a set", None, sets.limits[2]),
            limit(SET, "SEMOPM", "operations in a call", None, self.operations),
            limit(SET, "SEMVMX", "greatest value of a semaphore", None, Some(GREATEST_VALUE)),
        ]
    }

    fn read(resources: Resources, doubts: &Doubts) -> Self {
        let settings = Path::new(SETTINGS);
        let mut totals = Self::default();
        if resources.contains(QUEUE) {
            let limits = limits::queues(settings);
            let used =
                used(SystemV::Queue, ipc::queue_usage(), doubts).map(|usage| count(usage.queues));
            totals.queues = Counted {
                used,
                limits: limits.map_or([None; 3], |limits| {
                    [limits.queues, limits.message, limits.queue].map(positive)
                }),
            };
        }
        if resources.contains(SEGMENT) {
            let limits = limits::segments(settings);
            let usage = used(SystemV::Segment, ipc::segment_usage(), doubts);
            totals.segments = Counted {
                used: usage.map(|usage| count(usage.segments)),
                limits: limits.map_or([None; 3], |limits| {
                    [limits.segments, limits.pages, limits.segment].map(Some)
                }),
            };
            totals.pages = usage.map(|usage| usage.pages);
        }
        if resources.contains(SET) {
            let limits = limits::semaphores(settings);
            let usage = used(SystemV::SemaphoreSet, ipc::semaphore_usage(), doubts);
            totals.sets = Counted {
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
            totals.posix_queues = Counted {
                used: posix::count_queues(doubts),
                limits: ["queues_max", "msg_max", "msgsize_max"].map(|name| {
                    let number = limits::number(settings, name);
                    let what = || words!["cannot read ", QUEUE_SETTINGS, "/", name];
                    doubts.settle(number, what)
                }),
            };
        }
        totals
    }
}

/// What is used of a kind; `None` where the kernel was built without it.
fn used<T>(kind: SystemV, usage: nix::Result<T>, doubts: &Doubts) -> Option<T> {
    let usage = totals::if_configured(kind, usage);
    usage.unwrap_or_else(|error| {
        doubts.note(error);
        None
    })
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
