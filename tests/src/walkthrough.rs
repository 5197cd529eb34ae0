//! Typing the tutorial into interactive shells in pseudo-terminals.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use rexpect::session::{PtySession, spawn_command};

use crate::skip;
use crate::transcript::{Exchange, Numbers, Section, sections};

/// The tutorial.
pub const TUTORIAL: &str = include_str!("../../docs/tutorial.md");
/// Much longer than any command of the tutorial takes.
const TIMEOUT_MILLISECONDS: u64 = 20_000;
/// The prompt shows user and host name, as on most systems.
const PROMPT: &str = r"\[[^@\s]*@([^\s\]]+)\] [#$] ";
/// Options that an ordinary user needs to create and enter namespaces, but root does not.
const FOR_ORDINARY_USERS: [&str; 3] = ["-r", "-U", "--preserve-credentials"];

/// Why the walkthrough ended early.
pub type Failure = Box<dyn std::error::Error>;

struct Shell {
    session: PtySession,
    host: String,
    /// Whether the terminal echoes what is typed.
    repeats: bool,
}

impl Shell {
    /// Starts a shell with `command` and waits for its prompt.
    fn start(mut command: Command) -> Result<Self, Failure> {
        command
            .env("TERM", "dumb")
            .env("LC_ALL", "C")
            .env("HOME", "/")
            .env("HISTFILE", "")
            .env("PROMPT_COMMAND", r#"PS1="[\u@\h] \\$ ""#);
        let session = spawn_command(command, Some(TIMEOUT_MILLISECONDS))?;
        let mut shell = Self {
            session,
            host: String::new(),
            repeats: false,
        };
        shell.answer()?;
        shell.repeats = !shell.type_in(":", false)?.is_empty();
        Ok(shell)
    }

    /// Reads up to the next prompt.
    fn answer(&mut self) -> Result<String, Failure> {
        let (before, prompt) = self.session.exp_regex(PROMPT)?;
        let host = prompt
            .split('@')
            .nth(1)
            .and_then(|rest| rest.split(']').next());
        host.unwrap_or_default().clone_into(&mut self.host);
        Ok(before)
    }

    /// Types a command and reads its output, up to the prompt or the end of the shell.
    fn type_in(&mut self, command: &str, is_last: bool) -> Result<String, Failure> {
        self.session.send_line(command)?;
        let text = if is_last {
            self.session.exp_eof()?
        } else {
            self.answer()?
        };
        let text = text.replace("\r\n", "\n");
        Ok(match text.split_once('\n') {
            Some((_, rest)) if self.repeats => rest.to_owned(),
            _ => text,
        })
    }
}

/// Plays the tutorial with the tools in `tools`, writes it to `page` as it goes, and returns it.
///
/// Everything happens in new UTS and IPC namespaces, so the system does not change.
///
/// # Errors
/// What went wrong, in the words of the tool that failed, or the output that differs from the
/// tutorial.
pub fn play(tools: &Path, page: &mut dyn Write) -> Result<Vec<Exchange>, Failure> {
    if !skip::has_program("hostname") {
        return Err("the program hostname is not installed, which the tutorial uses".into());
    }
    let all = sections(TUTORIAL);
    let first = all
        .iter()
        .position(|section| !section.exchanges.is_empty())
        .ok_or("the tutorial has no commands")?;
    let mut stage = Stage {
        tools,
        page,
        shells: BTreeMap::new(),
        numbers: Numbers::default(),
        played: Vec::new(),
    };
    stage.check_namespaces(&all[first].exchanges[0])?;
    let mut left: Vec<u8> = shells_in(&all[first..]);
    for section in all[first..].iter().filter(|it| !it.exchanges.is_empty()) {
        writeln!(stage.page, "\n== {}", section.heading)?;
        if !section.prose.is_empty() {
            writeln!(stage.page, "{}", section.prose)?;
        }
        for shown in &section.exchanges {
            left.remove(0);
            let is_last = !left.contains(&shown.shell);
            stage.play(shown, is_last)?;
        }
    }
    writeln!(
        stage.page,
        "\nEach answer was the one that docs/tutorial.md shows, but for the numbers of this run."
    )?;
    Ok(stage.played)
}

/// The shell of each command, in order.
fn shells_in(sections: &[Section<'_>]) -> Vec<u8> {
    let exchanges = sections.iter().flat_map(|section| &section.exchanges);
    exchanges.map(|exchange| exchange.shell).collect()
}

struct Stage<'a> {
    tools: &'a Path,
    page: &'a mut dyn Write,
    shells: BTreeMap<u8, Shell>,
    numbers: Numbers,
    played: Vec<Exchange>,
}

impl Stage<'_> {
    fn play(&mut self, shown: &Exchange, is_last: bool) -> Result<(), Failure> {
        let (number, command) = (shown.shell, self.numbers.in_command(&shown.command));
        let prompt = match shown.host.as_str() {
            "" => format!("[shell {number}]"),
            _ => format!("[shell {number} @ {}]", self.shell(number)?.host),
        };
        writeln!(self.page, "{prompt} $ {command}")?;
        if shown.host.is_empty() {
            let shell = Shell::start(self.starting(&command))
                .map_err(|error| format!("shell {number} did not start: {error}"))?;
            self.shells.insert(number, shell);
            self.played.push(Exchange {
                command,
                ..shown.clone()
            });
            return Ok(());
        }
        let shell = self.shell(number)?;
        let host = shell.host.clone();
        let answer = shell.type_in(&command, is_last)?;
        write!(self.page, "{answer}")?;
        self.page.flush()?;
        if host != shown.host {
            return Err(
                format!("the host is {host}, not {} as in the tutorial", shown.host).into(),
            );
        }
        self.numbers
            .compare(&shown.answer, &answer)
            .map_err(|line| {
                format!(
                    "{} does not print what the tutorial shows\n{line}",
                    shown.command
                )
            })?;
        self.played.push(Exchange {
            answer,
            command,
            ..shown.clone()
        });
        Ok(())
    }

    fn shell(&mut self, number: u8) -> Result<&mut Shell, Failure> {
        let shell = self.shells.get_mut(&number);
        shell.ok_or_else(|| format!("shell {number} has not been started").into())
    }

    /// The command that starts a shell: one of the tools, with the options that this user needs.
    fn starting(&self, line: &str) -> Command {
        let is_root = skip::is_root();
        let mut words = line
            .split_whitespace()
            .filter(|word| !(is_root && FOR_ORDINARY_USERS.contains(word)));
        let mut command = Command::new(self.tools.join(words.next().unwrap_or_default()));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders =
            std::iter::once(PathBuf::from(self.tools)).chain(std::env::split_paths(&path));
        command
            .env(
                "PATH",
                std::env::join_paths(folders).unwrap_or(path.clone()),
            )
            .args(words);
        command
    }

    /// Fails with the tool's own message, which names the setting, if namespaces are forbidden
    /// here.
    fn check_namespaces(&self, first: &Exchange) -> Result<(), Failure> {
        let line = first.command.replace(" bash", " true");
        let tried = self.starting(&line).output()?;
        if tried.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&tried.stderr);
        Err(format!("no namespaces can be made here:\n{}", said.trim_end()).into())
    }
}
