//! Safe wrappers for the system calls that nix lacks: the only place with `unsafe` code.

pub mod accounts;
pub mod capability;
pub mod descriptor;
pub mod entry;
pub mod environment;
pub mod file;
pub mod fork;
pub mod forward;
pub mod interface;
pub mod ipc;
mod ipc_records;
pub mod limit;
pub mod locale;
pub mod namespace;
pub mod passing;
pub mod pidfd;
pub mod posix_ipc;
pub mod random;
pub mod signal;
pub mod signal_queue;
pub mod socket;
pub mod text;
pub mod time;
pub mod uts;

/// Repeats a call as long as signals interrupt it. Stopping and continuing a process interrupts
/// some calls too: signal(7).
pub fn uninterrupted<T>(mut call: impl FnMut() -> nix::Result<T>) -> nix::Result<T> {
    loop {
        match call() {
            Err(nix::errno::Errno::EINTR) => {}
            result => return result,
        }
    }
}
