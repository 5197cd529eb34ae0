//! The fields of the classic lists.

use ns_common::ipc::{Posix, Resource, SystemV};
use ns_common::output::units::TimeShape;

use crate::columns::Column;
use crate::request::Unit;
use crate::views::List;
use crate::writer::Style;

/// A field of a row, and the word above it. There are no addresses in it, which the dynamic linker
/// would have to write whenever the program starts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    heading: [u8; LONGEST],
    /// The width of the heading; 0 where the field stands below that of the one before.
    pub(crate) heading_width: u8,
    pub(crate) column: Column,
    pub(crate) style: Style,
    /// Blanks before the value.
    pub(crate) indent: u8,
    pub(crate) place: Place,
}

/// As long as the longest heading.
const LONGEST: usize = 12;

/// Where a value stands in its field; one that is too long pushes the rest of the row to the right.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// At the left, padded to a width.
    Left(u8),
    /// At the right of a width, with blanks behind it.
    Right { width: u8, behind: u8 },
}

/// A field as wide as its heading.
const fn field(heading: &str, width: u8, column: Column) -> Field {
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
        column,
        style: Style::Plain,
        indent: 0,
        place: Place::Left(width),
    }
}

impl Field {
    /// The word above it.
    pub(crate) fn heading(&self) -> &[u8] {
        let length = self.heading.iter().position(|byte| *byte == 0);
        &self.heading[..length.unwrap_or(LONGEST)]
    }

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
    ..field("owner", 10, Column::User)
};
const PERMISSIONS: Field = field("perms", 10, Column::Perms);
/// What a file chose as its name is shown so that it cannot be taken for anything else.
const POSIX_NAME: Field = Field {
    style: Style::Visible,
    ..field("name", 20, Column::Name)
};
const SHORT: TimeShape = TimeShape::MonthToSecond;
const FULL: TimeShape = TimeShape::Full;

/// The words above a list.
pub(crate) const fn title(kind: Resource, list: List) -> &'static str {
    match (kind, list) {
        (Resource::SystemV(SystemV::Queue), List::Usual) => "Message Queues",
        (Resource::SystemV(SystemV::Queue), List::Times) => "Message Queues Send/Recv/Change Times",
        (Resource::SystemV(SystemV::Queue), List::Processes) => "Message Queues PIDs",
        (Resource::SystemV(SystemV::Queue), List::Creators) => "Message Queues Creators/Owners",
        (Resource::SystemV(SystemV::Segment), List::Usual) => "Shared Memory Segments",
        (Resource::SystemV(SystemV::Segment), List::Times) => {
            "Shared Memory Attach/Detach/Change Times"
        }
        (Resource::SystemV(SystemV::Segment), List::Processes) => {
            "Shared Memory Creator/Last-op PIDs"
        }
        (Resource::SystemV(SystemV::Segment), List::Creators) => {
            "Shared Memory Segment Creators/Owners"
        }
        (Resource::SystemV(SystemV::SemaphoreSet), List::Usual | List::Processes) => {
            "Semaphore Arrays"
        }
        (Resource::SystemV(SystemV::SemaphoreSet), List::Times) => {
            "Semaphore Operation/Change Times"
        }
        (Resource::SystemV(SystemV::SemaphoreSet), List::Creators) => {
            "Semaphore Arrays Creators/Owners"
        }
        (Resource::Posix(Posix::Queue), _) => "POSIX Message Queues",
        (Resource::Posix(Posix::Memory), _) => "POSIX Shared Memory",
        (Resource::Posix(Posix::Semaphore), _) => "POSIX Semaphores",
    }
}

/// The fields of a row; there are none for the processes of semaphore sets.
pub(crate) const fn fields(kind: Resource, list: List, unit: Unit) -> &'static [Field] {
    match (kind, list) {
        (Resource::SystemV(kind), List::Usual) => usual(kind, unit),
        (Resource::SystemV(kind), List::Times) => times(kind),
        (Resource::SystemV(kind), List::Processes) => processes(kind),
        (Resource::SystemV(kind), List::Creators) => creators(kind),
        (Resource::Posix(kind), _) => posix(kind, unit),
    }
}

const fn usual(kind: SystemV, unit: Unit) -> &'static [Field] {
    const fn queues(size: Field) -> [Field; 6] {
        [
            field("key", 10, Column::Key),
            field("msqid", 10, Column::Id),
            OWNER,
            PERMISSIONS,
            size,
            field("messages", 12, Column::Msgs),
        ]
    }
    const fn segments(size: Field) -> [Field; 8] {
        [
            field("key", 10, Column::Key),
            field("shmid", 10, Column::Id),
            OWNER,
            PERMISSIONS,
            size,
            field("nattch", 10, Column::Nattch),
            field("status", 12, Column::Dest).wide(6),
            field("", 6, Column::Lock).unnamed(),
        ]
    }
    match (kind, unit) {
        (SystemV::Queue, Unit::Human) => {
            const { &queues(field("size", 12, Column::UsedBytes).right(6, 6)) }
        }
        (SystemV::Queue, Unit::Usual | Unit::Bytes) => {
            const { &queues(field("used-bytes", 12, Column::UsedBytes)) }
        }
        (SystemV::Segment, Unit::Human) => {
            const { &segments(field("size", 10, Column::Size).right(6, 4)) }
        }
        (SystemV::Segment, Unit::Usual | Unit::Bytes) => {
            const { &segments(field("bytes", 10, Column::Size)) }
        }
        (SystemV::SemaphoreSet, _) => {
            const {
                &[
                    field("key", 10, Column::Key),
                    field("semid", 10, Column::Id),
                    OWNER,
                    PERMISSIONS,
                    field("nsems", 10, Column::Nsems),
                ]
            }
        }
    }
}

const fn times(kind: SystemV) -> &'static [Field] {
    match kind {
        SystemV::Queue => {
            const {
                &[
                    field("msqid", 8, Column::Id),
                    OWNER,
                    field("send", 20, Column::Send).time(SHORT),
                    field("recv", 20, Column::Recv).time(SHORT),
                    field("change", 20, Column::Ctime).time(SHORT),
                ]
            }
        }
        SystemV::Segment => {
            const {
                &[
                    field("shmid", 10, Column::Id),
                    OWNER,
                    field("attached", 20, Column::Attach).time(SHORT),
                    field("detached", 20, Column::Detach).time(SHORT),
                    field("changed", 20, Column::Ctime).time(SHORT),
                ]
            }
        }
        SystemV::SemaphoreSet => {
            const {
                &[
                    field("semid", 8, Column::Id),
                    OWNER,
                    field("last-op", 26, Column::OTime).time(FULL).indented(1),
                    field("last-changed", 26, Column::Ctime).time(FULL),
                ]
            }
        }
    }
}

const fn processes(kind: SystemV) -> &'static [Field] {
    match kind {
        SystemV::Queue => {
            const {
                &[
                    field("msqid", 10, Column::Id).wide(8),
                    OWNER,
                    field("lspid", 10, Column::LsPid).indented(1).right(5, 0),
                    field("lrpid", 10, Column::LrPid).indented(4).right(5, 0),
                ]
            }
        }
        SystemV::Segment => {
            const {
                &[
                    field("shmid", 10, Column::Id),
                    OWNER,
                    field("cpid", 10, Column::CPid),
                    field("lpid", 10, Column::LPid),
                ]
            }
        }
        SystemV::SemaphoreSet => &[],
    }
}

const fn creators(kind: SystemV) -> &'static [Field] {
    const fn of(id: &str) -> [Field; 6] {
        [
            field(id, 10, Column::Id),
            PERMISSIONS,
            field("cuid", 10, Column::Cuser),
            field("cgid", 10, Column::Cgroup),
            field("uid", 10, Column::User),
            field("gid", 10, Column::Group),
        ]
    }
    match kind {
        SystemV::Queue => const { &of("msqid") },
        SystemV::Segment => const { &of("shmid") },
        SystemV::SemaphoreSet => const { &of("semid") },
    }
}

const fn posix(kind: Posix, unit: Unit) -> &'static [Field] {
    const fn queues(size: Field) -> [Field; 5] {
        [
            POSIX_NAME,
            OWNER,
            PERMISSIONS,
            size,
            field("messages", 12, Column::Msgs),
        ]
    }
    const fn others(value: Field) -> [Field; 4] {
        [POSIX_NAME, OWNER, PERMISSIONS, value]
    }
    match (kind, unit) {
        (Posix::Queue, Unit::Human) => {
            const { &queues(field("size", 12, Column::UsedBytes).right(6, 6)) }
        }
        (Posix::Queue, Unit::Usual | Unit::Bytes) => {
            const { &queues(field("used-bytes", 12, Column::UsedBytes)) }
        }
        (Posix::Memory, Unit::Human) => {
            const { &others(field("size", 10, Column::Size).right(6, 4)) }
        }
        (Posix::Memory, Unit::Usual | Unit::Bytes) => {
            const { &others(field("bytes", 10, Column::Size)) }
        }
        (Posix::Semaphore, _) => const { &others(field("value", 10, Column::Sval)) },
    }
}
