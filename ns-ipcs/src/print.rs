//! Printing lists: exactly the bytes that scripts have come to rely on.

use ns_common::console::Output;
use ns_common::ipc::system_v::{DESTROYED, LOCKED, Permissions, Queue, Segment, SemaphoreSet};
use ns_common::output::columns::{Digits, left, pad, right};
use ns_common::output::units::{TimeShape, human_size, time};

use crate::cli::{Columns, Unit};
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
    /// The title; `None` if there are no such columns of this kind.
    fn title(columns: Columns) -> Option<&'static str>;
    /// The words of the header, each with its width.
    fn header(columns: Columns, unit: Unit) -> &'static [(&'static str, usize)];
    /// Appends the line of one object.
    fn line(&self, columns: Columns, unit: Unit, directory: &mut Directory, to: &mut Vec<u8>);
}

/// Prints the title and the header of a list; `false` if there are no such columns of this kind.
pub fn head<T: Listed>(columns: Columns, unit: Unit, output: &mut Output) -> bool {
    let Some(title) = T::title(columns) else {
        return false;
    };
    title_line(title, output);
    let mut row = Row(output.buffer());
    for (word, width) in T::header(columns, unit) {
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

/// The words of a header, each with its width.
type Header<const LENGTH: usize> = [(&'static str, usize); LENGTH];

const fn creators_header(id: &'static str) -> Header<6> {
    [
        (id, 10),
        ("perms", 10),
        ("cuid", 10),
        ("cgid", 10),
        ("uid", 10),
        ("gid", 10),
    ]
}

const fn queues_header(bytes: &'static str) -> Header<6> {
    [
        ("key", 10),
        ("msqid", 10),
        ("owner", 10),
        ("perms", 10),
        (bytes, 12),
        ("messages", 12),
    ]
}

const fn segments_header(bytes: &'static str) -> Header<7> {
    [
        ("key", 10),
        ("shmid", 10),
        ("owner", 10),
        ("perms", 10),
        (bytes, 10),
        ("nattch", 10),
        ("status", 12),
    ]
}

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
    fn title(columns: Columns) -> Option<&'static str> {
        Some(match columns {
            Columns::Times => "Message Queues Send/Recv/Change Times",
            Columns::Processes => "Message Queues PIDs",
            Columns::Creators => "Message Queues Creators/Owners",
            Columns::Usual => "Message Queues",
        })
    }

    fn header(columns: Columns, unit: Unit) -> &'static [(&'static str, usize)] {
        match columns {
            Columns::Times => &[
                ("msqid", 8),
                ("owner", 10),
                ("send", 20),
                ("recv", 20),
                ("change", 20),
            ],
            Columns::Processes => &[("msqid", 10), ("owner", 10), ("lspid", 10), ("lrpid", 10)],
            Columns::Creators => const { &creators_header("msqid") },
            Columns::Usual => match unit {
                Unit::Human => const { &queues_header("size") },
                Unit::Usual | Unit::Bytes => const { &queues_header("used-bytes") },
            },
        }
    }

    fn line(&self, columns: Columns, unit: Unit, directory: &mut Directory, to: &mut Vec<u8>) {
        let (id, uid) = (self.permissions.id, self.permissions.uid);
        match columns {
            Columns::Times => {
                let shape = TimeShape::MonthToSecond;
                Row(to)
                    .signed(id, 8)
                    .owner(uid, directory)
                    .left(&time(self.sent, shape), 20)
                    .left(&time(self.received, shape), 20)
                    .left(&time(self.changed, shape), 20)
                    .end();
            }
            Columns::Processes => {
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
            Columns::Creators => creators(&self.permissions, directory, to),
            Columns::Usual => {
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
    fn title(columns: Columns) -> Option<&'static str> {
        Some(match columns {
            Columns::Times => "Shared Memory Attach/Detach/Change Times",
            Columns::Processes => "Shared Memory Creator/Last-op PIDs",
            Columns::Creators => "Shared Memory Segment Creators/Owners",
            Columns::Usual => "Shared Memory Segments",
        })
    }

    fn header(columns: Columns, unit: Unit) -> &'static [(&'static str, usize)] {
        match columns {
            Columns::Times => &[
                ("shmid", 10),
                ("owner", 10),
                ("attached", 20),
                ("detached", 20),
                ("changed", 20),
            ],
            Columns::Processes => &[("shmid", 10), ("owner", 10), ("cpid", 10), ("lpid", 10)],
            Columns::Creators => const { &creators_header("shmid") },
            Columns::Usual => match unit {
                Unit::Human => const { &segments_header("size") },
                Unit::Usual | Unit::Bytes => const { &segments_header("bytes") },
            },
        }
    }

    fn line(&self, columns: Columns, unit: Unit, directory: &mut Directory, to: &mut Vec<u8>) {
        let (id, uid) = (self.permissions.id, self.permissions.uid);
        match columns {
            Columns::Times => {
                let shape = TimeShape::MonthToSecond;
                Row(to)
                    .signed(id, 10)
                    .owner(uid, directory)
                    .left(&time(self.attach_time, shape), 20)
                    .left(&time(self.detach_time, shape), 20)
                    .left(&time(self.changed, shape), 20)
                    .end();
            }
            Columns::Processes => {
                Row(to)
                    .signed(id, 10)
                    .owner(uid, directory)
                    .signed(self.creator, 10)
                    .signed(self.last_user, 10)
                    .end();
            }
            Columns::Creators => creators(&self.permissions, directory, to),
            Columns::Usual => {
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
    fn title(columns: Columns) -> Option<&'static str> {
        match columns {
            Columns::Times => Some("Semaphore Operation/Change Times"),
            Columns::Processes => None,
            Columns::Creators => Some("Semaphore Arrays Creators/Owners"),
            Columns::Usual => Some("Semaphore Arrays"),
        }
    }

    fn header(columns: Columns, _: Unit) -> &'static [(&'static str, usize)] {
        match columns {
            Columns::Times => &[
                ("semid", 8),
                ("owner", 10),
                ("last-op", 26),
                ("last-changed", 26),
            ],
            Columns::Processes => &[],
            Columns::Creators => const { &creators_header("semid") },
            Columns::Usual => &[
                ("key", 10),
                ("semid", 10),
                ("owner", 10),
                ("perms", 10),
                ("nsems", 10),
            ],
        }
    }

    fn line(&self, columns: Columns, _: Unit, directory: &mut Directory, to: &mut Vec<u8>) {
        let (id, uid) = (self.permissions.id, self.permissions.uid);
        match columns {
            Columns::Times => {
                let shape = TimeShape::Full;
                Row(to)
                    .signed(id, 8)
                    .owner(uid, directory)
                    .blanks(1)
                    .left(&time(self.operated, shape), 26)
                    .left(&time(self.changed, shape), 26)
                    .end();
            }
            Columns::Processes => {}
            Columns::Creators => creators(&self.permissions, directory, to),
            Columns::Usual => {
                start(&self.permissions, directory, to)
                    .number(self.count, 10)
                    .end();
            }
        }
    }
}
