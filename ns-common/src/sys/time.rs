//! Broken-down time of the local zone: localtime(3).
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

/// A time in the local zone, split into its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    /// Days since Sunday.
    pub weekday: usize,
    /// Months since January.
    pub month: usize,
    /// Day of the month, from 1.
    pub day: u8,
    /// Hours since midnight.
    pub hour: u8,
    /// Minutes after the hour.
    pub minute: u8,
    /// Seconds after the minute.
    pub second: u8,
    /// The year of the common era.
    pub year: i64,
    /// The offset from UTC in seconds, positive to the east.
    pub offset: i64,
}

#[cfg(any(
    target_pointer_width = "64",
    target_arch = "x86_64",
    target_arch = "riscv32"
))]
use libc::localtime_r as localtime;

// The function with a 64-bit time_t, which other 32-bit systems have under a name of its own.
#[cfg(not(any(
    target_pointer_width = "64",
    target_arch = "x86_64",
    target_arch = "riscv32"
)))]
unsafe extern "C" {
    #[link_name = "__localtime64_r"]
    fn localtime(seconds: *const i64, broken_down: *mut libc::tm) -> *mut libc::tm;
}

/// The local time `seconds` after the epoch; `None` if its year does not fit the C type.
pub fn local(seconds: i64) -> Option<LocalTime> {
    let mut broken_down = MaybeUninit::<libc::tm>::uninit();
    // SAFETY: both pointers are valid, and no other thread changes the time zone.
    let result = unsafe { localtime(&raw const seconds, broken_down.as_mut_ptr()) };
    if result.is_null() {
        return None;
    }
    // SAFETY: localtime_r succeeded and filled the structure in.
    let tm = unsafe { broken_down.assume_init() };
    Some(LocalTime {
        weekday: usize::try_from(tm.tm_wday).ok()?,
        month: usize::try_from(tm.tm_mon).ok()?,
        day: u8::try_from(tm.tm_mday).ok()?,
        hour: u8::try_from(tm.tm_hour).ok()?,
        minute: u8::try_from(tm.tm_min).ok()?,
        second: u8::try_from(tm.tm_sec).ok()?,
        year: i64::from(tm.tm_year) + 1900,
        #[allow(clippy::useless_conversion, reason = "it has 32 bits elsewhere")]
        offset: i64::from(tm.tm_gmtoff),
    })
}
