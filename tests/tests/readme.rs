//! Runs the transcripts in README.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use ns_tests::sandbox::Sandbox;
use ns_tests::sandbox_or_skip;
use ns_tests::transcript::{Numbers, Section, sections};

const README: &str = include_str!("../../README.md");
/// Separates the output of two commands.
const MARK: &str = "\u{1e}";

/// The output of each command of a section, all run in one shell.
fn answers(sandbox: &Sandbox, section: &Section<'_>) -> Vec<String> {
    let mut script = "exec 2>&1\n".to_owned();
    for exchange in &section.exchanges {
        script.extend([&exchange.command, "\nprintf '\\036'\n"]);
    }
    let run = sandbox.shell(&script);
    run.stdout.split(MARK).map(str::to_owned).collect()
}

#[test]
fn transcripts_show_what_happens() {
    drop(sandbox_or_skip!());
    let sections = sections(README);
    let with_commands = sections.iter().filter(|it| !it.exchanges.is_empty());
    let mut wrong = Vec::new();
    for section in with_commands.clone() {
        let answers = answers(&Sandbox::new(), section);
        assert_eq!(answers.len(), section.exchanges.len() + 1, "{answers:?}");
        let mut numbers = Numbers::default();
        for (exchange, answer) in section.exchanges.iter().zip(&answers) {
            if let Err(difference) = numbers.compare(&exchange.answer, answer) {
                wrong.push(format!("$ {}\n{difference}\n{answer}", exchange.command));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(with_commands.count() >= 10);
}
