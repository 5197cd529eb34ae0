//! The command line: one option table per tool, from which the parser, help, manual page and
//! completions are derived.

pub mod bash;
pub mod fish;
pub mod getopt;
pub mod help;
mod live;
pub mod man;
pub mod table;
pub mod zsh;
