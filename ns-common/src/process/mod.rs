//! Processes: our own helpers and children, the program, and those whose namespaces are entered.

pub mod enter;
pub mod helper;
pub mod line;
pub mod program;
mod refusal;
pub mod sealed;
pub mod supervise;
pub mod target;
pub mod variables;
