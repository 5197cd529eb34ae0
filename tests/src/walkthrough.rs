//! The tutorial on IPC namespaces, played with interactive shells in pseudo-terminals.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use rexpect::session::{PtySession, spawn_command};

use crate::skip;

/// No command of the tutorial takes nearly as long.
const TIMEOUT_MILLISECONDS: u64 = 20_000;
/// The prompt shows user and host name, as that of most systems does.
const PROMPT: &str = r"\[[^@\s]*@([^\s\]]+)\] [#$] ";

/// A command and what it printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The shell, 1 or 2.
    pub shell: u8,
    /// The command as it was typed.
    pub command: String,
    /// Everything printed before the next prompt, its lines ended by a newline.
    pub answer: String,
    /// The host name in the next prompt.
    pub host: String,
}

/// Why the walkthrough ended early.
pub type Failure = Box<dyn std::error::Error>;

struct Shell {
    number: u8,
    session: PtySession,
    host: String,
}

impl Shell {
    /// Starts a shell by `command` and waits for its prompt.
    fn start(number: u8, mut command: Command) -> Result<Self, Failure> {
        command
            .env("TERM", "dumb")
            .env("LC_ALL", "C")
            .env("HOME", "/")
            .env("HISTFILE", "")
            .env("PROMPT_COMMAND", r#"PS1="[\u@\h] \\$ ""#);
        let session = spawn_command(command, Some(TIMEOUT_MILLISECONDS))?;
        let mut shell = Self {
            number,
            session,
            host: String::new(),
        };
        shell
            .answer()
            .map_err(|error| format!("shell {number} did not start: {error}"))?;
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
        Ok(before.replace("\r\n", "\n"))
    }

    /// Types a command and reads what it prints.
    fn type_in(&mut self, command: &str) -> Result<Exchange, Failure> {
        self.session.send_line(command)?;
        let text = self.answer()?;
        // Some terminals repeat what is typed.
        let answer = match text.split_once('\n') {
            Some((first, rest)) if first.trim_end() == command => rest.to_owned(),
            _ => text,
        };
        Ok(Exchange {
            shell: self.number,
            command: command.to_owned(),
            answer,
            host: self.host.clone(),
        })
    }
}

/// Plays the tutorial with the tools in `tools`, writes it to `page` as it goes, and returns it.
///
/// Everything happens below a host name and an IPC namespace of its own, so nothing of the system's
/// changes.
///
/// # Errors
/// What went wrong, in the words of the tool that could not go on.
pub fn play(tools: &Path, page: &mut dyn Write) -> Result<Vec<Exchange>, Failure> {
    if !skip::has_program("hostname") {
        return Err("the program hostname is not installed, which the tutorial uses".into());
    }
    let is_root = nix::unistd::geteuid().is_root();
    check_namespaces(tools, is_root)?;
    writeln!(
        page,
        "Both shells run in namespaces made for this walkthrough, below which it makes more: the"
    )?;
    writeln!(
        page,
        "host name and the IPC objects of this system stay as they are."
    )?;
    let mut stage = Stage {
        tools,
        page,
        played: Vec::new(),
    };

    let mut first = Shell::start(1, stage.tool("unshare", &outermost(is_root)))?;
    stage.say("Shell 1 looks at its namespaces, and makes a message queue.")?;
    stage.play(&mut first, "readlink /proc/$$/ns/uts /proc/$$/ns/ipc")?;
    stage.play(&mut first, "hostname")?;
    stage.play(&mut first, "ipcs -q")?;
    stage.play(&mut first, "ipcmk -Q")?;
    stage.play(&mut first, "ipcs -q")?;
    let first_pid = first.type_in("echo $$")?.answer.trim().to_owned();

    stage.say("Shell 2 is in the same namespaces, and sees the same queue.")?;
    let mut second = Shell::start(2, stage.tool("nsenter", &beside(&first_pid, is_root)))?;
    stage.play(&mut second, "readlink /proc/$$/ns/uts /proc/$$/ns/ipc")?;
    stage.play(&mut second, "ipcs -q")?;

    stage.say("Then it takes a UTS and an IPC namespace of its own: other ids, another host name, no queue.")?;
    stage.play(&mut second, "unshare -iu /bin/bash")?;
    stage.play(&mut second, "readlink /proc/$$/ns/uts /proc/$$/ns/ipc")?;
    stage.play(&mut second, "hostname container001")?;
    stage.play(&mut second, "exec bash")?;
    stage.play(&mut second, "ipcs -q")?;
    stage.play(&mut second, "ipcmk -Q")?;
    stage.play(&mut second, "ipcs -q")?;
    let inner_pid = stage.play(&mut second, "echo $$")?.answer.trim().to_owned();

    stage.say("Shell 1 has not been touched by that.")?;
    stage.play(&mut first, "hostname")?;
    stage.play(&mut first, "ipcs -q")?;

    stage.say(
        "Now it steps into the namespaces of shell 2, and finds that host name and that queue.",
    )?;
    stage.play(
        &mut first,
        &format!("nsenter -t {inner_pid} -u -i /bin/bash"),
    )?;
    stage.play(&mut first, "readlink /proc/$$/ns/uts /proc/$$/ns/ipc")?;
    stage.play(&mut first, "hostname")?;
    stage.play(&mut first, "ipcs -q")?;

    let played = std::mem::take(&mut stage.played);
    let page = stage.page;
    for mut shell in [first, second] {
        // One for the shell inside, one for the shell that it was typed in.
        shell.type_in("exit")?;
        shell.session.send_line("exit")?;
        shell.session.exp_eof()?;
    }
    check(&played)?;
    writeln!(
        page,
        "\nShown: two shells shared a host name and a message queue; one left for namespaces of its own and"
    )?;
    writeln!(
        page,
        "neither saw the other's any more; and the other one followed it by nsenter and found everything there."
    )?;
    Ok(played)
}

struct Stage<'a> {
    tools: &'a Path,
    page: &'a mut dyn Write,
    played: Vec<Exchange>,
}

impl Stage<'_> {
    fn say(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.page, "\n== {text}")
    }

    fn play(&mut self, shell: &mut Shell, command: &str) -> Result<Exchange, Failure> {
        writeln!(
            self.page,
            "[shell {} @ {}] $ {command}",
            shell.number, shell.host
        )?;
        let exchange = shell.type_in(command)?;
        write!(self.page, "{}", exchange.answer)?;
        self.page.flush()?;
        self.played.push(exchange.clone());
        Ok(exchange)
    }

    fn tool(&self, name: &str, arguments: &[String]) -> Command {
        let mut command = Command::new(self.tools.join(name));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders =
            std::iter::once(PathBuf::from(self.tools)).chain(std::env::split_paths(&path));
        command
            .env(
                "PATH",
                std::env::join_paths(folders).unwrap_or(path.clone()),
            )
            .args(arguments);
        command
    }
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn outermost(is_root: bool) -> Vec<String> {
    words(if is_root {
        "--uts --ipc /bin/bash"
    } else {
        "--map-root-user --uts --ipc /bin/bash"
    })
}

fn beside(pid: &str, is_root: bool) -> Vec<String> {
    let user = if is_root {
        ""
    } else {
        "--user --preserve-credentials"
    };
    words(&format!("-t {pid} {user} --uts --ipc /bin/bash"))
}

/// Tells in the tool's own words, which name the setting, where namespaces are forbidden.
fn check_namespaces(tools: &Path, is_root: bool) -> Result<(), Failure> {
    let mut arguments = outermost(is_root);
    *arguments.last_mut().expect("the shell is the last word") = "true".to_owned();
    let tried = Command::new(tools.join("unshare"))
        .args(arguments)
        .output()?;
    if tried.status.success() {
        return Ok(());
    }
    Err(format!(
        "no namespaces can be made here:\n{}",
        String::from_utf8_lossy(&tried.stderr).trim_end()
    )
    .into())
}

/// Makes sure that the page shows what its last words claim.
fn check(played: &[Exchange]) -> Result<(), Failure> {
    let rows = |exchange: &Exchange| {
        exchange
            .answer
            .lines()
            .filter(|line| line.starts_with("0x"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let of = |command: &str| {
        played
            .iter()
            .filter(|exchange| exchange.command == command)
            .collect::<Vec<_>>()
    };
    let links: Vec<&str> = of("readlink /proc/$$/ns/uts /proc/$$/ns/ipc")
        .iter()
        .map(|exchange| exchange.answer.as_str())
        .collect();
    let queues: Vec<Vec<String>> = of("ipcs -q").into_iter().map(rows).collect();
    let hosts: Vec<&str> = of("hostname")
        .iter()
        .map(|exchange| exchange.answer.trim())
        .collect();
    let [outer, same, inner, entered] = links[..] else {
        return Err("not all links were read".into());
    };
    let [empty, made, shared, none, own, untouched, found] = &queues[..] else {
        return Err("not all lists were read".into());
    };
    let claims = [
        (
            "shell 2 starts beside shell 1",
            outer == same && outer.lines().count() == 2,
        ),
        (
            "unshare makes other namespaces",
            inner != outer && inner.lines().count() == 2,
        ),
        ("nsenter enters those", entered == inner),
        ("there is no queue at first", empty.is_empty()),
        (
            "both shells see the queue that was made",
            made.len() == 1 && made == shared,
        ),
        ("the new namespace has none", none.is_empty()),
        ("and then one of its own", own.len() == 1 && own != made),
        ("shell 1 sees its own unchanged", untouched == made),
        ("and that of shell 2 after nsenter", found == own),
        (
            "the host name changes inside only",
            matches!(hosts[..], [before, after, inside] if before == after && inside == "container001"),
        ),
        (
            "the prompt shows it",
            of("exec bash")
                .iter()
                .all(|exchange| exchange.host == "container001"),
        ),
    ];
    match claims.iter().find(|(_, holds)| !holds) {
        Some((claim, _)) => Err(format!("this was not shown: {claim}").into()),
        None => Ok(()),
    }
}
