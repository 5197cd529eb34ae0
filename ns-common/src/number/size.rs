//! Parsing sizes with suffixes: `4096`, `0x1000`, `4K`, `4KiB`, `4KB`, `1.5M`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::{NumberError, Radix, is_space, leading};
use crate::sys::locale;

/// Parses a size in bytes: blanks, `+`, an integer (hexadecimal after `0x`, octal after `0`), and
/// optionally a suffix, before which there may be a fraction after the locale's decimal point.
///
/// A letter alone, or with `iB`, is a power of 1024; with `B`, of 1000. Fractions of a byte are
/// dropped. An integer beyond 64 bits is a range error whatever follows it.
pub fn parse(text: &OsStr) -> Result<u64, NumberError> {
    let text = text.as_bytes();
    let sign = text.iter().find(|byte| !is_space(**byte));
    if sign == Some(&b'-') {
        return Err(NumberError::Syntax);
    }
    let (integer, rest) = leading(text, Radix::ByPrefix).ok_or(NumberError::Syntax)?;
    let integer = integer
        .and_then(|integer| u64::try_from(integer).ok())
        .ok_or(NumberError::Range)?;
    let (fraction, suffix) = split_fraction(rest);
    if suffix.is_empty() {
        return if fraction.is_none() {
            Ok(integer)
        } else {
            Err(NumberError::Syntax)
        };
    }
    let unit = unit(suffix).ok_or(NumberError::Syntax)?;
    let whole = u128::from(integer)
        .checked_mul(unit)
        .ok_or(NumberError::Range)?;
    let bytes = whole
        .checked_add(part_of(unit, fraction.unwrap_or_default()))
        .ok_or(NumberError::Range)?;
    u64::try_from(bytes).map_err(|_| NumberError::Range)
}

/// Splits the digits after a decimal point from the suffix, which begins with a letter.
fn split_fraction(text: &[u8]) -> (Option<&[u8]>, &[u8]) {
    if text.first().is_none_or(u8::is_ascii_alphabetic) {
        return (None, text);
    }
    let Some(rest) = text.strip_prefix(locale::decimal_point().as_slice()) else {
        return (None, text);
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (Some(&rest[..digits]), &rest[digits..])
}

/// The number of bytes that a suffix stands for.
fn unit(suffix: &[u8]) -> Option<u128> {
    let (letter, rest) = suffix.split_first()?;
    let power = b"KMGTPEZY"
        .iter()
        .position(|known| *known == letter.to_ascii_uppercase())?
        + 1;
    let base: u128 = match rest {
        b"" | b"iB" | b"ib" => 1024,
        b"B" | b"b" => 1000,
        _ => return None,
    };
    base.checked_pow(u32::try_from(power).ok()?)
}

/// `unit` times the fraction with these digits, rounded down.
///
/// Going backwards from the last digit, dropping the remainder of each division by ten gives the
/// same result as dropping it once at the end.
fn part_of(unit: u128, digits: &[u8]) -> u128 {
    digits.iter().rev().fold(0, |below, digit| {
        (u128::from(digit - b'0') * unit + below) / 10
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<u64, NumberError> {
        parse(OsStr::new(text))
    }

    #[test]
    fn suffixes_are_powers_of_1024_or_1000() {
        let cases = [
            ("1", 1),
            ("+5", 5),
            (" 5", 5),
            ("010", 8),
            ("0x10", 16),
            ("1k", 1024),
            ("1KB", 1000),
            ("1kb", 1000),
            ("1KiB", 1024),
            ("1kib", 1024),
            ("2MB", 2_000_000),
            ("0x1K", 1024),
            ("15E", 15 << 60),
            ("0Y", 0),
        ];
        for (text, bytes) in cases {
            assert_eq!(read(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn fractions_are_exact() {
        let cases = [
            ("1.K", 1024),
            ("1.5K", 1536),
            ("0.5KiB", 512),
            ("1.10K", 1126),
            ("1.3K", 1331),
            ("1.4K", 1433),
            ("1.6K", 1638),
            ("1.8K", 1843),
            ("1.25K", 1280),
            ("1.75K", 1792),
            ("1.25MiB", 1_310_720),
            ("0.0001K", 0),
            ("1.00000000000000000000001K", 1024),
            ("0.99999999999999999999999999K", 1023),
        ];
        for (text, bytes) in cases {
            assert_eq!(read(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "abc",
            "5x",
            "5 ",
            "08",
            "-1",
            "1KIB",
            "1kIb",
            "1B",
            "1X",
            "1KX",
            "1iB",
            "1.5",
            "1.",
            "1.0",
            ".5K",
            "1,5K",
            "1e3",
            "1.5B",
            "1..5K",
            "1 K",
            "-18446744073709551616",
        ] {
            assert_eq!(read(text), Err(NumberError::Syntax), "{text}");
        }
        for text in [
            "18446744073709551616",
            "18446744073709551616x",
            "16E",
            "1Z",
            "1Y",
            "0.5Z",
            "15.9999999999999999999999EB0",
        ] {
            let expected = if text.ends_with('0') {
                NumberError::Syntax
            } else {
                NumberError::Range
            };
            assert_eq!(read(text), Err(expected), "{text}");
        }
    }
}
