//! Visiting the System V objects of the IPC namespace as typed records, one by one.
//!
//! There are two sources. A `*_STAT_ANY` call reads one index of the kernel's table, in half the
//! time that the kernel needs to print a row, but must be made for every index, used or not.
//! `/proc/sysvipc` lists only the used ones. If neither is available (no `/proc`, and Linux before
//! 4.17), `*_STAT` finds the objects that the caller may read.

use std::io::Read;
use std::ops::ControlFlow;

use nix::errno::Errno;

use crate::error::{Attempt, Error, Message};
use crate::ipc::SystemV;
use crate::ipc::system_v::{Permissions, Queue, Segment, SemaphoreSet};
use crate::ipc::table::{self, Row, TABLES, Visitor};
use crate::sys::ipc::{self, Lookup};
use crate::words;

/// How full the kernel's table of a kind is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occupancy {
    /// The highest index in use, or 0 if none is.
    pub highest: i32,
    /// The number of objects.
    pub objects: i32,
}

impl Occupancy {
    /// Whether calls for every index are much cheaper than reading the text: there are many
    /// objects, and they fill at least a quarter of the indices.
    fn is_dense(self) -> bool {
        self.objects > 32 && i64::from(self.highest) < 4 * i64::from(self.objects)
    }

    /// The index part of an id, which has 15 bits, or 24 if the kernel was started with
    /// `ipcmni_extend`. The bits above are a sequence number.
    fn index_of(self, id: i32) -> i32 {
        let bits = if self.highest < 1 << 15 { 15 } else { 24 };
        id & ((1 << bits) - 1)
    }
}

/// A record that can be read from either source.
pub trait Record: Row + Clone {
    /// The kind.
    const RESOURCE: SystemV;
    /// Whether the calls return everything that the text contains.
    const IS_WHOLE_BY_CALL: bool = true;

    /// How full the kernel's own table is.
    ///
    /// # Errors
    /// ENOSYS if the kernel was built without objects of this kind.
    fn occupancy() -> nix::Result<Occupancy>;

    /// The object at an index; an id stands for the index in it.
    ///
    /// # Errors
    /// EINVAL or EIDRM for a free slot; with [`Lookup::Readable`] also EACCES.
    fn at(index: i32, lookup: Lookup) -> nix::Result<Self>;

    /// Its key, id and owners.
    fn permissions(&self) -> &Permissions;
}

/// Whether the kernel supports objects of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// It does.
    Present,
    /// It was built without them.
    Absent,
}

/// Which of the two sources is tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// Whichever is faster.
    Faster,
    /// The text: only it tells how much of a segment is in memory.
    Text,
}

/// Visits every object of a kind, in the order of the kernel's table.
///
/// # Errors
/// Not every object could be read; some may have been visited.
pub fn each<T: Record>(visit: Visitor<'_, T>) -> Result<Support, Error> {
    each_from(First::Faster, visit)
}

/// Like [`each`], with a choice of the source to try first.
///
/// # Errors
/// As [`each`].
pub fn each_from<T: Record>(first: First, visit: Visitor<'_, T>) -> Result<Support, Error> {
    let occupancy = T::occupancy();
    let mut walked = None;
    let by_call = T::IS_WHOLE_BY_CALL && first == First::Faster;
    if let Some(dense) = occupancy
        .ok()
        .filter(|occupancy| by_call && occupancy.is_dense())
    {
        match each_by_index(dense, Lookup::Any, visit) {
            Ok(()) => return Ok(Support::Present),
            Err(refusal) => walked = Some((dense, refusal)),
        }
    }
    let table = match table::open::<T>() {
        Ok(table) => Some(table),
        // It is missing or not readable: the calls still find objects, though perhaps not all.
        Err(Errno::ENOENT | Errno::EACCES | Errno::EPERM) => None,
        Err(errno) if first == First::Text => return Err(errno).attempt(cannot_read::<T>),
        Err(_) => None,
    };
    if let Some(table) = table {
        // Rows come in the order of their index, so those already visited by call can be skipped.
        let is_left = |object: &T| {
            walked.is_none_or(|(occupancy, refusal)| {
                occupancy.index_of(object.permissions().id) >= refusal.index
            })
        };
        table::each_row(table, &mut |object: &T| {
            if is_left(object) {
                visit(object)
            } else {
                ControlFlow::Continue(())
            }
        })
        .attempt(cannot_read::<T>)?;
        return Ok(Support::Present);
    }
    let occupancy = match occupancy {
        Err(Errno::ENOSYS) => return Ok(Support::Absent),
        result => result.attempt(cannot_list::<T>)?,
    };
    let result = match walked {
        Some((_, refusal)) => Err(refusal),
        None => each_by_index(occupancy, Lookup::Any, visit),
    };
    match result {
        Err(refusal) if refusal.is_unknown_call() => {
            each_by_index(occupancy, Lookup::Readable, visit)
        }
        result => result,
    }
    .map_err(|refusal| refusal.errno)
    .attempt(cannot_list::<T>)?;
    Ok(Support::Present)
}

/// Visits the key, id and owners of every object of a kind.
///
/// # Errors
/// As [`each`].
pub fn each_permissions(
    resource: SystemV,
    visit: &mut dyn FnMut(&Permissions),
) -> Result<Support, Error> {
    fn of<T: Record>(visit: &mut dyn FnMut(&Permissions)) -> Result<Support, Error> {
        each(&mut |object: &T| {
            visit(object.permissions());
            ControlFlow::Continue(())
        })
    }
    match resource {
        SystemV::Queue => of::<Queue>(visit),
        SystemV::Segment => of::<Segment>(visit),
        SystemV::SemaphoreSet => of::<SemaphoreSet>(visit),
    }
}

/// Finds the object with the given id.
///
/// # Errors
/// Neither the calls nor the text could tell whether it exists.
pub fn find<T: Record>(id: i32) -> Result<Option<T>, Error> {
    if id < 0 {
        return Ok(None);
    }
    if !T::IS_WHOLE_BY_CALL {
        if let Ok(table) = table::open::<T>() {
            return find_row(table, id);
        }
    }
    let mut refused = None;
    for lookup in [Lookup::Any, Lookup::Readable] {
        match T::at(id, lookup) {
            Ok(object) => return Ok(Some(object).filter(|object| object.permissions().id == id)),
            Err(Errno::EIDRM) => return Ok(None),
            // A free slot, or a call that Linux before 4.17 does not know.
            Err(Errno::EINVAL | Errno::ENOSYS) => {}
            Err(errno) => refused = Some(errno),
        }
    }
    match (table::open::<T>(), refused) {
        (Ok(table), _) => find_row(table, id),
        (Err(_), None) => Ok(None),
        (Err(_), Some(errno)) => Err(errno).attempt(|| words!["cannot read the status of id ", id]),
    }
}

fn find_row<T: Record>(table: impl Read, id: i32) -> Result<Option<T>, Error> {
    let mut found = None;
    table::each_row(table, &mut |object: &T| {
        if object.permissions().id == id {
            found = Some(object.clone());
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })
    .attempt(cannot_read::<T>)?;
    Ok(found)
}

fn cannot_read<T: Row>() -> Message {
    words!["cannot read ", TABLES, "/", T::TABLE]
}

fn cannot_list<T: Record>() -> Message {
    words!["cannot list all ", T::RESOURCE.plural()]
}

/// Why reading every index by call was incomplete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refusal {
    /// All objects at lower indices have been visited.
    index: i32,
    errno: Errno,
}

impl Refusal {
    /// Linux before 4.17 returns EINVAL for every index, used ones too, as if all were free.
    fn is_unknown_call(self) -> bool {
        self.errno == Errno::EINVAL
    }
}

/// Visits the object at every index. Free slots, and objects removed meanwhile, are skipped; any
/// other error is returned, but EACCES with [`Lookup::Readable`] only after all readable objects
/// have been visited.
fn each_by_index<T: Record>(
    occupancy: Occupancy,
    lookup: Lookup,
    visit: Visitor<'_, T>,
) -> Result<(), Refusal> {
    let mut answered = occupancy.objects == 0;
    let mut hidden = Ok(());
    for index in 0..=occupancy.highest {
        match (T::at(index, lookup), lookup) {
            (Ok(object), _) => {
                answered = true;
                if visit(&object).is_break() {
                    return Ok(());
                }
            }
            (Err(Errno::EINVAL | Errno::EIDRM), _) => {}
            (Err(errno @ Errno::EACCES), Lookup::Readable) => {
                answered = true;
                hidden = Err(Refusal { index, errno });
            }
            (Err(errno), _) => return Err(Refusal { index, errno }),
        }
    }
    let unknown = Refusal {
        index: 0,
        errno: Errno::EINVAL,
    };
    if answered { hidden } else { Err(unknown) }
}

impl Record for Queue {
    const RESOURCE: SystemV = SystemV::Queue;

    fn occupancy() -> nix::Result<Occupancy> {
        ipc::queue_usage().map(|usage| Occupancy {
            highest: usage.highest,
            objects: usage.queues,
        })
    }

    fn at(index: i32, lookup: Lookup) -> nix::Result<Self> {
        ipc::queue(index, lookup)
    }

    fn permissions(&self) -> &Permissions {
        &self.permissions
    }
}

impl Record for Segment {
    const RESOURCE: SystemV = SystemV::Segment;
    const IS_WHOLE_BY_CALL: bool = ipc::TELLS_WHOLE_SIZES;

    fn occupancy() -> nix::Result<Occupancy> {
        ipc::segment_usage().map(|usage| Occupancy {
            highest: usage.highest,
            objects: usage.segments,
        })
    }

    fn at(index: i32, lookup: Lookup) -> nix::Result<Self> {
        ipc::segment(index, lookup)
    }

    fn permissions(&self) -> &Permissions {
        &self.permissions
    }
}

impl Record for SemaphoreSet {
    const RESOURCE: SystemV = SystemV::SemaphoreSet;

    fn occupancy() -> nix::Result<Occupancy> {
        ipc::semaphore_usage().map(|usage| Occupancy {
            highest: usage.highest,
            objects: usage.sets,
        })
    }

    fn at(index: i32, lookup: Lookup) -> nix::Result<Self> {
        ipc::semaphore_set(index, lookup)
    }

    fn permissions(&self) -> &Permissions {
        &self.permissions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dense_tables_are_asked_and_thin_ones_read() {
        let dense = |highest, objects| Occupancy { highest, objects }.is_dense();
        assert!(dense(32, 33) && dense(31_999, 32_000) && dense(31_999, 8000));
        assert!(!dense(0, 0) && !dense(31, 32) && !dense(31_999, 200) && !dense(31_999, 7900));
    }

    #[test]
    fn index_is_the_low_part_of_an_id() {
        let usual = Occupancy {
            highest: 5,
            objects: 1,
        };
        assert_eq!(usual.index_of(3 * 32_768 + 5), 5);
        let extended = Occupancy {
            highest: 40_000,
            objects: 1,
        };
        assert_eq!(extended.index_of((3 << 24) + 40_000), 40_000);
    }
}
