//! Timing commands alternately, so that other load on the machine affects all of them equally.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ns_tests::tool;

use crate::Failure;

/// A command in a scene.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    /// Whose command it is.
    pub(crate) label: &'static str,
    pub(crate) command: Vec<String>,
}

/// The commands to time, and how often; the first one is ours.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) name: String,
    pub(crate) sides: Vec<Side>,
    pub(crate) rounds: usize,
}

/// How long one command took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Times {
    pub(crate) minimum: Duration,
    pub(crate) median: Duration,
}

impl Times {
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self {
            minimum: times[0],
            median: times[times.len() / 2],
        }
    }

    /// The ratios of both figures to those of another command.
    pub(crate) fn over(self, other: Self) -> Ratios {
        let ratio = |one: Duration, other: Duration| one.as_secs_f64() / other.as_secs_f64();
        Ratios {
            minimum: ratio(self.minimum, other.minimum),
            median: ratio(self.median, other.median),
        }
    }
}

/// The ratios of one command's times to another's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ratios {
    pub(crate) minimum: f64,
    pub(crate) median: f64,
}

impl Side {
    /// A command line whose first word is one of our tools.
    pub(crate) fn ours(line: &str) -> Self {
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        Self::new("ours", &format!("{} {rest}", tool::ours(name).display()))
    }

    /// A command line whose first word is one of the reference's commands.
    pub(crate) fn reference(line: &str) -> Self {
        Self::new("reference", &format!("/usr/bin/{line}"))
    }

    /// A command line of another program, if that is installed.
    pub(crate) fn other(label: &'static str, line: &str) -> Option<Self> {
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        let program = find(name)?;
        Some(Self::new(label, &format!("{} {rest}", program.display())))
    }

    fn new(label: &'static str, line: &str) -> Self {
        Self {
            label,
            command: line.split_whitespace().map(str::to_owned).collect(),
        }
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).stdin(Stdio::null());
        command
    }
}

/// The path of a program on the search path.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&path).map(|folder| folder.join(name));
    places.find(|place| place.is_file())
}

impl Scene {
    /// Ours and the reference, with the same command line.
    pub(crate) fn of(name: &str, line: &str, rounds: usize) -> Self {
        Self {
            name: name.to_owned(),
            sides: Vec::from([Side::ours(line), Side::reference(line)]),
            rounds,
        }
    }

    /// Adds another program's command line to the scene, if that program is installed and succeeds.
    pub(crate) fn beside(mut self, label: &'static str, line: &str) -> Self {
        let can = |side: &Side| {
            let mut command = side.command();
            let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
            status.is_ok_and(|status| status.success())
        };
        self.sides.extend(Side::other(label, line).filter(can));
        self
    }

    /// Times all commands, alternately in each round.
    pub(crate) fn time(&self, locale: &str) -> Result<Vec<Times>, Failure> {
        let mut times = vec![Vec::new(); self.sides.len()];
        // The first round warms up.
        for round in 0..=self.rounds {
            for (side, times) in self.sides.iter().zip(&mut times) {
                let mut command = side.command();
                command
                    .env("LC_ALL", locale)
                    .stdout(Stdio::null())
                    .stderr(Stdio::null());
                let start = Instant::now();
                let status = command.status()?;
                let time = start.elapsed();
                if !status.success() {
                    return Err(format!("{:?}: {status}", side.command).into());
                }
                if round > 0 {
                    times.push(time);
                }
            }
        }
        Ok(times.into_iter().map(Times::of).collect())
    }
}
