//! The classic lists: exactly the bytes that scripts have come to rely on.

use ns_common::ipc::Resource;
use ns_common::output::columns::{left, pad};

use crate::layouts::{self, Field, Side};
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
            left(to, field.heading.as_bytes(), field.heading_width.into());
            to.push(b' ');
        }
        end_line(to);
    }

    /// Appends the line of one object.
    pub(crate) fn row(&self, listed: &Listed, writer: &mut Writer, to: &mut Vec<u8>) {
        for field in self.fields {
            let start = to.len();
            if let Some(value) = field.column.value(listed) {
                writer.append_inline(value, field.style, to);
            }
            let length = to.len() - start;
            let blanks = usize::from(field.width).saturating_sub(length);
            pad(to, blanks + usize::from(field.behind) + 1);
            if field.side == Side::Right {
                for place in (start..start + length).rev() {
                    to.swap(place, place + blanks);
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
