//! One object by its id.

use nix::errno::Errno;
use ns_common::error::{Error, ExitStatus};
use ns_common::ipc::SystemV;
use ns_common::ipc::read;
use ns_common::ipc::system_v::{Semaphore, SemaphoreSet};
use ns_common::sys::ipc;
use ns_common::words;

use crate::details;
use crate::json::{Element, Extra};
use crate::objects::{Listed, Object};
use crate::report::Report;
use crate::request::{Absence, Form};
use crate::views::List;

/// An object, and the semaphores if it is a set.
type Found = (Listed, Vec<Semaphore>);

/// Shows the object, or says that there is none.
pub(super) fn show(
    report: &mut Report<'_>,
    kind: SystemV,
    id: i32,
    absence: Absence,
) -> ExitStatus {
    let found = match find(kind, id) {
        Ok(found) => found,
        Err(error) => {
            append(report, kind, None, false);
            report.console.report(&error);
            return ExitStatus::FAILURE;
        }
    };
    append(report, kind, found.as_ref(), true);
    if let Err(error) = report.finder.doubts.end() {
        report.console.report(&error);
        return ExitStatus::FAILURE;
    }
    if found.is_some() {
        return ExitStatus::SUCCESS;
    }
    report
        .console
        .report(&Error::new(words!["id ", id, " not found"]));
    match absence {
        Absence::Harmless => ExitStatus::SUCCESS,
        Absence::Failure => ExitStatus::FAILURE,
    }
}

/// Appends what was found; a document says so where nothing was, or where it was not all read.
fn append(report: &mut Report<'_>, kind: SystemV, found: Option<&Found>, whole: bool) {
    if report.request.form != Form::Json {
        if let Some((listed, semaphores)) = found {
            let to = report.console.output.buffer();
            details::append(listed, semaphores, &mut report.writer, to);
        }
        return;
    }
    let columns = report.columns(kind.into(), List::Usual);
    let elements: Vec<Element> = found.map_or_else(Vec::new, |(listed, semaphores)| {
        let named = semaphores.iter().map(|semaphore| Element {
            semaphore: *semaphore,
            command: report.finder.command(semaphore.last_user, listed.latest()),
        });
        named.collect()
    });
    let extra = match kind {
        SystemV::SemaphoreSet => Extra::Elements(&elements),
        SystemV::Queue | SystemV::Segment => Extra::Nothing,
    };
    let mut block = report.block(Form::Json, Some(kind.into()), &columns, extra);
    block.begin(&mut report.console.output);
    if let Some((listed, _)) = found {
        let mut listed = listed.clone();
        let needed = columns.iter().copied().collect();
        report.finder.look_up(&mut listed, needed);
        block.row(&listed, &mut report.writer, &mut report.console.output);
    }
    block.end(whole, &mut report.console.output);
}

fn find(kind: SystemV, id: i32) -> Result<Option<Found>, Error> {
    let mut semaphores = Vec::new();
    let object = match kind {
        SystemV::Queue => read::find(id)?.map(Object::Queue),
        SystemV::Segment => read::find(id)?.map(Object::Segment),
        SystemV::SemaphoreSet => match read::find(id)? {
            Some(set) => semaphores_of(&set)?.map(|found| {
                semaphores = found;
                Object::SemaphoreSet(set)
            }),
            None => None,
        },
    };
    Ok(object.map(|object| (Listed::new(object), semaphores)))
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
