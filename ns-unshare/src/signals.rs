//! Names of signals: signal(7).

use std::ffi::OsStr;

use ns_common::sys::signal::real_time_range;

const NAMES: &[(&str, i32)] = &[
    ("HUP", libc::SIGHUP),
    ("INT", libc::SIGINT),
    ("QUIT", libc::SIGQUIT),
    ("ILL", libc::SIGILL),
    ("TRAP", libc::SIGTRAP),
    ("ABRT", libc::SIGABRT),
    ("IOT", libc::SIGIOT),
    ("BUS", libc::SIGBUS),
    ("FPE", libc::SIGFPE),
    ("KILL", libc::SIGKILL),
    ("USR1", libc::SIGUSR1),
    ("SEGV", libc::SIGSEGV),
    ("USR2", libc::SIGUSR2),
    ("PIPE", libc::SIGPIPE),
    ("ALRM", libc::SIGALRM),
    ("TERM", libc::SIGTERM),
    #[cfg(not(any(target_arch = "mips", target_arch = "mips64", target_arch = "sparc64")))]
    ("STKFLT", libc::SIGSTKFLT),
    ("CHLD", libc::SIGCHLD),
    ("CLD", libc::SIGCHLD),
    ("CONT", libc::SIGCONT),
    ("STOP", libc::SIGSTOP),
    ("TSTP", libc::SIGTSTP),
    ("TTIN", libc::SIGTTIN),
    ("TTOU", libc::SIGTTOU),
    ("URG", libc::SIGURG),
    ("XCPU", libc::SIGXCPU),
    ("XFSZ", libc::SIGXFSZ),
    ("VTALRM", libc::SIGVTALRM),
    ("PROF", libc::SIGPROF),
    ("WINCH", libc::SIGWINCH),
    ("IO", libc::SIGIO),
    ("POLL", libc::SIGPOLL),
    ("PWR", libc::SIGPWR),
    ("SYS", libc::SIGSYS),
];

/// The number of the signal called `name`, in any case, with or without `SIG`: `TERM`, `sigkill`,
/// and for real-time signals `RTMIN+3`, `RT3`, `RTMAX-1`.
///
/// Numbers are no names, and a real-time signal needs its distance from an end of the range.
pub(crate) fn number(name: &OsStr) -> Option<i32> {
    let name = name.to_str()?.to_ascii_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    if let Some((_, number)) = NAMES.iter().find(|(known, _)| *known == name) {
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
    fn numbers_and_bare_ends_of_the_range_are_no_names() {
        for name in [
            "9", "0", "", "SIG", "RTMIN", "RTMIN+", "RTMIN-1", "RTMIN+31", "RTMIN++1", "RTMAX",
            "RT", "RT31", "RT+1", "EXIT", "UNUSED", "LOST",
        ] {
            assert_eq!(number(OsStr::new(name)), None, "{name}");
        }
    }
}
