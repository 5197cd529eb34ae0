//! The walkthrough runs, shows what the tutorial shows, and leaves the system as it was.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::fs;
use std::path::Path;

use ns_tests::sandbox::Sandbox;
use ns_tests::skip::skipped;
use ns_tests::transcript::{Section, sections};
use ns_tests::{tool, walkthrough};

fn host_name() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").unwrap()
}

fn queues() -> String {
    fs::read_to_string("/proc/sysvipc/msg").unwrap()
}

#[test]
fn walkthrough_shows_isolation_and_changes_nothing_outside() {
    if let Err(reason) = Sandbox::available_with(&["hostname"]) {
        return skipped(&reason);
    }
    let mut page = Vec::new();
    let mut played = Vec::new();
    // Other processes may create queues on this machine meanwhile, but not every time.
    let changes_nothing = (0..3).any(|_| {
        let before = (host_name(), queues());
        page.clear();
        played = walkthrough::play(tool::folder(), &mut page)
            .unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(&page)));
        (host_name(), queues()) == before
    });
    assert!(changes_nothing);
    let page = String::from_utf8(page).unwrap();
    assert!(page.ends_with("the numbers of this run.\n"), "{page}");
    assert!(played.len() > 20, "{page}");
}

#[test]
fn walkthrough_without_tools_says_so() {
    assert!(walkthrough::play(Path::new("/nonexistent"), &mut Vec::new()).is_err());
}

#[test]
fn tutorials_have_the_same_commands_in_each_language() {
    let exchanges = |section: Section<'_>| section.exchanges;
    let chinese = sections(include_str!("../../docs/tutorial.zh.md"));
    let english = sections(walkthrough::TUTORIAL);
    let both = [chinese, english].map(|it| it.into_iter().map(exchanges).collect::<Vec<_>>());
    assert_eq!(both[0], both[1]);
}
