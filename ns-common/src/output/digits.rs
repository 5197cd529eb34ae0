//! Numbers as text, without an allocation.
//!
//! Code that runs for each row of a long list is marked inline here, in `columns` and in
//! `sys::ipc`. It is then optimised for speed with its caller, rather than for size with the rest
//! of this crate.

/// The number of bytes that are appended at once: a copy of constant length takes two instructions
/// instead of a call. Large enough for all digits of a number.
pub(super) const CHUNK: usize = 32;

/// Appends `number` in base ten.
#[inline(always)]
pub fn append_decimal(number: u64, to: &mut Vec<u8>) {
    match u8::try_from(number) {
        // Most numbers in a list have one digit.
        Ok(digit @ ..=9) => to.push(b'0' + digit),
        _ => append_digits(number, to),
    }
}

#[inline]
fn append_digits(mut number: u64, to: &mut Vec<u8>) {
    let count = number.checked_ilog10().unwrap_or(0) as usize + 1;
    let start = to.len();
    to.extend_from_slice(&[b'0'; CHUNK]);
    to.truncate(start + count);
    for digit in to[start..].iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).expect("a digit is below the base");
        number /= 10;
    }
}

/// Appends `number` in base ten, with a sign if negative.
#[inline]
pub fn append_signed(number: i64, to: &mut Vec<u8>) {
    if number < 0 {
        to.push(b'-');
    }
    append_decimal(number.unsigned_abs(), to);
}

/// Appends `number` in base eight, with at least `least` digits.
#[inline]
pub fn append_octal(number: u32, least: u32, to: &mut Vec<u8>) {
    let count = number.checked_ilog2().unwrap_or(0) / 3 + 1;
    for place in (0..count.max(least)).rev() {
        let digit = number.checked_shr(3 * place).unwrap_or(0) & 0o7;
        to.push(b'0' + digit.to_le_bytes()[0]);
    }
}

/// Appends `0x` and the eight hexadecimal digits of `number`.
#[inline]
pub fn append_key(number: u32, to: &mut Vec<u8>) {
    let mut text = *b"0x00000000";
    for (pair, byte) in text[2..].chunks_exact_mut(2).zip(number.to_be_bytes()) {
        pair.copy_from_slice(&PAIRS[usize::from(byte)]);
    }
    to.extend_from_slice(&text);
}

/// The two hexadecimal digits of every byte value.
static PAIRS: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < pairs.len() {
        pairs[byte] = [digits[byte >> 4], digits[byte & 0xf]];
        byte += 1;
    }
    pairs
};

#[cfg(test)]
mod tests {
    use super::*;

    fn text(append: impl Fn(&mut Vec<u8>)) -> String {
        let mut to = b"x".to_vec();
        append(&mut to);
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn digits_are_those_of_the_number() {
        for number in [0, 7, 9, 10, 99, 100, 4_294_967_295, u64::MAX] {
            let shown = text(|to| append_decimal(number, to));
            assert_eq!(shown, format!("x{number}"));
        }
        for number in [0, -1, -10, i64::MIN, i64::MAX] {
            let shown = text(|to| append_signed(number, to));
            assert_eq!(shown, format!("x{number}"));
        }
        for number in [0, 7, 8, 0o17, 0o777, 0o1777, u32::MAX] {
            let shown = text(|to| append_octal(number, 1, to));
            assert_eq!(shown, format!("x{number:o}"));
            let shown = text(|to| append_octal(number, 4, to));
            assert_eq!(shown, format!("x{number:04o}"));
        }
        for number in [0, 0x1234, 0xffff_fffe, 0x89ab_cdef] {
            let shown = text(|to| append_key(number, to));
            assert_eq!(shown, format!("x{number:#010x}"));
        }
    }
}
