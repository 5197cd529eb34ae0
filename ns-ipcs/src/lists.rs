//! The classic lists: exactly the bytes that scripts have come to rely on.

use ns_common::ipc::{Posix, Resource, SystemV};
use ns_common::output::columns::{left, pad};
use ns_common::output::units::TimeShape;

use crate::columns::{
    self, ATTACH, CGROUP, CPID, CTIME, CUSER, Column, DEST, DETACH, GROUP, ID, KEY, LOCK, LPID,
    LRPID, LSPID, List, Listed, MSGS, NAME, NATTCH, NSEMS, OTIME, PERMS, RECV, SEND, SIZE, SVAL,
    USEDBYTES, USER,
};
use crate::request::Unit;
use crate::values::{Style, Writer};

/// How one kind of object is listed in one view.
#[derive(Debug)]
pub(crate) struct Layout {
    title: &'static str,
    fields: &'static [Field],
}

/// A field of a row, and the word above it. There are no addresses in it.
#[derive(Debug, Clone, Copy)]
struct Field {
    heading: [u8; LONGEST],
    /// The width of the heading; 0 where the field stands below that of the one before.
    heading_width: u8,
    column: columns::Place,
    style: Style,
    /// Blanks before the value.
    indent: u8,
    place: Place,
}

/// As long as the longest heading.
const LONGEST: usize = 12;

/// Where a value stands in its field; one that is too long pushes the rest of the row to the right.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// At the left, padded to a width.
    Left(u8),
    /// At the right of a width, with blanks behind it.
    Right { width: u8, behind: u8 },
}

impl Layout {
    /// The words above the list.
    pub(crate) const fn title(&self) -> &'static str {
        self.title
    }

    /// Appends the title and the header line.
    pub(crate) fn head(&self, to: &mut Vec<u8>) {
        append_title(self.title, to);
        for field in self.fields.iter().filter(|field| field.heading_width > 0) {
            let length = field.heading.iter().take_while(|byte| **byte != 0).count();
            let heading = &field.heading[..length];
            left(to, heading, field.heading_width.into());
            to.push(b' ');
        }
        end_line(to);
    }

    /// Appends the line of one object.
    pub(crate) fn row(&self, listed: &Listed, writer: &mut Writer, to: &mut Vec<u8>) {
        for field in self.fields {
            if field.indent > 0 {
                pad(to, field.indent.into());
            }
            let start = to.len();
            writer.append((field.column.column().value)(listed), field.style, to);
            let length = to.len() - start;
            // Together with the blank between fields.
            match field.place {
                Place::Left(width) => pad(to, usize::from(width).saturating_sub(length) + 1),
                Place::Right { width, behind } => {
                    let blanks = usize::from(width).saturating_sub(length);
                    pad(to, blanks);
                    to.copy_within(start..start + length, start + blanks);
                    to[start..start + blanks].fill(b' ');
                    pad(to, usize::from(behind) + 1);
                }
            }
        }
        end_line(to);
    }
}

/// Appends the title of a block.
pub(crate) fn append_title(title: &str, to: &mut Vec<u8>) {
    to.extend_from_slice(b"------ ");
    to.extend_from_slice(title.as_bytes());
    to.extend_from_slice(b" --------\n");
}

/// Ends the line in place of the blank behind its last field.
fn end_line(to: &mut [u8]) {
    if let Some(last) = to.last_mut() {
        *last = b'\n';
    }
}

/// The layout for a kind; there is none for the processes of semaphore sets.
pub(crate) fn layout(kind: Resource, list: List, unit: Unit) -> Option<&'static Layout> {
    match kind {
        Resource::SystemV(kind) => system_v(kind, list, unit),
        Resource::Posix(kind) => Some(match (kind, unit) {
            (Posix::Queue, Unit::Human) => &POSIX_QUEUES_HUMAN,
            (Posix::Queue, Unit::Usual | Unit::Bytes) => &POSIX_QUEUES,
            (Posix::Memory, Unit::Human) => &POSIX_MEMORY_HUMAN,
            (Posix::Memory, Unit::Usual | Unit::Bytes) => &POSIX_MEMORY,
            (Posix::Semaphore, _) => &POSIX_SEMAPHORES,
        }),
    }
}

fn system_v(kind: SystemV, list: List, unit: Unit) -> Option<&'static Layout> {
    Some(match (kind, list, unit) {
        (SystemV::Queue, List::Usual, Unit::Human) => &QUEUES_HUMAN,
        (SystemV::Queue, List::Usual, Unit::Usual | Unit::Bytes) => &QUEUES,
        (SystemV::Queue, List::Times, _) => &QUEUE_TIMES,
        (SystemV::Queue, List::Processes, _) => &QUEUE_PROCESSES,
        (SystemV::Queue, List::Creators, _) => &QUEUE_CREATORS,
        (SystemV::Segment, List::Usual, Unit::Human) => &SEGMENTS_HUMAN,
        (SystemV::Segment, List::Usual, Unit::Usual | Unit::Bytes) => &SEGMENTS,
        (SystemV::Segment, List::Times, _) => &SEGMENT_TIMES,
        (SystemV::Segment, List::Processes, _) => &SEGMENT_PROCESSES,
        (SystemV::Segment, List::Creators, _) => &SEGMENT_CREATORS,
        (SystemV::SemaphoreSet, List::Usual, _) => &SETS,
        (SystemV::SemaphoreSet, List::Times, _) => &SET_TIMES,
        (SystemV::SemaphoreSet, List::Creators, _) => &SET_CREATORS,
        (SystemV::SemaphoreSet, List::Processes, _) => return None,
    })
}

/// A field as wide as its heading.
const fn field(heading: &str, width: u8, column: &Column) -> Field {
    let mut inline = [0; LONGEST];
    let text = heading.as_bytes();
    let mut place = 0;
    while place < text.len() {
        inline[place] = text[place];
        place += 1;
    }
    Field {
        heading: inline,
        heading_width: width,
        column: columns::Place::of(column),
        style: Style::Plain,
        indent: 0,
        place: Place::Left(width),
    }
}

impl Field {
    /// The same with another width than its heading.
    const fn wide(self, width: u8) -> Self {
        Self {
            place: Place::Left(width),
            ..self
        }
    }

    /// The same, further to the right.
    const fn indented(self, indent: u8) -> Self {
        Self { indent, ..self }
    }

    const fn right(self, width: u8, behind: u8) -> Self {
        Self {
            place: Place::Right { width, behind },
            ..self
        }
    }

    const fn time(self, shape: TimeShape) -> Self {
        Self {
            style: Style::Time(shape),
            ..self
        }
    }

    /// The same without a heading.
    const fn unnamed(self) -> Self {
        Self {
            heading_width: 0,
            ..self
        }
    }
}

const OWNER: Field = Field {
    style: Style::Cut(10),
    ..field("owner", 10, &USER)
};
const PERMISSIONS: Field = field("perms", 10, &PERMS);
const SHORT: TimeShape = TimeShape::MonthToSecond;
const FULL: TimeShape = TimeShape::Full;

const fn queues(size: Field) -> [Field; 6] {
    [
        field("key", 10, &KEY),
        field("msqid", 10, &ID),
        OWNER,
        PERMISSIONS,
        size,
        field("messages", 12, &MSGS),
    ]
}

static QUEUES: Layout = Layout {
    title: "Message Queues",
    fields: &queues(field("used-bytes", 12, &USEDBYTES)),
};
static QUEUES_HUMAN: Layout = Layout {
    title: "Message Queues",
    fields: &queues(field("size", 12, &USEDBYTES).right(6, 6)),
};
static QUEUE_TIMES: Layout = Layout {
    title: "Message Queues Send/Recv/Change Times",
    fields: &[
        field("msqid", 8, &ID),
        OWNER,
        field("send", 20, &SEND).time(SHORT),
        field("recv", 20, &RECV).time(SHORT),
        field("change", 20, &CTIME).time(SHORT),
    ],
};
static QUEUE_PROCESSES: Layout = Layout {
    title: "Message Queues PIDs",
    fields: &[
        field("msqid", 10, &ID).wide(8),
        OWNER,
        field("lspid", 10, &LSPID).indented(1).right(5, 0),
        field("lrpid", 10, &LRPID).indented(4).right(5, 0),
    ],
};

const fn segments(size: Field) -> [Field; 8] {
    [
        field("key", 10, &KEY),
        field("shmid", 10, &ID),
        OWNER,
        PERMISSIONS,
        size,
        field("nattch", 10, &NATTCH),
        field("status", 12, &DEST).wide(6),
        field("", 6, &LOCK).unnamed(),
    ]
}

static SEGMENTS: Layout = Layout {
    title: "Shared Memory Segments",
    fields: &segments(field("bytes", 10, &SIZE)),
};
static SEGMENTS_HUMAN: Layout = Layout {
    title: "Shared Memory Segments",
    fields: &segments(field("size", 10, &SIZE).right(6, 4)),
};
static SEGMENT_TIMES: Layout = Layout {
    title: "Shared Memory Attach/Detach/Change Times",
    fields: &[
        field("shmid", 10, &ID),
        OWNER,
        field("attached", 20, &ATTACH).time(SHORT),
        field("detached", 20, &DETACH).time(SHORT),
        field("changed", 20, &CTIME).time(SHORT),
    ],
};
static SEGMENT_PROCESSES: Layout = Layout {
    title: "Shared Memory Creator/Last-op PIDs",
    fields: &[
        field("shmid", 10, &ID),
        OWNER,
        field("cpid", 10, &CPID),
        field("lpid", 10, &LPID),
    ],
};

static SETS: Layout = Layout {
    title: "Semaphore Arrays",
    fields: &[
        field("key", 10, &KEY),
        field("semid", 10, &ID),
        OWNER,
        PERMISSIONS,
        field("nsems", 10, &NSEMS),
    ],
};
static SET_TIMES: Layout = Layout {
    title: "Semaphore Operation/Change Times",
    fields: &[
        field("semid", 8, &ID),
        OWNER,
        field("last-op", 26, &OTIME).time(FULL).indented(1),
        field("last-changed", 26, &CTIME).time(FULL),
    ],
};

/// What a file chose as its name is shown so that it cannot be taken for anything else.
const POSIX_NAME: Field = Field {
    style: Style::Visible,
    ..field("name", 20, &NAME)
};

const fn posix_queues(size: Field) -> [Field; 5] {
    [
        POSIX_NAME,
        OWNER,
        PERMISSIONS,
        size,
        field("messages", 12, &MSGS),
    ]
}

static POSIX_QUEUES: Layout = Layout {
    title: "POSIX Message Queues",
    fields: &posix_queues(field("used-bytes", 12, &USEDBYTES)),
};
static POSIX_QUEUES_HUMAN: Layout = Layout {
    title: "POSIX Message Queues",
    fields: &posix_queues(field("size", 12, &USEDBYTES).right(6, 6)),
};
static POSIX_MEMORY: Layout = Layout {
    title: "POSIX Shared Memory",
    fields: &[POSIX_NAME, OWNER, PERMISSIONS, field("bytes", 10, &SIZE)],
};
static POSIX_MEMORY_HUMAN: Layout = Layout {
    title: "POSIX Shared Memory",
    fields: &[
        POSIX_NAME,
        OWNER,
        PERMISSIONS,
        field("size", 10, &SIZE).right(6, 4),
    ],
};
static POSIX_SEMAPHORES: Layout = Layout {
    title: "POSIX Semaphores",
    fields: &[POSIX_NAME, OWNER, PERMISSIONS, field("value", 10, &SVAL)],
};

const fn creators(id: &str) -> [Field; 6] {
    [
        field(id, 10, &ID),
        PERMISSIONS,
        field("cuid", 10, &CUSER),
        field("cgid", 10, &CGROUP),
        field("uid", 10, &USER),
        field("gid", 10, &GROUP),
    ]
}

static QUEUE_CREATORS: Layout = Layout {
    title: "Message Queues Creators/Owners",
    fields: &creators("msqid"),
};
static SEGMENT_CREATORS: Layout = Layout {
    title: "Shared Memory Segment Creators/Owners",
    fields: &creators("shmid"),
};
static SET_CREATORS: Layout = Layout {
    title: "Semaphore Arrays Creators/Owners",
    fields: &creators("semid"),
};
