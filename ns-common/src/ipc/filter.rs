//! Selecting objects by owner and by how long they have been unused.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::accounts;
use crate::error::{Error, Visible};
use crate::ipc::system_v::{Queue, Segment, SemaphoreSet};
use crate::number::{self, Radix};
use crate::words;

/// The conditions for an object; all that are set must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filter {
    /// The uid of its owner.
    pub owner: Option<u32>,
    /// The least number of seconds since it was last used or changed.
    pub older_than: Option<u64>,
}

impl Filter {
    /// Whether an object owned by `uid` and last used or changed at `latest` meets the conditions
    /// at the time `now`. Times are in seconds since the epoch.
    pub fn keeps(&self, uid: u32, latest: i64, now: i64) -> bool {
        // A time in the future, from a clock that has been set back since, counts as now.
        let age = now.saturating_sub(latest).max(0).unsigned_abs();
        self.owner.is_none_or(|owner| owner == uid)
            && self.older_than.is_none_or(|seconds| age >= seconds)
    }
}

/// Parses a user, given by name or, if there is no such name, by uid.
pub fn owner(text: &OsStr) -> Result<u32, Error> {
    accounts::user_id(text)
        .or_else(|| number::parse(text, Radix::Decimal, 0..=u32::MAX - 1).ok())
        .ok_or_else(|| Error::new(words!["unknown user: ", Visible(text)]))
}

/// Parses a duration into seconds: digits, optionally followed by one letter for the unit.
pub fn duration(text: &OsStr) -> Result<u64, Error> {
    seconds(text.as_bytes()).ok_or_else(|| Error::new(words!["invalid duration: ", Visible(text)]))
}

fn seconds(text: &[u8]) -> Option<u64> {
    let (unit, digits): (u64, _) = match text {
        [digits @ .., b's'] => (1, digits),
        [digits @ .., b'm'] => (60, digits),
        [digits @ .., b'h'] => (60 * 60, digits),
        [digits @ .., b'd'] => (24 * 60 * 60, digits),
        [digits @ .., b'w'] => (7 * 24 * 60 * 60, digits),
        digits => (1, digits),
    };
    if digits.is_empty() {
        return None;
    }
    digits
        .iter()
        .try_fold(0_u64, |sum, byte| {
            let digit = char::from(*byte).to_digit(10)?;
            sum.checked_mul(10)?.checked_add(digit.into())
        })?
        .checked_mul(unit)
}

impl Queue {
    /// When it was last used or changed, in seconds since the epoch.
    pub fn latest(&self) -> i64 {
        self.sent.max(self.received).max(self.changed)
    }
}

impl Segment {
    /// When it was last used or changed, in seconds since the epoch.
    pub fn latest(&self) -> i64 {
        self.attach_time.max(self.detach_time).max(self.changed)
    }
}

impl SemaphoreSet {
    /// When it was last used or changed, in seconds since the epoch.
    pub fn latest(&self) -> i64 {
        self.operated.max(self.changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_one_unit_or_none() {
        let read = |text| duration(OsStr::new(text)).ok();
        for (text, seconds) in [
            ("90", 90),
            ("90s", 90),
            ("15m", 900),
            ("2h", 7200),
            ("3d", 259_200),
            ("01w", 604_800),
            ("0", 0),
        ] {
            assert_eq!(read(text), Some(seconds), "{text}");
        }
        for text in [
            "",
            "s",
            "1y",
            "1h30m",
            "-1",
            "+1",
            " 1",
            "1 h",
            "1.5h",
            "1H",
            "0x1",
            "18446744073709551616",
            "18446744073709551615w",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("18446744073709551615"), Some(u64::MAX));
    }

    #[test]
    fn numbers_of_users_end_before_the_one_that_means_none() {
        let read = |text| owner(OsStr::new(text)).ok();
        assert_eq!(read("root"), Some(0));
        assert_eq!(read("4294967294"), Some(4_294_967_294));
        for text in ["4294967295", "4294967296", "-1", "0x", "", "no such user"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn ages_are_counted_from_the_latest_time() {
        let old = Filter {
            older_than: Some(60),
            ..Filter::default()
        };
        assert!(old.keeps(5, 40, 100) && !old.keeps(5, 41, 100) && !old.keeps(5, 500, 100));
        assert!(old.keeps(5, i64::MIN, i64::MAX));
        let of_5 = Filter {
            owner: Some(5),
            older_than: Some(0),
        };
        assert!(of_5.keeps(5, 500, 100) && !of_5.keeps(6, 500, 100));
        assert!(Filter::default().keeps(5, 500, 100));
        let queue = Queue {
            sent: 3,
            received: 9,
            changed: 4,
            ..Queue::default()
        };
        assert_eq!(queue.latest(), 9);
    }
}
