//! Process 1 of namespaces in which the cases of one use are run.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::cases::{self, Amount, Tally};
use crate::uses::USES;
use crate::world::World;

/// Says that the namespaces have been made.
pub(crate) const WORD: &str = "--inside";

/// What begins the line that says why a use cannot be had.
pub(crate) const UNAVAILABLE: &str = "unavailable: ";

/// What begins each line of a problem.
pub(crate) const PROBLEM: &str = "problem: ";

/// Runs the cases of the use with this position in the table: POSITION SLOT SAMPLE KILLS SEED
/// TEXT PROBE; a
/// sample of `all` is no sample.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let [position, slot, sample, kills, seed, text, probe] = arguments else {
        panic!("{arguments:?}");
    };
    let used = &USES[position.parse::<usize>().unwrap()];
    let amount = Amount {
        sample: sample.parse().ok(),
        kills: kills.parse().unwrap(),
        seed: seed.parse().unwrap(),
        text: text.clone(),
    };
    let tally = World::new(used, Path::new(probe), slot.parse().unwrap())
        .and_then(|mut world| cases::run(used, &mut world, &amount));
    let mut text = String::new();
    match tally {
        Ok(Tally {
            cases,
            happened,
            problems,
        }) => {
            for problem in problems {
                text += &format!("{PROBLEM}{}\n", problem.replace('\n', "\\n"));
            }
            text += &format!("{cases} {happened}\n");
        }
        Err(reason) => text = format!("{UNAVAILABLE}{}\n", reason.replace('\n', "\\n")),
    }
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
