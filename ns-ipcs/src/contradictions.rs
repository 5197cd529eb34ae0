//! Options that cannot be meant at once.

use ns_common::error::{Failure, Message};
use ns_common::ipc::{Posix, Resource, SystemV};
use ns_common::words;

use crate::options::{Id, TOOL};
use crate::request::View;
use crate::views::List;

/// Which options a command line has, in their order.
#[derive(Debug, Default)]
pub(crate) struct Given(Vec<Id>);

impl Given {
    /// Remembers an option.
    pub(crate) fn note(&mut self, id: Id) {
        self.0.push(id);
    }

    /// Whether the line has it.
    pub(crate) fn has(&self, id: Id) -> bool {
        self.0.contains(&id)
    }
}

const QUEUES: Id = Id::Kind(Resource::SystemV(SystemV::Queue));
const SEGMENTS: Id = Id::Kind(Resource::SystemV(SystemV::Segment));
const SETS: Id = Id::Kind(Resource::SystemV(SystemV::SemaphoreSet));
const POSIX_QUEUES: Id = Id::Kind(Resource::Posix(Posix::Queue));
const POSIX_MEMORY: Id = Id::Kind(Resource::Posix(Posix::Memory));
const POSIX_SEMAPHORES: Id = Id::Kind(Resource::Posix(Posix::Semaphore));
const TIMES: Id = Id::View(View::List(List::Times));
const PROCESSES: Id = Id::View(View::List(List::Processes));
const CREATORS: Id = Id::View(View::List(List::Creators));
const LIMITS: Id = Id::View(View::Limits);
const SUMMARY: Id = Id::View(View::Summary);

const POSIX: &[Id] = &[POSIX_QUEUES, POSIX_MEMORY, POSIX_SEMAPHORES, Id::AllPosix];

/// The options that cannot stand beside one; each pair is told of one of its two.
fn excluded_by(option: Id) -> &'static [Id] {
    match option {
        Id::Json => &[Id::JsonLines, Id::Raw, Id::Quiet],
        Id::JsonLines => &[Id::Raw, Id::Quiet],
        Id::Raw => &[Id::Quiet],
        Id::Output => &[Id::OutputAll, Id::Quiet, Id::Object],
        Id::OutputAll => &[Id::Quiet, Id::Object],
        Id::Object => &[
            Id::Raw,
            Id::JsonLines,
            Id::Quiet,
            Id::TimeFormat,
            Id::Usage,
            Id::FailAbove,
            Id::Attached,
            Id::Owner,
            Id::Key,
            Id::Unused,
            Id::OlderThan,
            POSIX_QUEUES,
            POSIX_MEMORY,
            POSIX_SEMAPHORES,
            Id::AllPosix,
        ],
        Id::NoHeadings => &[Id::Json, Id::JsonLines, Id::Quiet],
        LIMITS | SUMMARY => &[
            Id::Quiet,
            Id::Raw,
            Id::Owner,
            Id::Key,
            Id::Unused,
            Id::OlderThan,
        ],
        Id::Usage | Id::FailAbove => &[
            Id::Owner,
            Id::Key,
            Id::Unused,
            Id::OlderThan,
            TIMES,
            PROCESSES,
            CREATORS,
        ],
        Id::Attached => &[
            Id::Output,
            Id::OutputAll,
            Id::JsonLines,
            Id::Quiet,
            Id::Usage,
            Id::FailAbove,
            QUEUES,
            SETS,
            Id::All,
            POSIX_QUEUES,
            POSIX_SEMAPHORES,
            Id::AllPosix,
            TIMES,
            PROCESSES,
            CREATORS,
            LIMITS,
            SUMMARY,
        ],
        TIMES | PROCESSES | CREATORS => POSIX,
        Id::Target => &[Id::Namespace, Id::AllNamespaces],
        Id::Namespace => &[
            Id::AllNamespaces,
            POSIX_MEMORY,
            POSIX_SEMAPHORES,
            Id::AllPosix,
        ],
        _ => &[],
    }
}

/// The options of which one needs another; none if it makes sense by itself.
fn needed_by(option: Id) -> &'static [Id] {
    match option {
        Id::Attached => &[SEGMENTS, POSIX_MEMORY],
        Id::NoHeadings => &[
            Id::Attached,
            Id::Output,
            Id::OutputAll,
            Id::Raw,
            Id::Usage,
            Id::FailAbove,
        ],
        _ => &[],
    }
}

/// Finds the first contradiction.
pub(crate) fn check(given: &Given) -> Result<(), Failure> {
    for option in &given.0 {
        if let Some(other) = excluded_by(*option).iter().find(|other| given.has(**other)) {
            return Err(Failure::usage(words![
                name(*option),
                " and ",
                name(*other),
                " cannot be combined"
            ]));
        }
    }
    for option in &given.0 {
        let needed = needed_by(*option);
        if !needed.is_empty() && !needed.iter().any(|other| given.has(*other)) {
            return Err(Failure::usage(needs(*option, needed)));
        }
    }
    Ok(())
}

fn needs(option: Id, needed: &[Id]) -> Message {
    let begin = words![name(option), " needs "];
    needed
        .iter()
        .enumerate()
        .fold(begin, |list, (place, other)| {
            let separator = if place == 0 { "" } else { " or " };
            list.with(separator).with(&name(*other))
        })
}

fn name(id: Id) -> Message {
    let option = TOOL.options.iter().find(|option| option.id == id);
    words!["--", option.map_or("", |option| &option.long)]
}
