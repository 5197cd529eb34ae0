//! Fields and numbers as `ipcs` prints them, without the cost of `core::fmt` in every row.

pub mod columns;
pub mod digits;
pub mod json;
pub mod units;
