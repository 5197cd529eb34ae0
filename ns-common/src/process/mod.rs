//! Processes: those whose namespaces are entered.

pub mod enter;
mod refusal;
pub mod target;
