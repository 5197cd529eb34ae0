//! The classic limits and summaries: exactly the bytes that scripts have come to rely on.

use std::ops::ControlFlow;
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::{SysconfVar, sysconf};
use ns_common::error::{Attempt, Error};
use ns_common::ipc::SystemV;
use ns_common::ipc::limits::{self, SETTINGS};
use ns_common::ipc::read;
use ns_common::ipc::system_v::{
    Queue, QueueLimits, QueueUsage, SegmentLimits, SegmentUsage, SemaphoreLimits, SemaphoreUsage,
};
use ns_common::sys::ipc;
use ns_common::words;

use crate::lists::append_title;
use crate::request::Unit;
use crate::values::Value;
use crate::writer::{Style, Writer};

/// Appends the limits of a kind, or what is said where the kernel has nothing to tell.
pub(crate) fn append_limits(kind: SystemV, writer: &mut Writer, to: &mut Vec<u8>) {
    let mut block = Block { writer, to };
    let settings = Path::new(SETTINGS);
    match kind {
        SystemV::Queue => block.queue_limits(limits::queues(settings)),
        SystemV::Segment => block.segment_limits(limits::segments(settings)),
        SystemV::SemaphoreSet => block.semaphore_limits(limits::semaphores(settings)),
    }
}

/// Appends what the objects of a kind use together.
pub(crate) fn append_usage(
    kind: SystemV,
    writer: &mut Writer,
    to: &mut Vec<u8>,
) -> Result<(), Error> {
    let mut block = Block { writer, to };
    match kind {
        SystemV::Queue => {
            let usage = if_configured(kind, ipc::queue_usage())?;
            block.queue_usage(usage.map(with_bytes).transpose()?);
        }
        SystemV::Segment => block.segment_usage(if_configured(kind, ipc::segment_usage())?),
        SystemV::SemaphoreSet => {
            block.semaphore_usage(if_configured(kind, ipc::semaphore_usage())?);
        }
    }
    Ok(())
}

/// What is used of a kind; `None` where the kernel was built without it.
pub(crate) fn if_configured<T>(kind: SystemV, usage: nix::Result<T>) -> Result<Option<T>, Error> {
    match usage {
        Ok(usage) => Ok(Some(usage)),
        Err(Errno::ENOSYS) => Ok(None),
        Err(errno) => {
            Err(errno).attempt(|| words!["cannot see how many ", kind.plural(), " there are"])
        }
    }
}

/// A block of lines, each a value with the text around it.
struct Block<'a> {
    writer: &'a mut Writer,
    to: &'a mut Vec<u8>,
}

impl Block<'_> {
    fn title(&mut self, title: &str) {
        append_title(title, self.to);
    }

    /// A line that is the same in every unit.
    fn line(&mut self, label: &str, value: Value<'_>) {
        self.text(label);
        self.value(value);
        self.text("\n");
    }

    /// A line that tells the unit: the label as usual, with bytes, and with unit letters.
    fn sized(&mut self, usual: &str, bytes: &str, human: &str, value: Value<'_>) {
        let label = match self.writer.unit() {
            Unit::Usual => usual,
            Unit::Bytes => bytes,
            Unit::Human => human,
        };
        self.line(label, value);
    }

    fn text(&mut self, text: &str) {
        self.to.extend_from_slice(text.as_bytes());
    }

    fn value(&mut self, value: Value<'_>) {
        self.writer.append(value, Style::Plain, self.to);
    }

    fn queue_limits(&mut self, limits: Option<QueueLimits>) {
        let Some(limits) = limits else {
            return self.text("unable to fetch message limits\n");
        };
        self.title("Messages Limits");
        self.line("max queues system wide = ", Value::Signed(limits.queues));
        self.sized(
            "max size of message (bytes) = ",
            "max size of message (bytes) = ",
            "max size of message = ",
            size(limits.message),
        );
        self.sized(
            "default max size of queue (bytes) = ",
            "default max size of queue (bytes) = ",
            "default max size of queue = ",
            size(limits.queue),
        );
    }

    fn segment_limits(&mut self, limits: Option<SegmentLimits>) {
        let Some(limits) = limits else {
            return self.text("unable to fetch shared memory limits\n");
        };
        // The kernel counts the total in pages, and as usual both are in units of 1024 bytes.
        let page = page_size();
        let (segment, total) = match self.writer.unit() {
            Unit::Usual => (
                Value::Number(limits.segment / 1024),
                Value::Number(product(limits.pages, page / 1024)),
            ),
            Unit::Bytes | Unit::Human => (
                Value::Size(limits.segment),
                Value::Size(product(limits.pages, page)),
            ),
        };
        self.title("Shared Memory Limits");
        self.line("max number of segments = ", Value::Number(limits.segments));
        self.sized(
            "max seg size (kbytes) = ",
            "max seg size (bytes) = ",
            "max seg size = ",
            segment,
        );
        self.sized(
            "max total shared memory (kbytes) = ",
            "max total shared memory (bytes) = ",
            "max total shared memory = ",
            total,
        );
        self.sized(
            "min seg size (bytes) = ",
            "min seg size (bytes) = ",
            "min seg size = ",
            Value::Size(1),
        );
    }

    fn semaphore_limits(&mut self, limits: Option<SemaphoreLimits>) {
        let Some(limits) = limits else {
            return self.text("unable to fetch semaphore limits\n");
        };
        self.title("Semaphore Limits");
        self.line("max number of arrays = ", Value::Signed(limits.sets));
        self.line("max semaphores per array = ", Value::Signed(limits.per_set));
        self.line(
            "max semaphores system wide = ",
            Value::Signed(limits.semaphores),
        );
        self.line(
            "max ops per semop call = ",
            Value::Signed(limits.operations),
        );
        self.line("semaphore max value = ", Value::Number(32_767));
    }

    /// What queues use, and the bytes in all their messages.
    fn queue_usage(&mut self, usage: Option<(QueueUsage, u64)>) {
        let Some((usage, bytes)) = usage else {
            return self.text("kernel not configured for message queues\n");
        };
        self.title("Messages Status");
        self.line("allocated queues = ", Value::Signed(usage.queues.into()));
        self.line("used headers = ", Value::Signed(usage.messages.into()));
        let label = match self.writer.unit() {
            Unit::Usual | Unit::Human => "used space = ",
            Unit::Bytes => "used space (bytes) = ",
        };
        self.text(label);
        self.value(Value::Size(bytes));
        self.text(match self.writer.unit() {
            Unit::Usual => " bytes\n",
            Unit::Bytes | Unit::Human => "\n",
        });
    }

    fn segment_usage(&mut self, usage: Option<SegmentUsage>) {
        let Some(usage) = usage else {
            return self.text("kernel not configured for shared memory\n");
        };
        self.title("Shared Memory Status");
        self.line("segments allocated ", Value::Signed(usage.segments.into()));
        self.line("pages allocated ", Value::Number(usage.pages));
        self.line("pages resident  ", Value::Number(usage.resident));
        self.line("pages swapped   ", Value::Number(usage.swapped));
        self.text("Swap performance: ");
        self.value(Value::Number(usage.swap_attempts));
        self.text(" attempts\t ");
        self.value(Value::Number(usage.swap_successes));
        self.text(" successes\n");
    }

    fn semaphore_usage(&mut self, usage: Option<SemaphoreUsage>) {
        let Some(usage) = usage else {
            return self.text("kernel not configured for semaphores\n");
        };
        self.title("Semaphore Status");
        self.line("used arrays = ", Value::Signed(usage.sets.into()));
        self.line(
            "allocated semaphores = ",
            Value::Signed(usage.semaphores.into()),
        );
    }
}

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

/// The kernel counts all bytes in 32 bits: where there may be more, they are added up.
fn with_bytes(usage: QueueUsage) -> Result<(QueueUsage, u64), Error> {
    let largest = || ipc::queue_limits().map_or(i64::MAX, |limits| limits.message);
    let may_be_more =
        usage.messages > 0 && largest().saturating_mul(usage.messages.into()) > i32::MAX.into();
    match u64::try_from(usage.bytes) {
        Ok(bytes) if !may_be_more => Ok((usage, bytes)),
        _ => {
            let mut sum = 0_u64;
            read::each::<Queue>(&mut |queue| {
                sum = sum.saturating_add(queue.bytes);
                ControlFlow::Continue(())
            })?;
            Ok((usage, sum))
        }
    }
}

fn page_size() -> u64 {
    sysconf(SysconfVar::PAGE_SIZE)
        .ok()
        .flatten()
        .and_then(|size| u64::try_from(size).ok())
        .unwrap_or(4096)
}
