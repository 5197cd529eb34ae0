//! Properties of the built programs.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::process::Command;

use ns_tests::sandbox_or_skip;
use ns_tests::skip::{has_program, skipped};
use ns_tests::tool;

/// The lines that readelf(1) prints about a tool.
fn told(option: &str, name: &str) -> Vec<String> {
    let mut command = Command::new("readelf");
    let output = command.arg(option).arg(tool::ours(name)).output().unwrap();
    let page = String::from_utf8(output.stdout).unwrap();
    page.lines().map(str::to_owned).collect()
}

/// Why the programs cannot be checked; `None` if they can.
fn untold() -> Option<&'static str> {
    if !has_program("readelf") {
        return Some("readelf is not installed");
    }
    let sections = told("-SW", "unshare");
    let for_debugging = sections.iter().any(|line| line.contains(" .debug_info "));
    for_debugging.then_some("the tools are a debug build")
}

#[test]
fn programs_need_only_the_c_library() {
    if let Some(reason) = untold() {
        return skipped(reason);
    }
    for name in tool::TOOLS {
        let mut needed = told("-d", name);
        needed.retain(|line| line.contains("(NEEDED)"));
        assert!(
            needed.len() == 1 && needed[0].contains("[libc.so.6]"),
            "{name}: {needed:?}"
        );
    }
}

#[test]
fn start_takes_few_system_calls() {
    if let Some(reason) = untold() {
        return skipped(reason);
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
    // Twelve of these compare each namespace entered with the intended one.
    assert!(count("nsenter -t $$ -u -i") <= 54);
}
