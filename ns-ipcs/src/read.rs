//! Reading the objects of the namespace: typed records, handed on one by one.
//!
//! There are two sources. The `*_STAT_ANY` calls answer for one index of the kernel's table, in half
//! the time the kernel needs to print a row; but they must be asked for every index, used or not.
//! `/proc/sysvipc` holds the rows of the used ones.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use ns_common::error::{Attempt, Error, Message};
use ns_common::sys::descriptor;
use ns_common::sys::ipc::{self, Lookup};
use ns_common::system_v::{Permissions, Queue, Segment, SemaphoreSet};
use ns_common::words;

/// The kernel's tables as text.
pub const TABLES: &str = "/proc/sysvipc";
/// A read of a table returns a page at most.
const PAGE: usize = 4096;

/// How full the kernel's table of a kind is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occupancy {
    /// The highest index in use, 0 also if there is none.
    pub highest: i32,
    /// Objects.
    pub objects: i32,
}

impl Occupancy {
    /// Whether asking for every index is much cheaper than reading the text: many objects, in a quarter of the indices
    /// at least.
    fn is_dense(self) -> bool {
        self.objects > 32 && i64::from(self.highest) < 4 * i64::from(self.objects)
    }
}

/// A kind of object that can be read from either source.
pub trait Object: Clone {
    /// Its table below [`TABLES`].
    const TABLE: &'static str;
    /// How full the kernel's own table is.
    fn occupancy() -> nix::Result<Occupancy>;
    /// The object at an index, or with an id whose index it is.
    fn at(index: i32, lookup: Lookup) -> nix::Result<Self>;
    /// The object that a row of the table describes; `None` for a row that does not parse, the header among them.
    fn from_row(row: Fields<'_>) -> Option<Self>;
    /// Its key, id and owners.
    fn permissions(&self) -> &Permissions;
}

/// What is done with each object; it may end the reading.
pub type Visitor<'a, T> = &'a mut dyn FnMut(&T) -> ControlFlow<()>;

/// Visits every object of a kind, in the order of the kernel's table.
///
/// # Errors
/// The table could not be read to its end.
pub fn each<T: Object>(visit: Visitor<'_, T>) -> Result<(), Error> {
    let occupancy = T::occupancy().ok();
    let by_index = |lookup, visit: Visitor<'_, T>| {
        occupancy.is_some_and(|occupancy| each_by_index(occupancy, lookup, visit))
    };
    if occupancy.is_some_and(Occupancy::is_dense) && by_index(Lookup::Any, visit) {
        return Ok(());
    }
    if let Ok(table) = open_table(T::TABLE) {
        return each_row(table, visit).attempt(cannot_read::<T>);
    }
    if !by_index(Lookup::Any, visit) {
        by_index(Lookup::Readable, visit);
    }
    Ok(())
}

fn cannot_read<T: Object>() -> Message {
    words!["cannot read ", TABLES, "/", T::TABLE]
}

/// Opens a table clear of the standard descriptors: rows are written while it is read.
fn open_table(name: &str) -> nix::Result<File> {
    descriptor::open(&Path::new(TABLES).join(name), OFlag::O_RDONLY).map(File::from)
}

/// Finds the object with this id.
///
/// # Errors
/// The table could not be read to its end.
pub fn find<T: Object>(id: i32) -> Result<Option<T>, Error> {
    if id < 0 {
        return Ok(None);
    }
    let same = |object: &T| object.permissions().id == id;
    // A free slot reads the same as a command that is not known, before Linux 4.17.
    for lookup in [Lookup::Any, Lookup::Readable] {
        match T::at(id, lookup) {
            Ok(object) => return Ok(Some(object).filter(same)),
            Err(Errno::EIDRM) => return Ok(None),
            Err(_) => {}
        }
    }
    let mut found = None;
    if let Ok(table) = open_table(T::TABLE) {
        each_row(table, &mut |object: &T| {
            if same(object) {
                found = Some(object.clone());
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })
        .attempt(cannot_read::<T>)?;
    }
    Ok(found)
}

/// Asks for every index. `false` if there are objects and none answered: the kernel does not know the call.
fn each_by_index<T: Object>(occupancy: Occupancy, lookup: Lookup, visit: Visitor<'_, T>) -> bool {
    let mut answered = occupancy.objects == 0;
    for index in 0..=occupancy.highest {
        // A free slot, an object gone meanwhile, or one we may not read.
        let Ok(object) = T::at(index, lookup) else {
            continue;
        };
        answered = true;
        if visit(&object).is_break() {
            break;
        }
    }
    answered
}

/// Visits every row of a table that is an object.
pub fn each_row<T: Object>(table: impl Read, visit: Visitor<'_, T>) -> io::Result<()> {
    rows(table, &mut |row| {
        T::from_row(row).map_or(ControlFlow::Continue(()), |object| visit(&object))
    })
}

fn rows(table: impl Read, visit: &mut dyn FnMut(Fields<'_>) -> ControlFlow<()>) -> io::Result<()> {
    let mut table = BufReader::with_capacity(PAGE, table);
    let mut line = Vec::new();
    loop {
        line.clear();
        if table.read_until(b'\n', &mut line)? == 0 || visit(Fields(&line)).is_break() {
            return Ok(());
        }
    }
}

/// The fields of a row, separated by white space; those beyond the ones we know are never looked at.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// The fields of a line.
    pub fn new(line: &'a [u8]) -> Self {
        Self(line)
    }

    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.0.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let rest = &self.0[start..];
        let end = rest
            .iter()
            .position(u8::is_ascii_whitespace)
            .unwrap_or(rest.len());
        self.0 = &rest[end..];
        Some(&rest[..end])
    }

    fn unsigned(&mut self) -> Option<u64> {
        in_base(self.next()?, 10)
    }

    fn id(&mut self) -> Option<u32> {
        u32::try_from(self.unsigned()?).ok()
    }

    fn mode(&mut self) -> Option<u32> {
        u32::try_from(in_base(self.next()?, 8)?).ok()
    }

    fn signed(&mut self) -> Option<i64> {
        let field = self.next()?;
        match field.strip_prefix(b"-") {
            Some(digits) => 0_i64.checked_sub_unsigned(in_base(digits, 10)?),
            None => i64::try_from(in_base(field, 10)?).ok(),
        }
    }

    fn process(&mut self) -> Option<i32> {
        i32::try_from(self.signed()?).ok()
    }

    /// The key, which the kernel prints as a signed number.
    fn key(&mut self) -> Option<u32> {
        let key = self.signed()?;
        i32::try_from(key)
            .map(|key| u32::from_ne_bytes(key.to_ne_bytes()))
            .or_else(|_| u32::try_from(key))
            .ok()
    }

    /// Key, id and mode, which begin every row.
    fn start(&mut self) -> Option<Permissions> {
        let (key, id, mode) = (self.key()?, self.process()?, self.mode()?);
        Some(Permissions {
            key,
            id,
            mode,
            ..Permissions::default()
        })
    }

    /// Owner and creator.
    fn owners(&mut self, permissions: &mut Permissions) -> Option<()> {
        (permissions.uid, permissions.gid) = (self.id()?, self.id()?);
        (permissions.cuid, permissions.cgid) = (self.id()?, self.id()?);
        Some(())
    }
}

fn in_base(digits: &[u8], base: u64) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = u64::from(byte.wrapping_sub(b'0'));
        if digit >= base {
            return None;
        }
        number.checked_mul(base)?.checked_add(digit)
    })
}

impl Object for Queue {
    const TABLE: &'static str = "msg";

    fn occupancy() -> nix::Result<Occupancy> {
        ipc::queue_usage().map(|usage| Occupancy {
            highest: usage.highest,
            objects: usage.queues,
        })
    }

    fn at(index: i32, lookup: Lookup) -> nix::Result<Self> {
        ipc::queue(index, lookup)
    }

    fn from_row(mut row: Fields<'_>) -> Option<Self> {
        let mut queue = Self {
            permissions: row.start()?,
            ..Self::default()
        };
        (queue.bytes, queue.messages) = (row.unsigned()?, row.unsigned()?);
        (queue.last_sender, queue.last_receiver) = (row.process()?, row.process()?);
        row.owners(&mut queue.permissions)?;
        (queue.sent, queue.received, queue.changed) = (row.signed()?, row.signed()?, row.signed()?);
        Some(queue)
    }

    fn permissions(&self) -> &Permissions {
        &self.permissions
    }
}

impl Object for Segment {
    const TABLE: &'static str = "shm";

    fn occupancy() -> nix::Result<Occupancy> {
        ipc::segment_usage().map(|usage| Occupancy {
            highest: usage.highest,
            objects: usage.segments,
        })
    }

    fn at(index: i32, lookup: Lookup) -> nix::Result<Self> {
        ipc::segment(index, lookup)
    }

    fn from_row(mut row: Fields<'_>) -> Option<Self> {
        let mut segment = Self {
            permissions: row.start()?,
            size: row.unsigned()?,
            ..Self::default()
        };
        (segment.creator, segment.last_user) = (row.process()?, row.process()?);
        segment.attached = row.unsigned()?;
        row.owners(&mut segment.permissions)?;
        (segment.attach_time, segment.detach_time, segment.changed) =
            (row.signed()?, row.signed()?, row.signed()?);
        Some(segment)
    }

    fn permissions(&self) -> &Permissions {
        &self.permissions
    }
}

impl Object for SemaphoreSet {
    const TABLE: &'static str = "sem";

    fn occupancy() -> nix::Result<Occupancy> {
        ipc::semaphore_usage().map(|usage| Occupancy {
            highest: usage.highest,
            objects: usage.sets,
        })
    }

    fn at(index: i32, lookup: Lookup) -> nix::Result<Self> {
        ipc::semaphore_set(index, lookup)
    }

    fn from_row(mut row: Fields<'_>) -> Option<Self> {
        let mut set = Self {
            permissions: row.start()?,
            count: row.unsigned()?,
            ..Self::default()
        };
        row.owners(&mut set.permissions)?;
        (set.operated, set.changed) = (row.signed()?, row.signed()?);
        Some(set)
    }

    fn permissions(&self) -> &Permissions {
        &self.permissions
    }
}

#[cfg(test)]
mod tests;
