//! The kernel's tables of System V objects as text, in `/proc/sysvipc`: proc_sysvipc(5).

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;

use nix::fcntl::OFlag;

use crate::ipc::system_v::{Permissions, Queue, Segment, SemaphoreSet};
use crate::sys::descriptor;

/// The directory of the tables.
pub const TABLES: &str = "/proc/sysvipc";
/// A read of a table returns at most one page.
const PAGE: usize = 4096;

/// A record that can be parsed from a row of a table.
pub trait Row: Sized {
    /// The name of the table in [`TABLES`].
    const TABLE: &'static str;

    /// Parses a row; `None` for one that does not parse, such as the header.
    fn from_row(row: Fields<'_>) -> Option<Self>;
}

/// What is called with each record; it can stop the reading.
pub type Visitor<'a, T> = &'a mut dyn FnMut(&T) -> ControlFlow<()>;

/// Opens a table, above the standard descriptors because output is written while it is read.
///
/// # Errors
/// open(2).
pub fn open<T: Row>() -> nix::Result<File> {
    descriptor::open(&Path::new(TABLES).join(T::TABLE), OFlag::O_RDONLY).map(File::from)
}

/// Visits the record of every row that parses.
///
/// # Errors
/// A read failed.
pub fn each_row<T: Row>(table: impl Read, visit: Visitor<'_, T>) -> io::Result<()> {
    rows(table, &mut |row| {
        T::from_row(row).map_or(ControlFlow::Continue(()), |record| visit(&record))
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

/// The fields of a row, separated by white space; fields beyond those we know are ignored.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
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

    /// Key, id and mode, which come first in every row.
    fn start(&mut self) -> Option<Permissions> {
        let (key, id, mode) = (self.key()?, self.process()?, self.mode()?);
        Some(Permissions {
            key,
            id,
            mode,
            ..Permissions::default()
        })
    }

    /// The uids and gids of owner and creator.
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

impl Row for Queue {
    const TABLE: &'static str = "msg";

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
}

impl Row for Segment {
    const TABLE: &'static str = "shm";

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
        // Old kernels print neither.
        (segment.resident, segment.swapped) = (row.unsigned(), row.unsigned());
        Some(segment)
    }
}

impl Row for SemaphoreSet {
    const TABLE: &'static str = "sem";

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
}

#[cfg(test)]
mod tests;
