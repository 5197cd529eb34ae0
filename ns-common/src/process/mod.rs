//! Processes: our own helpers and children, the program, and those whose namespaces are entered.

pub mod enter;
pub mod helper;
pub mod life;
pub mod line;
pub mod program;
pub mod sealed;
pub mod search;
pub mod supervise;
pub mod target;
pub mod terminal;
pub mod variables;
