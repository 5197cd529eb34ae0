//! What must hold in every case: the right result, or an error that names the step, and nothing
//! left.

use nix::errno::Errno;
use nix::sys::signal::Signal;

use crate::calls;
use crate::case::Case;
use crate::tracer::{Call, Effect, Fault, Which};
use crate::uses::{Leaves, Use};
use crate::world::{Outcome, State};

/// Knows what a use does when nothing goes wrong.
#[derive(Debug)]
pub(crate) struct Judge<'a> {
    pub(crate) used: &'a Use,
    pub(crate) whole: &'a Outcome,
    pub(crate) before: &'a State,
}

impl Judge<'_> {
    /// What is wrong in a case, if anything.
    pub(crate) fn problem(&self, case: &Case, outcome: &Outcome) -> Option<String> {
        if let Some(processes) = &outcome.trace.left {
            return Some(format!("does not end: {processes}"));
        }
        let has_result = outcome.trace.status == self.whole.trace.status
            && without_names(&outcome.output) == without_names(&self.whole.output);
        if has_result && self.used.leaves == Leaves::OfTheLibrary {
            return None;
        }
        if has_result {
            return difference(&self.whole.state, &outcome.state)
                .map(|difference| format!("success, but {difference}"));
        }
        let mut accepted = self.used.accepted.iter();
        let is_accepted = accepted.any(|(what, _)| case.fails_at(what));
        if outcome.trace.status == 0 {
            let is_right = is_accepted || self.is_told_of_success(outcome);
            return (!is_right).then(|| "success with another result".to_owned());
        }
        if must_be_retried(case) && !is_accepted {
            return Some("an interrupted call is not made again".to_owned());
        }
        if !self.is_told(case, outcome) {
            return Some("no message".to_owned());
        }
        let left = match self.used.leaves {
            Leaves::Nothing => self.left(case, outcome),
            Leaves::Told => self.untold(case, outcome),
            Leaves::OfTheLibrary => None,
            Leaves::Fewer => self.wrongly_removed(&outcome.state),
        };
        left.map(|left| format!("error, and {left}"))
    }

    /// Whether a success with something missing says so, where that is enough.
    fn is_told_of_success(&self, outcome: &Outcome) -> bool {
        let mut accepted = self.used.accepted.iter();
        accepted.any(|(what, _)| *what == "told")
            && outcome
                .errors
                .starts_with(&format!("{}: ", self.used.tool()))
    }

    /// Whether somebody who looks at status and standard error knows.
    fn is_told(&self, case: &Case, outcome: &Outcome) -> bool {
        let start = format!("{}: ", self.used.tool());
        let signal = match case.effect() {
            Some(Effect::Signal(signal)) => Some(signal),
            Some(_) => None,
            None => Some(Signal::SIGKILL),
        };
        let is_signal = signal.is_some_and(|signal| outcome.trace.status == 128 + signal as i32);
        // `unshare --probe` tells on standard output.
        let is_told_elsewhere = outcome.output.contains(": no: ");
        let is_out_of_memory = case.number().is_some_and(calls::is_memory)
            && outcome.errors.contains("memory allocation of ");
        is_signal
            || is_told_elsewhere
            || is_out_of_memory
            || is_untellable(case)
            || outcome.errors.lines().any(|line| line.starts_with(&start))
    }

    /// What is left that should not be there, if anything: what no message names.
    fn left(&self, case: &Case, outcome: &Outcome) -> Option<String> {
        let is_kept = outcome.trace.executor.is_some() || self.comes_last(case);
        let kept = Some(&self.whole.state).filter(|_| is_kept);
        let mut allowed = [Some(self.before), kept].into_iter().flatten();
        if allowed.any(|allowed| is_all_but_what_is_named(allowed, outcome)) {
            return None;
        }
        difference(self.before, &outcome.state)
    }

    /// Whether the fault comes when the helpers have been told to keep what they made: the last
    /// word that the process says before it executes the program. As the reference has it, what is
    /// kept stays even if that fails.
    fn comes_last(&self, case: &Case) -> bool {
        let Some(executor) = &self.whole.trace.executor else {
            return false;
        };
        match &case.fault {
            Fault::AtCall {
                which: Which::All(number),
                ..
            } => *number == libc::SYS_execve,
            Fault::AtCall {
                which: Which::At(position, _),
                process,
                ..
            } if process == executor => {
                let calls = self.whole.trace.calls.get(executor);
                let said = |call: &Call| call.number == libc::SYS_sendto;
                let last = calls.and_then(|calls| calls.iter().rposition(said));
                last.is_some_and(|last| *position >= last)
            }
            // What a signal to another process finds is not always the same: it comes at any
            // moment here.
            Fault::AtCall { effect, .. } => matches!(effect, Effect::Signal(_)),
            // Nobody can say what moment it was.
            Fault::Killed { .. } => true,
        }
    }

    /// Of new objects those remain whose ids or names were printed; who is killed cannot print.
    fn untold(&self, case: &Case, outcome: &Outcome) -> Option<String> {
        let count = |state: &State| state.objects.len() + state.posix.len();
        let made = count(&outcome.state).checked_sub(count(self.before));
        let told = outcome.output.lines().count();
        let is_killed = matches!(case.effect(), None | Some(Effect::Signal(_)));
        let all = count(&self.whole.state) - count(self.before);
        match made {
            Some(made) if made == told || is_killed && made <= all => None,
            made => Some(format!("{made:?} objects are made, and {told} told")),
        }
    }

    /// What was asked for may remain, and nothing else may be gone.
    fn wrongly_removed(&self, found: &State) -> Option<String> {
        let [before, success, found] = [self.before, &self.whole.state, found]
            .map(|state| [state.objects.clone(), state.posix.clone()].concat());
        let gone = success.iter().find(|object| !found.contains(object));
        let new = found.iter().find(|object| !before.contains(object));
        gone.map(|object| format!("{object} is gone"))
            .or_else(|| new.map(|object| format!("{object} is new")))
    }
}

fn must_be_retried(case: &Case) -> bool {
    case.effect() == Some(Effect::Error(Errno::EINTR))
        && !case.is_everywhere()
        && case.number().is_some_and(calls::is_retried)
}

/// Whether nothing can be told, since standard error cannot be written to.
fn is_untellable(case: &Case) -> bool {
    case.number() == Some(libc::SYS_write)
        && (case.is_everywhere() || case.call.is_some_and(|call| call.first == 2))
}

/// Whether nothing is missing, and a message names each thing that is there besides.
fn is_all_but_what_is_named(allowed: &State, outcome: &Outcome) -> bool {
    let all = |state: &State| {
        let State {
            mounts,
            files,
            objects,
            posix,
        } = state.clone();
        [mounts, files, objects, posix].concat()
    };
    let (allowed, found) = (all(allowed), all(&outcome.state));
    let is_named = |thing: &String| {
        let path = thing.split(' ').next().unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        let mut words = outcome.errors.split([' ', ':', '\n']);
        words.any(|word| word == name)
    };
    allowed.iter().all(|thing| found.contains(thing))
        && found
            .iter()
            .filter(|thing| !allowed.contains(thing))
            .all(is_named)
}

/// The name of the only user and group in the output made a number, which stands for a name
/// wherever the C library's name service finds none, or fails.
fn without_names(text: &str) -> Vec<String> {
    let lines = text.lines();
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words.join(" ").replace("root", "0")
        })
        .collect()
}

fn difference(expected: &State, found: &State) -> Option<String> {
    let lists = [
        ("mounts", &expected.mounts, &found.mounts),
        ("files", &expected.files, &found.files),
        ("objects", &expected.objects, &found.objects),
        ("POSIX objects", &expected.posix, &found.posix),
    ];
    let (what, expected, found) = lists
        .into_iter()
        .find(|(_, expected, found)| expected != found)?;
    let only_in = |one: &[String], other: &[String]| {
        let only: Vec<&str> = one
            .iter()
            .filter(|item| !other.contains(item))
            .map(String::as_str)
            .collect();
        only.join(", ")
    };
    Some(format!(
        "{what}: there [{}], missing [{}]",
        only_in(found, expected),
        only_in(expected, found)
    ))
}
