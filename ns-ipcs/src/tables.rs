//! Tables: columns as wide as their values, or with one blank between them.

use ns_common::output::columns::pad;
use ns_common::visible::{append_hexadecimal, append_visible};

use crate::columns::Column;
use crate::lists::end_line;
use crate::objects::Listed;
use crate::values::Type;
use crate::writer::{Style, Writer};

/// A table whose columns are as wide as their widest value; it is kept until all are known.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<(Column, usize)>,
    /// The text of all cells, row by row, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(columns: &[Column]) -> Self {
        Self {
            columns: columns.iter().map(|column| (*column, 0)).collect(),
            text: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Adds a line with the columns' names.
    pub(crate) fn header(&mut self) {
        self.line(|column, to| to.extend_from_slice(column.name().as_bytes()));
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, listed: &Listed, writer: &mut Writer) {
        self.line(|column, to| {
            let start = to.len();
            if let Some(value) = column.shown(listed) {
                writer.append(value, Style::Cell, to);
            }
            if !to[start..].iter().all(|byte| matches!(byte, b' '..=b'~')) {
                let cell = to.split_off(start);
                append_visible(&cell, to);
            }
        });
    }

    fn line(&mut self, mut append_cell: impl FnMut(Column, &mut Vec<u8>)) {
        for (column, widest) in &mut self.columns {
            let start = self.text.len();
            append_cell(*column, &mut self.text);
            *widest = (*widest).max(width(&self.text[start..]));
            self.ends.push(self.text.len());
        }
    }

    /// Appends the whole table.
    pub(crate) fn append(&self, to: &mut Vec<u8>) {
        let last = self.columns.len().saturating_sub(1);
        let mut start = 0;
        for row in self.ends.chunks(self.columns.len()) {
            for (place, ((column, widest), end)) in self.columns.iter().zip(row).enumerate() {
                let cell = &self.text[start..*end];
                start = *end;
                let blanks = widest.saturating_sub(width(cell));
                match column.kind() {
                    Type::Number => {
                        pad(to, blanks);
                        to.extend_from_slice(cell);
                    }
                    Type::Text => {
                        to.extend_from_slice(cell);
                        if place < last {
                            pad(to, blanks);
                        }
                    }
                }
                to.push(if place < last { b' ' } else { b'\n' });
            }
        }
    }
}

/// How many places a text takes. What is visible is UTF-8, a character a place.
fn width(text: &[u8]) -> usize {
    let is_start = |byte: &&u8| **byte & 0xc0 != 0x80;
    text.iter().filter(is_start).count()
}

/// Appends a line with the columns' names, one blank between them.
pub(crate) fn append_raw_header(columns: &[Column], to: &mut Vec<u8>) {
    append_line(columns, to, |column, to| {
        to.extend_from_slice(column.name().as_bytes());
    });
}

/// Appends a row, one blank between its values.
pub(crate) fn append_raw(
    columns: &[Column],
    listed: &Listed,
    writer: &mut Writer,
    to: &mut Vec<u8>,
) {
    append_line(columns, to, |column, to| {
        let start = to.len();
        if let Some(value) = column.shown(listed) {
            writer.append(value, Style::Raw, to);
        }
        match &to[start..] {
            b"" => to.push(b'-'),
            cell if cell != b"-" && cell.iter().all(is_raw) => {}
            _ => {
                let cell = to.split_off(start);
                append_printable(&cell, to);
            }
        }
    });
}

fn append_line(
    columns: &[Column],
    to: &mut Vec<u8>,
    mut append_cell: impl FnMut(Column, &mut Vec<u8>),
) {
    for column in columns {
        append_cell(*column, to);
        to.push(b' ');
    }
    end_line(to);
}

/// Whether a byte stands for itself in a word of printable ASCII.
fn is_raw(byte: &u8) -> bool {
    byte.is_ascii_graphic() && *byte != b'\\'
}

/// Appends a text as such a word; a lone `-` would say that there is no value.
fn append_printable(text: &[u8], to: &mut Vec<u8>) {
    for byte in text {
        if is_raw(byte) && text != b"-" {
            to.push(*byte);
        } else {
            append_hexadecimal(&[*byte], to);
        }
    }
}
