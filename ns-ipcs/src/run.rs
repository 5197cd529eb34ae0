//! Reading what was asked for and having it printed.

use std::ops::ControlFlow;
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::{SysconfVar, sysconf};
use ns_common::console::{Console, Output};
use ns_common::error::{Error, ExitStatus, Failure};
use ns_common::ipc::SystemV;
use ns_common::ipc::limits::{self, SETTINGS};
use ns_common::ipc::read::{self, Record};
use ns_common::ipc::system_v::{Queue, QueueUsage, Segment, Semaphore, SemaphoreSet};
use ns_common::sys::ipc;
use ns_common::words;

use crate::cli::{Columns, Request, Selection, Unit, View};
use crate::detail;
use crate::print::{self, Directory, Listed};
use crate::totals;

/// Prints what was asked for.
pub fn execute(request: Request, console: &mut Console) -> Result<ExitStatus, Failure> {
    match request {
        Request::Report {
            selection,
            view,
            unit,
        } => report(selection, view, unit, &mut console.output)?,
        Request::Detail { resource, id, unit } => {
            if !show(resource, id, unit, &mut console.output)? {
                console.report(&Error::new(words!["id ", id, " not found"]));
            }
        }
    }
    Ok(ExitStatus::SUCCESS)
}

fn report(selection: Selection, view: View, unit: Unit, output: &mut Output) -> Result<(), Error> {
    let mut directory = Directory::default();
    output.push("\n");
    if selection.queues {
        match view {
            View::Limits => totals::queue_limits(limits::queues(Path::new(SETTINGS)), unit, output),
            View::Summary => {
                let usage = ipc::queue_usage().ok().map(with_bytes).transpose()?;
                totals::queue_usage(usage, unit, output)
            }
            View::List(columns) => list::<Queue>(columns, unit, &mut directory, output)?,
        }
        output.push("\n");
    }
    if selection.segments {
        match view {
            View::Limits => totals::segment_limits(
                limits::segments(Path::new(SETTINGS)),
                page_size(),
                unit,
                output,
            ),
            View::Summary => totals::segment_usage(ipc::segment_usage().ok(), output),
            View::List(columns) => list::<Segment>(columns, unit, &mut directory, output)?,
        }
        output.push("\n");
    }
    if selection.semaphore_sets {
        match view {
            View::Limits => {
                totals::semaphore_limits(limits::semaphores(Path::new(SETTINGS)), output)
            }
            View::Summary => totals::semaphore_usage(ipc::semaphore_usage().ok(), output),
            View::List(columns) => list::<SemaphoreSet>(columns, unit, &mut directory, output)?,
        }
        output.push("\n");
    }
    Ok(())
}

fn list<T: Listed + Record>(
    columns: Columns,
    unit: Unit,
    directory: &mut Directory,
    output: &mut Output,
) -> Result<(), Error> {
    if !print::head::<T>(columns, unit, output) {
        return Ok(());
    }
    read::each::<T>(&mut |object| {
        object.line(columns, unit, directory, output.buffer());
        output.write_if_full();
        if output.has_failed() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })
    .map(drop)
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

/// Prints the details of an object; `false` if there is none with this id.
fn show(resource: SystemV, id: i32, unit: Unit, output: &mut Output) -> Result<bool, Error> {
    match resource {
        SystemV::Queue => Ok(read::find(id)?
            .map(|queue| detail::queue(&queue, unit, output))
            .is_some()),
        SystemV::Segment => Ok(read::find(id)?
            .map(|segment| detail::segment(&segment, unit, output))
            .is_some()),
        SystemV::SemaphoreSet => {
            let Some(set) = read::find::<SemaphoreSet>(id)? else {
                return Ok(false);
            };
            let Some(semaphores) = semaphores(&set)? else {
                return Ok(false);
            };
            detail::semaphore_set(&set, &semaphores, output);
            Ok(true)
        }
    }
}

/// The semaphores of a set; `None` if it has gone meanwhile.
fn semaphores(set: &SemaphoreSet) -> Result<Option<Vec<Semaphore>>, Error> {
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
