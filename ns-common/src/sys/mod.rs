//! The system calls that nix does not wrap, behind safe faces: the only home of `unsafe`.

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
