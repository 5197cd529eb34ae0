//! No command may cost more than recorded. `make bench-record` records new figures.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use ns_tests::counts::{self, COMMANDS, Counts, Whose};
use ns_tests::sandbox::Sandbox;
use ns_tests::skip::{self, skipped};

const HEAD: &str = "\
# What the tools cost in LC_ALL=C: instructions (callgrind) and system calls (strace) up to the
# program's execve or the end, and page faults to the end of all; then the bytes of the files.
# `make bench-record` writes this file, `tests/counts.rs` compares with it.
";

fn record() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("counts.txt")
}

fn name(command: &str, queues: usize) -> String {
    match queues {
        0 => command.to_owned(),
        queues => format!("{command}, {queues} queues"),
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Figures {
    machine: String,
    commands: Vec<(String, Counts)>,
    sizes: Vec<(String, u64)>,
}

impl Figures {
    fn counted() -> Self {
        let counted = COMMANDS.map(|(command, queues)| {
            let counts = counts::count(Whose::Ours, command, queues, "C");
            (name(command, queues), counts)
        });
        let sizes = counts::sizes().into_iter();
        Self {
            machine: counts::machine(),
            commands: counted.to_vec(),
            sizes: sizes.map(|(name, size)| (name.to_owned(), size)).collect(),
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{HEAD}{}\n", self.machine);
        for (name, counts) in &self.commands {
            writeln!(text, "{name} | {counts}").unwrap();
        }
        for (name, size) in &self.sizes {
            writeln!(text, "{name} | {size}").unwrap();
        }
        text
    }

    fn read(text: &str) -> Self {
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let machine = lines.next().unwrap_or_default().to_owned();
        let (mut commands, mut sizes) = (Vec::new(), Vec::new());
        for line in lines {
            let mut parts = line.split(" | ");
            let name = parts.next().unwrap().to_owned();
            let numbers: Vec<u64> = parts.map(|part| part.parse().unwrap()).collect();
            match numbers[..] {
                [size] => sizes.push((name, size)),
                [instructions, calls, faults] => commands.push((
                    name,
                    Counts {
                        instructions,
                        calls,
                        faults,
                    },
                )),
                _ => panic!("{line}"),
            }
        }
        Self {
            machine,
            commands,
            sizes,
        }
    }

    /// What costs more than recorded. Three percent more are allowed for instructions and sizes,
    /// and a few page faults, which depend on layout and memory; system calls do not vary.
    fn grown_from(&self, recorded: &Self) -> Vec<String> {
        let has_grown = |now: u64, then: u64| now * 100 > then * 103;
        let mut grown = Vec::new();
        for ((name, now), (known, then)) in self.commands.iter().zip(&recorded.commands) {
            assert_eq!(name, known, "record anew: make bench-record");
            if has_grown(now.instructions, then.instructions)
                || now.calls > then.calls
                || now.faults > then.faults + 3
            {
                grown.push(format!("{name}: {then} have become {now}"));
            }
        }
        for ((name, now), (known, then)) in self.sizes.iter().zip(&recorded.sizes) {
            assert_eq!(name, known, "record anew: make bench-record");
            if has_grown(*now, *then) {
                grown.push(format!("{name}: {then} bytes have become {now}"));
            }
        }
        grown
    }
}

#[test]
fn nothing_costs_more_than_is_recorded() {
    if let Err(reason) = Sandbox::available_with(&counts::PROGRAMS) {
        return skipped(&reason);
    }
    if !skip::is_root() {
        return skipped("the figures are root's");
    }
    if !counts::is_release() {
        return skipped("the programs are not what make builds");
    }
    if std::env::var_os("NS_BLESS").is_some() {
        return fs::write(record(), Figures::counted().text()).unwrap();
    }
    let recorded = Figures::read(&fs::read_to_string(record()).unwrap());
    let machine = counts::machine();
    if machine != recorded.machine {
        let (here, there) = (machine, recorded.machine);
        return skipped(&format!("recorded with {there}, and here is {here}"));
    }
    let grown = Figures::counted().grown_from(&recorded);
    assert!(grown.is_empty(), "{}", grown.join("\n"));
}

#[test]
fn growth_is_reported_and_its_absence_is_not() {
    let figures = |instructions, calls, faults, size| Figures {
        machine: "here".to_owned(),
        commands: Vec::from([(
            "ipcs -q, 9 queues".to_owned(),
            Counts {
                instructions,
                calls,
                faults,
            },
        )]),
        sizes: Vec::from([("ipcs".to_owned(), size)]),
    };
    let recorded = figures(1000, 34, 57, 500_000);
    assert_eq!(Figures::read(&recorded.text()), recorded);
    let grown = |now: Figures| now.grown_from(&recorded).len();
    assert_eq!(grown(figures(1030, 34, 60, 515_000)), 0);
    assert_eq!(grown(figures(900, 30, 50, 400_000)), 0);
    assert_eq!(grown(figures(1031, 34, 57, 500_000)), 1);
    assert_eq!(grown(figures(1000, 35, 57, 500_000)), 1);
    assert_eq!(grown(figures(1000, 34, 61, 500_000)), 1);
    assert_eq!(grown(figures(1031, 35, 61, 515_001)), 2);
}
