//! Fixed-width columns: a value is padded and never cut.
//!
//! What is done for each row of long lists is inline here and in `sys::ipc`: so it is optimised
//! with its caller for speed, and not with the rest of this crate for size.

/// Appends `text`, then blanks up to `width` bytes.
#[inline]
pub fn left(line: &mut Vec<u8>, text: &[u8], width: usize) {
    line.extend_from_slice(text);
    pad(line, width.saturating_sub(text.len()));
}

/// Appends blanks up to `width` bytes, then `text`.
#[inline]
pub fn right(line: &mut Vec<u8>, text: &[u8], width: usize) {
    pad(line, width.saturating_sub(text.len()));
    line.extend_from_slice(text);
}

/// Appends `count` blanks.
#[inline]
pub fn pad(line: &mut Vec<u8>, count: usize) {
    // As many as any column is wide, so that one copy does it.
    const BLANKS: [u8; 32] = [b' '; 32];
    let mut left = count;
    while left > BLANKS.len() {
        line.extend_from_slice(&BLANKS);
        left -= BLANKS.len();
    }
    line.extend_from_slice(&BLANKS[..left]);
}

/// A number's digits, without an allocation.
#[derive(Debug, Clone, Copy)]
pub struct Digits {
    bytes: [u8; Self::MOST],
    start: usize,
}

impl Digits {
    /// As many as the octal digits of a 64-bit number, which are more than its decimal ones with a
    /// sign.
    const MOST: usize = 22;

    /// `number` in base ten.
    #[inline]
    pub fn decimal(number: u64) -> Self {
        Self::in_base::<10>(number)
    }

    /// `number` in base ten, with a sign if negative.
    #[inline]
    pub fn signed(number: i64) -> Self {
        let mut digits = Self::decimal(number.unsigned_abs());
        if number < 0 {
            digits.start -= 1;
            digits.bytes[digits.start] = b'-';
        }
        digits
    }

    /// `number` in base eight, without a leading zero.
    #[inline]
    pub fn octal(number: u32) -> Self {
        Self::in_base::<8>(number.into())
    }

    /// `0x` and the eight hexadecimal digits of `number`.
    #[inline]
    pub fn key(number: u32) -> Self {
        let mut digits = Self {
            bytes: [b'0'; Self::MOST],
            start: Self::MOST,
        };
        for place in 0..8 {
            let digit = (number >> (4 * place)) & 0xf;
            digits.put(b"0123456789abcdef"[digit as usize]);
        }
        digits.put(b'x');
        digits.put(b'0');
        digits
    }

    /// The digits as text.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// The base is known when this is compiled, for a division by it is a multiplication then.
    #[inline]
    fn in_base<const BASE: u64>(mut number: u64) -> Self {
        let mut bytes = [0; Self::MOST];
        for start in (0..Self::MOST).rev() {
            let digit = u8::try_from(number % BASE).expect("a digit is below the base");
            bytes[start] = b'0' + digit;
            number /= BASE;
            if number == 0 {
                return Self { bytes, start };
            }
        }
        unreachable!("there is room for the digits of every number")
    }

    #[inline]
    fn put(&mut self, digit: u8) {
        self.start -= 1;
        self.bytes[self.start] = digit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_the_number() {
        for number in [0, 7, 10, 4_294_967_295, u64::MAX] {
            assert_eq!(
                Digits::decimal(number).as_bytes(),
                number.to_string().as_bytes()
            );
        }
        for number in [0, -1, i64::MIN, i64::MAX] {
            assert_eq!(
                Digits::signed(number).as_bytes(),
                number.to_string().as_bytes()
            );
        }
        assert_eq!(Digits::octal(0o1777).as_bytes(), b"1777");
        assert_eq!(Digits::key(0xffff_fffe).as_bytes(), b"0xfffffffe");
        assert_eq!(Digits::key(0x1234).as_bytes(), b"0x00001234");
    }

    #[test]
    fn fields_are_padded_and_never_cut() {
        let mut line = Vec::new();
        left(&mut line, b"ab", 4);
        right(&mut line, b"1", 3);
        left(&mut line, b"toolong", 2);
        assert_eq!(line, b"ab    1toolong");
    }
}
