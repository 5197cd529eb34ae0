//! Children: forked, waited for, ended like.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use nix::errno::Errno;
use nix::unistd::{ForkResult, Pid};

use crate::console::Console;
use crate::error::{ExitStatus, Failure};

/// On which side of a fork(2) we are.
#[derive(Debug)]
pub enum Side {
    /// The one that called; it must wait for the child.
    Parent(Child),
    /// The new process.
    Child,
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
    Killed(i32),
    /// A signal, by number, stopped it.
    Stopped(i32),
}

/// Which changes of a child end a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Await {
    /// Only its end.
    End,
    /// Its end or a stop.
    EndOrStop,
}

/// Splits the process.
pub fn fork() -> nix::Result<Side> {
    // SAFETY: no crate of ours starts a thread, so the child may do whatever the parent may.
    Ok(match unsafe { nix::unistd::fork() }? {
        ForkResult::Parent { child } => Side::Parent(Child(child)),
        ForkResult::Child => Side::Child,
    })
}

/// Does `work` in a child, which prints its own failure and ends with the status of `work`.
///
/// What is `for_parent` alone (the other end of a pipe) is dropped in the child and returned to the parent.
pub fn spawn<T>(
    console: &mut Console,
    for_parent: T,
    work: impl FnOnce(&mut Console) -> Result<ExitStatus, Failure>,
) -> nix::Result<(Child, T)> {
    match fork()? {
        Side::Parent(child) => Ok((child, for_parent)),
        Side::Child => {
            drop(for_parent);
            let status = work(console).unwrap_or_else(|failure| console.fail(&failure));
            exit_child(status)
        }
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

    /// Waits until the child changes in a way that counts; after its end it is no longer a child.
    pub fn wait(self, what: Await) -> nix::Result<Change> {
        let options = match what {
            Await::End => 0,
            Await::EndOrStop => libc::WUNTRACED,
        };
        let mut status = 0;
        loop {
            // SAFETY: waitpid writes one int through the pointer.
            match Errno::result(unsafe { libc::waitpid(self.0.as_raw(), &raw mut status, options) })
            {
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
                Ok(_) => return Ok(change(status)),
            }
        }
    }

    /// Whether the child, after a stop, has been continued since.
    pub fn was_continued(self) -> bool {
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
        let options = libc::WCONTINUED | libc::WNOHANG;
        let id = self.0.as_raw().unsigned_abs();
        // SAFETY: waitid writes at most one siginfo_t through the pointer.
        let result = unsafe { libc::waitid(libc::P_PID, id, info.as_mut_ptr(), options) };
        // SAFETY: a siginfo_t of zeros is valid, and waitid leaves it so when there is nothing to tell.
        let info = unsafe { info.assume_init() };
        result == 0 && info.si_signo == libc::SIGCHLD
    }

    /// Waits until the child has ended, and leaves it a zombie whose id cannot be given to another process.
    pub fn wait_without_reaping(self) -> nix::Result<()> {
        loop {
            let mut info = MaybeUninit::<libc::siginfo_t>::uninit();
            // SAFETY: waitid writes one siginfo_t through the pointer, which nothing reads.
            let result = unsafe {
                libc::waitid(
                    libc::P_PID,
                    self.0.as_raw().unsigned_abs(),
                    info.as_mut_ptr(),
                    libc::WEXITED | libc::WNOWAIT,
                )
            };
            match Errno::result(result) {
                Err(Errno::EINTR) => {}
                other => return other.map(drop),
            }
        }
    }
}

/// nix's own decoding knows no real-time signals.
fn change(status: libc::c_int) -> Change {
    if libc::WIFSTOPPED(status) {
        Change::Stopped(libc::WSTOPSIG(status))
    } else if libc::WIFSIGNALED(status) {
        Change::Killed(libc::WTERMSIG(status))
    } else {
        let code = u8::try_from(libc::WEXITSTATUS(status)).expect("WEXITSTATUS is a byte");
        Change::Exited(ExitStatus::new(code))
    }
}
