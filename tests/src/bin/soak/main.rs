//! Creates namespaces and objects, enters them, lists and removes them, again and again and eight
//! at once; then all must be as it was.
//!
//! Usage: `soak [ROUNDS]`

mod census;
mod rounds;

use std::env;
use std::io::{self, Write as _};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use ns_tests::enclosure::Enclosed;
use ns_tests::tool;

use crate::census::Census;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Says that this is the enclosed part of the program.
const INSIDE: &str = "--inside";
/// How many rounds go on at once.
const AT_ONCE: usize = 8;
/// The kernel takes some namespaces apart in its own time.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((first, rest)) if first == INSIDE => inside(rest),
        _ => outside(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("soak: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Tells whoever reads; a closed output has the program end elsewhere.
fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

fn outside(arguments: &[String]) -> Result<(), Failure> {
    let mut command = Command::new(env::current_exe()?);
    command
        .arg(INSIDE)
        .args(arguments)
        .env("NS_TESTS_BIN_DIR", tool::folder());
    let enclosed = Enclosed::start(&tool::ours("unshare"), &command)?;
    let (output, success) = enclosed.finish()?;
    say(output.trim_end());
    if success {
        Ok(())
    } else {
        Err("failed".into())
    }
}

fn inside(arguments: &[String]) -> Result<(), Failure> {
    let rounds = arguments
        .first()
        .map_or(Ok(10_000), |rounds| rounds.parse())?;
    let none = None::<&str>;
    for folder in ["/mnt", "/dev/shm"] {
        mount(Some("tmpfs"), folder, Some("tmpfs"), MsFlags::empty(), none)?;
    }
    env::set_current_dir("/mnt")?;
    // What is made once and stays, such as the kernel's caches, is made now.
    for round in 0..AT_ONCE {
        rounds::run(round, round)?;
    }
    let before = Census::at_rest()?;
    say(&format!("before: {before}"));
    let begin = Instant::now();
    let commands = run_at_once(rounds)?;
    let taken = begin.elapsed();
    let after = settled(&before)?;
    say(&format!("after:  {after}"));
    say(&format!(
        "{rounds} rounds, {AT_ONCE} at once: {commands} commands in {} s",
        taken.as_secs()
    ));
    if before == after {
        Ok(())
    } else {
        Err("something was left behind, or is missing".into())
    }
}

/// Runs all rounds, and counts the commands.
fn run_at_once(rounds: usize) -> Result<usize, Failure> {
    let next = AtomicUsize::new(0);
    let work = |worker: usize| -> Result<usize, Failure> {
        let mut commands = 0;
        loop {
            let round = next.fetch_add(1, Ordering::Relaxed);
            if round >= rounds {
                return Ok(commands);
            }
            commands +=
                rounds::run(worker, round).map_err(|error| format!("round {round}: {error}"))?;
        }
    };
    thread::scope(|scope| {
        let work = &work;
        let workers: Vec<_> = (0..AT_ONCE)
            .map(|worker| scope.spawn(move || work(worker)))
            .collect();
        let ended = workers
            .into_iter()
            .map(|worker| worker.join().map_err(|_| "a thread has panicked")?);
        ended.sum()
    })
}

/// What is there once it is as before, or after a while if it never is.
fn settled(before: &Census) -> Result<Census, Failure> {
    let end = Instant::now() + PATIENCE;
    loop {
        let census = Census::at_rest()?;
        if census == *before || Instant::now() > end {
            return Ok(census);
        }
    }
}
