//! A few rounds of `make soak`.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::process::Command;

use ns_tests::sandbox::Sandbox;
use ns_tests::skip::skipped;
use ns_tests::tool;

#[test]
fn nothing_is_left_of_what_was_created_entered_listed_and_removed() {
    if let Err(reason) = Sandbox::available() {
        return skipped(&reason);
    }
    let mut soak = Command::new(env!("CARGO_BIN_EXE_soak"));
    soak.arg("200").env("NS_TESTS_BIN_DIR", tool::folder());
    let output = soak.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
}
