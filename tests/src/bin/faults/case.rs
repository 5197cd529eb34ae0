//! What goes wrong in a case.

use std::fmt;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::Signal;

use crate::calls;
use crate::tracer::{Call, Effect, Fault, Trace, Which};

/// One thing that goes wrong.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) fault: Fault,
    /// The call that it happens to, as it was made when nothing went wrong.
    pub(crate) call: Option<Call>,
}

impl Case {
    /// A process killed after a time.
    pub(crate) fn kill(process: &str, after: Duration) -> Self {
        Self {
            fault: Fault::Killed {
                process: process.to_owned(),
                after,
            },
            call: None,
        }
    }

    /// The number of the call.
    pub(crate) fn number(&self) -> Option<i64> {
        self.call.map(|call| call.number)
    }

    /// What is done to the call.
    pub(crate) fn effect(&self) -> Option<Effect> {
        match &self.fault {
            Fault::AtCall { effect, .. } => Some(*effect),
            Fault::Killed { .. } => None,
        }
    }

    /// Whether it happens to all calls of a kind.
    pub(crate) fn is_everywhere(&self) -> bool {
        let at_call = |which: &Which| matches!(which, Which::All(_));
        matches!(&self.fault, Fault::AtCall { which, .. } if at_call(which))
    }

    /// Whether `what` is the call that fails, or the call and the error number, or `*` and that.
    pub(crate) fn fails_at(&self, what: &str) -> bool {
        let (Some(Effect::Error(errno)), Some(number)) = (self.effect(), self.number()) else {
            return false;
        };
        let name = calls::name(number);
        what == name || what == format!("{name} {errno:?}") || what == format!("* {errno:?}")
    }
}

impl fmt::Display for Case {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let call = self.number().map(calls::name).unwrap_or_default();
        match &self.fault {
            Fault::Killed { process, after } => {
                write!(
                    to,
                    "process {process} killed after {} us",
                    after.as_micros()
                )?;
            }
            Fault::AtCall { process, which, .. } => match which {
                Which::At(position, _) => {
                    write!(to, "{call}, call {position} of process {process}: ")?;
                }
                Which::All(_) => write!(to, "every {call}: ")?,
            },
        }
        match self.effect() {
            Some(Effect::Error(errno)) => write!(to, "{errno:?}"),
            Some(Effect::Short(length)) => write!(to, "{length} byte"),
            Some(Effect::Signal(signal)) => write!(to, "{signal}"),
            None => Ok(()),
        }
    }
}

const ERRORS: [Errno; 7] = [
    Errno::EPERM,
    Errno::EACCES,
    Errno::ENOMEM,
    Errno::EINTR,
    Errno::EIO,
    Errno::ENOSPC,
    Errno::EMFILE,
];
const SIGNALS: [Signal; 4] = [
    Signal::SIGKILL,
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGHUP,
];

/// The error numbers that a call is made to fail with.
fn errors(number: i64) -> Vec<Errno> {
    match number {
        _ if calls::is_memory(number) => vec![Errno::ENOMEM],
        // Others say nothing that could be true of a child.
        libc::SYS_wait4 | libc::SYS_waitid => vec![Errno::ECHILD, Errno::EINTR],
        // These never wait.
        libc::SYS_rt_sigprocmask | libc::SYS_rt_sigaction => {
            let errors = ERRORS.into_iter();
            errors.filter(|errno| *errno != Errno::EINTR).collect()
        }
        // To be refused is an answer: there is such a process.
        libc::SYS_kill => vec![Errno::EINVAL, Errno::ENOSYS],
        _ => ERRORS.to_vec(),
    }
}

/// The error numbers that every call of the number is made to fail with, as an older kernel answers
/// or a filter. One that is always interrupted would be made for ever.
fn errors_at_all(number: i64) -> Vec<Errno> {
    let mut errors = errors(number);
    errors.retain(|errno| *errno != Errno::EINTR);
    if !errors.contains(&Errno::ENOSYS) && !calls::is_memory(number) {
        errors.push(Errno::ENOSYS);
    }
    errors
}

/// What can go wrong at the calls of a run that went well.
pub(crate) fn at_calls(whole: &Trace) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut seen = Vec::new();
    for (process, made) in &whole.calls {
        let at = |which, effect| Fault::AtCall {
            process: process.clone(),
            which,
            effect,
        };
        for (position, call) in made.iter().enumerate() {
            let number = call.number;
            let mut push = |which, effect| {
                cases.push(Case {
                    fault: at(which, effect),
                    call: Some(*call),
                });
            };
            for signal in SIGNALS {
                push(Which::At(position, number), Effect::Signal(signal));
            }
            if call.of_fork || !calls::can_fail(number) {
                continue;
            }
            for errno in errors(number) {
                push(Which::At(position, number), Effect::Error(errno));
            }
            if calls::can_be_short(number) && !call.reads_setting {
                push(Which::At(position, number), Effect::Short(1));
            }
            if !seen.contains(&number) {
                seen.push(number);
                for errno in errors_at_all(number) {
                    push(Which::All(number), Effect::Error(errno));
                }
            }
        }
    }
    cases
}
