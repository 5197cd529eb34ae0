//! Cases in text files: a claim, a script, and what is expected of it.
//!
//! ```text
//! # the claim, which is the test's name
//! needs root python3
//! $ a script, with bash
//! > which may go on
//! standard output
//! 2> standard error
//! [status]
//! ```
//!
//! Empty lines do not count; a backslash at the end of a line of output shows where it ends, and alone it is an empty one.
//! A script waits with `await FILE` until a file is there, with `asleep PID` until a process has become `sleep`, and with
//! `child PID` until the child of a process has, whose id is then in `$T`.
//!
//! A case with nothing after its script expects what the reference does, whatever that is.

use crate::sandbox::{Run, Sandbox};
use crate::wording::Wordings;
use crate::{skip, tool};

/// What scripts wait with. No newline, for bash counts lines in its messages.
const FUNCTIONS: &str = concat!(
    "await() { until [ -e $1 ]; do sleep .01; done; }; ",
    "is_asleep() { [ \"$(cat /proc/$1/comm 2> /dev/null)\" = sleep ]; }; ",
    "asleep() { until is_asleep $1; do sleep .01; done; }; ",
    "child() { until is_asleep $T; do read T < /proc/$1/task/$1/children; T=${T%% *}; done; }; ",
);

/// One case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What is claimed.
    pub claim: String,
    /// What must be there for the case to run: `root`, or names of programs.
    pub needs: Vec<String>,
    /// The script.
    pub script: String,
    /// What it must do; `None` for what the reference does.
    pub expected: Option<Run>,
}

/// Reads a file of cases.
///
/// # Panics
/// If it has a line that belongs to no case, or two cases with one claim.
pub fn read(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(claim) = line.strip_prefix("# ") {
            assert!(
                cases.iter().all(|case| case.claim != claim),
                "two cases claim: {claim}"
            );
            cases.push(Case {
                claim: claim.to_owned(),
                needs: Vec::new(),
                script: String::new(),
                expected: None,
            });
            continue;
        }
        let Some(case) = cases.last_mut() else {
            assert!(
                line.is_empty() || line.starts_with("//"),
                "no case for: {line}"
            );
            continue;
        };
        if let Some(needs) = line
            .strip_prefix("needs ")
            .filter(|_| case.script.is_empty())
        {
            case.needs
                .extend(needs.split_whitespace().map(str::to_owned));
        } else if let Some(script) = line.strip_prefix("$ ").filter(|_| case.script.is_empty()) {
            script.clone_into(&mut case.script);
        } else if let Some(script) = line.strip_prefix("> ").filter(|_| case.expected.is_none()) {
            case.script.extend(["\n", script]);
        } else if !line.is_empty() {
            expect(case, line);
        }
    }
    cases
}

fn expect(case: &mut Case, line: &str) {
    let nothing = || Run {
        status: 0,
        stdout: String::new(),
        stderr: String::new(),
    };
    let expected = case.expected.get_or_insert_with(nothing);
    let status = line
        .strip_prefix('[')
        .and_then(|line| line.strip_suffix(']'))
        .and_then(|number| number.parse().ok());
    if let Some(status) = status {
        expected.status = status;
    } else if let Some(error) = line.strip_prefix("2> ") {
        expected.stderr.extend([error, "\n"]);
    } else {
        expected
            .stdout
            .extend([line.strip_suffix('\\').unwrap_or(line), "\n"]);
    }
}

impl Case {
    /// Why the case cannot run here, if so.
    pub fn unmet(&self) -> Option<String> {
        for need in &self.needs {
            match need.as_str() {
                "root" if !skip::is_root() => return Some("needs root".to_owned()),
                "root" => {}
                program if !skip::has_program(program) => {
                    return Some(format!("needs the program {program}"));
                }
                _ => {}
            }
        }
        (self.expected.is_none() && tool::reference("unshare").is_none())
            .then(|| format!("needs the reference, {}", tool::REFERENCE_VERSION))
    }

    /// Runs the case, in a sandbox of its own for each side.
    ///
    /// # Errors
    /// The difference between what was expected and what happened.
    pub fn check(&self) -> Result<(), String> {
        let script = FUNCTIONS.to_owned() + &self.script;
        let ours = without_hints(Sandbox::new().shell(&script));
        let expected = match &self.expected {
            Some(expected) => expected.clone(),
            None => Sandbox::new().reference_shell(&script),
        };
        let wordings = Wordings::newer();
        let reworded = |run: Run| {
            let lines = run.stderr.lines().map(|line| wordings.reword(line) + "\n");
            Run {
                stderr: lines.collect(),
                ..run
            }
        };
        let (ours, expected) = (reworded(ours), reworded(expected));
        if ours == expected {
            Ok(())
        } else {
            Err(format!(
                "\nscript   {}\nexpected {expected:?}\ngot      {ours:?}",
                self.script
            ))
        }
    }
}

/// Hints are ours alone, on lines of their own.
fn without_hints(mut run: Run) -> Run {
    run.stderr = run
        .stderr
        .split_inclusive('\n')
        .filter(|line| !line.contains(": hint: "))
        .collect();
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_read() {
        let cases = read(
            "// note\n# one\nneeds root\n$ a\n> b\nout \\\n\n\\\n2> err\n[3]\n\n# two\n$ c\n\n# three\n$ d\n[0]\n",
        );
        assert_eq!(cases.len(), 3);
        assert_eq!(cases[0].script, "a\nb");
        assert_eq!(cases[0].needs, ["root"]);
        let expected = Run {
            status: 3,
            stdout: "out \n\n".into(),
            stderr: "err\n".into(),
        };
        assert_eq!(cases[0].expected, Some(expected));
        assert_eq!(cases[1].expected, None);
        assert_eq!(
            cases[2].expected,
            Some(Run {
                status: 0,
                stdout: String::new(),
                stderr: String::new()
            })
        );
    }
}
