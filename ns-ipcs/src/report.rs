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
        let objects = Column::OBJECTS.iter().copied();
        let all: Vec<Column> = objects
            .filter(|column| column.of().contains(kind))
            .collect();
        let usual = match self.request.form {
            Form::Classic | Form::Quiet => return Vec::new(),
            Form::Json | Form::JsonLines if list == List::Usual => {
                let mut most = all.clone();
                most.retain(|column| !matches!(column, Column::Namespace | Column::Pids));
                most
            }
            _ => views::columns(kind, list).to_vec(),
        };
        self.chosen(usual, all, Column::OBJECTS)
    }

    /// The columns that are chosen of a table. In JSON each is there once, in the table's order.
    pub(crate) fn chosen(
        &self,
        usual: Vec<Column>,
        all: Vec<Column>,
        table: &[Column],
    ) -> Vec<Column> {
        let columns = match &self.request.columns {
            Choice::Usual => usual,
            Choice::All => all,
            Choice::Only(columns) => columns.clone(),
            Choice::And(more) => with(usual, more),
        };
        let is_wanted = |column: &&Column| columns.contains(column);
        let in_order = table.iter().filter(is_wanted).copied();
        match self.request.form {
            Form::Json => in_order.collect(),
            // A line begins with the namespace anyway.
            Form::JsonLines => in_order
                .filter(|column| *column != Column::Namespace)
                .collect(),
            _ => columns,
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
fn with(mut columns: Vec<Column>, more: &[Column]) -> Vec<Column> {
    for column in more {
        if !columns.contains(column) {
            columns.push(*column);
        }
    }
    columns
}
