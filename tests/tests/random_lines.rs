//! Whole command lines made up by chance, ours and the reference's in turn: `make compare-random`
//! runs as many as one likes.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::process::Command;

use ns_tests::sandbox::Sandbox;
use ns_tests::skip::{has_program, skipped};
use ns_tests::tool;

/// The same ones each time.
const CASES: [&str; 2] = ["300", "1"];

#[test]
fn made_up_command_lines_do_what_the_reference_does() {
    if let Err(reason) = Sandbox::available() {
        return skipped(&reason);
    }
    if !has_program("perl") {
        return skipped("perl is not installed");
    }
    let mut compare = Command::new(env!("CARGO_BIN_EXE_compare"));
    compare.args(CASES).env("NS_TESTS_BIN_DIR", tool::folder());
    let output = compare.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    if let Some(reason) = text.strip_prefix("SKIPPED: ") {
        return skipped(reason.trim_end());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
}
