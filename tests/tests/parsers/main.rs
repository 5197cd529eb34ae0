//! Made-up inputs for every reader of text that the library has, with the C library, another
//! program's reader or a plainer rule as the judge.
//!
//! `make fuzz` looks longer. What once failed is kept in `tests/regressions`.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

#[cfg(target_env = "gnu")]
mod accounts;
mod json;
mod maps;
#[cfg(target_env = "gnu")]
mod numbers;
mod tables;
