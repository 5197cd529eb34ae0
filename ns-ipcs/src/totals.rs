//! Printing limits and summaries: exactly the bytes that scripts have come to rely on.

use ns_common::console::Output;
use ns_common::ipc::system_v::{
    QueueLimits, QueueUsage, SegmentLimits, SegmentUsage, SemaphoreLimits, SemaphoreUsage,
};
use ns_common::output::columns::Digits;
use ns_common::output::units::human_size;

use crate::cli::Unit;
use crate::print::title_line;

/// Prints the limits of queues, or that there are none to tell.
pub fn queue_limits(limits: Option<QueueLimits>, unit: Unit, output: &mut Output) {
    let Some(limits) = limits else {
        return output.push("unable to fetch message limits\n");
    };
    title_line("Messages Limits", output);
    entry(output, "max queues system wide", &signed(limits.queues));
    let (bytes, size): (&str, fn(i64) -> Vec<u8>) = match unit {
        Unit::Human => ("", |number| {
            u64::try_from(number).map_or_else(|_| signed(number), human_size)
        }),
        Unit::Usual | Unit::Bytes => (" (bytes)", signed),
    };
    entry(
        output,
        &format!("max size of message{bytes}"),
        &size(limits.message),
    );
    entry(
        output,
        &format!("default max size of queue{bytes}"),
        &size(limits.queue),
    );
}

/// Prints the limits of segments, whose total is `page_size` bytes a page, or that there are none to tell.
pub fn segment_limits(
    limits: Option<SegmentLimits>,
    page_size: u64,
    unit: Unit,
    output: &mut Output,
) {
    let Some(limits) = limits else {
        return output.push("unable to fetch shared memory limits\n");
    };
    title_line("Shared Memory Limits", output);
    entry(output, "max number of segments", &decimal(limits.segments));
    // Where the product is too large, the largest one that is not.
    let scaled = |factor: u64| {
        limits
            .pages
            .checked_mul(factor)
            .unwrap_or(u64::MAX / factor * factor)
    };
    let (name, segment, total) = match unit {
        Unit::Usual => (
            " (kbytes)",
            decimal(limits.segment / 1024),
            decimal(scaled(page_size / 1024)),
        ),
        Unit::Bytes => (
            " (bytes)",
            decimal(limits.segment),
            decimal(scaled(page_size)),
        ),
        Unit::Human => (
            "",
            human_size(limits.segment),
            human_size(scaled(page_size)),
        ),
    };
    entry(output, &format!("max seg size{name}"), &segment);
    entry(output, &format!("max total shared memory{name}"), &total);
    match unit {
        Unit::Human => entry(output, "min seg size", b"1B"),
        Unit::Usual | Unit::Bytes => entry(output, "min seg size (bytes)", b"1"),
    }
}

/// Prints the limits of semaphores, or that there are none to tell.
pub fn semaphore_limits(limits: Option<SemaphoreLimits>, output: &mut Output) {
    let Some(limits) = limits else {
        return output.push("unable to fetch semaphore limits\n");
    };
    title_line("Semaphore Limits", output);
    entry(output, "max number of arrays", &signed(limits.sets));
    entry(output, "max semaphores per array", &signed(limits.per_set));
    entry(
        output,
        "max semaphores system wide",
        &signed(limits.semaphores),
    );
    entry(output, "max ops per semop call", &signed(limits.operations));
    entry(output, "semaphore max value", b"32767");
}

/// Prints what queues use, `bytes` in their messages, or that there are none.
pub fn queue_usage(usage: Option<(QueueUsage, u64)>, unit: Unit, output: &mut Output) {
    let Some((usage, bytes)) = usage else {
        return output.push("kernel not configured for message queues\n");
    };
    title_line("Messages Status", output);
    entry(output, "allocated queues", &signed(usage.queues.into()));
    entry(output, "used headers", &signed(usage.messages.into()));
    match unit {
        Unit::Usual => entry(
            output,
            "used space",
            &[&decimal(bytes), b" bytes".as_slice()].concat(),
        ),
        Unit::Bytes => entry(output, "used space (bytes)", &decimal(bytes)),
        Unit::Human => entry(output, "used space", &human_size(bytes)),
    }
}

/// Prints what segments use, or that there are none.
pub fn segment_usage(usage: Option<SegmentUsage>, output: &mut Output) {
    let Some(usage) = usage else {
        return output.push("kernel not configured for shared memory\n");
    };
    title_line("Shared Memory Status", output);
    for (name, number) in [
        ("segments allocated ", signed(usage.segments.into())),
        ("pages allocated ", decimal(usage.pages)),
        ("pages resident  ", decimal(usage.resident)),
        ("pages swapped   ", decimal(usage.swapped)),
    ] {
        output.push(name);
        output.push(number.as_slice());
        output.push("\n");
    }
    output.push(&ns_common::words![
        "Swap performance: ",
        usage.swap_attempts,
        " attempts\t ",
        usage.swap_successes,
        " successes\n"
    ]);
}

/// Prints what semaphore sets use, or that there are none.
pub fn semaphore_usage(usage: Option<SemaphoreUsage>, output: &mut Output) {
    let Some(usage) = usage else {
        return output.push("kernel not configured for semaphores\n");
    };
    title_line("Semaphore Status", output);
    entry(output, "used arrays", &signed(usage.sets.into()));
    entry(
        output,
        "allocated semaphores",
        &signed(usage.semaphores.into()),
    );
}

fn entry(output: &mut Output, name: &str, value: &[u8]) {
    output.push(name);
    output.push(" = ");
    output.push(value);
    output.push("\n");
}

fn decimal(number: u64) -> Vec<u8> {
    Digits::decimal(number).as_bytes().to_vec()
}

fn signed(number: i64) -> Vec<u8> {
    Digits::signed(number).as_bytes().to_vec()
}
