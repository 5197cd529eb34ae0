//! All that is to go wrong in one use, and how each of it turns out.

use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::Signal;

use crate::calls;
use crate::tracer::{Call, Effect, Fault, Trace, Which};
use crate::uses::Use;
use crate::verdict;
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

const ERRORS: [Errno; 7] = [
    Errno::EPERM,
    Errno::EACCES,
    Errno::ENOMEM,
    Errno::EINTR,
    Errno::EIO,
    Errno::ENOSPC,
    Errno::EMFILE,
];
const SIGNALS: [Signal; 4] = [
    Signal::SIGKILL,
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGHUP,
];

/// The error numbers that a call is made to fail with.
fn errors(number: i64) -> Vec<Errno> {
    match number {
        _ if calls::is_memory(number) => vec![Errno::ENOMEM],
        // Others say nothing that could be true of a child.
        libc::SYS_wait4 | libc::SYS_waitid => vec![Errno::ECHILD, Errno::EINTR],
        // These never wait.
        libc::SYS_rt_sigprocmask | libc::SYS_rt_sigaction => {
            let errors = ERRORS.into_iter();
            errors.filter(|errno| *errno != Errno::EINTR).collect()
        }
        // To be refused is an answer: there is such a process.
        libc::SYS_kill => vec![Errno::EINVAL, Errno::ENOSYS],
        _ => ERRORS.to_vec(),
    }
}

/// What can go wrong at the calls of a run that went well, with the call.
fn at_calls(whole: &Trace) -> Vec<(Fault, Call)> {
    let mut faults = Vec::new();
    let mut seen = Vec::new();
    for (process, made) in &whole.calls {
        let at = |which, effect| Fault::AtCall {
            process: process.clone(),
            which,
            effect,
        };
        for (position, call) in made.iter().enumerate() {
            let number = call.number;
            let mut push = |which, effect| faults.push((at(which, effect), *call));
            for signal in SIGNALS {
                push(Which::At(position, number), Effect::Signal(signal));
            }
            if call.of_fork || !calls::can_fail(number) {
                continue;
            }
            for errno in errors(number) {
                push(Which::At(position, number), Effect::Error(errno));
            }
            if calls::can_be_short(number) && !call.reads_setting {
                push(Which::At(position, number), Effect::Short(1));
            }
            if !seen.contains(&number) {
                seen.push(number);
                // As an older kernel answers, or a filter. A call that is always interrupted is
                // made for ever.
                let mut all = errors(number);
                all.retain(|errno| *errno != Errno::EINTR);
                if !all.contains(&Errno::ENOSYS) && !calls::is_memory(number) {
                    all.push(Errno::ENOSYS);
                }
                for errno in all {
                    push(Which::All(number), Effect::Error(errno));
                }
            }
        }
    }
    faults
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
    let mut faults = at_calls(&whole.trace);
    faults.retain(|(fault, call)| describe(fault, *call).contains(&amount.text));
    if let Some(wanted) = amount.sample {
        while faults.len() > wanted {
            let position = random.below(faults.len());
            faults.swap_remove(position);
        }
    }
    let mut tally = Tally::default();
    for (fault, call) in faults {
        let name = describe(&fault, call);
        try_fault(used, world, &whole, (&fault, Some(call)), &name, &mut tally)?;
    }
    let time = undisturbed(world);
    let processes: Vec<&String> = whole.trace.calls.keys().collect();
    for _ in 0..amount.kills {
        let process = processes[random.below(processes.len())].clone();
        let latest = usize::try_from(time.as_micros()).unwrap_or(usize::MAX);
        let after = Duration::from_micros(random.below(latest).try_into().unwrap_or(0));
        let name = format!("process {process} killed after {} us", after.as_micros());
        let fault = Fault::Killed { process, after };
        try_fault(used, world, &whole, (&fault, None), &name, &mut tally)?;
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
    let nobody = Fault::Killed {
        process: String::new(),
        after: Duration::ZERO,
    };
    let start = Instant::now();
    world.run(Some(&nobody));
    let time = start.elapsed();
    let _ = world.tidy();
    time
}

fn try_fault(
    used: &Use,
    world: &mut World,
    whole: &Outcome,
    (fault, call): (&Fault, Option<Call>),
    name: &str,
    tally: &mut Tally,
) -> Result<(), String> {
    let outcome = world.run(Some(fault));
    tally.cases += 1;
    tally.happened += usize::from(outcome.trace.happened);
    let problem = verdict::problem(used, whole, &world.before, fault, call, &outcome);
    if let Some(problem) = problem {
        tally.problems.push(format!(
            "{name}: {problem}; status {}, {:?}{}",
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
        None => String::new(),
    }
}

fn describe(fault: &Fault, call: Call) -> String {
    let Fault::AtCall {
        process,
        which,
        effect,
    } = fault
    else {
        return String::new();
    };
    let call = calls::name(call.number);
    let place = match which {
        Which::At(position, _) => format!("{call}, call {position} of process {process}"),
        Which::All(_) => format!("every {call}"),
    };
    match effect {
        Effect::Error(errno) => format!("{place}: {errno:?}"),
        Effect::Short(length) => format!("{place}: {length} byte"),
        Effect::Signal(signal) => format!("{place}: {signal}"),
    }
}
