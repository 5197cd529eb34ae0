//! Times the tools relative to the reference and other programs, as whole processes, run
//! alternately; and counts what is the same on each run. Writes both into `docs/performance.md`.
//!
//! Usage: `bench [ROUNDS]`, as root.

mod memory;
mod page;
mod scenes;
mod timing;
mod world;

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use nix::mount::{MsFlags, mount};
use ns_tests::{plot, tool};

use crate::page::Page;

type Failure = Box<dyn std::error::Error>;

/// The argument that tells this program that it runs in the namespaces already.
const INSIDE: &str = "--inside";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Prints progress to standard error; it does not matter if that is gone.
fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

fn run() -> Result<(), Failure> {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    if arguments.first().map(String::as_str) != Some(INSIDE) {
        return enter_namespaces(&arguments);
    }
    arguments.remove(0);
    let rounds = arguments.first().map_or(Ok(200), |rounds| rounds.parse())?;
    let none = None::<&str>;
    mount(Some("tmpfs"), "/mnt", Some("tmpfs"), MsFlags::empty(), none)?;
    fs::write("/proc/sys/kernel/msgmni", "32000")?;
    let load = fs::read_to_string("/proc/loadavg")?;
    let measured = scenes::measure(rounds)?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let path = root.join("performance.md");
    let page = Page {
        measured: &measured,
        load: load.split_whitespace().next().unwrap_or("?"),
    };
    let text = page.within(&fs::read_to_string(&path)?)?;
    fs::write(root.join("lists.svg"), plot::lists(&text))?;
    fs::write(&path, text)?;
    note(&format!("written: {}", path.display()));
    Ok(())
}

/// Starts this program again in empty namespaces, where only the scenes create objects.
fn enter_namespaces(arguments: &[String]) -> Result<(), Failure> {
    if tool::reference().is_none() {
        let oldest = tool::OLDEST_REFERENCE;
        return Err(format!("nothing to compare with: no {oldest} or later in /usr/bin").into());
    }
    if !nix::unistd::geteuid().is_root() {
        return Err("run it as root: the scenes need owners, limits and mounts".into());
    }
    let error = Command::new("/usr/bin/unshare")
        .args(["-imp", "--fork", "--kill-child", "--mount-proc"])
        .arg(env::current_exe()?)
        .arg(INSIDE)
        .args(arguments)
        .env("NS_TESTS_BIN_DIR", tool::folder())
        .exec();
    Err(error.into())
}
