//! What the ns-tools commands share: system calls, option tables, errors and exact output.
//!
//! Only the modules of [`sys`] contain `unsafe` code.

pub mod accounts;
pub mod cli;
pub mod console;
pub mod error;
pub mod explain;
pub mod hint;
pub mod idmap;
pub mod inline;
pub mod interpreter;
pub mod ipc;
pub mod namespace;
pub mod number;
pub mod output;
pub mod passwd;
pub mod place;
pub mod privileges;
pub mod process;
pub mod procfs;
pub mod sorting;
pub mod sys;
pub mod tool;
pub mod visible;
