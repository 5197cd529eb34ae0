//! Tests that cannot run here say so; none passes silently.

use std::io::Write;

/// Notes that the test which calls this is skipped, and why.
///
/// # Panics
/// With `NS_TESTS_MUST_RUN=1` in the environment a skip is a failure.
pub fn skipped(reason: &str) {
    // The test runner names the thread of each test after it.
    let thread = std::thread::current();
    note(thread.name().unwrap_or("a test"), reason);
}

/// Notes that a test was skipped and why, past the test runner's capture.
///
/// # Panics
/// With `NS_TESTS_MUST_RUN=1` in the environment a skip is a failure.
pub fn note(test: &str, reason: &str) {
    assert!(
        std::env::var_os("NS_TESTS_MUST_RUN").is_none(),
        "{test}: skipped, but must run: {reason}"
    );
    // A closed standard error is no reason to fail a test.
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {reason}");
}

/// Whether we are root outside of all user namespaces, as far as the tests need.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Whether a program is on the search path.
pub fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}
