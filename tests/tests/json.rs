//! JSON that the tools print, read by a parser: with names that nobody would choose.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use ns_tests::random::Random;
use ns_tests::sandbox::{Run, Sandbox};
use ns_tests::sandbox_or_skip;
use serde_json::Value;

/// Pieces of names: quotes, what ends lines and strings, what is no text.
const PIECES: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"\n",
    b"\t",
    b"\x1b[31m",
    b"\x7f",
    b"\xff",
    b"\xc3",
    b"\xe2\x82",
    "\u{e9}".as_bytes(),
    "\u{1f600}".as_bytes(),
    "\u{9b}".as_bytes(),
    b"{",
    b"}",
    b"\\u0000",
    b"null",
    b"a",
    b" ",
    b"'",
    b"\xed\xa0\x80",
];

fn name(random: &mut Random) -> Vec<u8> {
    let mut name = b"n".to_vec();
    for _ in 0..=random.below(6) {
        let piece: &&[u8] = random.pick(PIECES);
        name.extend_from_slice(piece);
    }
    name
}

/// Makes objects of all kinds; returns the names of the POSIX ones, made by the tool itself.
fn make_objects(sandbox: &Sandbox, random: &mut Random) -> Vec<Vec<u8>> {
    let made = sandbox.shell("ipcmk -Q -M 1K -S 3 --key 7; ipcmk -Q -p 0");
    assert_eq!(made.status, 0, "{made:?}");
    let names: Vec<Vec<u8>> = (0..8).map(|_| name(random)).collect();
    for name in &names {
        let name = OsStr::from_bytes(name);
        let made = [
            OsStr::new("--posix-shmem=5"),
            OsStr::new("--json"),
            OsStr::new("-n"),
            name,
        ];
        let made = sandbox.run("ipcmk", made);
        assert!(
            made.status == 0 || made.error().ends_with(": File exists"),
            "{made:?}"
        );
        if made.status == 0 {
            let written: Value = parsed(&made.stdout, "ipcmk --json");
            assert_eq!(
                text_of(&written["name"]),
                format!("/{}", name.to_string_lossy()),
                "{made:?}"
            );
        }
    }
    names
}

/// The text of a string.
fn text_of(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no string: {value}"))
}

#[track_caller]
fn parsed(text: &str, command: &str) -> Value {
    let no_controls = !text
        .chars()
        .any(|letter| letter.is_control() && letter != '\n');
    assert!(no_controls, "{command}: {text:?}");
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{command}: {error}: {text:?}"))
}

/// All strings in a document.
fn strings<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => into.push(text),
        Value::Array(values) => values.iter().for_each(|value| strings(value, into)),
        Value::Object(values) => values.values().for_each(|value| strings(value, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Options of `ipcs` that go with `--json`.
const VIEWS: &[&str] = &[
    "",
    "-q",
    "-m",
    "-s",
    "-t",
    "-p",
    "-c",
    "-l",
    "-u",
    "--usage",
    "--attached -m",
    "--attached -M",
    "-A",
    "-A -u",
    "-m -i 0",
    "-q -i 0",
    "-s -i 0",
    "--posix",
    "-M",
    "--posix -c",
    "--output-all -m",
    "--output-all -q",
    "--output-all -M",
    "-a --posix",
    "--human",
    "-b",
    "-n",
    "--time-format=iso",
    "--time-format=epoch -t",
    "--sort=-KEY -q",
    "--unused",
    "--owner=0",
    "--noheadings",
    "-m -o KEY,SIZE,OWNER",
    "--older-than=0",
];

#[test]
fn documents_and_lines_of_ipcs_are_json_whatever_the_names() {
    let sandbox = sandbox_or_skip!();
    let random = &mut Random::new(14, 0);
    let names = make_objects(&sandbox, random);
    let lossy: Vec<String> = names
        .iter()
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect();
    let mut accepted = 0;
    for view in VIEWS {
        for form in ["--json", "--json-lines"] {
            let command = format!("ipcs {view} {form}");
            let run: Run = sandbox.shell(&command);
            if run.status == 1
                && run
                    .stderr
                    .ends_with("Try 'ipcs --help' for more information.\n")
            {
                continue;
            }
            // Processes of other tests end while they are looked at.
            let in_peace = run.stderr.is_empty() || run.stderr.ends_with(" could not be read\n");
            assert!(run.status == 0 && in_peace, "{command}: {run:?}");
            let documents: Vec<Value> = if form == "--json" {
                vec![parsed(&run.stdout, &command)]
            } else {
                run.stdout
                    .lines()
                    .map(|line| parsed(line, &command))
                    .collect()
            };
            let mut seen = Vec::new();
            documents
                .iter()
                .for_each(|document| strings(document, &mut seen));
            let shows_memory = view.contains("posix") || view.contains("-M");
            if shows_memory {
                let missing = lossy.iter().find(|name| {
                    !seen
                        .iter()
                        .any(|text| text.trim_start_matches('/') == name.as_str())
                });
                assert_eq!(missing, None, "{command}: {}", run.stdout);
            }
            accepted += 1;
        }
    }
    assert!(
        accepted > VIEWS.len(),
        "most views have a form in JSON: {accepted}"
    );
}

#[test]
fn events_of_unshare_are_json() {
    let sandbox = sandbox_or_skip!();
    for (program, last) in [
        ("true", "exited"),
        ("sh -c 'kill -KILL $$'", "killed"),
        ("/nonexistent", "failed"),
    ] {
        let command = format!(
            "unshare --uts --ipc --fork --status-fd 3 {program} 3> events 2> /dev/null; cat events"
        );
        let run = sandbox.shell(&command);
        let events: Vec<Value> = run
            .stdout
            .lines()
            .map(|line| parsed(line, &command))
            .collect();
        let names: Vec<&str> = events
            .iter()
            .map(|event| text_of(&event["event"]))
            .collect();
        assert_eq!(names.first(), Some(&"ready"), "{run:?}");
        assert!(names.contains(&last), "{run:?}");
        assert!(events[0]["namespaces"]["uts"].is_u64(), "{run:?}");
    }
}
