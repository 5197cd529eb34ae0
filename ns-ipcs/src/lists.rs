//! The classic lists: exactly the bytes that scripts have come to rely on.

use ns_common::ipc::Resource;
use ns_common::output::columns::{left, pad};

use crate::layouts::{self, Field, Place};
use crate::objects::Listed;
use crate::request::Unit;
use crate::views::List;
use crate::writer::Writer;

/// How one kind of object is listed in one view.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    title: &'static str,
    fields: &'static [Field],
}

impl Layout {
    /// The layout for a kind; there is none for the processes of semaphore sets.
    pub(crate) fn new(kind: Resource, list: List, unit: Unit) -> Option<Self> {
        let fields = layouts::fields(kind, list, unit);
        (!fields.is_empty()).then(|| Self {
            title: layouts::title(kind, list),
            fields,
        })
    }

    /// Appends the title and the header line.
    pub(crate) fn head(&self, to: &mut Vec<u8>) {
        append_title(self.title, to);
        for field in self.fields.iter().filter(|field| field.heading_width > 0) {
            left(to, field.heading(), field.heading_width.into());
            to.push(b' ');
        }
        end_line(to);
    }

    /// Appends the line of one object.
    pub(crate) fn row(&self, listed: &Listed, writer: &mut Writer, to: &mut Vec<u8>) {
        for field in self.fields {
            if field.indent > 0 {
                pad(to, field.indent.into());
            }
            let start = to.len();
            if let Some(value) = field.column.value(listed) {
                writer.append(value, field.style, to);
            }
            let length = to.len() - start;
            // Together with the blank between fields.
            match field.place {
                Place::Left(width) => pad(to, usize::from(width).saturating_sub(length) + 1),
                Place::Right { width, behind } => {
                    let blanks = usize::from(width).saturating_sub(length);
                    pad(to, blanks);
                    to.copy_within(start..start + length, start + blanks);
                    to[start..start + blanks].fill(b' ');
                    pad(to, usize::from(behind) + 1);
                }
            }
        }
        end_line(to);
    }
}

/// Appends the title of a block.
pub(crate) fn append_title(title: &str, to: &mut Vec<u8>) {
    to.extend_from_slice(b"------ ");
    to.extend_from_slice(title.as_bytes());
    to.extend_from_slice(b" --------\n");
}

/// Ends the line in place of the blank behind its last field.
pub(crate) fn end_line(to: &mut [u8]) {
    if let Some(last) = to.last_mut() {
        *last = b'\n';
    }
}
