//! `docs/` contains what is rendered from the option tables; `NS_BLESS=1` writes it. mandoc and the
//! shells accept manual pages and completions.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ns_common::cli::table::{Manual, Tool};
use ns_common::cli::{bash, fish, man, zsh};
use ns_tests::skip::{has_program, skipped};
use ns_tests::{plot, with_each_tool};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join("docs")
}

/// The newest release in the changelog, and its date in the form of mdoc(7).
fn newest_release() -> (String, String) {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let changes = fs::read_to_string(docs().join("../CHANGELOG.md")).unwrap();
    let newest = changes.lines().find_map(|line| line.strip_prefix("## "));
    let (version, rest) = newest.unwrap().split_once(", ").unwrap();
    let date = rest.split(',').next().unwrap();
    let numbers: Vec<usize> = date.split('-').map(|part| part.parse().unwrap()).collect();
    let [year, month, day] = numbers[..] else {
        panic!("CHANGELOG.md: {date} is no date");
    };
    let date = format!("{} {day}, {year}", MONTHS[month - 1]);
    (version.to_owned(), date)
}

fn rendered<Id>(tool: &Tool<Id>, manual: &Manual) -> [(PathBuf, String); 4] {
    let (name, completions) = (tool.name, docs().join("completions"));
    [
        (
            docs().join(format!("man/{name}.1")),
            man::render(tool, manual, &newest_release().1),
        ),
        (
            completions.join(format!("bash/{name}")),
            bash::render(tool, manual),
        ),
        (
            completions.join(format!("zsh/_{name}")),
            zsh::render(tool, manual),
        ),
        (
            completions.join(format!("fish/{name}.fish")),
            fish::render(tool, manual),
        ),
    ]
}

fn check_files<Id>(tool: &Tool<Id>, manual: &Manual) {
    for (path, text) in rendered(tool, manual) {
        check_file(&path, &text);
    }
}

/// Checks that a file of `docs/` has this text, or writes it.
#[track_caller]
fn check_file(path: &Path, text: &str) {
    if std::env::var_os("NS_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    } else {
        let committed = fs::read_to_string(path).unwrap_or_default();
        assert_eq!(
            committed,
            text,
            "{} is not what is rendered; NS_BLESS=1 writes it",
            path.display()
        );
    }
}

#[test]
fn plot_is_that_of_the_measurements() {
    let page = fs::read_to_string(docs().join("performance.md")).unwrap();
    check_file(&docs().join("lists.svg"), &plot::lists(&page));
}

#[test]
fn docs_are_what_the_tables_render() {
    with_each_tool!(check_files);
}

/// Checks a text with a program that reads it from standard input.
#[track_caller]
fn check_with(program: &str, arguments: &[&str], text: &str) {
    if !has_program(program) {
        return skipped(&format!("{program} is not installed"));
    }
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&said)
    );
}

#[test]
fn newest_release_in_the_changelog_is_this_one() {
    let page = man::render(&ns_ipcs::TOOL, &ns_ipcs::MANUAL, "");
    assert!(page.contains(&format!(".Os ns-tools {}\n", newest_release().0)));
}

fn lint_man<Id>(tool: &Tool<Id>, manual: &Manual) {
    check_with(
        "mandoc",
        &["-T", "lint", "-W", "warning"],
        &man::render(tool, manual, &newest_release().1),
    );
}

/// The page about all tools, which is written by hand.
const OVERVIEW: &str = include_str!("../../docs/man/ns-tools.7");

#[test]
fn overview_is_of_this_release_and_passes_mandoc() {
    let (version, date) = newest_release();
    assert!(OVERVIEW.contains(&format!("\n.Dd {date}\n")));
    assert!(OVERVIEW.contains(&format!("\n.Os ns-tools {version}\n")));
    check_with("mandoc", &["-T", "lint", "-W", "warning"], OVERVIEW);
}

#[test]
fn manual_pages_pass_mandoc() {
    with_each_tool!(lint_man);
}

fn lint_completions<Id>(tool: &Tool<Id>, manual: &Manual) {
    check_with("bash", &["-n"], &bash::render(tool, manual));
    check_with("zsh", &["-n"], &zsh::render(tool, manual));
    check_with("fish", &["-n"], &fish::render(tool, manual));
}

#[test]
fn completions_parse() {
    with_each_tool!(lint_completions);
}

/// What bash offers after `words`, the last of which is being typed.
fn offered<Id>(tool: &Tool<Id>, manual: &Manual, words: &[&str]) -> Vec<String> {
    let script = format!(
        "{}\nCOMP_WORDS=({}); COMP_CWORD={}; _ns_tools_{}; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        bash::render(tool, manual).replace("compopt", ":"),
        words.join(" "),
        words.len() - 1,
        tool.name
    );
    let output = Command::new("bash")
        .args(["--norc", "-c", &script])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout)
        .lines()
        // A value may be followed by its description.
        .map(|line| line.split("  ").next().unwrap().to_owned())
        .collect()
}

#[test]
fn bash_offers_options_and_their_values() {
    let (tool, manual) = (&ns_unshare::TOOL, &ns_unshare::MANUAL);
    assert_eq!(
        offered(tool, manual, &["unshare", "--propagation", "s"]),
        ["slave", "shared"]
    );
    assert_eq!(
        offered(tool, manual, &["unshare", "--map-roo"]),
        ["--map-root-user"]
    );
    let after_value = offered(
        tool,
        manual,
        &["unshare", "--monotonic", "=", "5", "-r", "--mount-p"],
    );
    assert_eq!(after_value, ["--mount-proc", "--mount-proc="]);
    assert_eq!(
        offered(tool, manual, &["unshare", "--kill-child", "=", "TER"]),
        ["SIGTERM"]
    );
    assert!(
        offered(tool, manual, &["unshare", "--map-users", "=", "su"])
            .contains(&"subids".to_owned())
    );
    assert!(offered(tool, manual, &["unshare", "-r", "tru"]).contains(&"true".to_owned()));
    assert!(
        offered(tool, manual, &["unshare", "--map-user", "=", "roo"]).contains(&"root".to_owned())
    );
    assert!(offered(tool, manual, &["unshare", "-R", "/us"]).contains(&"/usr".to_owned()));

    let (tool, manual) = (&ns_enter::TOOL, &ns_enter::MANUAL);
    let this = std::process::id().to_string();
    for option in ["-t", "--target", "-at"] {
        let offered = offered(tool, manual, &["nsenter", option, &this]);
        assert!(offered.contains(&this), "{option}: {offered:?}");
        let others = offered.iter().filter(|pid| !pid.starts_with(&this));
        assert_eq!(others.count(), 0, "{option}: {offered:?}");
    }
    assert_eq!(
        offered(tool, manual, &["nsenter", "-at", &this, "--pres"]),
        ["--preserve-credentials"]
    );
}
