//! The block of one kind of object in each form: what begins it, its rows, what ends it.

use ns_common::console::Output;

use crate::columns::Column;
use crate::json::{self, Extra, Member};
use crate::lists::{self, Layout};
use crate::objects::Listed;
use crate::request::Headings;
use crate::tables::{self, Table};
use crate::writer::{Style, Writer};

/// A block that is being printed.
#[derive(Debug)]
pub(crate) enum Block<'a> {
    /// A classic list; there is none for the processes of semaphore sets.
    Classic(Option<Layout>),
    /// A table, and the title above it.
    Table(Table, Titles<'a>),
    /// A table without alignment.
    Raw(&'a [Column], Titles<'a>),
    /// A member of a document.
    Document {
        name: &'static str,
        members: Vec<Member>,
        extra: Extra<'a>,
        rows: u64,
    },
    /// A document for each row, with what each begins with.
    Lines(Vec<Member>, Vec<u8>),
    /// A column alone.
    Quiet(Column),
}

/// What stands above a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Titles<'a> {
    pub(crate) headings: Headings,
    /// The title, where there is more than one table.
    pub(crate) title: Option<&'a str>,
}

impl Titles<'_> {
    fn append(self, to: &mut Vec<u8>) {
        if let (Headings::Shown, Some(title)) = (self.headings, self.title) {
            lists::append_title(title, to);
        }
    }

    /// Appends the empty line between tables.
    fn append_end(self, to: &mut Vec<u8>) {
        if let (Headings::Shown, Some(_)) = (self.headings, self.title) {
            to.push(b'\n');
        }
    }
}

impl Block<'_> {
    /// Whether there can be rows at all.
    pub(crate) const fn has_rows(&self) -> bool {
        !matches!(self, Self::Classic(None))
    }

    /// Prints what begins the block.
    pub(crate) fn begin(&mut self, output: &mut Output) {
        let to = output.buffer();
        match self {
            Self::Classic(layout) => {
                if let Some(layout) = layout {
                    layout.head(to);
                }
            }
            Self::Table(table, titles) => {
                titles.append(to);
                if titles.headings == Headings::Shown {
                    table.header();
                }
            }
            Self::Raw(columns, titles) => {
                titles.append(to);
                if titles.headings == Headings::Shown {
                    tables::append_raw_header(columns, to);
                }
            }
            Self::Document { name, .. } => {
                to.extend_from_slice(b",\n ");
                json::append_name(name, to);
            }
            Self::Lines(..) | Self::Quiet(_) => {}
        }
    }

    /// Prints a row.
    pub(crate) fn row(&mut self, listed: &Listed, writer: &mut Writer, output: &mut Output) {
        let to = output.buffer();
        match self {
            Self::Classic(layout) => {
                if let Some(layout) = layout {
                    layout.row(listed, writer, to);
                }
            }
            Self::Table(table, _) => table.row(listed, writer),
            Self::Raw(columns, _) => tables::append_raw(columns, listed, writer, to),
            Self::Document {
                members,
                extra,
                rows,
                ..
            } => {
                to.extend_from_slice(if *rows == 0 { b"[\n  " } else { b",\n  " });
                *rows += 1;
                json::append_object(b"", members, listed, *extra, writer, to);
            }
            Self::Lines(members, begin) => {
                json::append_object(begin, members, listed, Extra::Nothing, writer, to);
                to.push(b'\n');
            }
            Self::Quiet(column) => {
                if let Some(value) = column.value(listed) {
                    writer.append(value, Style::Visible, to);
                }
                to.push(b'\n');
            }
        }
        output.write_if_full();
    }

    /// Prints what ends the block. One that could not be read at all is no empty list.
    pub(crate) fn end(&mut self, whole: bool, output: &mut Output) {
        let to = output.buffer();
        match self {
            Self::Classic(_) => to.push(b'\n'),
            Self::Table(table, titles) => {
                table.append(to);
                titles.append_end(to);
            }
            Self::Raw(_, titles) => titles.append_end(to),
            Self::Document { rows: 0, .. } if whole => to.extend_from_slice(b"[]"),
            Self::Document { rows: 0, .. } => to.extend_from_slice(b"null"),
            Self::Document { .. } => to.extend_from_slice(b"\n ]"),
            Self::Lines(..) | Self::Quiet(_) => {}
        }
        output.write_if_full();
    }
}
