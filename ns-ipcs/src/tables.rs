//! Tables: columns as wide as their values, or with one blank between them.

use ns_common::output::columns::pad;
use ns_common::visible::{append_hexadecimal, append_visible};

use crate::columns::{Column, Listed, Type};
use crate::values::Writer;

/// A table whose columns are as wide as their widest value; it is kept until all are known.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    columns: Vec<&'a Column>,
    /// The text of all cells, row by row, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
    widths: Vec<usize>,
}

impl<'a> Table<'a> {
    /// A table without rows.
    pub(crate) fn new(columns: &[&'a Column]) -> Self {
        Self {
            columns: columns.to_vec(),
            text: Vec::new(),
            ends: Vec::new(),
            widths: vec![0; columns.len()],
        }
    }

    /// Adds a line with the columns' names.
    pub(crate) fn header(&mut self) {
        for place in 0..self.columns.len() {
            self.text
                .extend_from_slice(self.columns[place].name.as_bytes());
            self.end_cell(place);
        }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, listed: &Listed, writer: &mut Writer) {
        for place in 0..self.columns.len() {
            let start = self.text.len();
            writer.append_cell((self.columns[place].value)(listed), &mut self.text);
            if !self.text[start..]
                .iter()
                .all(|byte| matches!(byte, b' '..=b'~'))
            {
                let cell = self.text.split_off(start);
                append_visible(&cell, &mut self.text);
            }
            self.end_cell(place);
        }
    }

    fn end_cell(&mut self, place: usize) {
        let start = self.ends.last().copied().unwrap_or(0);
        self.widths[place] = self.widths[place].max(width(&self.text[start..]));
        self.ends.push(self.text.len());
    }

    /// Appends the whole table.
    pub(crate) fn append(&self, to: &mut Vec<u8>) {
        let last = self.columns.len().saturating_sub(1);
        let mut start = 0;
        for row in self.ends.chunks(self.columns.len()) {
            for (place, end) in row.iter().enumerate() {
                let cell = &self.text[start..*end];
                start = *end;
                let blanks = self.widths[place].saturating_sub(width(cell));
                match self.columns[place].kind {
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
pub(crate) fn append_raw_header(columns: &[&Column], to: &mut Vec<u8>) {
    for (place, column) in columns.iter().enumerate() {
        to.extend_from_slice(column.name.as_bytes());
        to.push(if place + 1 < columns.len() {
            b' '
        } else {
            b'\n'
        });
    }
}

/// Appends a row, one blank between its values.
pub(crate) fn append_raw(
    columns: &[&Column],
    listed: &Listed,
    writer: &mut Writer,
    to: &mut Vec<u8>,
) {
    for (place, column) in columns.iter().enumerate() {
        let start = to.len();
        let value = (column.value)(listed);
        if !value.is_missing() {
            writer.append_text(value, to);
        }
        match &to[start..] {
            b"" => to.push(b'-'),
            cell if cell != b"-" && cell.iter().all(is_raw) => {}
            _ => {
                let cell = to.split_off(start);
                append_printable(&cell, to);
            }
        }
        to.push(if place + 1 < columns.len() {
            b' '
        } else {
            b'\n'
        });
    }
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
