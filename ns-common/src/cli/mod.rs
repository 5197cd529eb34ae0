//! The command line: one table of options a tool, read by the parser and by every text about it.

pub mod bash;
pub mod fish;
pub mod getopt;
pub mod help;
mod live;
pub mod man;
pub mod table;
pub mod zsh;
