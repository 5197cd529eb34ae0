//! Names of signals: signal(7).

use std::ffi::OsStr;

use ns_common::inline::Inline;
use ns_common::sys::signal::real_time_range;

const NAMES: &[(Inline<6>, i32)] = &[
    (Inline::new("HUP"), libc::SIGHUP),
    (Inline::new("INT"), libc::SIGINT),
    (Inline::new("QUIT"), libc::SIGQUIT),
    (Inline::new("ILL"), libc::SIGILL),
    (Inline::new("TRAP"), libc::SIGTRAP),
    (Inline::new("ABRT"), libc::SIGABRT),
    (Inline::new("IOT"), libc::SIGIOT),
    (Inline::new("BUS"), libc::SIGBUS),
    (Inline::new("FPE"), libc::SIGFPE),
    (Inline::new("KILL"), libc::SIGKILL),
    (Inline::new("USR1"), libc::SIGUSR1),
    (Inline::new("SEGV"), libc::SIGSEGV),
    (Inline::new("USR2"), libc::SIGUSR2),
    (Inline::new("PIPE"), libc::SIGPIPE),
    (Inline::new("ALRM"), libc::SIGALRM),
    (Inline::new("TERM"), libc::SIGTERM),
    #[cfg(not(any(target_arch = "mips", target_arch = "mips64", target_arch = "sparc64")))]
    (Inline::new("STKFLT"), libc::SIGSTKFLT),
    (Inline::new("CHLD"), libc::SIGCHLD),
    (Inline::new("CLD"), libc::SIGCHLD),
    (Inline::new("CONT"), libc::SIGCONT),
    (Inline::new("STOP"), libc::SIGSTOP),
    (Inline::new("TSTP"), libc::SIGTSTP),
    (Inline::new("TTIN"), libc::SIGTTIN),
    (Inline::new("TTOU"), libc::SIGTTOU),
    (Inline::new("URG"), libc::SIGURG),
    (Inline::new("XCPU"), libc::SIGXCPU),
    (Inline::new("XFSZ"), libc::SIGXFSZ),
    (Inline::new("VTALRM"), libc::SIGVTALRM),
    (Inline::new("PROF"), libc::SIGPROF),
    (Inline::new("WINCH"), libc::SIGWINCH),
    (Inline::new("IO"), libc::SIGIO),
    (Inline::new("POLL"), libc::SIGPOLL),
    (Inline::new("PWR"), libc::SIGPWR),
    (Inline::new("SYS"), libc::SIGSYS),
];

/// The number of the signal `name`, in upper or lower case, with or without `SIG`: `TERM`,
/// `sigkill`; real-time signals are written `RTMIN+3`, `RT3` or `RTMAX-1`.
///
/// `None` for a number, or for a real-time signal without its distance from an end of the range.
pub(crate) fn number(name: &OsStr) -> Option<i32> {
    let name = name.to_str()?.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    if let Some((_, number)) = NAMES.iter().find(|(known, _)| **known == *name) {
        return Some(*number);
    }
    let (least, most) = real_time_range();
    let distance = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|distance| digits && (0..=most - least).contains(distance))
    };
    if let Some(below) = name.strip_prefix("RTMAX-") {
        return Some(most - distance(below)?);
    }
    let above = name
        .strip_prefix("RTMIN+")
        .or_else(|| name.strip_prefix("RT"))?;
    Some(least + distance(above)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case() {
        for name in ["TERM", "term", "SIGTERM", "sigTerm"] {
            assert_eq!(number(OsStr::new(name)), Some(libc::SIGTERM));
        }
        assert_eq!(number(OsStr::new("RTMIN+1")), Some(libc::SIGRTMIN() + 1));
        assert_eq!(number(OsStr::new("sigrtmax-0")), Some(libc::SIGRTMAX()));
        assert_eq!(number(OsStr::new("RT0")), Some(libc::SIGRTMIN()));
        assert_eq!(number(OsStr::new("sigrt30")), Some(libc::SIGRTMAX()));
    }

    #[test]
    fn numbers_and_bare_ends_of_the_range_are_not_names() {
        for name in [
            "9", "0", "", "SIG", "RTMIN", "RTMIN+", "RTMIN-1", "RTMIN+31", "RTMIN++1", "RTMAX",
            "RT", "RT31", "RT+1", "EXIT", "UNUSED", "LOST",
        ] {
            assert_eq!(number(OsStr::new(name)), None, "{name}");
        }
    }
}
