//! Makes go wrong whatever can go wrong in the main uses of the tools: each system call fails in
//! turn, reads and writes are short, signals come at each call, processes are killed.
//!
//! Usage: `faults [--sample COUNT] [--kills COUNT] [--seed SEED] [--case TEXT] [NAME...]`: for
//! each use whose name begins with one of the names so many of the cases at calls (by default
//! all), and so many kills at random moments. With `--case` only cases whose description has the
//! text, as they are described where something is wrong.

#![allow(
    clippy::unwrap_used,
    reason = "as in a test, what cannot be done here ends it"
)]
#![cfg_attr(
    not(all(target_arch = "x86_64", target_env = "gnu")),
    expect(unused, reason = "registers are those of one processor")
)]

#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
mod calls;
#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
mod case;
#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
mod cases;
#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
mod inside;
#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
mod outside;
#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
mod tracer;
#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
mod uses;
#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
mod verdict;
#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
mod watch;
#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
mod world;

use std::process::ExitCode;

#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((first, rest)) if first == inside::WORD => inside::run(rest),
        _ => outside::run(&arguments),
    }
}

#[cfg(not(all(target_arch = "x86_64", target_env = "gnu")))]
fn main() -> ExitCode {
    let reason = "the tracer knows the registers of x86-64 and its system calls alone";
    ns_tests::skip::note("faults", reason);
    ExitCode::SUCCESS
}
