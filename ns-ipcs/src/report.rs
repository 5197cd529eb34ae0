//! What every subject is shown with: the columns and the block of a kind, and a way to list it.

use std::ops::ControlFlow;

use ns_common::console::Console;
use ns_common::error::{Error, ExitStatus};
use ns_common::ipc::Resource;

use crate::columns::Column;
use crate::forms::{Block, Titles};
use crate::json::{self, Extra, Member};
use crate::layouts;
use crate::objects::Listed;
use crate::request::{Choice, Form, Request};
use crate::select::Finder;
use crate::tables::Table;
use crate::views::{self, List};
use crate::writer::Writer;

/// Shows what was asked for of one namespace.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) request: &'a Request,
    pub(crate) finder: Finder<'a>,
    pub(crate) writer: Writer,
    pub(crate) console: &'a mut Console,
}

impl Report<'_> {
    /// Shows each kind that was asked for. What cannot be shown is reported, and the rest goes on.
    pub(crate) fn each_kind(
        &mut self,
        show: &dyn Fn(&mut Self, Resource) -> Result<(), Error>,
    ) -> ExitStatus {
        let mut status = ExitStatus::SUCCESS;
        for kind in self.request.resources.iter() {
            if let Err(error) = show(self, kind) {
                self.console.report(&error);
                status = ExitStatus::FAILURE;
            }
        }
        status
    }

    /// The columns that are shown of a kind.
    pub(crate) fn columns(&self, kind: Resource, list: List) -> Vec<Column> {
        let (form, choice) = (self.request.form, &self.request.columns);
        let all = || {
            Column::OBJECTS
                .iter()
                .copied()
                .filter(|column| column.of().contains(kind))
        };
        let is_json = matches!(form, Form::Json | Form::JsonLines);
        let usual = || match is_json && list == List::Usual {
            true => all()
                .filter(|column| !matches!(column, Column::Namespace | Column::Pids))
                .collect(),
            false => views::columns(kind, list).to_vec(),
        };
        let columns = match choice {
            _ if matches!(form, Form::Classic | Form::Quiet) => Vec::new(),
            Choice::Usual => usual(),
            Choice::All => all().collect(),
            Choice::Only(columns) => columns.clone(),
            Choice::And(more) => with(usual(), more),
        };
        if is_json {
            in_order(&columns, Column::OBJECTS, form)
        } else {
            columns
        }
    }

    /// The block of a kind in a form.
    pub(crate) fn block<'a>(
        &self,
        form: Form,
        kind: Option<Resource>,
        columns: &'a [Column],
        extra: Extra<'a>,
    ) -> Block<'a> {
        let several = kind.filter(|_| self.request.resources.single().is_none());
        let titles = Titles {
            headings: self.request.headings,
            title: several.map(|kind| layouts::title(kind, List::Usual)),
        };
        let name = json::member(kind);
        match form {
            Form::Classic | Form::Table => Block::Table(Table::new(columns), titles),
            Form::Raw => Block::Raw(columns, titles),
            Form::Json => Block::Document {
                name,
                members: Member::of(columns),
                extra,
                rows: 0,
            },
            Form::JsonLines => Block::Lines(
                Member::of(columns),
                json::line_begins(self.finder.namespace(), name),
            ),
            Form::Quiet => Block::Quiet(match kind {
                Some(Resource::Posix(_)) => Column::Name,
                Some(Resource::SystemV(_)) | None => Column::Id,
            }),
        }
    }

    /// Prints a block with all objects of a kind.
    pub(crate) fn list(
        &mut self,
        kind: Resource,
        columns: &[Column],
        mut block: Block<'_>,
        mut row: impl FnMut(&mut Block<'_>, &Listed, &mut Writer, &mut Console),
    ) -> Result<(), Error> {
        let console = &mut *self.console;
        block.begin(&mut console.output);
        let result = match block.has_rows() {
            true => {
                let visit = &mut |listed: &Listed, writer: &mut Writer| {
                    row(&mut block, listed, writer, console);
                    match console.output.has_failed() {
                        true => ControlFlow::Break(()),
                        false => ControlFlow::Continue(()),
                    }
                };
                self.finder.each(kind, columns, &mut self.writer, visit)
            }
            false => Ok(()),
        };
        block.end(result.is_ok(), &mut console.output);
        result
    }
}

/// The columns with those of `more` that are not among them.
pub(crate) fn with(mut columns: Vec<Column>, more: &[Column]) -> Vec<Column> {
    for column in more {
        if !columns.contains(column) {
            columns.push(*column);
        }
    }
    columns
}

/// The columns in the order of their table, each once. A line of JSON begins with the namespace
/// anyway.
pub(crate) fn in_order(columns: &[Column], table: &[Column], form: Form) -> Vec<Column> {
    let is_wanted = |column: &Column| {
        columns.contains(column) && !(form == Form::JsonLines && *column == Column::Namespace)
    };
    table.iter().copied().filter(is_wanted).collect()
}
