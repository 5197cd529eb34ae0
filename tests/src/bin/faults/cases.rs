//! Runs the cases of one use, and has each of them judged.

use std::time::{Duration, Instant};

use crate::case::{self, Case};
use crate::uses::Use;
use crate::verdict::Judge;
use crate::world::{Outcome, World};

/// How many cases of a use are run.
#[derive(Debug)]
pub(crate) struct Amount {
    /// Of those at calls, so many, chosen by the seed; all if `None`.
    pub(crate) sample: Option<usize>,
    /// Kills at random moments.
    pub(crate) kills: usize,
    /// Only cases whose description has this text.
    pub(crate) text: String,
    pub(crate) seed: u64,
}

/// What came of the cases of one use.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) cases: usize,
    /// In how many the fault came to pass.
    pub(crate) happened: usize,
    pub(crate) problems: Vec<String>,
}

/// SplitMix64: the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % end).unwrap_or(0)
    }
}

/// Runs the cases of a use.
///
/// # Errors
/// Why the use cannot be had here.
pub(crate) fn run(used: &'static Use, world: &mut World, amount: &Amount) -> Result<Tally, String> {
    let whole = whole(world)?;
    let mut random = Random(amount.seed);
    let mut cases = case::at_calls(&whole.trace);
    cases.retain(|case| case.to_string().contains(&amount.text));
    if let Some(wanted) = amount.sample {
        while cases.len() > wanted {
            let position = random.below(cases.len());
            cases.swap_remove(position);
        }
    }
    let time = undisturbed(world);
    let processes: Vec<&String> = whole.trace.calls.keys().collect();
    for _ in 0..amount.kills {
        let process = processes[random.below(processes.len())];
        let latest = usize::try_from(time.as_micros()).unwrap_or(usize::MAX);
        let after = Duration::from_micros(random.below(latest).try_into().unwrap_or(0));
        cases.push(Case::kill(process, after));
    }
    let mut tally = Tally::default();
    for case in &cases {
        try_case(used, world, &whole, case, &mut tally)?;
    }
    Ok(tally)
}

/// How it goes when nothing goes wrong, which must be the same each time.
fn whole(world: &mut World) -> Result<Outcome, String> {
    let first = world.run(None);
    world.tidy()?;
    let second = world.run(None);
    world.tidy()?;
    for outcome in [&first, &second] {
        if outcome.trace.status != 0 {
            let errors = outcome.errors.trim_end();
            return Err(format!(
                "status {} by itself: {errors}",
                outcome.trace.status
            ));
        }
    }
    if first.output != second.output || first.state != second.state {
        return Err(format!(
            "two runs differ:\n{}\n{:?}\n{}\n{:?}",
            first.output, first.state, second.output, second.state
        ));
    }
    Ok(second)
}

/// How long it takes when its calls are not looked at.
fn undisturbed(world: &mut World) -> Duration {
    let nobody = Case::kill("nobody", Duration::ZERO);
    let start = Instant::now();
    world.run(Some(&nobody.fault));
    let time = start.elapsed();
    let _ = world.tidy();
    time
}

fn try_case(
    used: &Use,
    world: &mut World,
    whole: &Outcome,
    case: &Case,
    tally: &mut Tally,
) -> Result<(), String> {
    let outcome = world.run(Some(&case.fault));
    tally.cases += 1;
    tally.happened += usize::from(outcome.trace.happened);
    let judge = Judge {
        used,
        whole,
        before: &world.before,
    };
    if let Some(problem) = judge.problem(case, &outcome) {
        tally.problems.push(format!(
            "{case}: {problem}; status {}, {:?}{}",
            outcome.trace.status,
            outcome.errors,
            first_difference(&whole.output, &outcome.output)
        ));
    }
    if outcome.trace.left.is_some() {
        return world.build();
    }
    if outcome.state != world.before {
        world.tidy()?;
    }
    Ok(())
}

fn first_difference(expected: &str, found: &str) -> String {
    let mut pairs = expected.lines().zip(found.lines());
    match pairs.find(|(expected, found)| expected != found) {
        Some((expected, found)) => format!(" [{found:?} for {expected:?}]"),
        None => {
            let count = |text: &str| text.lines().count();
            format!(" [{} of {} lines]", count(found), count(expected))
        }
    }
}
