//! Forking a child and waiting for it: fork(2), waitid(2).
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use nix::errno::Errno;
use nix::unistd::{ForkResult, Pid};

use crate::console::{Console, Output};
use crate::error::{ExitStatus, Failure};

/// Which process this is after a fork(2), with what that process needs.
#[derive(Debug)]
pub enum Forked<P = Child, C = ()> {
    /// The calling process; it must wait for the child.
    Parent(P),
    /// The new process.
    Child(C),
}

/// A child that has not been waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Child(Pid);

/// A change in the state of a child: waitid(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateChange {
    /// It exited with a status.
    Exited(ExitStatus),
    /// It was killed by a signal.
    Killed {
        /// The signal's number.
        signal: i32,
        /// Whether it dumped core.
        core: bool,
    },
    /// It was stopped by the signal with this number.
    Stopped(i32),
}

/// Forks this process.
pub fn fork() -> nix::Result<Forked> {
    // SAFETY: no crate of ours starts a thread, so the child may do whatever the parent may.
    Ok(match unsafe { nix::unistd::fork() }? {
        ForkResult::Parent { child } => Forked::Parent(Child(child)),
        ForkResult::Child => Forked::Child(()),
    })
}

/// Runs `work` in a child, which prints its own failure and exits with the status of `work`.
///
/// `for_parent`, such as the other end of a channel, is dropped in the child and returned to the
/// parent.
pub fn spawn<T>(
    console: &mut Console,
    for_parent: T,
    work: impl FnOnce(&mut Console) -> Result<ExitStatus, Failure>,
) -> nix::Result<(Child, T)> {
    match fork()? {
        Forked::Parent(child) => Ok((child, for_parent)),
        Forked::Child(()) => {
            drop(for_parent);
            // The parent writes what it has buffered.
            console.output = Output::default();
            let outcome = work(console);
            let status = console.end(outcome);
            exit_child(status)
        }
    }
}

/// Runs `work` in a child, so that its changes to the process do not last.
///
/// # Errors
/// The error of `work`; ECHILD if the child did not report one.
pub fn try_in_child(work: impl FnOnce() -> nix::Result<()>) -> nix::Result<()> {
    match fork()? {
        Forked::Child(()) => {
            let number = match work() {
                Ok(()) => 0,
                // No caller looks for an errno without a name.
                Err(Errno::UnknownErrno) => Errno::ECHILD as i32,
                Err(errno) => errno as i32,
            };
            // All named errnos are below 256.
            exit_child(ExitStatus::new(number.to_le_bytes()[0]))
        }
        Forked::Parent(child) => match child.wait()? {
            StateChange::Exited(ExitStatus::SUCCESS) => Ok(()),
            StateChange::Exited(status) => Err(Errno::from_raw(status.code())),
            StateChange::Killed { .. } | StateChange::Stopped(_) => Err(Errno::ECHILD),
        },
    }
}

fn exit_child(status: ExitStatus) -> ! {
    // SAFETY: _exit only ends the process; what the parent has buffered is not written twice.
    unsafe { libc::_exit(status.code()) }
}

impl Child {
    /// The child's PID in our PID namespace.
    pub fn pid(self) -> Pid {
        self.0
    }

    /// Waits until the child has ended, and reaps it.
    pub fn wait(self) -> nix::Result<StateChange> {
        let mut status = 0;
        loop {
            // SAFETY: waitpid writes one int through the pointer.
            match Errno::result(unsafe { libc::waitpid(self.0.as_raw(), &raw mut status, 0) }) {
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
                Ok(_) => return Ok(change(status)),
            }
        }
    }

    /// Waits until the child has ended or stopped. One that has ended is left a zombie, so that its
    /// PID is not reused. Each stop is reported once.
    pub fn wait_without_reaping(self) -> nix::Result<StateChange> {
        loop {
            let info = self.wait_id(libc::WEXITED | libc::WSTOPPED | libc::WNOWAIT)?;
            // SAFETY: waitid has filled in the status of a child.
            let status = unsafe { info.si_status() };
            match info.si_code {
                libc::CLD_EXITED => {
                    // waitid(2) returns all 32 bits that the program passed to exit_group(2); the
                    // status has eight.
                    let [code, ..] = status.to_le_bytes();
                    return Ok(StateChange::Exited(ExitStatus::new(code)));
                }
                code @ (libc::CLD_KILLED | libc::CLD_DUMPED) => {
                    return Ok(StateChange::Killed {
                        signal: status,
                        core: code == libc::CLD_DUMPED,
                    });
                }
                _ => {
                    // If it has been continued meanwhile, there is no stop left to consume.
                    let taken = self.wait_id(libc::WSTOPPED | libc::WNOHANG)?;
                    if taken.si_signo == libc::SIGCHLD {
                        return Ok(StateChange::Stopped(status));
                    }
                }
            }
        }
    }

    /// Whether the child has been continued since it stopped.
    pub fn was_continued(self) -> bool {
        self.wait_id(libc::WCONTINUED | libc::WNOHANG)
            .is_ok_and(|info| info.si_signo == libc::SIGCHLD)
    }

    fn wait_id(self, options: libc::c_int) -> nix::Result<libc::siginfo_t> {
        let id = self.0.as_raw().unsigned_abs();
        loop {
            let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
            // SAFETY: waitid writes at most one siginfo_t through the pointer.
            let result = unsafe { libc::waitid(libc::P_PID, id, info.as_mut_ptr(), options) };
            match Errno::result(result) {
                Err(Errno::EINTR) => {}
                // SAFETY: a siginfo_t of zeros is valid, and waitid leaves it so when there is
                // nothing to tell.
                result => return result.map(|_| unsafe { info.assume_init() }),
            }
        }
    }
}

/// The result of [`reap_any`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaped {
    /// This process has no children.
    NoChildren,
    /// No child has changed state.
    Nothing,
    /// A child has changed state; if it has ended, it has been reaped.
    One(Pid, StateChange),
}

/// Consumes the next state change of any child, including a stop, without blocking.
pub fn reap_any() -> nix::Result<Reaped> {
    let mut status = 0;
    loop {
        // SAFETY: waitpid writes one int through the pointer.
        let result = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG | libc::WUNTRACED) };
        match Errno::result(result) {
            Err(Errno::EINTR) => {}
            Err(Errno::ECHILD) => return Ok(Reaped::NoChildren),
            Err(errno) => return Err(errno),
            Ok(0) => return Ok(Reaped::Nothing),
            Ok(pid) => return Ok(Reaped::One(Pid::from_raw(pid), change(status))),
        }
    }
}

/// nix's own decoding fails for real-time signals.
fn change(status: libc::c_int) -> StateChange {
    if libc::WIFSTOPPED(status) {
        StateChange::Stopped(libc::WSTOPSIG(status))
    } else if libc::WIFSIGNALED(status) {
        StateChange::Killed {
            signal: libc::WTERMSIG(status),
            core: libc::WCOREDUMP(status),
        }
    } else {
        let code = u8::try_from(libc::WEXITSTATUS(status)).expect("WEXITSTATUS is a byte");
        StateChange::Exited(ExitStatus::new(code))
    }
}
