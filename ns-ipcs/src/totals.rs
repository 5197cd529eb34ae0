//! The classic limits and summaries: exactly the bytes that scripts have come to rely on.

use ns_common::ipc::system_v::{
    QueueLimits, QueueUsage, SegmentLimits, SegmentUsage, SemaphoreLimits, SemaphoreUsage,
};

use crate::columns::Value;
use crate::lists::append_title;
use crate::request::Unit;
use crate::values::{Style, Writer};

/// The limits, or the usage, of one kind as a block of text.
#[derive(Debug)]
pub(crate) struct Block<T: 'static> {
    title: &'static str,
    /// What is said where the kernel has nothing to tell.
    absent: &'static str,
    entries: &'static [Entry<T>],
}

/// A value, with the text around it.
#[derive(Debug)]
struct Entry<T: 'static> {
    /// What stands before the value.
    label: Label,
    value: fn(&T, Unit) -> Value<'static>,
    /// What stands behind it.
    behind: Label,
}

/// A text that may tell the unit.
#[derive(Debug, Clone, Copy)]
struct Label {
    usual: &'static str,
    bytes: &'static str,
    human: &'static str,
}

impl Label {
    const fn same(text: &'static str) -> Self {
        Self {
            usual: text,
            bytes: text,
            human: text,
        }
    }

    const fn of(self, unit: Unit) -> &'static str {
        match unit {
            Unit::Usual => self.usual,
            Unit::Bytes => self.bytes,
            Unit::Human => self.human,
        }
    }
}

impl<T> Block<T> {
    /// Appends the block, or what is said in its place.
    pub(crate) fn append(&self, totals: Option<&T>, writer: &mut Writer, to: &mut Vec<u8>) {
        let Some(totals) = totals else {
            return to.extend_from_slice(self.absent.as_bytes());
        };
        append_title(self.title, to);
        let unit = writer.unit();
        for entry in self.entries {
            to.extend_from_slice(entry.label.of(unit).as_bytes());
            writer.append((entry.value)(totals, unit), Style::Plain, to);
            to.extend_from_slice(entry.behind.of(unit).as_bytes());
        }
    }
}

/// A line that is the same in every unit.
const fn line<T>(label: &'static str, value: fn(&T, Unit) -> Value<'static>) -> Entry<T> {
    Entry {
        label: Label::same(label),
        value,
        behind: Label::same("\n"),
    }
}

/// A line that tells its unit.
const fn sized<T>(
    usual: &'static str,
    bytes: &'static str,
    human: &'static str,
    value: fn(&T, Unit) -> Value<'static>,
) -> Entry<T> {
    Entry {
        label: Label {
            usual,
            bytes,
            human,
        },
        value,
        behind: Label::same("\n"),
    }
}

pub(crate) static QUEUE_LIMITS: Block<QueueLimits> = Block {
    title: "Messages Limits",
    absent: "unable to fetch message limits\n",
    entries: &[
        line("max queues system wide = ", |limits, _| {
            Value::Signed(limits.queues)
        }),
        sized(
            "max size of message (bytes) = ",
            "max size of message (bytes) = ",
            "max size of message = ",
            |limits, _| size(limits.message),
        ),
        sized(
            "default max size of queue (bytes) = ",
            "default max size of queue (bytes) = ",
            "default max size of queue = ",
            |limits, _| size(limits.queue),
        ),
    ],
};

/// Segments, whose total is counted in pages: the size of one comes along.
pub(crate) static SEGMENT_LIMITS: Block<(SegmentLimits, u64)> = Block {
    title: "Shared Memory Limits",
    absent: "unable to fetch shared memory limits\n",
    entries: &[
        line("max number of segments = ", |(limits, _), _| {
            Value::Number(limits.segments)
        }),
        sized(
            "max seg size (kbytes) = ",
            "max seg size (bytes) = ",
            "max seg size = ",
            |(limits, _), unit| match unit {
                Unit::Usual => Value::Number(limits.segment / 1024),
                Unit::Bytes | Unit::Human => Value::Size(limits.segment),
            },
        ),
        sized(
            "max total shared memory (kbytes) = ",
            "max total shared memory (bytes) = ",
            "max total shared memory = ",
            |(limits, page), unit| match unit {
                Unit::Usual => Value::Number(product(limits.pages, page / 1024)),
                Unit::Bytes | Unit::Human => Value::Size(product(limits.pages, *page)),
            },
        ),
        sized(
            "min seg size (bytes) = ",
            "min seg size (bytes) = ",
            "min seg size = ",
            |_, _| Value::Size(1),
        ),
    ],
};

pub(crate) static SEMAPHORE_LIMITS: Block<SemaphoreLimits> = Block {
    title: "Semaphore Limits",
    absent: "unable to fetch semaphore limits\n",
    entries: &[
        line("max number of arrays = ", |limits, _| {
            Value::Signed(limits.sets)
        }),
        line("max semaphores per array = ", |limits, _| {
            Value::Signed(limits.per_set)
        }),
        line("max semaphores system wide = ", |limits, _| {
            Value::Signed(limits.semaphores)
        }),
        line("max ops per semop call = ", |limits, _| {
            Value::Signed(limits.operations)
        }),
        line("semaphore max value = ", |_, _| Value::Number(32_767)),
    ],
};

/// Queues, and the bytes in all their messages.
pub(crate) static QUEUE_USAGE: Block<(QueueUsage, u64)> = Block {
    title: "Messages Status",
    absent: "kernel not configured for message queues\n",
    entries: &[
        line("allocated queues = ", |(usage, _), _| {
            Value::Signed(usage.queues.into())
        }),
        line("used headers = ", |(usage, _), _| {
            Value::Signed(usage.messages.into())
        }),
        Entry {
            behind: Label {
                usual: " bytes\n",
                ..Label::same("\n")
            },
            ..sized(
                "used space = ",
                "used space (bytes) = ",
                "used space = ",
                |(_, bytes), _| Value::Size(*bytes),
            )
        },
    ],
};

pub(crate) static SEGMENT_USAGE: Block<SegmentUsage> = Block {
    title: "Shared Memory Status",
    absent: "kernel not configured for shared memory\n",
    entries: &[
        line("segments allocated ", |usage, _| {
            Value::Signed(usage.segments.into())
        }),
        line("pages allocated ", |usage, _| Value::Number(usage.pages)),
        line("pages resident  ", |usage, _| Value::Number(usage.resident)),
        line("pages swapped   ", |usage, _| Value::Number(usage.swapped)),
        Entry {
            behind: Label::same(" attempts\t "),
            ..line("Swap performance: ", |usage, _| {
                Value::Number(usage.swap_attempts)
            })
        },
        Entry {
            behind: Label::same(" successes\n"),
            ..line("", |usage, _| Value::Number(usage.swap_successes))
        },
    ],
};

pub(crate) static SEMAPHORE_USAGE: Block<SemaphoreUsage> = Block {
    title: "Semaphore Status",
    absent: "kernel not configured for semaphores\n",
    entries: &[
        line("used arrays = ", |usage, _| {
            Value::Signed(usage.sets.into())
        }),
        line("allocated semaphores = ", |usage, _| {
            Value::Signed(usage.semaphores.into())
        }),
    ],
};

/// A number of bytes, which a setting of the kernel may have below zero.
fn size(bytes: i64) -> Value<'static> {
    u64::try_from(bytes).map_or(Value::Signed(bytes), Value::Size)
}

/// The product; where it is too large, the largest multiple of `factor` that is not.
fn product(number: u64, factor: u64) -> u64 {
    number
        .checked_mul(factor)
        .unwrap_or(u64::MAX / factor * factor)
}
