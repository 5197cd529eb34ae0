//! All that is shown of one namespace.

use std::ops::ControlFlow;
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::{SysconfVar, sysconf};
use ns_common::console::Console;
use ns_common::error::{Error, ExitStatus};
use ns_common::ipc::limits::{self, SETTINGS};
use ns_common::ipc::read;
use ns_common::ipc::system_v::{Queue, QueueUsage, Semaphore, SemaphoreSet};
use ns_common::ipc::{Posix, Resource, SystemV};
use ns_common::sys::ipc;
use ns_common::words;

use crate::columns::{
    COLUMNS, Column, ID, List, Listed, MEMORY_ATTACHMENTS, NAME, NAMESPACE, Object, PIDS,
    SEGMENT_ATTACHMENTS, USAGE_COLUMNS, of_view,
};
use crate::forms::{Block, Titles};
use crate::json::{self, Element, Members};
use crate::request::{Absence, Choice, Form, Request, Share, Subject, Unit};
use crate::select::Finder;
use crate::tables::Table;
use crate::values::Writer;
use crate::{details, lists, totals, usage};

/// Shows what was asked for of one namespace.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) request: &'a Request,
    pub(crate) finder: Finder<'a>,
    pub(crate) writer: Writer,
    pub(crate) console: &'a mut Console,
}

impl Report<'_> {
    /// Shows it all; what a JSON document says of the namespace itself is printed already. What
    /// cannot be shown is reported, and the rest goes on.
    pub(crate) fn show(&mut self) -> ExitStatus {
        match self.request.subject {
            Subject::Details { kind, id, absence } => self.details(kind, id, absence),
            Subject::Limits => self.totals(Self::append_limits),
            Subject::Summary => self.totals(Self::append_usage),
            Subject::Usage(fail_above) => self.usage(fail_above),
            Subject::Objects(list) => {
                if self.request.form == Form::Classic {
                    self.console.output.push("\n");
                }
                self.each_kind(|report, kind| report.objects(kind, list))
            }
            Subject::Attachments => self.each_kind(Self::attachments),
        }
    }

    fn each_kind(&mut self, show: impl Fn(&mut Self, Resource) -> Result<(), Error>) -> ExitStatus {
        let mut status = ExitStatus::SUCCESS;
        for kind in self.request.resources.iter() {
            if let Err(error) = show(self, kind) {
                self.console.report(&error);
                status = ExitStatus::FAILURE;
            }
        }
        status
    }

    /// All objects of a kind.
    fn objects(&mut self, kind: Resource, list: List) -> Result<(), Error> {
        let columns = self.columns(kind, list);
        let block = match self.request.form {
            Form::Classic => Block::Classic(lists::layout(kind, list, self.writer.unit())),
            form => self.block(form, Some(kind), &columns, Members::Columns),
        };
        self.list(kind, &columns, block, |block, listed, writer, console| {
            block.row(listed, writer, &mut console.output);
        })
    }

    /// Who has the objects of a kind mapped: in a document a member of each, else a row for each.
    fn attachments(&mut self, kind: Resource) -> Result<(), Error> {
        let columns = self.columns(kind, List::Usual);
        let rows: Vec<&'static Column> = match kind {
            Resource::SystemV(_) => SEGMENT_ATTACHMENTS.iter().collect(),
            Resource::Posix(_) => MEMORY_ATTACHMENTS.iter().collect(),
        };
        let block = match self.request.form {
            Form::Json => self.block(Form::Json, Some(kind), &columns, Members::Attached),
            Form::Raw => self.block(Form::Raw, Some(kind), &rows, Members::Columns),
            _ => self.block(Form::Table, Some(kind), &rows, Members::Columns),
        };
        let is_document = self.request.form == Form::Json;
        let mut needed = columns.clone();
        needed.push(&PIDS);
        let mut missing = Vec::new();
        let maps = self.finder.maps();
        let count_missing = |listed: &Listed| match &listed.object {
            Object::Segment(segment) => segment.attached.saturating_sub(maps.pieces(listed)),
            _ => 0,
        };
        let unreadable = maps.unreadable;
        let result = list(
            &self.finder,
            &mut self.writer,
            self.console,
            kind,
            &needed,
            block,
            |block, listed, writer, console| {
                let count = count_missing(listed);
                if count > 0 {
                    let id = listed.permissions().map_or(0, |permissions| permissions.id);
                    missing.push((id, count));
                }
                if is_document {
                    return block.row(listed, writer, &mut console.output);
                }
                let mut one = listed.clone();
                if listed.attachments.is_empty() {
                    block.row(&one, writer, &mut console.output);
                }
                for process in &listed.attachments {
                    one.attachment = Some(process.clone());
                    block.row(&one, writer, &mut console.output);
                }
            },
        );
        for (id, count) in missing {
            let s = if count == 1 { "" } else { "s" };
            self.console.report(&Error::new(words![
                "segment ",
                id,
                ": ",
                count,
                " more attachment",
                s,
                " by processes that could not be read or are in other PID namespaces"
            ]));
        }
        if kind == Resource::Posix(Posix::Memory) && unreadable > 0 {
            let processes = if unreadable == 1 {
                " process"
            } else {
                " processes"
            };
            let text = words![unreadable, processes, " could not be read"];
            self.console.report(&Error::new(text));
        }
        result
    }

    fn list(
        &mut self,
        kind: Resource,
        columns: &[&'static Column],
        block: Block<'_>,
        row: impl FnMut(&mut Block<'_>, &Listed, &mut Writer, &mut Console),
    ) -> Result<(), Error> {
        list(
            &self.finder,
            &mut self.writer,
            self.console,
            kind,
            columns,
            block,
            row,
        )
    }

    /// The columns that are shown of a kind.
    fn columns(&self, kind: Resource, list: List) -> Vec<&'static Column> {
        let (form, choice) = (self.request.form, &self.request.columns);
        let all = || COLUMNS.iter().filter(|column| column.of.contains(kind));
        let is_json = matches!(form, Form::Json | Form::JsonLines);
        let usual = || -> Vec<&'static Column> {
            if is_json && list == List::Usual {
                all()
                    .filter(|column| **column != NAMESPACE && **column != PIDS)
                    .collect()
            } else {
                of_view(kind, list).to_vec()
            }
        };
        let columns = match choice {
            _ if matches!(form, Form::Classic | Form::Quiet) => Vec::new(),
            Choice::Usual => usual(),
            Choice::All => all().collect(),
            Choice::Only(columns) => columns.clone(),
            Choice::And(more) => with(usual(), more),
        };
        if is_json {
            in_order(columns, COLUMNS, form)
        } else {
            columns
        }
    }

    fn block<'a>(
        &self,
        form: Form,
        kind: Option<Resource>,
        columns: &'a [&'static Column],
        members: Members<'a>,
    ) -> Block<'a> {
        let several = kind.filter(|_| self.request.resources.single().is_none());
        let titles = Titles {
            headings: self.request.headings,
            title: several.and_then(|kind| {
                lists::layout(kind, List::Usual, Unit::Usual).map(lists::Layout::title)
            }),
        };
        let member = json::member(kind);
        match form {
            Form::Classic | Form::Table => Block::Table(Table::new(columns), titles),
            Form::Raw => Block::Raw(columns, titles),
            Form::Json => Block::Document {
                member,
                columns,
                members,
                rows: 0,
            },
            Form::JsonLines => {
                Block::Lines(columns, json::line_begins(self.finder.namespace(), member))
            }
            Form::Quiet => Block::Quiet(match kind {
                Some(Resource::Posix(_)) => &NAME,
                Some(Resource::SystemV(_)) | None => &ID,
            }),
        }
    }

    /// What is used beside the limits. A row above a share is told, and the status then is 2.
    fn usage(&mut self, fail_above: Option<Share>) -> ExitStatus {
        let usual = || USAGE_COLUMNS.iter().collect();
        let (form, choice) = (self.request.form, &self.request.columns);
        let columns: Vec<&'static Column> = match choice {
            Choice::Usual | Choice::All => usual(),
            Choice::Only(columns) => columns.clone(),
            Choice::And(more) => with(usual(), more),
        };
        let columns = match form {
            Form::Json | Form::JsonLines => in_order(columns, USAGE_COLUMNS, form),
            _ => columns,
        };
        let mut rows: Vec<Listed> = usage::rows(self.request.resources)
            .into_iter()
            .map(|row| Listed::new(Object::Usage(row)))
            .collect();
        self.finder.sort(&mut rows, &mut self.writer);
        if form != Form::Quiet {
            let mut block = self.block(form, None, &columns, Members::Columns);
            block.begin(&mut self.console.output);
            for row in &rows {
                block.row(row, &mut self.writer, &mut self.console.output);
            }
            block.end(true, &mut self.console.output);
        }
        let mut status = ExitStatus::SUCCESS;
        for row in &rows {
            if let (Some(share), Object::Usage(usage)) = (fail_above, &row.object) {
                if share.is_exceeded_by(usage) {
                    self.console.report(&usage::exceeded(usage));
                    status = ExitStatus::new(2);
                }
            }
        }
        status
    }

    fn totals(&mut self, append: impl Fn(&mut Self, SystemV) -> Result<(), Error>) -> ExitStatus {
        self.console.output.push("\n");
        self.each_kind(|report, kind| {
            let Resource::SystemV(kind) = kind else {
                return Ok(());
            };
            let result = append(report, kind);
            report.console.output.push("\n");
            result
        })
    }

    fn append_limits(&mut self, kind: SystemV) -> Result<(), Error> {
        let (writer, to) = (&mut self.writer, self.console.output.buffer());
        let settings = Path::new(SETTINGS);
        match kind {
            SystemV::Queue => {
                totals::QUEUE_LIMITS.append(limits::queues(settings).as_ref(), writer, to);
            }
            SystemV::Segment => {
                let limits = limits::segments(settings).map(|limits| (limits, page_size()));
                totals::SEGMENT_LIMITS.append(limits.as_ref(), writer, to);
            }
            SystemV::SemaphoreSet => {
                let limits = limits::semaphores(settings);
                totals::SEMAPHORE_LIMITS.append(limits.as_ref(), writer, to);
            }
        }
        Ok(())
    }

    fn append_usage(&mut self, kind: SystemV) -> Result<(), Error> {
        let (writer, to) = (&mut self.writer, self.console.output.buffer());
        match kind {
            SystemV::Queue => {
                let usage = ipc::queue_usage().ok().map(with_bytes).transpose()?;
                totals::QUEUE_USAGE.append(usage.as_ref(), writer, to);
            }
            SystemV::Segment => {
                let usage = ipc::segment_usage().ok();
                totals::SEGMENT_USAGE.append(usage.as_ref(), writer, to);
            }
            SystemV::SemaphoreSet => {
                let usage = ipc::semaphore_usage().ok();
                totals::SEMAPHORE_USAGE.append(usage.as_ref(), writer, to);
            }
        }
        Ok(())
    }

    /// One object.
    fn details(&mut self, kind: SystemV, id: i32, absence: Absence) -> ExitStatus {
        let found = match self.find(kind, id) {
            Ok(found) => found,
            Err(error) => {
                self.show_details(kind, None, false);
                self.console.report(&error);
                return ExitStatus::FAILURE;
            }
        };
        self.show_details(kind, found.as_ref(), true);
        if found.is_some() {
            return ExitStatus::SUCCESS;
        }
        self.console
            .report(&Error::new(words!["id ", id, " not found"]));
        match absence {
            Absence::Harmless => ExitStatus::SUCCESS,
            Absence::Failure => ExitStatus::FAILURE,
        }
    }

    fn show_details(
        &mut self,
        kind: SystemV,
        found: Option<&(Listed, Vec<Semaphore>)>,
        whole: bool,
    ) {
        if self.request.form != Form::Json {
            if let Some((listed, semaphores)) = found {
                let to = self.console.output.buffer();
                details::append(listed, semaphores, &mut self.writer, to);
            }
            return;
        }
        let columns = self.columns(kind.into(), List::Usual);
        let elements: Vec<Element> = found.map_or_else(Vec::new, |(listed, semaphores)| {
            let named = semaphores.iter().map(|semaphore| Element {
                semaphore: *semaphore,
                command: self.finder.command(semaphore.last_user, listed.latest()),
            });
            named.collect()
        });
        let members = match kind {
            SystemV::SemaphoreSet => Members::Elements(&elements),
            SystemV::Queue | SystemV::Segment => Members::Columns,
        };
        let mut block = self.block(Form::Json, Some(kind.into()), &columns, members);
        block.begin(&mut self.console.output);
        if let Some((listed, _)) = found {
            let mut listed = listed.clone();
            let needed = columns.iter().copied().collect();
            self.finder.look_up(&mut listed, needed);
            block.row(&listed, &mut self.writer, &mut self.console.output);
        }
        block.end(whole, &mut self.console.output);
    }

    fn find(&self, kind: SystemV, id: i32) -> Result<Option<(Listed, Vec<Semaphore>)>, Error> {
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
}

/// Prints a block with all objects of a kind.
fn list(
    finder: &Finder<'_>,
    writer: &mut Writer,
    console: &mut Console,
    kind: Resource,
    columns: &[&'static Column],
    mut block: Block<'_>,
    mut row: impl FnMut(&mut Block<'_>, &Listed, &mut Writer, &mut Console),
) -> Result<(), Error> {
    block.begin(&mut console.output);
    let result = if block.has_rows() {
        finder.each(kind, columns, writer, &mut |listed, writer| {
            row(&mut block, listed, writer, console);
            if console.output.has_failed() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
    } else {
        Ok(())
    };
    block.end(result.is_ok(), &mut console.output);
    result
}

/// The columns with those of `more` that are not among them.
fn with(mut columns: Vec<&'static Column>, more: &[&'static Column]) -> Vec<&'static Column> {
    for column in more {
        if !columns.contains(column) {
            columns.push(column);
        }
    }
    columns
}

/// The columns in the order of their table, each once. A line of JSON begins with the namespace
/// anyway.
fn in_order(
    columns: Vec<&'static Column>,
    table: &'static [Column],
    form: Form,
) -> Vec<&'static Column> {
    let is_wanted = |column: &&Column| {
        columns.contains(column) && !(form == Form::JsonLines && **column == NAMESPACE)
    };
    table.iter().filter(is_wanted).collect()
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
