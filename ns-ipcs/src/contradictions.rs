//! Options that cannot be meant at once.

use ns_common::error::{Failure, Message};
use ns_common::ipc::{Posix, Resource, SystemV};
use ns_common::words;

use crate::options::{Id, TOOL};
use crate::request::View;
use crate::views::List;

/// Which options a command line has: a bit for the place of each in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Given(u64);

impl Given {
    /// Remembers an option.
    pub(crate) fn note(&mut self, id: Id) {
        self.0 |= bit(id);
    }

    /// Whether the line has it.
    pub(crate) fn has(self, id: Id) -> bool {
        self.0 & bit(id) != 0
    }
}

fn bit(id: Id) -> u64 {
    let place = TOOL.options.iter().position(|option| option.id == id);
    place.map_or(0, |place| 1 << place)
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

/// An option, and those that cannot stand beside it.
static CONTRADICTIONS: &[(Id, &[Id])] = &[
    (Id::Json, &[Id::JsonLines, Id::Raw, Id::Quiet]),
    (Id::JsonLines, &[Id::Raw, Id::Quiet]),
    (Id::Raw, &[Id::Quiet]),
    (Id::Output, &[Id::OutputAll, Id::Quiet, Id::Object]),
    (Id::OutputAll, &[Id::Quiet, Id::Object]),
    (
        Id::Object,
        &[
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
    ),
    (Id::NoHeadings, &[Id::Json, Id::JsonLines, Id::Quiet]),
    (LIMITS, TOTALS),
    (SUMMARY, TOTALS),
    (Id::Usage, LISTS),
    (Id::FailAbove, LISTS),
    (
        Id::Attached,
        &[
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
    ),
    (TIMES, POSIX),
    (PROCESSES, POSIX),
    (CREATORS, POSIX),
    (Id::Target, &[Id::Namespace, Id::AllNamespaces]),
    (
        Id::Namespace,
        &[
            Id::AllNamespaces,
            POSIX_MEMORY,
            POSIX_SEMAPHORES,
            Id::AllPosix,
        ],
    ),
];
const TOTALS: &[Id] = &[
    Id::Quiet,
    Id::Raw,
    Id::Owner,
    Id::Key,
    Id::Unused,
    Id::OlderThan,
];
const LISTS: &[Id] = &[
    Id::Owner,
    Id::Key,
    Id::Unused,
    Id::OlderThan,
    TIMES,
    PROCESSES,
    CREATORS,
];
const POSIX: &[Id] = &[POSIX_QUEUES, POSIX_MEMORY, POSIX_SEMAPHORES, Id::AllPosix];

/// An option that makes sense only beside one of others.
static DEPENDENCIES: &[(Id, &[Id])] = &[
    (Id::Attached, &[SEGMENTS, POSIX_MEMORY]),
    (
        Id::NoHeadings,
        &[
            Id::Attached,
            Id::Output,
            Id::OutputAll,
            Id::Raw,
            Id::Usage,
            Id::FailAbove,
        ],
    ),
];

/// Finds the first contradiction.
pub(crate) fn check(given: Given) -> Result<(), Failure> {
    for (option, others) in CONTRADICTIONS
        .iter()
        .filter(|(option, _)| given.has(*option))
    {
        if let Some(other) = others.iter().find(|other| given.has(**other)) {
            return Err(Failure::usage(words![
                name(*option),
                " and ",
                name(*other),
                " cannot be combined"
            ]));
        }
    }
    for (option, others) in DEPENDENCIES.iter().filter(|(option, _)| given.has(*option)) {
        if !others.iter().any(|other| given.has(*other)) {
            let list = others.iter().enumerate().fold(
                words![name(*option), " needs "],
                |list, (place, other)| {
                    let separator = if place == 0 { "" } else { " or " };
                    list.with(separator).with(&name(*other))
                },
            );
            return Err(Failure::usage(list));
        }
    }
    Ok(())
}

fn name(id: Id) -> Message {
    let option = TOOL.options.iter().find(|option| option.id == id);
    words!["--", option.map_or("", |option| &option.long)]
}
