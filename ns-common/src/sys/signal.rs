//! Signals by number, because nix's type lacks the real-time ones.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::os::fd::{FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::unistd::Pid;

/// A signal mask, to be restored later.
#[derive(Debug, Clone, Copy)]
pub struct Mask(libc::sigset_t);

/// Gives SIGCHLD its default disposition. If we have inherited that it is ignored, the kernel would
/// reap our children before we could read their status.
pub fn default_child_signal() -> nix::Result<()> {
    set_disposition(libc::SIGCHLD, libc::SIG_DFL, 0).map(drop)
}

/// Blocks `signals` and returns the former mask.
pub fn block(signals: &[i32]) -> nix::Result<Mask> {
    block_set(&set_of(signals))
}

/// Blocks every signal that could end this process, and returns the former mask.
pub fn block_deadly() -> nix::Result<Mask> {
    block_set(&deadly())
}

/// A descriptor that becomes readable once a signal is pending that will end this process when
/// `mask` is restored: signalfd(2). Until then such signals must be blocked.
pub fn deadly_waiting(mask: &Mask) -> nix::Result<OwnedFd> {
    let mut set = deadly();
    for signal in 1..=libc::SIGRTMAX() {
        // The kernel keeps a blocked signal even if it is ignored.
        if is_ignored(signal) || is_member(&mask.0, signal) {
            remove(&mut set, signal);
        }
    }
    // SAFETY: the set is valid, and -1 asks for a new descriptor.
    let fd = unsafe { libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC) };
    let fd = Errno::result(fd)?;
    // SAFETY: the kernel has just returned it, and nothing else uses it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

impl Mask {
    /// The mask with `signals` added.
    #[must_use]
    pub fn with(mut self, signals: &[i32]) -> Self {
        add(&mut self.0, signals);
        self
    }
}

/// Restores a mask.
pub fn restore(mask: &Mask) -> nix::Result<()> {
    // SAFETY: the set is valid and the old one is not asked for.
    Errno::result(unsafe {
        libc::sigprocmask(libc::SIG_SETMASK, &raw const mask.0, std::ptr::null_mut())
    })
    .map(drop)
}

/// Kills this process with `signal`, as its child was killed, but without a second core dump.
///
/// Returns only if the signal does not kill.
pub fn die_of(signal: i32) {
    // A process that is not dumpable leaves no core. If this fails, there is merely a second one.
    let _ = hide_from_other_processes();
    // These fail only for SIGKILL, which needs neither.
    let _ = set_disposition(signal, libc::SIG_DFL, 0);
    let set = set_of(&[signal]);
    // SAFETY: the set is valid and the old one is not asked for.
    unsafe { libc::sigprocmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut()) };
    let _ = send(Pid::this(), signal);
}

/// Stops this process, as its child was stopped, until somebody continues it.
pub fn stop() {
    let _ = send(Pid::this(), libc::SIGSTOP);
}

/// Makes this process not dumpable until it executes a program. Its descriptors, memory and program
/// file are then inaccessible even to the superuser of a namespace that it enters.
pub fn hide_from_other_processes() -> nix::Result<()> {
    let zero: libc::c_ulong = 0;
    // SAFETY: this operation of prctl takes a number only.
    let result = unsafe { libc::prctl(libc::PR_SET_DUMPABLE, zero, zero, zero, zero) };
    Errno::result(result).map(drop)
}

/// Sends `signal` to process `pid`.
pub fn send(pid: Pid, signal: i32) -> nix::Result<()> {
    // SAFETY: kill takes numbers only.
    Errno::result(unsafe { libc::kill(pid.as_raw(), signal) }).map(drop)
}

/// Asks the kernel to send `signal` to this process when its parent dies: PR_SET_PDEATHSIG of
/// prctl(2).
pub fn set_parent_death(signal: i32) -> nix::Result<()> {
    let number = libc::c_ulong::from(signal.unsigned_abs());
    let zero: libc::c_ulong = 0;
    // SAFETY: this operation of prctl takes a number only.
    Errno::result(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, number, zero, zero, zero) })
        .map(drop)
}

/// All signals that can be caught, except those of job control and SIGCHLD.
pub fn forwardable() -> Vec<i32> {
    let (first, last) = real_time_range();
    let is_left_out = |signal: &i32| {
        matches!(
            *signal,
            libc::SIGKILL
                | libc::SIGSTOP
                | libc::SIGTSTP
                | libc::SIGTTIN
                | libc::SIGTTOU
                | libc::SIGCONT
                | libc::SIGCHLD
        )
    };
    // The C library uses the signals between the two ranges itself: signal(7).
    let classic = 1..=libc::SIGSYS.max(31);
    classic
        .chain(first..=last)
        .filter(|signal| !is_left_out(signal))
        .collect()
}

/// Runs `write` so that a closed pipe causes the error EPIPE instead of SIGPIPE.
pub fn without_sigpipe<T>(write: impl FnOnce() -> nix::Result<T>) -> nix::Result<T> {
    let mask = block(&[libc::SIGPIPE])?;
    let written = write();
    if written.is_err() {
        let (set, none) = (
            set_of(&[libc::SIGPIPE]),
            libc::timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
        );
        // SAFETY: set and time are valid, and no siginfo is asked for. With a timeout of zero it
        // does not block.
        unsafe { libc::sigtimedwait(&raw const set, std::ptr::null_mut(), &raw const none) };
    }
    restore(&mask)?;
    written
}

/// The lowest and highest real-time signals available to programs.
pub fn real_time_range() -> (i32, i32) {
    (libc::SIGRTMIN(), libc::SIGRTMAX())
}

/// `SI_KERNEL` of asm-generic/siginfo.h: sent by the kernel, for a terminal among others.
pub(super) const SI_KERNEL: libc::c_int = 0x80;

pub(super) fn set_disposition(
    signal: i32,
    handler: libc::sighandler_t,
    flags: libc::c_int,
) -> nix::Result<libc::sigaction> {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: a sigaction of zeros is valid: no flags, an empty mask, no restorer.
    let action = unsafe { action.assume_init_mut() };
    action.sa_sigaction = handler;
    action.sa_flags = libc::SA_RESTART | flags;
    let mut former = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: the action is valid, its handler, if any, calls async-signal-safe functions only, and
    // there is room for the former one.
    Errno::result(unsafe { libc::sigaction(signal, action, former.as_mut_ptr()) })?;
    // SAFETY: sigaction has filled it in.
    Ok(unsafe { former.assume_init() })
}

fn block_set(set: &libc::sigset_t) -> nix::Result<Mask> {
    let mut before = empty_set();
    // SAFETY: both pointers are valid signal sets.
    Errno::result(unsafe { libc::sigprocmask(libc::SIG_BLOCK, set, &raw mut before) })?;
    Ok(Mask(before))
}

fn is_ignored(signal: i32) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: the new action is not given, and there is room for the old one.
    let asked = unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) };
    // SAFETY: a sigaction of zeros is valid too.
    asked == 0 && unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
}

/// The signals whose default action ends the process, including SIGKILL, although it cannot be
/// blocked.
fn deadly() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigfillset fills the set in.
    unsafe { libc::sigfillset(set.as_mut_ptr()) };
    // SAFETY: it cannot fail for a valid pointer.
    let mut set = unsafe { set.assume_init() };
    for harmless in [
        libc::SIGCHLD,
        libc::SIGCONT,
        libc::SIGURG,
        libc::SIGWINCH,
        libc::SIGTSTP,
        libc::SIGTTIN,
        libc::SIGTTOU,
    ] {
        remove(&mut set, harmless);
    }
    set
}

fn is_member(set: &libc::sigset_t, signal: i32) -> bool {
    // SAFETY: the set has been initialised; a number out of range is refused.
    unsafe { libc::sigismember(set, signal) == 1 }
}

fn remove(set: &mut libc::sigset_t, signal: i32) {
    // SAFETY: the set has been initialised; a number out of range is refused.
    unsafe { libc::sigdelset(set, signal) };
}

pub(super) fn empty_set() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset fills the set in.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: it cannot fail for a valid pointer.
    unsafe { set.assume_init() }
}

fn set_of(signals: &[i32]) -> libc::sigset_t {
    let mut set = empty_set();
    add(&mut set, signals);
    set
}

fn add(set: &mut libc::sigset_t, signals: &[i32]) {
    for signal in signals {
        // SAFETY: the set has been initialised; a number out of range is refused.
        unsafe { libc::sigaddset(set, *signal) };
    }
}
