//! The tables in `docs/performance.md`.

use std::fmt::Write;
use std::process::Command;

use ns_tests::counts;

use crate::Failure;
use crate::scenes::Measured;
use crate::timing::{Ratios, find};

/// This program writes what is between these lines.
const BEGIN: &str = "<!-- written by `make bench` -->\n";
const END: &str = "<!-- until here -->\n";

/// The results of a run, and how busy the machine was.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) measured: &'a Measured,
    pub(crate) load: &'a str,
}

impl Page<'_> {
    /// The page with these tables instead of the previous ones.
    pub(crate) fn within(&self, page: &str) -> Result<String, Failure> {
        let (before, rest) = page
            .split_once(BEGIN)
            .ok_or("the page has no place for tables")?;
        let (_, after) = rest.split_once(END).ok_or("the tables have no end")?;
        Ok(format!("{before}{BEGIN}{}{END}{after}", self.tables()?))
    }

    fn tables(&self) -> Result<String, Failure> {
        let mut text = String::new();
        self.conditions(&mut text)?;
        ratios(&mut text, "scene", &self.measured.rows)?;
        writeln!(text, "![Time of ipcs -q by number of queues](lists.svg)\n")?;
        writeln!(
            text,
            "Other programs in the same run, over the reference as well:\n"
        )?;
        ratios(&mut text, "scene and program", &self.measured.others)?;
        self.bounds(&mut text)?;
        self.counts(&mut text)?;
        self.memory(&mut text)?;
        Ok(text)
    }

    fn conditions(&self, text: &mut String) -> Result<(), Failure> {
        let date = output("date", &["-u", "+%F"]);
        let names = ["busybox", "toybox", "bwrap", "lsipc", "tini"];
        let others: Vec<String> = names
            .into_iter()
            .filter(|name| find(name).is_some())
            .map(version)
            .collect();
        writeln!(
            text,
            "Measured on {date} with {},\nkernel {}, {} processors, a load of {} when it began. \
             The reference is {}.\nBeside it: {}.\n",
            counts::machine(),
            output("uname", &["-r"]),
            output("nproc", &[]),
            self.load,
            version("/usr/bin/unshare"),
            others.join(", "),
        )?;
        Ok(())
    }

    fn bounds(&self, text: &mut String) -> Result<(), Failure> {
        writeln!(
            text,
            "Bounds that were set beforehand, in `LC_ALL=C`, medians:\n"
        )?;
        writeln!(
            text,
            "| what | at most | measured | holds |\n|---|---|---|---|"
        )?;
        for bound in &self.measured.bounds {
            let holds = if bound.measured <= bound.limit {
                "yes"
            } else {
                "no"
            };
            writeln!(
                text,
                "| {} | {} | {:.2} | {holds} |",
                bound.what, bound.limit, bound.measured
            )?;
        }
        writeln!(text)?;
        Ok(())
    }

    fn counts(&self, text: &mut String) -> Result<(), Failure> {
        writeln!(
            text,
            "What does not depend on the day, in `LC_ALL=C`: instructions and system calls up to the program's"
        )?;
        writeln!(
            text,
            "execve or the end, and page faults of all; behind the stroke those of the reference:\n"
        )?;
        writeln!(
            text,
            "| command | instructions | system calls | page faults |\n|---|---|---|---|"
        )?;
        for (name, ours, theirs) in &self.measured.counts {
            let pair = |ours: u64, theirs: Option<u64>| match theirs {
                Some(theirs) => format!("{ours} / {theirs}"),
                None => ours.to_string(),
            };
            writeln!(
                text,
                "| `{name}` | {} | {} | {} |",
                pair(ours.instructions, theirs.map(|theirs| theirs.instructions)),
                pair(ours.calls, theirs.map(|theirs| theirs.calls)),
                pair(ours.faults, theirs.map(|theirs| theirs.faults)),
            )?;
        }
        writeln!(text)?;
        Ok(())
    }

    fn memory(&self, text: &mut String) -> Result<(), Failure> {
        let sizes = counts::sizes();
        let sizes: Vec<String> = sizes
            .iter()
            .map(|(name, size)| format!("`{name}` {} kB", size / 1000))
            .collect();
        writeln!(text, "Sizes of the files: {}.\n", sizes.join(", "))?;
        if let Some((ours, theirs)) = self.measured.memory {
            writeln!(
                text,
                "Most memory of `ipcs -q`, 32000 queues: {ours} kB, the reference {theirs} kB.\n"
            )?;
        }
        if let Some((init, tini)) = &self.measured.init {
            let shown = |resident: &crate::memory::Resident| {
                format!(
                    "{} kB resident, {} kB of them its own",
                    resident.all, resident.own
                )
            };
            writeln!(text, "Process 1 of `unshare --init`: {}.", shown(init))?;
            match tini {
                Some(tini) => writeln!(text, "That of tini: {}.", shown(tini))?,
                None => writeln!(text, "tini was not installed.")?,
            }
        }
        Ok(())
    }
}

fn ratios(text: &mut String, head: &str, rows: &[(String, Vec<Ratios>)]) -> Result<(), Failure> {
    writeln!(
        text,
        "| {head} | C: minimum | median | C.UTF-8: minimum | median |\n|---|---|---|---|---|"
    )?;
    for (name, ratios) in rows {
        let (command, rest) = match name.find([',', ':']) {
            Some(place) => name.split_at(place),
            None => (name.as_str(), ""),
        };
        write!(text, "| `{command}`{rest} |")?;
        for Ratios { minimum, median } in ratios {
            write!(text, " {minimum:.3} | {median:.3} |")?;
        }
        writeln!(text)?;
    }
    writeln!(text)?;
    Ok(())
}

/// The first line that a program prints about its version.
fn version(program: &str) -> String {
    // It would take an option as the name of one of its commands.
    let asked: &[&str] = if program == "busybox" {
        &[]
    } else {
        &["--version"]
    };
    let said = output(program, asked);
    let line = said.lines().next().unwrap_or(program).to_owned();
    let end = line.find(" (").unwrap_or(line.len());
    line[..end].to_owned()
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.map(|output| [output.stdout, output.stderr].concat());
    String::from_utf8_lossy(&output.unwrap_or_default())
        .trim()
        .to_owned()
}
