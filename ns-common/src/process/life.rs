//! Whether a process that something remembers by its number is still there, and still the same one.

use std::time::{SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{Pid, SysconfVar, sysconf};

use crate::process::target::Target;
use crate::sys::signal;

/// How many seconds after it was last seen a process must have been born to be another one: times
/// of objects are whole seconds, and clocks are adjusted.
const GRACE: i128 = 2;
const NANOSECONDS: i128 = 1_000_000_000;

/// What births of processes are counted from, by the clock that objects have their times from.
#[derive(Debug, Clone, Copy)]
pub struct Births {
    /// When this was made, in nanoseconds since the epoch.
    now: i128,
    /// When the system was booted, in nanoseconds since the epoch.
    boot: i128,
    ticks_a_second: i128,
}

impl Births {
    /// By the clock as it stands now.
    pub fn by_clock() -> nix::Result<Self> {
        let up = clock_gettime(ClockId::CLOCK_BOOTTIME)?;
        let up = i128::from(up.tv_sec()) * NANOSECONDS + i128::from(up.tv_nsec());
        // 64 bits everywhere, where the C library's own may have 32.
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| i128::try_from(now.as_nanos()).unwrap_or(i128::MAX));
        let ticks = sysconf(SysconfVar::CLK_TCK)?.ok_or(Errno::EINVAL)?;
        Ok(Self {
            now,
            boot: now - up,
            ticks_a_second: ticks.into(),
        })
    }

    /// When this was made, in seconds since the epoch.
    pub fn now(&self) -> i64 {
        i64::try_from(self.now / NANOSECONDS).unwrap_or(i64::MAX)
    }

    /// The process with this number, a zombie or a thread too; `None` if there is none, or one that
    /// was born after `latest`, in seconds since the epoch, when the one meant was seen last.
    ///
    /// What cannot be found out counts as the same process.
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

    fn is_after(&self, ticks: i128, latest: i64) -> bool {
        let seen = (i128::from(latest) + GRACE) * NANOSECONDS;
        // Nothing outlives a boot. A time before it is by a clock that has been set since, which
        // nothing can be compared with: machines without one of their own begin in 1970.
        seen >= self.boot && self.boot + ticks * NANOSECONDS / self.ticks_a_second > seen
    }
}

/// When a process was born, in ticks since the boot: field 22 of proc_pid_stat(5). The second one,
/// in parentheses, can have anything in it.
fn birth(text: &[u8]) -> Option<i128> {
    let end = text.iter().rposition(|byte| *byte == b')')?;
    let fields = std::str::from_utf8(&text[end + 1..]).ok()?;
    fields.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOT: i64 = 1_000_000;

    fn is_after(ticks: i128, latest: i64) -> bool {
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
    fn birth_is_found_behind_any_name() {
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
