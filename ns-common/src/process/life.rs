//! Whether a process that an IPC object remembers by PID still exists, and is still the same
//! process.

use std::time::{SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{Pid, SysconfVar, sysconf};

use crate::process::target::Target;
use crate::sys::signal;

/// A process that started this many seconds after the remembered one was last seen is another one.
/// The tolerance is needed because times of objects are whole seconds, and clocks are adjusted.
const GRACE: i128 = 2;
const NANOSECONDS: i128 = 1_000_000_000;

/// Converts the start times of processes, which count from boot, to the clock that the times of
/// objects come from.
#[derive(Debug, Clone, Copy)]
pub struct Births {
    /// The time when this was created, in nanoseconds since the epoch.
    now: i128,
    /// When the system was booted, in nanoseconds since the epoch.
    boot: i128,
    ticks_a_second: i128,
}

impl Births {
    /// Takes both clocks as they are now.
    pub fn by_clock() -> nix::Result<Self> {
        let up = clock_gettime(ClockId::CLOCK_BOOTTIME)?;
        let up = i128::from(up.tv_sec()) * NANOSECONDS + i128::from(up.tv_nsec());
        // This has 64 bits everywhere; the C library's time_t may have 32.
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| i128::try_from(now.as_nanos()).unwrap_or(i128::MAX));
        let ticks = sysconf(SysconfVar::CLK_TCK)?.ok_or(Errno::EINVAL)?;
        Ok(Self {
            now,
            boot: now - up,
            ticks_a_second: ticks.into(),
        })
    }

    /// The time when this was created, in seconds since the epoch.
    pub fn now(&self) -> i64 {
        i64::try_from(self.now / NANOSECONDS).unwrap_or(i64::MAX)
    }

    /// The process `pid`, which may be a zombie or a thread. `None` if there is none, or if it
    /// started after `latest`, the time in seconds since the epoch when the remembered one was last
    /// seen.
    ///
    /// If the start time cannot be read, it counts as the same process.
    pub fn still_there(&self, pid: Pid, latest: i64) -> nix::Result<Option<Target>> {
        match signal::send(pid, 0) {
            Ok(()) | Err(Errno::EPERM) => {}
            Err(Errno::ESRCH) => return Ok(None),
            Err(errno) => return Err(errno),
        }
        let process = Target::hold(pid);
        let birth = process.read("stat").ok().and_then(|text| birth(&text));
        let is_another = birth.is_some_and(|ticks| self.is_after(ticks, latest));
        Ok((!is_another).then_some(process))
    }

    fn is_after(&self, ticks: u64, latest: i64) -> bool {
        let seen = (i128::from(latest) + GRACE) * NANOSECONDS;
        // Neither processes nor objects outlive a boot. A time before the boot comes from a clock
        // that has been set since (machines without a battery start in 1970), and cannot be
        // compared.
        seen >= self.boot
            && self.boot + i128::from(ticks) * NANOSECONDS / self.ticks_a_second > seen
    }
}

/// The start time of a process in ticks since boot: field 22 of proc_pid_stat(5). The second field,
/// in parentheses, can contain anything.
fn birth(text: &[u8]) -> Option<u64> {
    let end = text.iter().rposition(|byte| *byte == b')')?;
    let fields = std::str::from_utf8(&text[end + 1..]).ok()?;
    fields.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOT: i64 = 1_000_000;

    fn is_after(ticks: u64, latest: i64) -> bool {
        let births = Births {
            now: 0,
            boot: i128::from(BOOT) * NANOSECONDS,
            ticks_a_second: 100,
        };
        births.is_after(ticks, latest)
    }

    #[test]
    fn two_seconds_decide() {
        assert!(!is_after(1000, BOOT + 10));
        assert!(!is_after(1200, BOOT + 10));
        assert!(is_after(1201, BOOT + 10));
        assert!(!is_after(0, BOOT + 10));
    }

    #[test]
    fn times_by_another_clock_are_not_compared() {
        assert!(!is_after(1000, 5));
        assert!(!is_after(1000, BOOT - 3));
        assert!(is_after(1000, BOOT - 2));
    }

    #[test]
    fn start_time_is_found_after_any_name() {
        let text = b"5 (a) R) 1 (b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21\n";
        assert_eq!(birth(text), Some(4711));
        assert_eq!(birth(b"5 (a) S 1 2"), None);
    }

    #[test]
    fn caller_is_there_and_was_not_in_the_past() {
        let births = Births::by_clock().unwrap();
        let now = births.now();
        let found = |latest| births.still_there(Pid::this(), latest).unwrap().is_some();
        assert!(found(now));
        assert!(!found(i64::try_from(births.boot / NANOSECONDS).unwrap()));
        assert!(
            births
                .still_there(Pid::from_raw(i32::MAX), now)
                .unwrap()
                .is_none()
        );
    }
}
