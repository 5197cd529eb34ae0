//! Skipping tests that cannot run here, with a message: none passes silently.

use std::io::Write;

/// Reports that the calling test is skipped, and why.
///
/// # Panics
/// If `NS_TESTS_MUST_RUN=1` is set in the environment.
pub fn skipped(reason: &str) {
    // The test runner names each thread after its test.
    let thread = std::thread::current();
    note(thread.name().unwrap_or("a test"), reason);
}

/// Reports that a test was skipped and why, bypassing the test runner's capture.
///
/// # Panics
/// If `NS_TESTS_MUST_RUN=1` is set in the environment.
pub fn note(test: &str, reason: &str) {
    assert!(
        std::env::var_os("NS_TESTS_MUST_RUN").is_none(),
        "{test}: skipped, but must run: {reason}"
    );
    // A closed standard error is no reason to fail a test.
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {reason}");
}

/// Whether we are root in the initial user namespace, as far as tests can tell.
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Whether a program is on the search path.
pub fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}
