//! Fixed-width columns: a value is padded and never cut.

use crate::output::digits::CHUNK;

/// Appends `text`, then blanks up to `width` bytes.
#[inline]
pub fn left(line: &mut Vec<u8>, text: &[u8], width: usize) {
    let start = line.len();
    line.extend_from_slice(text);
    pad_from(line, start, width);
}

/// Appends blanks until what begins at `start` has `width` bytes.
#[inline]
pub fn pad_from(line: &mut Vec<u8>, start: usize, width: usize) {
    let length = line.len() - start;
    pad(line, width.saturating_sub(length));
}

/// Appends `count` blanks.
#[inline]
pub fn pad(line: &mut Vec<u8>, count: usize) {
    let end = line.len() + count;
    while line.len() < end {
        line.extend_from_slice(&[b' '; CHUNK]);
    }
    line.truncate(end);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_padded_and_never_cut() {
        let mut line = Vec::new();
        left(&mut line, b"ab", 4);
        left(&mut line, b"toolong", 2);
        assert_eq!(line, b"ab  toolong");
    }
}
