//! What `--probe` does: it tries every step in children, runs no program, and leaves nothing
//! behind.

use ns_common::console::Console;
use ns_common::error::{ExitStatus, Failure, Message};
use ns_common::namespace::{Kind, KindSet};
use ns_common::process::channel::Channel;
use ns_common::process::helper::Helper;
use ns_common::words;

use crate::caller::Current;
use crate::plan::{Plan, Step};
use crate::process::{Flow, Process};
use crate::request::Request;

/// Whether one subject works.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Yes,
    /// It works, but only together with a user namespace.
    WithUser,
    No {
        reason: Message,
        hint: Option<Message>,
    },
}

/// What is probed besides the namespaces themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Maps,
    Proc,
    Mqueue,
    Loopback,
}

impl Subject {
    /// In the order of the output.
    const ALL: [Self; 4] = [Self::Maps, Self::Proc, Self::Mqueue, Self::Loopback];

    fn of(step: &Step) -> Option<Self> {
        match step {
            Step::StartMapper(_)
            | Step::WriteMapsFromOutside
            | Step::MapSingle(..)
            | Step::WriteSetGroups(..)
            | Step::Refuse(_) => Some(Self::Maps),
            Step::MakePrivate(_) | Step::MountProc(_) => Some(Self::Proc),
            Step::MountMqueue(_) => Some(Self::Mqueue),
            Step::BringLoopbackUp => Some(Self::Loopback),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Maps => "maps",
            Self::Proc => "proc",
            Self::Mqueue => "mqueue",
            Self::Loopback => "loopback",
        }
    }
}

/// Tries what `request` asks for, and prints for each part whether it works. The status is a
/// failure if one does not.
pub(crate) fn execute(request: &Request, console: &mut Console) -> Result<ExitStatus, Failure> {
    let mut verdicts: Vec<(&str, Verdict)> = Vec::new();
    let mut other = None;
    if request.kinds == KindSet::EMPTY && request.joined.is_empty() {
        for kind in Kind::ALL {
            verdicts.push((kind.file(), alone_or_with_user(kind, console)?));
        }
    } else {
        let plan = Plan::new(request, &Current)?;
        let subjects = Subject::ALL.into_iter().filter(|subject| {
            plan.0
                .iter()
                .any(|step| Subject::of(step) == Some(*subject))
        });
        let tried = try_plan(&plan, console)?;
        verdicts.extend(of_kinds(request, &plan, &tried, console)?);
        verdicts.extend(subjects.map(|subject| (subject.name(), tried.of(subject))));
        other = tried.other;
    }
    let status = tell(&verdicts, console);
    other.map_or(Ok(status), Err)
}

fn tell(verdicts: &[(&str, Verdict)], console: &mut Console) -> ExitStatus {
    let mut status = ExitStatus::SUCCESS;
    for (name, verdict) in verdicts {
        let text = match verdict {
            Verdict::Yes => words!["yes"],
            Verdict::WithUser => words!["with --user"],
            Verdict::No { reason, hint } => {
                if let (ExitStatus::SUCCESS, Some(hint)) = (status, hint) {
                    console.hint(hint);
                }
                status = ExitStatus::FAILURE;
                words!["no: ", reason]
            }
        };
        console.output.push(&words![name, ": ", text, "\n"]);
    }
    status
}

fn alone_or_with_user(kind: Kind, console: &mut Console) -> Result<Verdict, Failure> {
    let alone = KindSet::EMPTY.with(kind);
    let verdict = try_kinds(&[], alone, console)?;
    let with_user = alone.with(Kind::User);
    if verdict != Verdict::Yes && with_user != alone {
        return Ok(match try_kinds(&[], with_user, console)? {
            Verdict::Yes => Verdict::WithUser,
            _ => verdict,
        });
    }
    Ok(verdict)
}

/// The result of trying a whole plan.
#[derive(Debug, Default)]
struct Tried {
    /// Why the namespaces could not be created, if they could not.
    unshare: Option<Verdict>,
    /// The subjects that failed, and why.
    failed: Vec<(Subject, Verdict)>,
    /// The failure of a step that belongs to no subject; the user has been told.
    other: Option<Failure>,
}

impl Tried {
    fn of(&self, subject: Subject) -> Verdict {
        let mut failed = self.failed.iter();
        let own = failed.find(|(failed, _)| *failed == subject);
        let verdict = own.map(|(_, verdict)| verdict).or(self.unshare.as_ref());
        verdict.cloned().unwrap_or(Verdict::Yes)
    }
}

/// The verdicts on the kinds to be created: together or, if that fails, one by one.
fn of_kinds(
    request: &Request,
    plan: &Plan,
    tried: &Tried,
    console: &mut Console,
) -> Result<Vec<(&'static str, Verdict)>, Failure> {
    let Some(together) = &tried.unshare else {
        let yes = |kind: Kind| (kind.file(), Verdict::Yes);
        return Ok(request.kinds.iter().map(yes).collect());
    };
    // The steps before unshare(2) decide which privileges it is called with.
    let is_unshare = |step: &Step| matches!(step, Step::Unshare(_));
    let before = plan.0.iter().position(is_unshare).unwrap_or(0);
    let needed = request
        .kinds
        .iter()
        .filter(|kind| *kind == Kind::User)
        .collect::<KindSet>();
    let mut verdicts = Vec::new();
    for kind in request.kinds.iter() {
        let verdict = try_kinds(&plan.0[..before], needed.with(kind), console)?;
        verdicts.push((kind.file(), verdict));
    }
    if verdicts.iter().all(|(_, verdict)| *verdict == Verdict::Yes) {
        // Each one works alone, but not all together.
        for (_, verdict) in &mut verdicts {
            *verdict = together.clone();
        }
    }
    Ok(verdicts)
}

/// Tries to create these kinds after the steps `before`.
fn try_kinds(before: &[Step], kinds: KindSet, console: &mut Console) -> Result<Verdict, Failure> {
    let steps = [before, &[Step::Unshare(kinds)]].concat();
    let tried = try_plan(&Plan(steps), console)?;
    Ok(tried.unshare.unwrap_or(Verdict::Yes))
}

/// Takes the steps of a plan in a child, except those for files and the program, and continues
/// after failures.
fn try_plan(plan: &Plan, console: &mut Console) -> Result<Tried, Failure> {
    let mut helper = Helper::start(console, |channel, console| walk(plan, channel, console))?;
    let mut tried = Tried::default();
    while let Some(word) = helper.receive()? {
        let mut parts = word.split(|byte| *byte == 0).map(|part| words![part]);
        let name = parts.next().unwrap_or_default();
        let verdict = Verdict::No {
            reason: parts.next().unwrap_or_default(),
            hint: parts.next(),
        };
        let is_it = |subject: &Subject| subject.name().as_bytes() == name.as_bytes();
        match Subject::ALL.into_iter().find(is_it) {
            Some(subject) => tried.failed.push((subject, verdict)),
            None => tried.unshare = Some(verdict),
        }
    }
    tried.other = helper.finish().err();
    Ok(tried)
}

/// In the child: takes the steps, reports the first failure of each subject, and continues.
fn walk(plan: &Plan, channel: &Channel, console: &mut Console) -> Result<ExitStatus, Failure> {
    let mut process = Process::default();
    let mut failed = Vec::new();
    for step in &plan.0 {
        if matches!(step, Step::Execute(_)) {
            break;
        }
        let subject = Subject::of(step);
        if subject.is_some_and(|subject| failed.contains(&subject)) {
            continue;
        }
        let failure = match process.carry_out(step, console) {
            Ok(Flow::Next) => continue,
            Ok(Flow::End(status)) => return Ok(status),
            Err(failure) => failure,
        };
        let name = match (subject, step) {
            (Some(subject), _) => subject.name(),
            (None, Step::Unshare(_)) => "unshare",
            (None, _) => return Err(failure),
        };
        channel.send_quietly(word_for(name, &failure).as_bytes())?;
        failed.extend(subject);
        if subject.is_none() {
            break;
        }
    }
    Ok(ExitStatus::SUCCESS)
}

fn word_for(name: &str, failure: &Failure) -> Message {
    let (reason, hint) = match failure {
        Failure::Step(error) => (error.reason(), error.hint()),
        // A helper has printed the reason on standard error.
        _ => (words!["refused"], None),
    };
    let start = words![name, "\0", reason];
    hint.map_or(start.clone(), |hint| start.with("\0").with(hint))
}
