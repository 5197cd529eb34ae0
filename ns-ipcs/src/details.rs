//! The classic details of one object.

use ns_common::ipc::system_v::Semaphore;
use ns_common::output::columns::{Digits, left, pad};
use ns_common::output::units::TimeShape;

use crate::columns::{
    ATTACH, CAPACITY, CGID, CPID, CTIME, CUID, Column, DETACH, GID, ID, LPID, LRPID, LSPID, Listed,
    MODE, MSGS, NATTCH, NSEMS, OTIME, Object, PERMS, RECV, SEND, SIZE, UID, USEDBYTES,
};
use crate::request::Unit;
use crate::values::{Style, Writer};

/// A value and the text before it.
#[derive(Debug, Clone, Copy)]
struct Item {
    label: &'static str,
    /// The label of a size that has a unit letter.
    human: &'static str,
    column: &'static Column,
    style: Style,
    /// The value is padded to this width.
    width: usize,
}

const fn item(label: &'static str, column: &'static Column) -> Item {
    Item {
        label,
        human: label,
        column,
        style: Style::LeadingZero,
        width: 0,
    }
}

const fn size(label: &'static str, human: &'static str, column: &'static Column) -> Item {
    Item {
        human,
        ..item(label, column)
    }
}

const fn time(label: &'static str, column: &'static Column) -> Item {
    Item {
        style: Style::Time(TimeShape::Full),
        width: 26,
        ..item(label, column)
    }
}

static QUEUE: &[Item] = &[
    item("\nMessage Queue msqid=", &ID),
    item("\nuid=", &UID),
    item("\tgid=", &GID),
    item("\tcuid=", &CUID),
    item("\tcgid=", &CGID),
    item("\tmode=", &MODE),
    size("\ncbytes=", "\ncsize=", &USEDBYTES),
    size("\tqbytes=", "\tqsize=", &CAPACITY),
    item("\tqnum=", &MSGS),
    item("\tlspid=", &LSPID),
    item("\tlrpid=", &LRPID),
    time("\nsend_time=", &SEND),
    time("\nrcv_time=", &RECV),
    time("\nchange_time=", &CTIME),
];
static SEGMENT: &[Item] = &[
    item("\nShared memory Segment shmid=", &ID),
    item("\nuid=", &UID),
    item("\tgid=", &GID),
    item("\tcuid=", &CUID),
    item("\tcgid=", &CGID),
    item("\nmode=", &MODE),
    item("\taccess_perms=", &PERMS),
    size("\nbytes=", "\nsize=", &SIZE),
    item("\tlpid=", &LPID),
    item("\tcpid=", &CPID),
    item("\tnattch=", &NATTCH),
    time("\natt_time=", &ATTACH),
    time("\ndet_time=", &DETACH),
    time("\nchange_time=", &CTIME),
];
static SEMAPHORE_SET: &[Item] = &[
    item("\nSemaphore Array semid=", &ID),
    item("\nuid=", &UID),
    item("\t gid=", &GID),
    item("\t cuid=", &CUID),
    item("\t cgid=", &CGID),
    item("\nmode=", &MODE),
    item(", access_perms=", &PERMS),
    item("\nnsems = ", &NSEMS),
    time("\notime = ", &OTIME),
    time("\nctime = ", &CTIME),
];

/// A column of the list of a set's semaphores: its heading, and what it says of a semaphore by its
/// number.
type Element = (&'static str, fn(i64, &Semaphore) -> i64);

static ELEMENTS: [Element; 5] = [
    ("semnum", |number, _| number),
    ("value", |_, semaphore| semaphore.value.into()),
    ("ncount", |_, semaphore| {
        semaphore.waiting_for_increase.into()
    }),
    ("zcount", |_, semaphore| semaphore.waiting_for_zero.into()),
    ("pid", |_, semaphore| semaphore.last_user.into()),
];

/// Appends the details of an object, and of each semaphore if it is a set.
pub(crate) fn append(
    listed: &Listed,
    semaphores: &[Semaphore],
    writer: &mut Writer,
    to: &mut Vec<u8>,
) {
    let items = match &listed.object {
        Object::Queue(_) => QUEUE,
        Object::Segment(_) => SEGMENT,
        Object::SemaphoreSet(_) => SEMAPHORE_SET,
        Object::Posix(_) | Object::Usage(_) => &[],
    };
    for item in items {
        let label = match writer.unit() {
            Unit::Human => item.human,
            Unit::Usual | Unit::Bytes => item.label,
        };
        to.extend_from_slice(label.as_bytes());
        let start = to.len();
        writer.append((item.column.value)(listed), item.style, to);
        let length = to.len() - start;
        pad(to, item.width.saturating_sub(length));
    }
    to.push(b'\n');
    if let Object::SemaphoreSet(_) = listed.object {
        append_line(to, |(heading, _), to| left(to, heading.as_bytes(), 10));
        for (number, semaphore) in (0..).zip(semaphores) {
            append_line(to, |(_, value), to| {
                left(to, Digits::signed(value(number, semaphore)).as_bytes(), 10);
            });
        }
    }
    to.push(b'\n');
}

/// Appends a line of the list of semaphores, one blank between its fields.
fn append_line(to: &mut Vec<u8>, append_field: impl Fn(&Element, &mut Vec<u8>)) {
    for (position, element) in ELEMENTS.iter().enumerate() {
        if position > 0 {
            to.push(b' ');
        }
        append_field(element, to);
    }
    to.push(b'\n');
}
