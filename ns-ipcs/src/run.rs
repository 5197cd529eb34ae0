//! Reading what was asked for and having it printed.

use std::ops::ControlFlow;
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::{SysconfVar, sysconf};
use ns_common::console::{Console, Output};
use ns_common::error::{Error, ExitStatus, Failure};
use ns_common::ipc::limits::{self, SETTINGS};
use ns_common::ipc::read::{self, Record};
use ns_common::ipc::system_v::{Queue, QueueUsage, Segment, Semaphore, SemaphoreSet};
use ns_common::ipc::{Resource, Resources, SystemV};
use ns_common::sys::ipc;
use ns_common::words;

use crate::columns::Object;
use crate::request::{List, Request, Unit, View};
use crate::values::Writer;
use crate::{details, lists, totals};

/// Prints what was asked for.
pub(crate) fn execute(request: Request, console: &mut Console) -> Result<ExitStatus, Failure> {
    match request {
        Request::Report {
            resources,
            view,
            unit,
        } => report(resources, view, unit, &mut console.output)?,
        Request::Details { resource, id, unit } => {
            if !show(resource, id, unit, &mut console.output)? {
                console.report(&Error::new(words!["id ", id, " not found"]));
            }
        }
    }
    Ok(ExitStatus::SUCCESS)
}

fn report(resources: Resources, view: View, unit: Unit, output: &mut Output) -> Result<(), Error> {
    let mut writer = Writer::new(unit);
    output.push("\n");
    for resource in resources.iter() {
        let Resource::SystemV(kind) = resource else {
            continue;
        };
        match view {
            View::Limits => append_limits(kind, unit, &mut writer, output.buffer()),
            View::Summary => append_usage(kind, unit, &mut writer, output.buffer())?,
            View::List(wanted) => list(kind, wanted, unit, &mut writer, output)?,
        }
        output.push("\n");
    }
    Ok(())
}

fn append_limits(kind: SystemV, unit: Unit, writer: &mut Writer, to: &mut Vec<u8>) {
    let settings = Path::new(SETTINGS);
    match kind {
        SystemV::Queue => {
            totals::QUEUE_LIMITS.append(limits::queues(settings).as_ref(), unit, writer, to);
        }
        SystemV::Segment => {
            let limits = limits::segments(settings).map(|limits| (limits, page_size()));
            totals::SEGMENT_LIMITS.append(limits.as_ref(), unit, writer, to);
        }
        SystemV::SemaphoreSet => {
            let limits = limits::semaphores(settings);
            totals::SEMAPHORE_LIMITS.append(limits.as_ref(), unit, writer, to);
        }
    }
}

fn append_usage(
    kind: SystemV,
    unit: Unit,
    writer: &mut Writer,
    to: &mut Vec<u8>,
) -> Result<(), Error> {
    match kind {
        SystemV::Queue => {
            let usage = ipc::queue_usage().ok().map(with_bytes).transpose()?;
            totals::QUEUE_USAGE.append(usage.as_ref(), unit, writer, to);
        }
        SystemV::Segment => {
            let usage = ipc::segment_usage().ok();
            totals::SEGMENT_USAGE.append(usage.as_ref(), unit, writer, to);
        }
        SystemV::SemaphoreSet => {
            let usage = ipc::semaphore_usage().ok();
            totals::SEMAPHORE_USAGE.append(usage.as_ref(), unit, writer, to);
        }
    }
    Ok(())
}

/// The kernel counts all bytes in 32 bits: where there may be more, they are added up.
fn with_bytes(usage: QueueUsage) -> Result<(QueueUsage, u64), Error> {
    let largest = || ipc::queue_limits().map_or(i64::MAX, |limits| limits.message);
    let may_be_more =
        usage.messages > 0 && largest().saturating_mul(usage.messages.into()) > i32::MAX.into();
    match u64::try_from(usage.bytes) {
        Ok(bytes) if !may_be_more => Ok((usage, bytes)),
        _ => {
            let mut sum = 0_u64;
            read::each::<Queue>(&mut |queue| {
                sum = sum.saturating_add(queue.bytes);
                ControlFlow::Continue(())
            })?;
            Ok((usage, sum))
        }
    }
}

fn page_size() -> u64 {
    sysconf(SysconfVar::PAGE_SIZE)
        .ok()
        .flatten()
        .and_then(|size| u64::try_from(size).ok())
        .unwrap_or(4096)
}

fn list(
    kind: SystemV,
    wanted: List,
    unit: Unit,
    writer: &mut Writer,
    output: &mut Output,
) -> Result<(), Error> {
    let Some(layout) = lists::layout(kind, wanted, unit) else {
        return Ok(());
    };
    layout.head(output.buffer());
    each(kind, &mut |object| {
        layout.row(object, writer, output.buffer());
        output.write_if_full();
        if output.has_failed() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })
}

/// Visits every object of a kind.
fn each(kind: SystemV, visit: &mut dyn FnMut(&Object) -> ControlFlow<()>) -> Result<(), Error> {
    fn of<T: Record>(visit: &mut dyn FnMut(&Object) -> ControlFlow<()>) -> Result<(), Error>
    where
        Object: for<'a> From<&'a T>,
    {
        read::each(&mut |record: &T| visit(&Object::from(record))).map(drop)
    }
    match kind {
        SystemV::Queue => of::<Queue>(visit),
        SystemV::Segment => of::<Segment>(visit),
        SystemV::SemaphoreSet => of::<SemaphoreSet>(visit),
    }
}

/// Prints the details of an object; `false` if there is none with this id.
fn show(kind: SystemV, id: i32, unit: Unit, output: &mut Output) -> Result<bool, Error> {
    let mut semaphores = Vec::new();
    let object = match kind {
        SystemV::Queue => read::find(id)?.map(Object::Queue),
        SystemV::Segment => read::find(id)?.map(Object::Segment),
        SystemV::SemaphoreSet => match read::find(id)? {
            Some(set) => match semaphores_of(&set)? {
                Some(found) => {
                    semaphores = found;
                    Some(Object::SemaphoreSet(set))
                }
                None => None,
            },
            None => None,
        },
    };
    let Some(object) = object else {
        return Ok(false);
    };
    let mut writer = Writer::new(unit);
    details::append(&object, &semaphores, unit, &mut writer, output.buffer());
    Ok(true)
}

/// The semaphores of a set; `None` if it has gone meanwhile.
fn semaphores_of(set: &SemaphoreSet) -> Result<Option<Vec<Semaphore>>, Error> {
    let mut semaphores = Vec::new();
    for number in 0..i32::try_from(set.count).unwrap_or(i32::MAX) {
        match ipc::semaphore(set.permissions.id, number) {
            Ok(semaphore) => semaphores.push(semaphore),
            Err((_, Errno::EINVAL | Errno::EIDRM)) => return Ok(None),
            Err((command, errno)) => {
                return Err(Error::caused_by(
                    words!["semctl(", command, ") failed"],
                    errno,
                ));
            }
        }
    }
    Ok(Some(semaphores))
}
