//! What the build has made.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::process::Command;

use ns_tests::sandbox_or_skip;
use ns_tests::skip::{has_program, skipped};
use ns_tests::tool;

/// Whether the tools are a debug build, of which this page says nothing.
fn is_for_debugging() -> bool {
    let section = b".debug_info";
    let program = std::fs::read(tool::ours("unshare")).unwrap();
    program.windows(section.len()).any(|bytes| bytes == section)
}

#[test]
fn programs_need_the_c_library_alone() {
    if is_for_debugging() {
        return skipped("the tools are a debug build");
    }
    if !has_program("readelf") {
        return skipped("readelf is not installed");
    }
    for name in tool::TOOLS {
        let output = Command::new("readelf")
            .arg("-d")
            .arg(tool::ours(name))
            .output()
            .unwrap();
        let page = String::from_utf8(output.stdout).unwrap();
        let needed: Vec<&str> = page
            .lines()
            .filter(|line| line.contains("(NEEDED)"))
            .collect();
        assert!(
            needed.len() == 1 && needed[0].contains("[libc.so.6]"),
            "{name}: {needed:?}"
        );
    }
}

#[test]
fn start_takes_few_system_calls() {
    if is_for_debugging() {
        return skipped("the tools are a debug build");
    }
    let sandbox = sandbox_or_skip!("strace");
    let count = |command: &str| {
        let run = sandbox.shell(&format!("strace -o trace {command} true; cat trace"));
        let calls = run
            .output()
            .lines()
            .take_while(|line| !line.contains("/true\", "))
            .count();
        assert!(calls > 10, "{run:?}");
        calls
    };
    assert!(count("unshare -iu") <= 34);
    // Twelve of these compare each namespace that was entered with the one that was meant.
    assert!(count("nsenter -t $$ -u -i") <= 54);
}
