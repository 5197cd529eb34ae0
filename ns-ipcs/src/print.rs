//! Printing lists: exactly the bytes that scripts have come to rely on.

use ns_common::console::Output;
use ns_common::output::columns::{Digits, left, pad, right};
use ns_common::output::units::{TimeShape, human_size, time};
use ns_common::system_v::{DESTROYED, LOCKED, Permissions, Queue, Segment, SemaphoreSet};

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

/// Prints the title of a block.
pub fn title_line(title: &str, output: &mut Output) {
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
