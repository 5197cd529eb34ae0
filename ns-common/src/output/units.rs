//! Sizes with a unit letter and local times, in the formats that `ipcs` prints.

use crate::output::digits::{append_decimal, append_signed};
use crate::sys::locale;
use crate::sys::time::{self, LocalTime};

/// Appends a size in bytes in the largest unit that does not exceed it, with at most one decimal:
/// `0B`, `1.5K`, `1024K`, `16E`. The decimal point is the locale's.
///
/// As in the reference, the decimal is rounded from thousandths that were rounded down, and a size
/// just below the next unit keeps its unit: 1048575 bytes are `1024K`.
pub fn append_human_size(bytes: u64, to: &mut Vec<u8>) {
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
    append_decimal(whole, to);
    if tenths != 0 {
        to.extend_from_slice(&locale::decimal_point());
        append_decimal(tenths, to);
    }
    to.push(b"BKMGTPE"[exponent as usize]);
}

/// The format of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeShape {
    /// `Nov  4 03:02:01`
    MonthToSecond,
    /// `Wed Nov  4 03:02:01 2026`
    Full,
    /// `2026-11-04T03:02:01+00:00`
    Iso,
    /// Seconds since the epoch.
    Epoch,
}

/// Converts times to the local zone. It keeps the last result, because objects are often created in
/// the same second.
#[derive(Debug, Default)]
pub struct Clock {
    last: Option<(i64, LocalTime)>,
}

impl Clock {
    /// Appends a time given in seconds since the epoch; 0 means that it was never set.
    #[inline]
    pub fn append(&mut self, seconds: i64, shape: TimeShape, to: &mut Vec<u8>) {
        if seconds == 0 {
            return to.extend_from_slice(b"Not set");
        }
        let local = match shape {
            TimeShape::Epoch => None,
            _ => self.local(seconds),
        };
        match (local, shape) {
            // The year may be too large for the C library.
            (None, _) => append_signed(seconds, to),
            (Some(at), TimeShape::Iso) => append_iso(&at, to),
            (Some(at), TimeShape::MonthToSecond | TimeShape::Epoch) => append_short(&at, to),
            (Some(at), TimeShape::Full) => {
                to.extend_from_slice(name(DAYS, at.weekday));
                to.push(b' ');
                append_short(&at, to);
                to.push(b' ');
                append_signed(at.year, to);
            }
        }
    }

    #[inline]
    fn local(&mut self, seconds: i64) -> Option<LocalTime> {
        match self.last {
            Some((last, at)) if last == seconds => Some(at),
            _ => {
                let at = time::local(seconds)?;
                self.last = Some((seconds, at));
                Some(at)
            }
        }
    }
}

#[inline]
fn append_short(at: &LocalTime, to: &mut Vec<u8>) {
    to.extend_from_slice(name(MONTHS, at.month));
    let day = match two_digits(at.day) {
        [b'0', digit] => [b' ', digit],
        day => day,
    };
    to.extend_from_slice(&[b' ', day[0], day[1], b' ']);
    append_clock(at, to);
}

#[inline]
fn append_iso(at: &LocalTime, to: &mut Vec<u8>) {
    match (u8::try_from(at.year / 100), at.year) {
        (Ok(century), year @ 0..=9999) => {
            to.extend_from_slice(&two_digits(century));
            to.extend_from_slice(&two_digits(u8::try_from(year % 100).unwrap_or(0)));
        }
        (_, year) => append_signed(year, to),
    }
    let month = two_digits(u8::try_from(at.month + 1).unwrap_or(0));
    let day = two_digits(at.day);
    to.extend_from_slice(&[b'-', month[0], month[1], b'-', day[0], day[1], b'T']);
    append_clock(at, to);
    to.push(if at.offset < 0 { b'-' } else { b'+' });
    let minutes = at.offset.unsigned_abs() / 60;
    let part = |number: u64| two_digits(u8::try_from(number).unwrap_or(0));
    let (hours, minutes) = (part(minutes / 60), part(minutes % 60));
    to.extend_from_slice(&[hours[0], hours[1], b':', minutes[0], minutes[1]]);
}

#[inline]
fn append_clock(at: &LocalTime, to: &mut Vec<u8>) {
    let [hour, minute, second] = [at.hour, at.minute, at.second].map(two_digits);
    to.extend_from_slice(&[
        hour[0], hour[1], b':', minute[0], minute[1], b':', second[0], second[1],
    ]);
}

const DAYS: &[u8] = b"SunMonTueWedThuFriSat";
const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";

/// The three-letter name at this position in `names`.
#[inline]
fn name(names: &'static [u8], number: usize) -> &'static [u8] {
    names.chunks(3).nth(number).unwrap_or(b"???")
}

/// The last two digits of a number.
#[inline]
fn two_digits(number: u8) -> [u8; 2] {
    [b'0' + number / 10 % 10, b'0' + number % 10]
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
            let mut size = Vec::new();
            append_human_size(bytes, &mut size);
            assert_eq!(String::from_utf8(size).unwrap(), text, "{bytes}");
        }
    }

    fn shown(clock: &mut Clock, seconds: i64, shape: TimeShape) -> String {
        let mut text = Vec::new();
        clock.append(seconds, shape, &mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn zero_is_not_a_time() {
        assert_eq!(shown(&mut Clock::default(), 0, TimeShape::Full), "Not set");
    }

    #[test]
    fn last_result_is_not_reused_for_another_time() {
        let mut clock = Clock::default();
        let first = shown(&mut clock, 1_700_000_000, TimeShape::Full);
        let later = shown(&mut clock, 1_700_000_001, TimeShape::Full);
        assert_ne!(first, later);
        assert_eq!(shown(&mut clock, 1_700_000_000, TimeShape::Full), first);
        let short = shown(&mut clock, 1_700_000_000, TimeShape::MonthToSecond);
        assert_eq!(first.get(4..19), Some(short.as_str()));
    }

    #[test]
    fn iso_and_epoch_name_the_same_moment() {
        let mut clock = Clock::default();
        assert_eq!(
            shown(&mut clock, 951_825_600, TimeShape::Epoch),
            "951825600"
        );
        let iso = shown(&mut clock, 951_825_600, TimeShape::Iso);
        assert!(
            iso.starts_with("2000-02-29T12:00:00") && iso.len() == 25 || !iso.ends_with("+00:00"),
            "{iso}"
        );
    }

    #[test]
    fn year_beyond_the_calendar_is_shown_in_seconds() {
        let mut clock = Clock::default();
        assert_eq!(
            shown(&mut clock, i64::MAX, TimeShape::MonthToSecond),
            i64::MAX.to_string()
        );
    }
}
