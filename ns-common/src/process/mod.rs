//! Processes: our helpers and children, the program, and targets whose namespaces are entered.

pub mod channel;
pub mod enter;
pub mod helper;
pub mod life;
pub mod program;
pub mod sealed;
pub mod search;
pub mod supervise;
pub mod target;
pub mod terminal;
pub mod variables;
