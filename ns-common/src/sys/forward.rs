//! Forwarding signals to a child from a handler: sigaction(2).
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use nix::errno::Errno;

use crate::sys::fork::Child;
use crate::sys::signal::{SI_KERNEL, set_disposition};

/// The PID of the child to which [`catch`] forwards signals; 0 while there is none.
static FORWARD_TO: AtomicI32 = AtomicI32::new(0);
/// Whether signals from the terminal are forwarded too.
static FORWARD_TERMINAL: AtomicBool = AtomicBool::new(false);

/// What happens to a signal that the terminal has sent to the whole job, including the child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FromTerminal {
    /// It is forwarded, so the child gets it twice.
    PassedOn,
    /// It is not forwarded.
    NotPassedOn,
}

/// The dispositions of some signals.
#[derive(Clone)]
pub struct Dispositions(Vec<(i32, libc::sigaction)>);

impl std::fmt::Debug for Dispositions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_list()
            .entries(self.0.iter().map(|(signal, _)| signal))
            .finish()
    }
}

/// Forwards `signals` to the child that is later given to [`send_to`]; interrupted waits are
/// restarted. Returns the former dispositions.
pub fn catch(signals: &[i32], from_terminal: FromTerminal) -> nix::Result<Dispositions> {
    extern "C" fn pass_on(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
        // SAFETY: the kernel hands a valid record to a handler with SA_SIGINFO.
        let code = unsafe { (*info).si_code };
        if code > 0 && code != SI_KERNEL && is_fault(signal) {
            // A fault of our own recurs after the handler, and then kills us.
            let _ = set_disposition(signal, libc::SIG_DFL, 0);
            return;
        }
        let is_left_out = code == SI_KERNEL && !FORWARD_TERMINAL.load(Ordering::Relaxed);
        let child = FORWARD_TO.load(Ordering::Relaxed);
        if child > 0 && !is_left_out {
            // The interrupted code must find errno unchanged.
            let errno = Errno::last();
            // SAFETY: kill is async-signal-safe.
            unsafe { libc::kill(child, signal) };
            errno.set();
        }
    }
    FORWARD_TERMINAL.store(from_terminal == FromTerminal::PassedOn, Ordering::Relaxed);
    let handler = pass_on as *const () as libc::sighandler_t;
    let change = |signal: &i32| {
        Ok((
            *signal,
            set_disposition(*signal, handler, libc::SA_SIGINFO)?,
        ))
    };
    signals
        .iter()
        .map(change)
        .collect::<Result<_, _>>()
        .map(Dispositions)
}

/// Sets the child to which caught signals are forwarded from now on, or none.
pub fn send_to(child: Option<Child>) {
    FORWARD_TO.store(
        child.map_or(0, |child| child.pid().as_raw()),
        Ordering::Relaxed,
    );
}

/// Gives `signals` their default disposition.
pub fn set_default(signals: &[i32]) -> nix::Result<()> {
    signals
        .iter()
        .try_for_each(|signal| set_disposition(*signal, libc::SIG_DFL, 0).map(drop))
}

/// Restores former dispositions.
pub fn restore_dispositions(former: &Dispositions) -> nix::Result<()> {
    former.0.iter().try_for_each(|(signal, action)| {
        // SAFETY: the kernel has told this very action, whose handler, if any, is still there.
        let result = unsafe { libc::sigaction(*signal, action, std::ptr::null_mut()) };
        Errno::result(result).map(drop)
    })
}

fn is_fault(signal: i32) -> bool {
    matches!(
        signal,
        libc::SIGSEGV | libc::SIGBUS | libc::SIGFPE | libc::SIGILL | libc::SIGTRAP
    )
}
