//! Sizes with a unit letter and times of the local zone, in the shapes `ipcs` prints.

use crate::output::columns::Digits;
use crate::sys::locale;
use crate::sys::time::{self, LocalTime};

/// A size in bytes with the largest unit not above it and at most one decimal: `0B`, `1.5K`, `1024K`, `16E`.
/// The decimal point is that of the locale.
///
/// The decimal is rounded from thousandths that were rounded down, and a size just below a unit is
/// not promoted to it: 1048575 bytes are `1024K`.
pub fn human_size(bytes: u64) -> Vec<u8> {
    let exponent = bytes.checked_ilog2().unwrap_or(0) / 10;
    let unit = 1_u64 << (10 * exponent);
    let (mut whole, rest) = (bytes / unit, bytes % unit);
    let thousandths = rest.checked_mul(1000).map_or_else(
        || rest / 1024 * 1000 / (unit / 1024),
        |scaled| scaled / unit,
    );
    let mut tenths = (thousandths + 50) / 100;
    if tenths == 10 {
        whole += 1;
        tenths = 0;
    }
    let mut text = Digits::decimal(whole).as_bytes().to_vec();
    if tenths != 0 {
        text.extend_from_slice(&locale::decimal_point());
        text.extend_from_slice(Digits::decimal(tenths).as_bytes());
    }
    text.push(b"BKMGTPE"[exponent as usize]);
    text
}

/// How much of a time is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeShape {
    /// `Nov  4 03:02:01`
    MonthToSecond,
    /// `Wed Nov  4 03:02:01 2026`
    Full,
}

/// A stamp in seconds since the epoch, in the local time zone; 0 means that it was never set.
pub fn time(seconds: i64, shape: TimeShape) -> Vec<u8> {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    if seconds == 0 {
        return b"Not set".to_vec();
    }
    let Some(LocalTime {
        weekday,
        month,
        day,
        hour,
        minute,
        second,
        year,
    }) = time::local(seconds)
    else {
        return Digits::signed(seconds).as_bytes().to_vec();
    };
    let month = MONTHS.get(month).unwrap_or(&"???");
    let short = format!("{month} {day:2} {hour:02}:{minute:02}:{second:02}");
    match shape {
        TimeShape::MonthToSecond => short,
        TimeShape::Full => format!("{} {short} {year}", DAYS.get(weekday).unwrap_or(&"???")),
    }
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_round_as_specified() {
        let cases: [(u64, &str); 14] = [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1K"),
            (1075, "1K"),
            (1076, "1.1K"),
            (1536, "1.5K"),
            (10189, "10K"),
            (1_048_524, "1023.9K"),
            (1_048_525, "1024K"),
            (1_048_575, "1024K"),
            (1_048_576, "1M"),
            (1_099_511_627_775, "1024G"),
            (i64::MAX.unsigned_abs(), "8E"),
            (u64::MAX, "16E"),
        ];
        for (bytes, text) in cases {
            assert_eq!(
                String::from_utf8(human_size(bytes)).unwrap(),
                text,
                "{bytes}"
            );
        }
    }

    #[test]
    fn zero_is_not_a_time() {
        assert_eq!(time(0, TimeShape::Full), b"Not set");
    }
}
