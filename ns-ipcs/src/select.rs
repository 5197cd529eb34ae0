//! Which objects are shown, with all that is looked up for them, and in which order.

use std::cell::OnceCell;
use std::ops::ControlFlow;
use std::os::fd::BorrowedFd;
use std::time::{SystemTime, UNIX_EPOCH};

use nix::unistd::Pid;
use ns_common::error::Error;
use ns_common::ipc::read::{self, First, Record};
use ns_common::ipc::system_v::{Queue, Segment, SemaphoreSet};
use ns_common::ipc::{Posix, Resource, SystemV};
use ns_common::process::life::Births;
use ns_common::sorting::sort_by;
use ns_common::sys::ipc::{self, Lookup};
use ns_common::words;

use crate::attached::Maps;
use crate::columns::{Column, Needs};
use crate::doubts::Doubts;
use crate::namespaces;
use crate::objects::{Content, Listed, Object, Waiters};
use crate::posix;
use crate::request::{Direction, Keep, Sort, Use};
use crate::writer::{Rank, Writer};

/// What is done with each object; it may end the listing.
pub(crate) type Visitor<'a> = &'a mut dyn FnMut(&Listed, &mut Writer) -> ControlFlow<()>;

/// Finds objects.
#[derive(Debug)]
pub(crate) struct Finder<'a> {
    keep: Keep,
    sort: Option<Sort>,
    /// The inode of the namespace, found out when it is needed.
    namespace: OnceCell<u64>,
    /// Another root directory for objects that are files.
    root: Option<BorrowedFd<'a>>,
    /// Who has what mapped, looked up when it is needed.
    maps: OnceCell<Maps>,
    births: OnceCell<Option<Births>>,
    pub(crate) doubts: Doubts,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(
        keep: Keep,
        sort: Option<Sort>,
        namespace: Option<u64>,
        root: Option<BorrowedFd<'a>>,
    ) -> Self {
        Self {
            keep,
            sort,
            namespace: namespace.map_or_else(OnceCell::new, OnceCell::from),
            root,
            maps: OnceCell::new(),
            births: OnceCell::new(),
            doubts: Doubts::default(),
        }
    }

    /// The inode of the namespace: given, or that of the caller's own; 0 where there is no `/proc`.
    pub(crate) fn namespace(&self) -> u64 {
        *self.namespace.get_or_init(|| {
            let what = || words!["cannot look at /proc/self/ns/ipc"];
            let own = self.doubts.settle(namespaces::own(), what);
            own.unwrap_or(0)
        })
    }

    /// Visits the objects of a kind that are to be kept, with what `columns` need.
    pub(crate) fn each(
        &self,
        kind: Resource,
        columns: &[Column],
        writer: &mut Writer,
        visit: Visitor<'_>,
    ) -> Result<(), Error> {
        let sorting = self.sort.map(|sort| sort.column);
        let needed = columns.iter().copied().chain(sorting).collect();
        let names_namespace = columns.contains(&Column::Namespace);
        let namespace = if names_namespace { self.namespace() } else { 0 };
        let keeps_all = self.keep == Keep::default();
        let mut sorted = Vec::new();
        let result = self.read(kind, needed, &mut |listed| {
            listed.namespace = namespace;
            if !keeps_all && !self.keeps(listed) {
                return ControlFlow::Continue(());
            }
            if needed != Needed::default() {
                self.look_up(listed, needed);
            }
            if self.sort.is_none() {
                return visit(listed, writer);
            }
            sorted.push(listed.clone());
            ControlFlow::Continue(())
        });
        self.sort(&mut sorted, writer);
        for listed in &sorted {
            if visit(listed, writer).is_break() {
                break;
            }
        }
        let doubts = self.doubts.end();
        result.and(doubts)
    }

    /// Sorts as asked for; what ranks the same stays in its order.
    pub(crate) fn sort(&self, listed: &mut Vec<Listed>, writer: &mut Writer) {
        let Some(Sort { column, direction }) = self.sort else {
            return;
        };
        let ranked = listed
            .drain(..)
            .map(|listed| (writer.rank(column.value(&listed)), listed));
        let mut ranked: Vec<(Rank, Listed)> = ranked.collect();
        sort_by(&mut ranked, |(one, _), (other, _)| match direction {
            Direction::Ascending => one.cmp(other),
            Direction::Descending => other.cmp(one),
        });
        listed.extend(ranked.into_iter().map(|(_, listed)| listed));
    }

    fn read(
        &self,
        kind: Resource,
        needed: Needed,
        visit: &mut dyn FnMut(&mut Listed) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let first = match needed.has(Needs::Resident) {
            true => First::Text,
            false => First::Faster,
        };
        match kind {
            Resource::SystemV(SystemV::Queue) => read_from::<Queue>(First::Faster, visit),
            Resource::SystemV(SystemV::Segment) => read_from::<Segment>(first, visit),
            Resource::SystemV(SystemV::SemaphoreSet) => {
                read_from::<SemaphoreSet>(First::Faster, visit)
            }
            Resource::Posix(kind) => {
                for object in posix::objects(kind, self.root, &self.doubts)? {
                    if visit(&mut Listed::new(Object::Posix(object))).is_break() {
                        break;
                    }
                }
                Ok(())
            }
        }
    }

    fn keeps(&self, listed: &mut Listed) -> bool {
        let now = || {
            let since = SystemTime::now().duration_since(UNIX_EPOCH);
            since.map_or(0, |since| {
                i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
            })
        };
        let key = listed.permissions().map(|permissions| permissions.key);
        self.keep.key.is_none_or(|wanted| key == Some(wanted))
            && self.keep.filter.keeps(listed.uid(), listed.latest(), now())
            && (self.keep.use_ == Use::Any || self.is_unused(listed))
    }

    /// What may not be looked at is not unused.
    fn is_unused(&self, listed: &mut Listed) -> bool {
        if let Object::SemaphoreSet(set) = &listed.object {
            listed.waiters = self.waiters(set);
            return listed.waiters == Some(Waiters::default());
        }
        match &listed.object {
            Object::Queue(queue) => queue.messages == 0,
            Object::Segment(segment) => segment.attached == 0,
            Object::Posix(object) => match (object.kind, object.content) {
                (_, Some(Content::Queue(content))) => content.messages == 0,
                (Posix::Memory, _) => self.maps().of(listed).is_empty(),
                _ => false,
            },
            Object::SemaphoreSet(_) | Object::Usage(_) => false,
        }
    }

    /// Looks up what columns need.
    pub(crate) fn look_up(&self, listed: &mut Listed, needed: Needed) {
        if needed.has(Needs::Maps) {
            listed.attachments = self.maps().of(listed);
        }
        match &mut listed.object {
            Object::Queue(queue) if needed.has(Needs::Capacity) && queue.capacity.is_none() => {
                let id = queue.permissions.id;
                let again = ipc::queue(id, Lookup::Any);
                let again = self
                    .doubts
                    .settle(again, || words!["cannot read queue ", id]);
                let same = again.filter(|again| again.permissions.id == id);
                queue.capacity = same.and_then(|again| again.capacity);
            }
            Object::Segment(segment) if needed.has(Needs::Command) => {
                listed.command = self.command(segment.creator, segment.latest());
            }
            Object::SemaphoreSet(set) if needed.has(Needs::Waiters) && listed.waiters.is_none() => {
                listed.waiters = self.waiters(set);
            }
            _ => {}
        }
    }

    /// What a process is called, if it is still the one that was there at a time.
    pub(crate) fn command(&self, pid: i32, latest: i64) -> Option<Vec<u8>> {
        if pid <= 0 {
            return None;
        }
        let births = self.births.get_or_init(|| {
            self.doubts
                .settle(Births::by_clock(), || words!["cannot read the clock"])
        });
        let what = || words!["cannot look for process ", pid];
        let process = births.as_ref()?.still_there(Pid::from_raw(pid), latest);
        let process = self.doubts.settle(process, what)??;
        self.doubts.settle(process.command(), what)
    }

    /// Who has what mapped; read once.
    pub(crate) fn maps(&self) -> &Maps {
        self.maps.get_or_init(|| {
            let maps = Maps::read(self.namespace());
            let maps = self.doubts.settle(maps, || words!["cannot read /proc"]);
            maps.unwrap_or_default()
        })
    }

    /// How many processes wait at all semaphores of a set; `None` where it may not be read.
    fn waiters(&self, set: &SemaphoreSet) -> Option<Waiters> {
        let id = set.permissions.id;
        let mut sum = Waiters::default();
        for number in 0..i32::try_from(set.count).ok()? {
            let what = || words!["cannot read semaphore set ", id];
            let (for_increase, for_zero) = self.doubts.settle(ipc::waiting(id, number), what)?;
            sum.for_increase += u64::try_from(for_increase).ok()?;
            sum.for_zero += u64::try_from(for_zero).ok()?;
        }
        Some(sum)
    }
}

/// Visits objects of System V.
fn read_from<T: Record>(
    first: First,
    visit: &mut dyn FnMut(&mut Listed) -> ControlFlow<()>,
) -> Result<(), Error>
where
    Object: for<'a> From<&'a T>,
{
    read::each_from(first, &mut |record: &T| {
        visit(&mut Listed::new(Object::from(record)))
    })
    .map(drop)
}

/// What must be looked up for some columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Needed(u8);

impl Needed {
    const fn has(self, needs: Needs) -> bool {
        self.0 & (1 << needs as u8) != 0
    }
}

impl FromIterator<Column> for Needed {
    fn from_iter<I: IntoIterator<Item = Column>>(columns: I) -> Self {
        let bits = columns.into_iter().map(|column| match column.needs() {
            Needs::Nothing => 0,
            needs => 1 << needs as u8,
        });
        Self(bits.fold(0, |all, bit| all | bit))
    }
}
