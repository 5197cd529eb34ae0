//! Printing lists, limits and summaries: exactly the bytes that scripts have come to rely on.

use ns_common::console::Output;
use ns_common::output::columns::{Digits, left, pad, right};
use ns_common::output::units::{TimeShape, human_size, time};
use ns_common::system_v::{
    DESTROYED, LOCKED, Permissions, Queue, QueueLimits, QueueUsage, Segment, SegmentLimits,
    SegmentUsage, SemaphoreLimits, SemaphoreSet, SemaphoreUsage,
};

use crate::cli::{Unit, View};
use crate::names::Names;

/// Longer names of owners are cut to this many bytes in lists.
const OWNER: usize = 10;

/// The names that lists show.
#[derive(Debug)]
pub struct Directory {
    users: Names,
    groups: Names,
}

impl Default for Directory {
    fn default() -> Self {
        Self {
            users: Names::of_users(),
            groups: Names::of_groups(),
        }
    }
}

/// A line of fields, one blank between them.
struct Row<'a>(&'a mut Vec<u8>);

impl Row<'_> {
    fn left(&mut self, text: &[u8], width: usize) -> &mut Self {
        left(self.0, text, width.max(text.len()) + 1);
        self
    }

    fn number(&mut self, number: u64, width: usize) -> &mut Self {
        self.left(Digits::decimal(number).as_bytes(), width)
    }

    fn signed(&mut self, number: i32, width: usize) -> &mut Self {
        self.left(Digits::signed(number.into()).as_bytes(), width)
    }

    fn right(&mut self, text: &[u8], width: usize) -> &mut Self {
        right(self.0, text, width);
        self
    }

    fn blanks(&mut self, count: usize) -> &mut Self {
        pad(self.0, count);
        self
    }

    fn owner(&mut self, uid: u32, directory: &mut Directory) -> &mut Self {
        match directory.users.name(uid) {
            Some(name) => self.left(&name[..name.len().min(OWNER)], OWNER),
            None => self.number(uid.into(), OWNER),
        }
    }

    /// Ends the line in place of the blank behind its last field.
    fn end(&mut self) {
        if let Some(last) = self.0.last_mut() {
            *last = b'\n';
        }
    }
}

/// A list of one kind: its title, its header, and the lines of its objects.
pub trait Listed {
    /// The title; `None` if the view shows nothing of this kind.
    fn title(view: View) -> Option<&'static str>;
    /// The words of the header, each with its width.
    fn header(view: View, unit: Unit) -> &'static [(&'static str, usize)];
    /// Appends the line of one object.
    fn line(&self, view: View, unit: Unit, directory: &mut Directory, to: &mut Vec<u8>);
}

/// Prints the title and the header of a list; `false` if the view shows nothing of this kind.
pub fn head<T: Listed>(view: View, unit: Unit, output: &mut Output) -> bool {
    let Some(title) = T::title(view) else {
        return false;
    };
    title_line(title, output);
    let mut row = Row(output.buffer());
    for (word, width) in T::header(view, unit) {
        row.left(word.as_bytes(), *width);
    }
    row.end();
    true
}

fn title_line(title: &str, output: &mut Output) {
    output.push("------ ");
    output.push(title);
    output.push(" --------\n");
}

const CREATOR_HEADER: [&[(&str, usize)]; 3] = [
    &[
        ("msqid", 10),
        ("perms", 10),
        ("cuid", 10),
        ("cgid", 10),
        ("uid", 10),
        ("gid", 10),
    ],
    &[
        ("shmid", 10),
        ("perms", 10),
        ("cuid", 10),
        ("cgid", 10),
        ("uid", 10),
        ("gid", 10),
    ],
    &[
        ("semid", 10),
        ("perms", 10),
        ("cuid", 10),
        ("cgid", 10),
        ("uid", 10),
        ("gid", 10),
    ],
];

fn creators(permissions: &Permissions, directory: &mut Directory, to: &mut Vec<u8>) {
    let mut row = Row(to);
    row.signed(permissions.id, 10)
        .left(Digits::octal(permissions.mode & 0o777).as_bytes(), 10);
    for (uid, gid) in [
        (permissions.cuid, permissions.cgid),
        (permissions.uid, permissions.gid),
    ] {
        match directory.users.name(uid) {
            Some(name) => row.left(name, 10),
            None => row.number(uid.into(), 10),
        };
        match directory.groups.name(gid) {
            Some(name) => row.left(name, 10),
            None => row.number(gid.into(), 10),
        };
    }
    row.end();
}

/// Key, id, owner and permissions, which begin the line of every list.
fn start<'a>(permissions: &Permissions, directory: &mut Directory, to: &'a mut Vec<u8>) -> Row<'a> {
    let mut row = Row(to);
    row.left(Digits::key(permissions.key).as_bytes(), 10)
        .signed(permissions.id, 10)
        .owner(permissions.uid, directory)
        .left(Digits::octal(permissions.mode & 0o777).as_bytes(), 10);
    row
}

impl Listed for Queue {
    fn title(view: View) -> Option<&'static str> {
        Some(match view {
            View::Times => "Message Queues Send/Recv/Change Times",
            View::Processes => "Message Queues PIDs",
            View::Creators => "Message Queues Creators/Owners",
            View::List | View::Limits | View::Summary => "Message Queues",
        })
    }

    fn header(view: View, unit: Unit) -> &'static [(&'static str, usize)] {
        match view {
            View::Times => &[
                ("msqid", 8),
                ("owner", 10),
                ("send", 20),
                ("recv", 20),
                ("change", 20),
            ],
            View::Processes => &[("msqid", 10), ("owner", 10), ("lspid", 10), ("lrpid", 10)],
            View::Creators => CREATOR_HEADER[0],
            View::List | View::Limits | View::Summary if unit == Unit::Human => &[
                ("key", 10),
                ("msqid", 10),
                ("owner", 10),
                ("perms", 10),
                ("size", 12),
                ("messages", 12),
            ],
            View::List | View::Limits | View::Summary => &[
                ("key", 10),
                ("msqid", 10),
                ("owner", 10),
                ("perms", 10),
                ("used-bytes", 12),
                ("messages", 12),
            ],
        }
    }

    fn line(&self, view: View, unit: Unit, directory: &mut Directory, to: &mut Vec<u8>) {
        let (id, uid) = (self.permissions.id, self.permissions.uid);
        match view {
            View::Times => {
                let shape = TimeShape::MonthToSecond;
                Row(to)
                    .signed(id, 8)
                    .owner(uid, directory)
                    .left(&time(self.sent, shape), 20)
                    .left(&time(self.received, shape), 20)
                    .left(&time(self.changed, shape), 20)
                    .end();
            }
            View::Processes => {
                Row(to)
                    .signed(id, 8)
                    .owner(uid, directory)
                    .blanks(1)
                    .right(Digits::signed(self.last_sender.into()).as_bytes(), 5)
                    .blanks(5)
                    .right(Digits::signed(self.last_receiver.into()).as_bytes(), 5)
                    .blanks(1)
                    .end();
            }
            View::Creators => creators(&self.permissions, directory, to),
            View::List | View::Limits | View::Summary => {
                let mut row = start(&self.permissions, directory, to);
                match unit {
                    Unit::Human => row.right(&human_size(self.bytes), 6).blanks(7),
                    Unit::Usual | Unit::Bytes => row.number(self.bytes, 12),
                };
                row.number(self.messages, 12).end();
            }
        }
    }
}

impl Listed for Segment {
    fn title(view: View) -> Option<&'static str> {
        Some(match view {
            View::Times => "Shared Memory Attach/Detach/Change Times",
            View::Processes => "Shared Memory Creator/Last-op PIDs",
            View::Creators => "Shared Memory Segment Creators/Owners",
            View::List | View::Limits | View::Summary => "Shared Memory Segments",
        })
    }

    fn header(view: View, unit: Unit) -> &'static [(&'static str, usize)] {
        match view {
            View::Times => &[
                ("shmid", 10),
                ("owner", 10),
                ("attached", 20),
                ("detached", 20),
                ("changed", 20),
            ],
            View::Processes => &[("shmid", 10), ("owner", 10), ("cpid", 10), ("lpid", 10)],
            View::Creators => CREATOR_HEADER[1],
            View::List | View::Limits | View::Summary if unit == Unit::Human => &[
                ("key", 10),
                ("shmid", 10),
                ("owner", 10),
                ("perms", 10),
                ("size", 10),
                ("nattch", 10),
                ("status", 12),
            ],
            View::List | View::Limits | View::Summary => &[
                ("key", 10),
                ("shmid", 10),
                ("owner", 10),
                ("perms", 10),
                ("bytes", 10),
                ("nattch", 10),
                ("status", 12),
            ],
        }
    }

    fn line(&self, view: View, unit: Unit, directory: &mut Directory, to: &mut Vec<u8>) {
        let (id, uid) = (self.permissions.id, self.permissions.uid);
        match view {
            View::Times => {
                let shape = TimeShape::MonthToSecond;
                Row(to)
                    .signed(id, 10)
                    .owner(uid, directory)
                    .left(&time(self.attach_time, shape), 20)
                    .left(&time(self.detach_time, shape), 20)
                    .left(&time(self.changed, shape), 20)
                    .end();
            }
            View::Processes => {
                Row(to)
                    .signed(id, 10)
                    .owner(uid, directory)
                    .signed(self.creator, 10)
                    .signed(self.last_user, 10)
                    .end();
            }
            View::Creators => creators(&self.permissions, directory, to),
            View::List | View::Limits | View::Summary => {
                let mut row = start(&self.permissions, directory, to);
                match unit {
                    Unit::Human => row.right(&human_size(self.size), 6).blanks(5),
                    Unit::Usual | Unit::Bytes => row.number(self.size, 10),
                };
                let flag = |flag, word: &'static str| {
                    if self.permissions.mode & flag == 0 {
                        ""
                    } else {
                        word
                    }
                };
                row.number(self.attached, 10)
                    .left(flag(DESTROYED, "dest").as_bytes(), 6)
                    .left(flag(LOCKED, "locked").as_bytes(), 6)
                    .end();
            }
        }
    }
}

impl Listed for SemaphoreSet {
    fn title(view: View) -> Option<&'static str> {
        match view {
            View::Times => Some("Semaphore Operation/Change Times"),
            View::Processes => None,
            View::Creators => Some("Semaphore Arrays Creators/Owners"),
            View::List | View::Limits | View::Summary => Some("Semaphore Arrays"),
        }
    }

    fn header(view: View, _: Unit) -> &'static [(&'static str, usize)] {
        match view {
            View::Times => &[
                ("semid", 8),
                ("owner", 10),
                ("last-op", 26),
                ("last-changed", 26),
            ],
            View::Processes => &[],
            View::Creators => CREATOR_HEADER[2],
            View::List | View::Limits | View::Summary => &[
                ("key", 10),
                ("semid", 10),
                ("owner", 10),
                ("perms", 10),
                ("nsems", 10),
            ],
        }
    }

    fn line(&self, view: View, _: Unit, directory: &mut Directory, to: &mut Vec<u8>) {
        let (id, uid) = (self.permissions.id, self.permissions.uid);
        match view {
            View::Times => {
                let shape = TimeShape::Full;
                Row(to)
                    .signed(id, 8)
                    .owner(uid, directory)
                    .blanks(1)
                    .left(&time(self.operated, shape), 26)
                    .left(&time(self.changed, shape), 26)
                    .end();
            }
            View::Processes => {}
            View::Creators => creators(&self.permissions, directory, to),
            View::List | View::Limits | View::Summary => {
                start(&self.permissions, directory, to)
                    .number(self.count, 10)
                    .end();
            }
        }
    }
}

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
