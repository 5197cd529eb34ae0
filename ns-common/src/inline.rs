//! Text stored in a table itself rather than behind a pointer.

use std::fmt;
use std::ops::Deref;

use crate::error::Piece;

/// A string of up to `N` bytes, stored in place.
///
/// The loader relocates each pointer in a static table at every start, which writes to its page. A
/// table without pointers is only read, and only where it is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Inline<const N: usize> {
    length: u8,
    bytes: [u8; N],
}

impl<const N: usize> Inline<N> {
    /// Copies `text`, which must have at most `N`, and at most 255, bytes; in a static, a longer
    /// one does not compile.
    #[expect(clippy::cast_possible_truncation, reason = "it is compared before")]
    pub const fn new(text: &str) -> Self {
        assert!(text.len() <= N && text.len() <= u8::MAX as usize);
        let mut bytes = [0; N];
        let mut at = 0;
        while at < text.len() {
            bytes[at] = text.as_bytes()[at];
            at += 1;
        }
        Self {
            length: text.len() as u8,
            bytes,
        }
    }

    /// The bytes, for comparisons that need not check that they are UTF-8.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length.into()).unwrap_or_default()
    }
}

impl<const N: usize> Deref for Inline<N> {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl<const N: usize> fmt::Display for Inline<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, formatter)
    }
}

impl<const N: usize> fmt::Debug for Inline<N> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, formatter)
    }
}

impl<const N: usize> Piece for Inline<N> {
    fn append_to(&self, text: &mut Vec<u8>) {
        self.as_bytes().append_to(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_as_it_was_given() {
        for text in ["", "a", "wait[:seconds]", "äöü"] {
            assert_eq!(&*Inline::<20>::new(text), text);
            assert_eq!(Inline::<20>::new(text).as_bytes(), text.as_bytes());
        }
    }
}
