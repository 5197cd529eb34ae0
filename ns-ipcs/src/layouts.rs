//! The fields of the classic lists.

use ns_common::inline::Inline;
use ns_common::ipc::{Posix, Resource, SystemV};
use ns_common::output::units::TimeShape;

use crate::columns::Column;
use crate::request::Unit;
use crate::views::List;
use crate::writer::Style;

/// A field of a row, and the word above it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) heading: Inline<12>,
    /// The width of the heading; 0 where the field stands below that of the one before.
    pub(crate) heading_width: u8,
    pub(crate) column: Column,
    pub(crate) style: Style,
    /// The width to which the value is padded; a longer one pushes the rest of the row to the
    /// right.
    pub(crate) width: u8,
    pub(crate) side: Side,
    /// Blanks behind it, besides the one that is between fields.
    pub(crate) behind: u8,
}

/// Where a value stands in its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// A field as wide as its heading, with the value at the left.
const fn field(heading: &str, width: u8, column: Column) -> Field {
    Field {
        heading: Inline::new(heading),
        heading_width: width,
        column,
        style: Style::Plain,
        width,
        side: Side::Left,
        behind: 0,
    }
}

impl Field {
    /// The same with another width than its heading.
    const fn wide(self, width: u8) -> Self {
        Self { width, ..self }
    }

    /// The same with the value at the right.
    const fn right(self, width: u8) -> Self {
        let side = Side::Right;
        Self {
            width,
            side,
            ..self
        }
    }

    const fn behind(self, behind: u8) -> Self {
        Self { behind, ..self }
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
            const { &queues(field("size", 12, Column::UsedBytes).right(6).behind(6)) }
        }
        (SystemV::Queue, Unit::Usual | Unit::Bytes) => {
            const { &queues(field("used-bytes", 12, Column::UsedBytes)) }
        }
        (SystemV::Segment, Unit::Human) => {
            const { &segments(field("size", 10, Column::Size).right(6).behind(4)) }
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
                    OWNER.behind(1),
                    field("last-op", 26, Column::OTime).time(FULL),
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
                    OWNER.behind(1),
                    field("lspid", 10, Column::LsPid).right(5).behind(4),
                    field("lrpid", 10, Column::LrPid).right(5),
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
            const { &queues(field("size", 12, Column::UsedBytes).right(6).behind(6)) }
        }
        (Posix::Queue, Unit::Usual | Unit::Bytes) => {
            const { &queues(field("used-bytes", 12, Column::UsedBytes)) }
        }
        (Posix::Memory, Unit::Human) => {
            const { &others(field("size", 10, Column::Size).right(6).behind(4)) }
        }
        (Posix::Memory, Unit::Usual | Unit::Bytes) => {
            const { &others(field("bytes", 10, Column::Size)) }
        }
        (Posix::Semaphore, _) => const { &others(field("value", 10, Column::Sval)) },
    }
}
