//! Parsing numbers as the C library's strtol(3) family does.

pub mod size;

use std::ffi::OsStr;
use std::ops::RangeInclusive;
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;

use crate::error::{Error, Message};
use crate::words;

/// Why a text is not a valid number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberError {
    /// Not a number, or a number followed by something else.
    Syntax,
    /// A number out of range.
    Range,
}

impl NumberError {
    /// The error `WHAT: 'TEXT'`, with the errno only if the number is out of range: the form in
    /// which most options report a bad number.
    pub fn into_error(self, what: &str, text: &OsStr) -> Error {
        let message = quoted(what, text);
        match self {
            Self::Syntax => Error::new(message),
            Self::Range => Error::caused_by(message, Errno::ERANGE),
        }
    }

    /// The corresponding errno.
    pub fn errno(self) -> Errno {
        match self {
            Self::Syntax => Errno::EINVAL,
            Self::Range => Errno::ERANGE,
        }
    }
}

/// `WHAT: 'TEXT'`
pub fn quoted(what: &str, text: &OsStr) -> Message {
    words![what, ": '", text, "'"]
}

/// The base of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Radix {
    /// Base eight.
    Octal,
    /// Base ten; leading zeros do not count.
    Decimal,
    /// Base sixteen after `0x`, eight after `0`, else ten.
    ByPrefix,
}

/// Parses a uid or gid. The highest 32-bit number, which means "no id" to the kernel, is accepted.
pub fn id(text: &OsStr) -> Result<u32, NumberError> {
    parse(text, Radix::Decimal, 0..=u32::MAX)
}

/// Parses a whole text as a number. White space and a sign may precede it, nothing may follow it.
///
/// A number outside `range` is a range error whatever follows it; otherwise text after the number
/// is a syntax error.
pub fn parse<T>(text: &OsStr, radix: Radix, range: RangeInclusive<T>) -> Result<T, NumberError>
where
    T: Copy + PartialOrd + TryFrom<i128>,
{
    let (number, rest) = leading(text.as_bytes(), radix).ok_or(NumberError::Syntax)?;
    let number = number
        .and_then(|number| T::try_from(number).ok())
        .filter(|number| range.contains(number))
        .ok_or(NumberError::Range)?;
    if rest.is_empty() {
        Ok(number)
    } else {
        Err(NumberError::Syntax)
    }
}

/// Parses a whole text as a decimal 32-bit number, as the older options of the reference do: text
/// after the number is reported first, unless the number exceeds 64 bits.
pub fn int(text: &OsStr) -> Result<i32, NumberError> {
    let number = parse(text, Radix::Decimal, i64::MIN..=i64::MAX)?;
    i32::try_from(number).map_err(|_| NumberError::Range)
}

/// Parses a System V key: 32 bits, signed or unsigned, in the base given by its prefix.
pub fn key(text: &OsStr) -> Result<i32, NumberError> {
    let number: i128 = match leading(text.as_bytes(), Radix::ByPrefix) {
        None => return Err(NumberError::Syntax),
        Some((None, _)) => return Err(NumberError::Range),
        Some((Some(number), b"")) => number,
        Some((Some(_), _)) => return Err(NumberError::Syntax),
    };
    i32::try_from(number)
        .or_else(|_| u32::try_from(number).map(|number| i32::from_ne_bytes(number.to_ne_bytes())))
        .map_err(|_| NumberError::Range)
}

/// Splits the number at the start of `text` from what follows; the number is `None` if it exceeds
/// 64 bits. Returns `None` if there is no number.
pub fn leading(text: &[u8], radix: Radix) -> Option<(Option<i128>, &[u8])> {
    let blanks = text.iter().take_while(|byte| is_space(**byte)).count();
    let text = &text[blanks..];
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let (base, text) = match (radix, text) {
        (Radix::ByPrefix, [b'0', b'x' | b'X', digit, ..]) if digit.is_ascii_hexdigit() => {
            (16, &text[2..])
        }
        (Radix::ByPrefix, [b'0', ..]) | (Radix::Octal, _) => (8, text),
        _ => (10, text),
    };
    let digits = text
        .iter()
        .take_while(|byte| char::from(**byte).is_digit(base))
        .count();
    if digits == 0 {
        return None;
    }
    let magnitude = text[..digits].iter().try_fold(0_i128, |sum, byte| {
        let digit = char::from(*byte).to_digit(base)?;
        let sum = sum * i128::from(base) + i128::from(digit);
        (sum <= i128::from(u64::MAX)).then_some(sum)
    });
    Some((
        magnitude.map(|number| if negative { -number } else { number }),
        &text[digits..],
    ))
}

/// Whether a byte is white space in the C locale: isspace(3).
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(text: &str) -> Result<i64, NumberError> {
        parse(OsStr::new(text), Radix::Decimal, i64::MIN..=i64::MAX)
    }

    fn unsigned(text: &str) -> Result<u64, NumberError> {
        parse(OsStr::new(text), Radix::Decimal, 0..=u64::MAX)
    }

    #[test]
    fn blanks_signs_and_zeros_may_lead() {
        for (text, number) in [("5", 5), (" \t+5", 5), ("010", 10), ("-7", -7)] {
            assert_eq!(signed(text), Ok(number));
        }
        for text in ["", " ", "+", "0x10", "5x", "5 ", "- 5", "1.5"] {
            assert_eq!(signed(text), Err(NumberError::Syntax), "{text}");
        }
    }

    #[test]
    fn range_wins_over_what_follows() {
        assert_eq!(
            parse(OsStr::new("2147483648"), Radix::Decimal, 0..=i32::MAX),
            Err(NumberError::Range)
        );
        assert_eq!(
            parse(OsStr::new("0x1"), Radix::Decimal, 1..=i32::MAX),
            Err(NumberError::Range)
        );
        for text in ["4294967296", "4294967296x", "-1", "-1x", &"9".repeat(500)] {
            assert_eq!(id(OsStr::new(text)), Err(NumberError::Range), "{text}");
        }
        assert_eq!(id(OsStr::new("4294967295x")), Err(NumberError::Syntax));
        assert_eq!(unsigned("18446744073709551616x"), Err(NumberError::Range));
        assert_eq!(signed("9223372036854775808x"), Err(NumberError::Range));
        assert_eq!(unsigned("-1"), Err(NumberError::Range));
    }

    #[test]
    fn range_of_an_int_wins_over_what_follows_only_beyond_64_bits() {
        let int = |text| int(OsStr::new(text));
        assert_eq!(int("-2147483648"), Ok(i32::MIN));
        assert_eq!(int("2147483648"), Err(NumberError::Range));
        assert_eq!(int("2147483648x"), Err(NumberError::Syntax));
        assert_eq!(int("9223372036854775808x"), Err(NumberError::Range));
    }

    #[test]
    fn one_key_has_several_spellings() {
        let key = |text| key(OsStr::new(text));
        for text in ["-5", "0xfffffffb", "4294967291", "037777777773"] {
            assert_eq!(key(text), Ok(-5), "{text}");
        }
        for text in ["abc", "08", "0x", "", "8x", "4294967296x"] {
            assert_eq!(key(text), Err(NumberError::Syntax), "{text}");
        }
        for text in ["4294967296", "-2147483649", "18446744073709551616x"] {
            assert_eq!(key(text), Err(NumberError::Range), "{text}");
        }
    }

    #[test]
    fn prefix_tells_the_base() {
        let read = |text| parse(OsStr::new(text), Radix::ByPrefix, 0..=u64::MAX);
        assert_eq!(read("0x1F"), Ok(31));
        assert_eq!(read("017"), Ok(15));
        assert_eq!(read("17"), Ok(17));
        assert_eq!(read("08"), Err(NumberError::Syntax));
        assert_eq!(read("0x"), Err(NumberError::Syntax));
        assert_eq!(
            parse(OsStr::new("777"), Radix::Octal, 0..=u32::MAX),
            Ok(0o777)
        );
        assert_eq!(
            parse(OsStr::new("8"), Radix::Octal, 0..=u32::MAX),
            Err(NumberError::Syntax)
        );
    }
}
