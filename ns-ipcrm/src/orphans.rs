//! Removing orphans: objects that are not in use and whose last users have ended.

use std::ffi::OsString;
use std::ops::ControlFlow;

use nix::errno::Errno;
use nix::unistd::{Pid, geteuid};
use ns_common::console::Console;
use ns_common::error::{Attempt, Error, ExitStatus};
use ns_common::ipc::SystemV;
use ns_common::ipc::filter::{self, Filter};
use ns_common::ipc::read::{self, Record, Support};
use ns_common::ipc::system_v::{Permissions, Queue, Segment, SemaphoreSet};
use ns_common::process::life::Births;
use ns_common::sys::{capability, ipc};
use ns_common::words;

use crate::trouble::{self, Clue, announce_id, noun, report, unsupported};

/// Which orphans to remove, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Orphans {
    /// The kinds to remove, in order.
    pub(crate) kinds: Vec<SystemV>,
    /// The user whose orphans alone to remove, as typed.
    pub(crate) owner: Option<OsString>,
    /// The least time, in seconds, that the objects must have been unused.
    pub(crate) older_than: Option<u64>,
    /// Whether to print what would be removed, and remove nothing.
    pub(crate) dry_run: bool,
    /// Whether to announce each removal.
    pub(crate) verbose: bool,
}

/// Removes them; the status is a failure if one could not be removed.
pub(crate) fn remove(orphans: &Orphans, console: &mut Console) -> Result<ExitStatus, Error> {
    let owner = orphans.owner.as_deref().map(filter::owner).transpose()?;
    let may_remove_all = capability::is_effective(capability::SYS_ADMIN)
        .attempt(|| words!["cannot read our capabilities"])?;
    let search = Search {
        orphans,
        filter: Filter {
            owner,
            older_than: orphans.older_than,
        },
        only_of: (owner.is_none() && !may_remove_all).then(|| geteuid().as_raw()),
        births: Births::by_clock().attempt(|| words!["cannot read the clock"])?,
    };
    let mut left = false;
    for kind in &orphans.kinds {
        left |= match kind {
            SystemV::Segment => search.remove::<Segment>(console)?,
            SystemV::Queue => search.remove::<Queue>(console)?,
            SystemV::SemaphoreSet => search.remove::<SemaphoreSet>(console)?,
        };
    }
    Ok(if left {
        ExitStatus::FAILURE
    } else {
        ExitStatus::SUCCESS
    })
}

struct Search<'a> {
    orphans: &'a Orphans,
    filter: Filter,
    /// The uid of which only objects owned or created by it are considered; `None` for all.
    only_of: Option<u32>,
    births: Births,
}

/// The results for the objects of a kind.
#[derive(Default)]
struct Tally {
    all: u64,
    removed: u64,
    bytes: u64,
    changed: u64,
    /// Whether an orphan could not be removed.
    left: bool,
}

impl Search<'_> {
    fn remove<T: Orphan>(&self, console: &mut Console) -> Result<bool, Error> {
        let mut tally = Tally::default();
        for object in self.candidates::<T>(&mut tally)? {
            if object.is_orphan(&self.births)? {
                self.remove_orphan(&object, &mut tally, console)?;
            }
        }
        self.sum_up::<T>(&tally, console);
        Ok(tally.left)
    }

    fn candidates<T: Orphan>(&self, tally: &mut Tally) -> Result<Vec<T>, Error> {
        let mut candidates = Vec::new();
        let support = read::each(&mut |object: &T| {
            tally.all += 1;
            let permissions = object.permissions();
            let is_ours = self
                .only_of
                .is_none_or(|own| own == permissions.uid || own == permissions.cuid);
            let now = self.births.now();
            if is_ours && self.filter.keeps(permissions.uid, object.latest(), now) {
                candidates.push(object.clone());
            }
            ControlFlow::Continue(())
        })?;
        match support {
            Support::Present => Ok(candidates),
            Support::Absent => Err(unsupported(T::RESOURCE)),
        }
    }

    fn remove_orphan<T: Orphan>(
        &self,
        object: &T,
        tally: &mut Tally,
        console: &mut Console,
    ) -> Result<(), Error> {
        let id = object.permissions().id;
        if self.orphans.dry_run {
            let line = words!["would remove ", noun(T::RESOURCE), " id `", id, "'\n"];
            console.output.push(&line);
        } else {
            // Finding all objects takes time: somebody may have begun to use this one meanwhile.
            let Some(now) = read::find::<T>(id)? else {
                return Ok(());
            };
            if now.state() != object.state() || !now.is_orphan(&self.births)? {
                tally.changed += 1;
                return Ok(());
            }
            if self.orphans.verbose {
                announce_id(T::RESOURCE, id, console);
            }
            match ipc::remove(T::RESOURCE, id) {
                Ok(()) => {}
                // It has been removed meanwhile.
                Err(Errno::EINVAL | Errno::EIDRM) => return Ok(()),
                Err(errno) => {
                    let refused = Err(trouble::removing(errno, Clue::Id, &words![id]));
                    tally.left |= report(refused, console)?;
                    return Ok(());
                }
            }
        }
        tally.removed += 1;
        tally.bytes = tally.bytes.saturating_add(object.bytes().unwrap_or(0));
        Ok(())
    }

    fn sum_up<T: Orphan>(&self, tally: &Tally, console: &mut Console) {
        let verb = if self.orphans.dry_run {
            "would remove "
        } else {
            "removed "
        };
        let kinds = T::RESOURCE.plural();
        let mut line = words![verb, tally.removed, " of ", tally.all, " ", kinds];
        if T::RESOURCE == SystemV::Segment {
            line = words![line, " (", tally.bytes, " bytes)"];
        }
        if tally.changed > 0 {
            line = words![line, ", ", tally.changed, " changed meanwhile"];
        }
        console.output.push(&words![line, "\n"]);
    }
}

/// A kind of object that can be orphaned.
trait Orphan: Record {
    /// The part of the record that changes with any use.
    type State: PartialEq;

    fn state(&self) -> Self::State;

    /// When it was last used or changed, in seconds since the epoch.
    fn latest(&self) -> i64;

    /// The number of bytes that its removal frees, if known.
    fn bytes(&self) -> Option<u64>;

    /// Whether it is not in use and its last users have ended. False if that is unknown.
    fn is_orphan(&self, births: &Births) -> Result<bool, Error>;
}

impl Orphan for Segment {
    type State = (Permissions, [i64; 3], [i32; 2], u64);

    fn state(&self) -> Self::State {
        (
            self.permissions,
            [self.attach_time, self.detach_time, self.changed],
            [self.creator, self.last_user],
            self.attached,
        )
    }

    fn latest(&self) -> i64 {
        self.latest()
    }

    fn bytes(&self) -> Option<u64> {
        Some(self.size)
    }

    fn is_orphan(&self, births: &Births) -> Result<bool, Error> {
        let users = [
            (self.creator, true),
            (
                self.last_user,
                self.attach_time != 0 || self.detach_time != 0,
            ),
        ];
        Ok(self.attached == 0 && all_have_gone(&users, self.latest(), births)?)
    }
}

impl Orphan for Queue {
    type State = (Permissions, [i64; 3], [i32; 2], [u64; 2]);

    fn state(&self) -> Self::State {
        (
            self.permissions,
            [self.sent, self.received, self.changed],
            [self.last_sender, self.last_receiver],
            [self.bytes, self.messages],
        )
    }

    fn latest(&self) -> i64 {
        self.latest()
    }

    fn bytes(&self) -> Option<u64> {
        None
    }

    fn is_orphan(&self, births: &Births) -> Result<bool, Error> {
        let users = [
            (self.last_sender, self.sent != 0),
            (self.last_receiver, self.received != 0),
        ];
        Ok(self.messages == 0 && all_have_gone(&users, self.latest(), births)?)
    }
}

impl Orphan for SemaphoreSet {
    type State = (Permissions, [i64; 2], u64);

    fn state(&self) -> Self::State {
        (self.permissions, [self.operated, self.changed], self.count)
    }

    fn latest(&self) -> i64 {
        self.latest()
    }

    fn bytes(&self) -> Option<u64> {
        None
    }

    fn is_orphan(&self, births: &Births) -> Result<bool, Error> {
        let id = self.permissions.id;
        for number in 0..i32::try_from(self.count).unwrap_or(i32::MAX) {
            let semaphore = match ipc::semaphore(id, number) {
                Ok(semaphore) => semaphore,
                // It is not readable, or has been removed meanwhile.
                Err((_, Errno::EACCES | Errno::EINVAL | Errno::EIDRM)) => return Ok(false),
                Err((command, errno)) => {
                    return Err(errno)
                        .attempt(|| words!["semctl(", command, ") of id ", id, " failed"]);
                }
            };
            let users = [(semaphore.last_user, self.operated != 0)];
            let waiting = semaphore.waiting_for_increase + semaphore.waiting_for_zero;
            if waiting != 0 || !all_have_gone(&users, self.latest(), births)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Whether all of these processes have ended; each is a PID, and whether there ever was such a
/// process. If there was and the PID is 0, the process is in another PID namespace and nothing is
/// known about it.
fn all_have_gone(users: &[(i32, bool)], latest: i64, births: &Births) -> Result<bool, Error> {
    for &(number, was_there) in users {
        let is_gone = if number > 0 {
            births
                .still_there(Pid::from_raw(number), latest)
                .attempt(|| words!["cannot look for process ", number])?
                .is_none()
        } else {
            !was_there
        };
        if !is_gone {
            return Ok(false);
        }
    }
    Ok(true)
}
