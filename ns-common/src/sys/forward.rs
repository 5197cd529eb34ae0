//! Passing signals on to a child, from a handler: sigaction(2).
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use nix::errno::Errno;

use crate::sys::fork::Child;
use crate::sys::signal::{SI_KERNEL, set_disposition};

/// The child that gets what [`catch`] catches; 0 while there is none.
static FORWARD_TO: AtomicI32 = AtomicI32::new(0);
/// Whether it gets what the terminal has sent, too.
static FORWARD_TERMINAL: AtomicBool = AtomicBool::new(false);

/// What becomes of a signal that the terminal has sent to the whole job, the child among it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FromTerminal {
    /// The child gets it once more.
    PassedOn,
    /// Nothing.
    NotPassedOn,
}

/// What was to be done on each of some signals.
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

/// Passes `signals` on to the child given later to [`send_to`]; waits are restarted. Returns how
/// they were treated before.
pub fn catch(signals: &[i32], from_terminal: FromTerminal) -> nix::Result<Dispositions> {
    extern "C" fn pass_on(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
        // SAFETY: the kernel hands a valid record to a handler with SA_SIGINFO.
        let code = unsafe { (*info).si_code };
        if code > 0 && code != SI_KERNEL && is_fault(signal) {
            // A fault of our own comes again, and then it kills.
            let _ = set_disposition(signal, libc::SIG_DFL, 0);
            return;
        }
        let is_left_out = code == SI_KERNEL && !FORWARD_TERMINAL.load(Ordering::Relaxed);
        let child = FORWARD_TO.load(Ordering::Relaxed);
        if child > 0 && !is_left_out {
            // What the handler interrupts must find its errno unchanged.
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

/// Names the child that caught signals go to from now on, or that none is left.
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

/// Brings back how signals were treated.
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
