//! Numbers, sizes, modes, keys and durations.

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;

use ns_common::ipc::filter;
use ns_common::number::{self, NumberError, Radix, size};
use ns_tests::c_library::{Scanned, signed, unsigned};
use ns_tests::fuzz::{self, Input, Verdict};
use proptest::prelude::*;

/// Texts that are numbers, or nearly.
fn text() -> impl Strategy<Value = Input> {
    let number = "[ \\t\\n\\x0b\\x0c\\r]{0,2}[+-]{0,2}(0x|0X|0)?[0-9a-fA-F]{0,22}[ xKMGbi.8]{0,2}";
    let edge = prop_oneof![
        Just("18446744073709551615"),
        Just("18446744073709551616"),
        Just("9223372036854775807"),
        Just("9223372036854775808"),
        Just("4294967295"),
        Just("4294967296"),
        Just("2147483648"),
        Just("0xffffffffffffffff"),
        Just("01777777777777777777777"),
        Just("07777"),
        Just("010000"),
    ];
    let edge = ("[ ]?[+-]?", edge, "[x ]?")
        .prop_map(|(before, edge, after)| format!("{before}{edge}{after}"));
    prop_oneof![
        6 => number.prop_map(String::into_bytes),
        2 => edge.prop_map(String::into_bytes),
        1 => proptest::collection::vec(1_u8.., 0..8),
    ]
    .prop_map(|text| vec![text])
}

/// What a text is to a reader of the C library that must read it whole.
fn whole<T: Copy>(scanned: Scanned<T>, length: usize) -> Result<T, NumberError> {
    if scanned.length == 0 {
        Err(NumberError::Syntax)
    } else if scanned.out_of_range {
        Err(NumberError::Range)
    } else if scanned.length < length {
        Err(NumberError::Syntax)
    } else {
        Ok(scanned.number)
    }
}

/// The same where a minus sign is no way to write a large number.
fn without_wrapping(text: &CString, base: i32, largest: u64) -> Result<u64, NumberError> {
    let scanned = unsigned(text, base);
    let number = &text.as_bytes()[..scanned.length];
    let is_negative = number.contains(&b'-') && scanned.number != 0;
    let is_too_large = scanned.number > largest;
    let out_of_range = scanned.out_of_range || is_negative || is_too_large;
    whole(
        Scanned {
            out_of_range,
            ..scanned
        },
        text.as_bytes().len(),
    )
}

fn check(input: &Input) -> Verdict {
    let [bytes] = input.as_slice() else {
        return Ok(());
    };
    let text = OsStr::from_bytes(bytes);
    let c = CString::new(bytes.as_slice()).unwrap();
    let decimal = whole(signed(&c, 10), bytes.len());
    prop_assert_eq!(
        number::parse(text, Radix::Decimal, i64::MIN..=i64::MAX),
        decimal,
        "decimal"
    );
    for (radix, base) in [
        (Radix::Octal, 8),
        (Radix::Decimal, 10),
        (Radix::ByPrefix, 0),
    ] {
        for largest in [u64::MAX, u64::from(u32::MAX), 0o7777] {
            let expected = without_wrapping(&c, base, largest);
            prop_assert_eq!(
                number::parse(text, radix, 0..=largest),
                expected,
                "base {}",
                base
            );
        }
    }
    let id = without_wrapping(&c, 10, u32::MAX.into()).map(|id| u32::try_from(id).unwrap());
    prop_assert_eq!(number::id(text), id, "id");
    let int = decimal.and_then(|number| i32::try_from(number).map_err(|_| NumberError::Range));
    prop_assert_eq!(number::int(text), int, "int");
    prop_assert_eq!(number::key(text), key(&c), "key");
    // What is accepted is digits and a unit, and nothing else.
    if let Ok(seconds) = filter::duration(text) {
        let digits = text
            .to_str()
            .unwrap()
            .trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        prop_assert!(seconds >= digits.parse::<u64>().unwrap());
    }
    Ok(())
}

/// Any spelling of 32 bits: from -2^31, which is that of a signed key, up to 2^32 - 1.
fn key(text: &CString) -> Result<i32, NumberError> {
    let scanned = unsigned(text, 0);
    if scanned.length > 0 && scanned.out_of_range {
        return Err(NumberError::Range);
    }
    let number = whole(scanned, text.as_bytes().len())?;
    let number = if text.as_bytes()[..scanned.length].contains(&b'-') {
        -i128::from(number.wrapping_neg())
    } else {
        i128::from(number)
    };
    if !(-(1 << 31)..1 << 32).contains(&number) {
        return Err(NumberError::Range);
    }
    Ok(i32::from_ne_bytes(
        u32::try_from(number.rem_euclid(1 << 32))
            .unwrap()
            .to_ne_bytes(),
    ))
}

#[test]
fn numbers_are_read_as_the_c_library_reads_them() {
    fuzz::check("numbers", 20_000, text(), check);
}

/// Texts that are sizes, or nearly.
fn size_text() -> impl Strategy<Value = Input> {
    let plain = "[ +-]{0,2}(0x|0)?[0-9]{0,20}([.,][0-9]{0,25})?[KMGTPEZYkmgtpezyBx]{0,1}(iB|ib|IB|B|b|i)?[ x]{0,1}";
    prop_oneof![
        6 => plain.prop_map(String::into_bytes),
        1 => "[0-9]{1,4}[.][0-9]{0,30}[KMGTPE](iB|B)?".prop_map(String::into_bytes),
        1 => proptest::collection::vec(1_u8.., 0..8),
    ]
    .prop_map(|text| vec![text])
}

/// Digits of a number with as many digits as one likes, the lowest first.
#[derive(Clone)]
struct Digits(Vec<u8>);

impl Digits {
    fn new(text: &str) -> Self {
        Self(text.bytes().rev().map(|digit| digit - b'0').collect())
    }

    /// As learnt at school.
    fn times(&self, factor: u128) -> Self {
        let mut digits = Vec::new();
        let mut carry = 0_u128;
        for digit in &self.0 {
            let product = u128::from(*digit) * factor + carry;
            digits.push(u8::try_from(product % 10).unwrap());
            carry = product / 10;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 10).unwrap());
            carry /= 10;
        }
        Self(digits)
    }

    /// Without so many of the lowest digits, if what is left has 64 bits.
    fn without(&self, lowest: usize) -> Option<u64> {
        let left = self.0.get(lowest..).unwrap_or_default();
        let text: String = left
            .iter()
            .rev()
            .map(|digit| char::from(digit + b'0'))
            .collect();
        if text.is_empty() {
            Some(0)
        } else {
            text.parse().ok()
        }
    }
}

/// What the manual promises, in decimal arithmetic.
fn promised(text: &CString) -> Result<u64, NumberError> {
    let scanned = unsigned(text, 0);
    if text.as_bytes()[..scanned.length].contains(&b'-') || scanned.length == 0 {
        return Err(NumberError::Syntax);
    }
    if scanned.out_of_range {
        return Err(NumberError::Range);
    }
    let rest = &text.as_bytes()[scanned.length..];
    let rest = std::str::from_utf8(rest).map_err(|_| NumberError::Syntax)?;
    if rest.is_empty() {
        return Ok(scanned.number);
    }
    let suffix = rest.strip_prefix('.').map_or(rest, |rest| {
        rest.trim_start_matches(|digit: char| digit.is_ascii_digit())
    });
    let fraction = rest
        .strip_suffix(suffix)
        .unwrap_or_default()
        .trim_start_matches('.');
    let mut letters = suffix.chars();
    let letter = letters.next().ok_or(NumberError::Syntax)?;
    let power = "KMGTPEZY"
        .find(letter.to_ascii_uppercase())
        .ok_or(NumberError::Syntax)?
        + 1;
    let base: u128 = match letters.as_str() {
        "" | "iB" | "ib" => 1024,
        "B" | "b" => 1000,
        _ => return Err(NumberError::Syntax),
    };
    let unit = base.pow(u32::try_from(power).unwrap());
    let digits = Digits::new(&format!("{}{fraction}", scanned.number));
    digits
        .times(unit)
        .without(fraction.len())
        .ok_or(NumberError::Range)
}

fn check_size(input: &Input) -> Verdict {
    let [bytes] = input.as_slice() else {
        return Ok(());
    };
    let c = CString::new(bytes.as_slice()).unwrap();
    prop_assert_eq!(size::parse(OsStr::from_bytes(bytes)), promised(&c));
    Ok(())
}

#[test]
fn sizes_are_exact() {
    fuzz::check("sizes", 20_000, size_text(), check_size);
}
