//! What the build has made.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::path::Path;
use std::process::Command;

use ns_tests::sandbox_or_skip;
use ns_tests::skip::{has_program, skipped};
use ns_tests::tool;

#[test]
fn programs_have_no_symbols_and_no_folder_of_their_builder() {
    if !has_program("readelf") {
        return skipped("readelf is not installed");
    }
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let home = std::env::var("HOME").unwrap_or_default();
    let folders = [tree.to_str().unwrap(), &format!("{home}/.cargo")];
    for name in tool::TOOLS {
        let program = tool::ours(name);
        let output = Command::new("readelf")
            .arg("-SW")
            .arg(&program)
            .output()
            .unwrap();
        let sections = String::from_utf8(output.stdout).unwrap();
        assert!(sections.contains(".dynsym"), "{name}: {sections}");
        assert!(!sections.contains(".symtab"), "{name}: {sections}");
        let bytes = std::fs::read(program).unwrap();
        for folder in folders {
            let found = bytes
                .windows(folder.len())
                .any(|window| window == folder.as_bytes());
            assert!(!found, "{name} contains {folder}");
        }
    }
}

#[test]
fn programs_need_the_c_library_alone() {
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
    assert!(count("nsenter -t $$ -u -i") <= 36);
}
