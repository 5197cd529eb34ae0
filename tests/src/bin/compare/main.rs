//! Compares whole command lines, made up by chance, with the installed reference: what they print,
//! how they end, and what the kernel has afterwards.
//!
//! Usage: `compare [COUNT [SEED [FIRST]]]`: so many cases of a seed, from one of them on.

mod excuses;
mod grammar;
mod world;

use std::env;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;

use ns_tests::enclosure::Enclosed;
use ns_tests::skip::is_root;
use ns_tests::tool;
use ns_tests::wording::Wordings;

use crate::excuses::{EXCUSES, Pair, excuse, not_in_page};
use crate::grammar::{Case, Grammar};
use crate::world::{Outcome, Side, World};

type Failure = Box<dyn std::error::Error>;

/// Says that this is the enclosed part of the program.
const INSIDE: &str = "--inside";
/// What a line about an excused case begins with; its row follows.
const EXCUSED: &str = "excused ";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((first, rest)) if first == INSIDE => inside(rest).map(|()| true),
        _ => outside(&arguments),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("compare: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Tells whoever reads; a closed output has the program end elsewhere.
fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Which cases are run.
#[derive(Debug, Clone, Copy)]
struct Range {
    count: u64,
    seed: u64,
    first: u64,
}

impl Range {
    fn new(arguments: &[String]) -> Result<Self, Failure> {
        let number = |place: usize, default| match arguments.get(place) {
            Some(text) => text.parse().map_err(|_| format!("no number: {text}")),
            None => Ok(default),
        };
        Ok(Self {
            count: number(0, 300)?,
            seed: number(1, 1)?,
            first: number(2, 0)?,
        })
    }
}

/// Has one enclosed process for each processor run its share, and adds up what they say.
fn outside(arguments: &[String]) -> Result<bool, Failure> {
    let range = Range::new(arguments)?;
    if tool::reference().is_none() {
        let oldest = tool::OLDEST_REFERENCE;
        say(&format!("SKIPPED: no {oldest} or later in /usr/bin"));
        return Ok(true);
    }
    if let Some(excuse) = not_in_page().first() {
        return Err(format!("not in docs/compatibility.md: {excuse:?}").into());
    }
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let share = range.count.div_ceil(u64::try_from(workers)?);
    let mut running = Vec::new();
    for worker in 0..u64::try_from(workers)? {
        let first = (worker * share).min(range.count);
        let count = share.min(range.count - first);
        let mut command = Command::new(env::current_exe()?);
        command
            .arg(INSIDE)
            .args([count, range.seed, range.first + first].map(|number| number.to_string()))
            .arg(if is_root() { "all ids" } else { "one id" })
            .env("NS_TESTS_BIN_DIR", tool::folder());
        running.push(Enclosed::start(Path::new("/usr/bin/unshare"), &command)?);
    }
    let (mut differences, mut excused) = (0, vec![0; EXCUSES.len()]);
    for worker in running {
        let (output, success) = worker.finish()?;
        for line in output.lines() {
            match line.strip_prefix(EXCUSED) {
                Some(row) => excused[row.parse::<usize>()?] += 1,
                None => {
                    differences += usize::from(line.starts_with("case "));
                    say(line);
                }
            }
        }
        if !success {
            return Err("a process in namespaces of its own has failed".into());
        }
    }
    for (excuse, count) in EXCUSES.iter().zip(&excused) {
        if *count > 0 {
            say(&format!("{count:6} {}: {}", excuse.section, excuse.row));
        }
    }
    say(&format!(
        "{} command lines of seed {}: {} meant to differ, {differences} differ",
        range.count,
        range.seed,
        excused.iter().sum::<i32>(),
    ));
    Ok(differences == 0)
}

/// Runs a share of the cases, as process 1 of the enclosed place.
fn inside(arguments: &[String]) -> Result<(), Failure> {
    let range = Range::new(arguments)?;
    let all_ids = arguments.last().is_some_and(|last| last == "all ids");
    let help = tool::TOOLS.map(|name| (name, help_of_reference(name)));
    let has = |tool: &str, option: &str| {
        let help = help.iter().find(|(name, _)| *name == tool);
        help.is_some_and(|(_, text)| has_word(text, &format!("--{option}")))
    };
    let grammar = Grammar::new(&has, all_ids);
    let wordings = Wordings::newer();
    let world = World::new(all_ids)?;
    for number in range.first..range.first + range.count {
        let case = grammar.case(range.seed, number);
        let mut outcomes = both(&world, &case, &wordings)?;
        // The reference leaves some things to chance, such as on which processor it runs.
        for _ in 0..5 {
            if outcomes.0 == outcomes.1 {
                break;
            }
            outcomes = both(&world, &case, &wordings)?;
        }
        let (ours, reference) = outcomes;
        if ours == reference {
            continue;
        }
        let pair = Pair {
            case: &case,
            ours: &ours,
            reference: &reference,
        };
        match excuse(&pair) {
            Some(row) => say(&format!("{EXCUSED}{row}")),
            None => say(&format!("case {number}: {}", difference(&pair))),
        }
    }
    Ok(())
}

fn help_of_reference(name: &str) -> String {
    let output = Command::new(format!("/usr/bin/{name}"))
        .arg("--help")
        .output();
    output.map_or(String::new(), |output| {
        String::from_utf8_lossy(&output.stdout).into_owned()
    })
}

/// Whether a text has an option that is not the beginning of a longer one.
fn has_word(text: &str, option: &str) -> bool {
    text.match_indices(option).any(|(at, _)| {
        let rest = &text[at + option.len()..];
        !rest.starts_with(|next: char| next.is_ascii_lowercase() || next == '-')
    })
}

fn both(world: &World, case: &Case, wordings: &Wordings) -> Result<(Outcome, Outcome), Failure> {
    let mut ours = world.run(case, Side::Ours)?;
    let mut reference = world.run(case, Side::Reference)?;
    for outcome in [&mut ours, &mut reference] {
        outcome.error = world.comparable_error(&outcome.error);
        outcome.output = comparable(&outcome.output);
    }
    // A message may be one of the older release, or of both.
    if ours.error != reference.error {
        reference.error = wordings.reword(&reference.error);
    }
    Ok((ours, reference))
}

/// Output without what is worded in our own way: help and version.
fn comparable(output: &str) -> String {
    let before_help = output.split_once("\nUsage:\n").map(|(before, _)| before);
    let before_version = output
        .split_once(" from util-linux ")
        .map(|(before, _)| before);
    match (before_help, before_version) {
        (Some(before), _) => format!("{before}help"),
        (None, Some(before)) => format!("{before} version"),
        (None, None) => output.to_owned(),
    }
}

/// What a reader needs to repeat a case, and what differs.
fn difference(pair: &Pair<'_>) -> String {
    let case = pair.case;
    let mut lines = vec![format!(
        "{:?} {:?} {} {}",
        case.caller,
        case.setting,
        case.tool,
        case.words
            .iter()
            .map(|word| format!("{word:?}"))
            .collect::<Vec<_>>()
            .join(" ")
    )];
    if !case.environment.is_empty() {
        lines.push(format!("  with {:?}", case.environment));
    }
    if case.tool.starts_with("ipc") {
        lines.push(format!("  scene {}", case.scene));
    }
    let (ours, reference) = (pair.ours, pair.reference);
    for (name, here, there) in [
        ("status", &ours.status, &reference.status),
        ("error", &ours.error, &reference.error),
        ("output", &ours.output, &reference.output),
        ("state", &ours.state, &reference.state),
    ] {
        if here != there {
            let only = |one: &str, other: &str| {
                let lines = one
                    .lines()
                    .filter(|line| !other.lines().any(|known| known == *line));
                lines.take(12).map(str::to_owned).collect::<Vec<_>>()
            };
            lines.push(format!("  {name} here:      {:?}", only(here, there)));
            lines.push(format!("  {name} reference: {:?}", only(there, here)));
        }
    }
    lines.join("\n")
}
