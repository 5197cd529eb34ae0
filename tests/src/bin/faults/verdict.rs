//! What must hold in every case: the right result, or an error that names the step, and nothing
//! left.

use nix::errno::Errno;

use crate::calls;
use crate::tracer::{Call, Effect, Fault, Which};
use crate::uses::{Leaves, Use};
use crate::world::{Outcome, State};

/// What is wrong in a case, if anything.
pub(crate) fn problem(
    used: &Use,
    whole: &Outcome,
    before: &State,
    fault: &Fault,
    call: Option<Call>,
    outcome: &Outcome,
) -> Option<String> {
    if let Some(processes) = &outcome.trace.left {
        return Some(format!("does not end: {processes}"));
    }
    let has_result = outcome.trace.status == whole.trace.status
        && without_names(&outcome.output) == without_names(&whole.output);
    if has_result && used.leaves == Leaves::OfTheLibrary {
        return None;
    }
    if has_result {
        return difference(&whole.state, &outcome.state)
            .map(|difference| format!("success, but {difference}"));
    }
    let is_accepted = used
        .accepted
        .iter()
        .any(|(what, _)| is_at(fault, call, what));
    if outcome.trace.status == 0 {
        let may_be_told = used.accepted.iter().any(|(what, _)| *what == "told");
        let is_told = outcome.errors.starts_with(&format!("{}: ", used.tool()));
        let is_right = is_accepted || may_be_told && is_told;
        return (!is_right).then(|| "success with another result".to_owned());
    }
    if must_be_retried(fault, call) && !is_accepted {
        return Some("an interrupted call is not made again".to_owned());
    }
    if !is_told(used, fault, call, outcome) {
        return Some("no message".to_owned());
    }
    let left = match used.leaves {
        Leaves::Nothing => left(before, whole, fault, outcome),
        Leaves::Told => untold(before, whole, fault, outcome),
        Leaves::OfTheLibrary => None,
        Leaves::Fewer => wrongly_removed(before, &whole.state, &outcome.state),
    };
    left.map(|left| format!("error, and {left}"))
}

/// What is left that should not be there, if anything: what no message names.
fn left(before: &State, whole: &Outcome, fault: &Fault, outcome: &Outcome) -> Option<String> {
    let is_kept = outcome.trace.executor.is_some() || comes_last(whole, fault);
    let allowed = [Some(before), Some(&whole.state).filter(|_| is_kept)];
    let mut allowed = allowed.into_iter().flatten();
    if allowed.any(|allowed| is_all_but_what_is_named(allowed, outcome)) {
        return None;
    }
    difference(before, &outcome.state)
}

/// Whether the fault comes when the helpers have been told to keep what they made: the last word
/// that the process says before it executes the program. As the reference has it, what is kept
/// stays even if that fails.
fn comes_last(whole: &Outcome, fault: &Fault) -> bool {
    let Some(executor) = &whole.trace.executor else {
        return false;
    };
    match fault {
        Fault::AtCall {
            which: Which::All(number),
            ..
        } => *number == libc::SYS_execve,
        // What a signal to another one finds is not always the same: it comes at any moment here.
        Fault::AtCall {
            which: Which::At(position, _),
            process,
            effect,
        } => {
            let calls = whole.trace.calls.get(executor).into_iter().flatten();
            let said = calls
                .enumerate()
                .filter(|(_, call)| call.number == libc::SYS_sendto)
                .last();
            process == executor && said.is_some_and(|(said, _)| *position >= said)
                || process != executor && matches!(effect, Effect::Signal(_))
        }
        // Nobody can say what moment it was.
        Fault::Killed { .. } => true,
    }
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

/// Whether `what` is the call that fails, or the call and the error number.
fn is_at(fault: &Fault, call: Option<Call>, what: &str) -> bool {
    let (
        Fault::AtCall {
            effect: Effect::Error(errno),
            ..
        },
        Some(call),
    ) = (fault, call)
    else {
        return false;
    };
    let name = calls::name(call.number);
    what == name || what == format!("{name} {errno:?}") || what == format!("* {errno:?}")
}

fn must_be_retried(fault: &Fault, call: Option<Call>) -> bool {
    matches!(
        fault,
        Fault::AtCall {
            which: Which::At(..),
            effect: Effect::Error(Errno::EINTR),
            ..
        }
    ) && call.is_some_and(|call| calls::is_retried(call.number))
}

/// Whether somebody who looks at status and standard error knows.
fn is_told(used: &Use, fault: &Fault, call: Option<Call>, outcome: &Outcome) -> bool {
    let start = format!("{}: ", used.tool());
    let is_signal = match fault {
        Fault::AtCall {
            effect: Effect::Signal(signal),
            ..
        } => outcome.trace.status == 128 + *signal as i32,
        Fault::AtCall { .. } => false,
        Fault::Killed { .. } => outcome.trace.status == 128 + libc::SIGKILL,
    };
    // `unshare --probe` tells on standard output; and nothing can be told where nothing can be
    // written.
    let is_told_elsewhere = outcome.output.contains(": no: ");
    let is_write = call.is_some_and(|call| call.number == libc::SYS_write);
    let is_untellable = is_write
        && (call.is_some_and(|call| call.first == 2)
            || matches!(
                fault,
                Fault::AtCall {
                    which: Which::All(_),
                    ..
                }
            ));
    is_signal
        || is_told_elsewhere
        || is_untellable
        || outcome.errors.lines().any(|line| line.starts_with(&start))
        || call.is_some_and(|call| calls::is_memory(call.number))
            && outcome.errors.contains("memory allocation of ")
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

/// Of new objects those remain whose ids or names were printed; who is killed cannot print.
fn untold(before: &State, whole: &Outcome, fault: &Fault, outcome: &Outcome) -> Option<String> {
    let count = |state: &State| state.objects.len() + state.posix.len();
    let made = count(&outcome.state).checked_sub(count(before));
    let told = outcome.output.lines().count();
    let is_killed = !matches!(
        fault,
        Fault::AtCall {
            effect: Effect::Error(_) | Effect::Short(_),
            ..
        }
    );
    let all = count(&whole.state) - count(before);
    match made {
        Some(made) if made == told || is_killed && made <= all => None,
        made => Some(format!("{made:?} objects are made, and {told} told")),
    }
}

/// What was asked for may remain, and nothing else may be gone.
fn wrongly_removed(before: &State, success: &State, found: &State) -> Option<String> {
    let all = |state: &State| [state.objects.clone(), state.posix.clone()].concat();
    let (before, success, found) = (all(before), all(success), all(found));
    let gone = success.iter().find(|object| !found.contains(object));
    let new = found.iter().find(|object| !before.contains(object));
    gone.map(|object| format!("{object} is gone"))
        .or_else(|| new.map(|object| format!("{object} is new")))
}
