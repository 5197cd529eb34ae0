//! Forking a child and waiting for it: fork(2), waitid(2).
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use nix::errno::Errno;
use nix::unistd::{ForkResult, Pid};

use crate::console::{Console, Output};
use crate::error::{ExitStatus, Failure};

/// Which of the two processes after a fork(2) this is, with what it has for that.
#[derive(Debug)]
pub enum Forked<P = Child, C = ()> {
    /// The one that called; it must wait for the child.
    Parent(P),
    /// The new process.
    Child(C),
}

/// A child that has not been waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Child(Pid);

/// How a child ended, or that it paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It returned a status.
    Exited(ExitStatus),
    /// A signal, by number, killed it.
    Killed {
        /// Its number.
        signal: i32,
        /// Whether there is a core file.
        core: bool,
    },
    /// A signal, by number, stopped it.
    Stopped(i32),
}

/// Splits the process.
pub fn fork() -> nix::Result<Forked> {
    // SAFETY: no crate of ours starts a thread, so the child may do whatever the parent may.
    Ok(match unsafe { nix::unistd::fork() }? {
        ForkResult::Parent { child } => Forked::Parent(Child(child)),
        ForkResult::Child => Forked::Child(()),
    })
}

/// Does `work` in a child, which prints its own failure and ends with the status of `work`.
///
/// What is `for_parent` alone (the other end of a line) is dropped in the child and returned to the
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
            // What the parent has not written yet is the parent's.
            console.output = Output::default();
            let outcome = work(console);
            let status = console.end(outcome);
            exit_child(status)
        }
    }
}

/// Does `work` in a child, so that what it changes in its process does not last.
///
/// # Errors
/// That of `work`; ECHILD if the child gave none.
pub fn try_in_child(work: impl FnOnce() -> nix::Result<()>) -> nix::Result<()> {
    match fork()? {
        Forked::Child(()) => {
            let number = match work() {
                Ok(()) => 0,
                // A number that has no name is none that anybody looks for.
                Err(Errno::UnknownErrno) => Errno::ECHILD as i32,
                Err(errno) => errno as i32,
            };
            // Those that have a name are below 256.
            exit_child(ExitStatus::new(number.to_le_bytes()[0]))
        }
        Forked::Parent(child) => match child.wait()? {
            Change::Exited(ExitStatus::SUCCESS) => Ok(()),
            Change::Exited(status) => Err(Errno::from_raw(status.code())),
            Change::Killed { .. } | Change::Stopped(_) => Err(Errno::ECHILD),
        },
    }
}

fn exit_child(status: ExitStatus) -> ! {
    // SAFETY: _exit only ends the process; what the parent has buffered is not written twice.
    unsafe { libc::_exit(status.code()) }
}

impl Child {
    /// The child's id, as seen from our PID namespace.
    pub fn pid(self) -> Pid {
        self.0
    }

    /// Waits until the child has ended; it is no longer a child then.
    pub fn wait(self) -> nix::Result<Change> {
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

    /// Waits until the child has ended or stopped, and leaves an ended one a zombie, whose id
    /// cannot come to mean another process. A stop is told once.
    pub fn wait_without_reaping(self) -> nix::Result<Change> {
        loop {
            let info = self.wait_id(libc::WEXITED | libc::WSTOPPED | libc::WNOWAIT)?;
            // SAFETY: waitid has filled in the status of a child.
            let status = unsafe { info.si_status() };
            match info.si_code {
                libc::CLD_EXITED => {
                    // The kernel keeps all 32 bits of what the program gave; waitpid(2) tells
                    // eight.
                    let [code, ..] = status.to_le_bytes();
                    return Ok(Change::Exited(ExitStatus::new(code)));
                }
                code @ (libc::CLD_KILLED | libc::CLD_DUMPED) => {
                    return Ok(Change::Killed {
                        signal: status,
                        core: code == libc::CLD_DUMPED,
                    });
                }
                _ => {
                    // Continued meanwhile, it is not in that state any more, and there is nothing
                    // to take.
                    let taken = self.wait_id(libc::WSTOPPED | libc::WNOHANG)?;
                    if taken.si_signo == libc::SIGCHLD {
                        return Ok(Change::Stopped(status));
                    }
                }
            }
        }
    }

    /// Whether the child, after a stop, has been continued since.
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

/// What there was to tell of the children of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reaped {
    /// There are none.
    NoChildren,
    /// None has changed.
    Nothing,
    /// One has; if it has ended it is no longer a child.
    One(Pid, Change),
}

/// Takes the next change, a stop among them, of any child, without waiting for one.
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

/// nix's own decoding knows no real-time signals.
fn change(status: libc::c_int) -> Change {
    if libc::WIFSTOPPED(status) {
        Change::Stopped(libc::WSTOPSIG(status))
    } else if libc::WIFSIGNALED(status) {
        Change::Killed {
            signal: libc::WTERMSIG(status),
            core: libc::WCOREDUMP(status),
        }
    } else {
        let code = u8::try_from(libc::WEXITSTATUS(status)).expect("WEXITSTATUS is a byte");
        Change::Exited(ExitStatus::new(code))
    }
}
