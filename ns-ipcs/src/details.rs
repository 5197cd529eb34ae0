//! The classic details of one object.

use ns_common::ipc::system_v::Semaphore;
use ns_common::output::columns::pad_from;
use ns_common::output::digits::append_signed;
use ns_common::output::units::TimeShape;

use crate::columns::Column::{
    self, Attach, CPid, Capacity, Cgid, Ctime, Cuid, Detach, Gid, Id, LPid, LrPid, LsPid, Mode,
    Msgs, Nattch, Nsems, OTime, Perms, Recv, Send, Size, Uid, UsedBytes,
};
use crate::objects::{Listed, Object};
use crate::request::Unit;
use crate::writer::{Style, Writer};

/// The details of an object as they are written.
struct Details<'a> {
    listed: &'a Listed,
    writer: &'a mut Writer,
    to: &'a mut Vec<u8>,
}

impl Details<'_> {
    /// A value, and the text before it.
    fn item(&mut self, label: &str, column: Column) {
        self.styled(label, column, Style::LeadingZero);
    }

    /// A size, and the text before it, which another one replaces where sizes have a unit letter.
    fn size(&mut self, label: &str, human: &str, column: Column) {
        let label = match self.writer.unit() {
            Unit::Human => human,
            Unit::Usual | Unit::Bytes => label,
        };
        self.styled(label, column, Style::LeadingZero);
    }

    /// A time, padded.
    fn time(&mut self, label: &str, column: Column) {
        let start = self.to.len() + label.len();
        self.styled(label, column, Style::Time(TimeShape::Full));
        pad_from(self.to, start, 26);
    }

    fn styled(&mut self, label: &str, column: Column, style: Style) {
        self.to.extend_from_slice(label.as_bytes());
        if let Some(value) = column.value(self.listed) {
            self.writer.append(value, style, self.to);
        }
    }

    fn queue(&mut self) {
        self.item("\nMessage Queue msqid=", Id);
        self.item("\nuid=", Uid);
        self.item("\tgid=", Gid);
        self.item("\tcuid=", Cuid);
        self.item("\tcgid=", Cgid);
        self.item("\tmode=", Mode);
        self.size("\ncbytes=", "\ncsize=", UsedBytes);
        self.size("\tqbytes=", "\tqsize=", Capacity);
        self.item("\tqnum=", Msgs);
        self.item("\tlspid=", LsPid);
        self.item("\tlrpid=", LrPid);
        self.time("\nsend_time=", Send);
        self.time("\nrcv_time=", Recv);
        self.time("\nchange_time=", Ctime);
    }

    fn segment(&mut self) {
        self.item("\nShared memory Segment shmid=", Id);
        self.item("\nuid=", Uid);
        self.item("\tgid=", Gid);
        self.item("\tcuid=", Cuid);
        self.item("\tcgid=", Cgid);
        self.item("\nmode=", Mode);
        self.item("\taccess_perms=", Perms);
        self.size("\nbytes=", "\nsize=", Size);
        self.item("\tlpid=", LPid);
        self.item("\tcpid=", CPid);
        self.item("\tnattch=", Nattch);
        self.time("\natt_time=", Attach);
        self.time("\ndet_time=", Detach);
        self.time("\nchange_time=", Ctime);
    }

    fn semaphore_set(&mut self) {
        self.item("\nSemaphore Array semid=", Id);
        self.item("\nuid=", Uid);
        self.item("\t gid=", Gid);
        self.item("\t cuid=", Cuid);
        self.item("\t cgid=", Cgid);
        self.item("\nmode=", Mode);
        self.item(", access_perms=", Perms);
        self.item("\nnsems = ", Nsems);
        self.time("\notime = ", OTime);
        self.time("\nctime = ", Ctime);
    }
}

/// Appends the details of an object, and of each semaphore if it is a set.
pub(crate) fn append(
    listed: &Listed,
    semaphores: &[Semaphore],
    writer: &mut Writer,
    to: &mut Vec<u8>,
) {
    let mut details = Details { listed, writer, to };
    match &listed.object {
        Object::Queue(_) => details.queue(),
        Object::Segment(_) => details.segment(),
        Object::SemaphoreSet(_) => details.semaphore_set(),
        Object::Posix(_) | Object::Usage(_) => {}
    }
    to.push(b'\n');
    if let Object::SemaphoreSet(_) = listed.object {
        append_line(
            to,
            ["semnum", "value", "ncount", "zcount", "pid"],
            |word, to| {
                to.extend_from_slice(word.as_bytes());
            },
        );
        for (number, semaphore) in (0..).zip(semaphores) {
            let numbers: [i64; 5] = [
                number,
                semaphore.value.into(),
                semaphore.waiting_for_increase.into(),
                semaphore.waiting_for_zero.into(),
                semaphore.last_user.into(),
            ];
            append_line(to, numbers, append_signed);
        }
    }
    to.push(b'\n');
}

/// Appends a line of the list of semaphores, one blank between its fields.
fn append_line<T>(to: &mut Vec<u8>, fields: [T; 5], append: impl Fn(T, &mut Vec<u8>)) {
    for (place, field) in fields.into_iter().enumerate() {
        if place > 0 {
            to.push(b' ');
        }
        let start = to.len();
        append(field, to);
        pad_from(to, start, 10);
    }
    to.push(b'\n');
}
