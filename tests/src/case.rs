//! Cases in text files: a claim, a script, and the expected result.
//!
//! ```text
//! # the claim, which is the test's name
//! needs root python3
//! $ a script for bash
//! > that may go on for several lines
//! standard output
//! 2> standard error
//! [status]
//! ```
//!
//! Or, if the installed reference decides:
//!
//! ```text
//! # another claim
//! $ ipcs -q
//! = reference
//! ```
//!
//! A case must say what it expects. The default status is 0; `[0]` alone expects no output. Empty
//! lines are ignored; a backslash at the end of a line of output marks trailing blanks, and alone
//! it stands for an empty line. Scripts can call the functions in `cases/functions.sh`.

use crate::sandbox::{Run, Sandbox};
use crate::wording::Wordings;
use crate::{skip, tool};

/// The functions that precede each script.
const FUNCTIONS: &str = include_str!("../cases/functions.sh");

/// One case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The claim, which is the test's name.
    pub claim: String,
    /// What the case requires: `root`, or names of programs.
    pub needs: Vec<String>,
    /// The script.
    pub script: String,
    /// The expected result.
    pub expected: Expected,
}

/// The expected result of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// Not given yet; no complete case has this.
    Unsaid,
    /// The result with the reference's commands.
    Reference,
    /// This result.
    This(Run),
}

/// Parses a file of cases.
///
/// # Panics
/// If a line belongs to no case, a case does not say what it expects, or two cases have the same
/// claim.
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
                expected: Expected::Unsaid,
            });
            continue;
        }
        match cases.last_mut() {
            _ if line.is_empty() => {}
            Some(case) => case.add(line),
            None => assert!(line.starts_with("//"), "no case for: {line}"),
        }
    }
    for case in &cases {
        let unsaid = case.expected == Expected::Unsaid;
        assert!(!unsaid, "{}: what is expected?", case.claim);
    }
    cases
}

impl Case {
    /// Adds a line after the claim.
    fn add(&mut self, line: &str) {
        let begun = !self.script.is_empty();
        let unsaid = self.expected == Expected::Unsaid;
        if let Some(needs) = line.strip_prefix("needs ").filter(|_| !begun) {
            let needs = needs.split_whitespace().map(str::to_owned);
            self.needs.extend(needs);
        } else if let Some(script) = line.strip_prefix("$ ").filter(|_| !begun) {
            script.clone_into(&mut self.script);
        } else if let Some(script) = line.strip_prefix("> ").filter(|_| begun && unsaid) {
            self.script.extend(["\n", script]);
        } else if line == "= reference" && begun && unsaid {
            self.expected = Expected::Reference;
        } else {
            assert!(begun, "{}: not yet a script: {line}", self.claim);
            self.expect(line);
        }
    }

    fn expect(&mut self, line: &str) {
        if self.expected == Expected::Unsaid {
            self.expected = Expected::This(Run {
                status: 0,
                stdout: String::new(),
                stderr: String::new(),
            });
        }
        let Expected::This(expected) = &mut self.expected else {
            panic!("{}: the reference says this, not we: {line}", self.claim);
        };
        let status = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
            .and_then(|number| number.parse().ok());
        if let Some(status) = status {
            let silent = expected.stdout.is_empty() && expected.stderr.is_empty();
            assert!(
                status != 0 || silent,
                "{}: status 0 goes without saying",
                self.claim
            );
            expected.status = status;
        } else if let Some(error) = line.strip_prefix("2> ") {
            expected.stderr.extend([error, "\n"]);
        } else {
            let line = line.strip_suffix('\\').unwrap_or(line);
            expected.stdout.extend([line, "\n"]);
        }
    }

    /// Why the case cannot run here; `None` if it can.
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
        (self.expected == Expected::Reference && tool::reference().is_none())
            .then(|| format!("needs the reference, {} or later", tool::OLDEST_REFERENCE))
    }

    /// Runs the case, in a new sandbox for each set of commands.
    ///
    /// # Errors
    /// The difference between what was expected and what happened.
    pub fn check(&self) -> Result<(), String> {
        let script = FUNCTIONS.to_owned() + &self.script;
        let ours = Sandbox::new().shell(&script);
        let expected = match &self.expected {
            Expected::This(expected) => expected.clone(),
            _ => Sandbox::new().reference_shell(&script),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn this(status: i32, stdout: &str, stderr: &str) -> Expected {
        Expected::This(Run {
            status,
            stdout: stdout.into(),
            stderr: stderr.into(),
        })
    }

    #[test]
    fn cases_are_read() {
        let cases = read(
            "// note\n# one\nneeds root\n$ a\n> b\nout \\\n\n\\\n2> err\n[3]\n\n\
             # two\n$ c\n= reference\n\n# three\n$ d\n[0]\n",
        );
        assert_eq!(cases.len(), 3);
        assert_eq!(cases[0].script, "a\nb");
        assert_eq!(cases[0].needs, ["root"]);
        assert_eq!(cases[0].expected, this(3, "out \n\n", "err\n"));
        assert_eq!(cases[1].expected, Expected::Reference);
        assert_eq!(cases[2].expected, this(0, "", ""));
    }

    #[test]
    #[should_panic(expected = "one: what is expected?")]
    fn case_without_expectation_is_refused() {
        read("# one\n$ a\n\n# two\n$ b\n[0]\n");
    }

    #[test]
    #[should_panic(expected = "one: status 0 goes without saying")]
    fn status_0_goes_without_saying() {
        read("# one\n$ a\nout\n[0]\n");
    }

    #[test]
    #[should_panic(expected = "one: the reference says this, not we: out")]
    fn reference_and_own_expectation_exclude_each_other() {
        read("# one\n$ a\n= reference\nout\n");
    }
}
