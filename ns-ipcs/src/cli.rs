//! The command line of `ipcs`.

use std::ffi::{OsStr, OsString};

use ns_common::cli::getopt::{Parser, Token};
use ns_common::cli::table::{Offer, Takes, Value};
use ns_common::error::{Error, Failure};
use ns_common::number::{self, NumberError, Radix};
use ns_common::system_v::Resource;
use ns_common::tool::{Manual, Order, Parsed, Tool};
use ns_common::{options, words};

/// What the command line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Everything of these kinds.
    Report {
        /// Which kinds.
        selection: Selection,
        /// Which view of them.
        view: View,
        /// How sizes are shown.
        unit: Unit,
    },
    /// The details of one object.
    Detail {
        /// Its kind.
        resource: Resource,
        /// Its id.
        id: i32,
        /// How sizes are shown.
        unit: Unit,
    },
}

/// Some of the three kinds, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Selection {
    /// Message queues.
    pub queues: bool,
    /// Shared memory segments.
    pub segments: bool,
    /// Semaphore sets.
    pub semaphore_sets: bool,
}

/// What is shown of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// Keys, owners, permissions and sizes.
    #[default]
    List,
    /// Times.
    Times,
    /// Processes.
    Processes,
    /// Creators and owners.
    Creators,
    /// The namespace's limits.
    Limits,
    /// What the namespace uses.
    Summary,
}

/// How sizes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unit {
    /// As each view is used to.
    #[default]
    Usual,
    /// Bytes.
    Bytes,
    /// With a unit letter.
    Human,
}

/// The options, as the parser hands them on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is documented by its row in the table")]
pub enum Id {
    Object,
    Queues,
    Segments,
    SemaphoreSets,
    All,
    View(View),
    Unit(Unit),
    Version,
    Help,
}

options! { Id:
    (
        Id::Object,
        Some('i'),
        "id",
        Takes::Required(Value {
            name: "id",
            offer: Offer::Nothing,
        }),
        "show all details of the one object with this id",
        "Shows all details of one object. Exactly one kind must be selected. An id that does not exist is reported on standard error, and the exit status stays 0.",
    ),
    (
        Id::Queues, Some('q'), "queues", Takes::Nothing,
        "select message queues",
        "Selects message queues.",
    ),
    (
        Id::Segments, Some('m'), "shmems", Takes::Nothing,
        "select shared memory segments",
        "Selects shared memory segments.",
    ),
    (
        Id::SemaphoreSets, Some('s'), "semaphores", Takes::Nothing,
        "select semaphore sets",
        "Selects semaphore sets.",
    ),
    (
        Id::All, Some('a'), "all", Takes::Nothing,
        "select all three (default)",
        "Selects all three kinds, as if none were named.",
    ),
    (
        Id::View(View::Times), Some('t'), "time", Takes::Nothing,
        "show times of the last operations and changes",
        "Shows when operations were last done and when the object was last changed, in the local time zone.",
    ),
    (
        Id::View(View::Processes), Some('p'), "pid", Takes::Nothing,
        "show processes: creator and last user",
        "Shows the ids of the processes that made or last used the object. There is nothing to show for semaphore sets.",
    ),
    (
        Id::View(View::Creators), Some('c'), "creator", Takes::Nothing,
        "show creators and owners",
        "Shows the user and group of the creator and of the owner.",
    ),
    (
        Id::View(View::Limits), Some('l'), "limits", Takes::Nothing,
        "show the limits of the namespace",
        "Shows the limits that the IPC namespace sets.",
    ),
    (
        Id::View(View::Summary), Some('u'), "summary", Takes::Nothing,
        "show what the namespace uses",
        "Shows how much the objects of the IPC namespace use together.",
    ),
    (
        Id::Unit(Unit::Human), None, "human", Takes::Nothing,
        "show sizes with a unit letter",
        "Shows sizes with a unit letter, each unit being 1024 of the one before. It affects lists, limits, the summary and the details of an object.",
    ),
    (
        Id::Unit(Unit::Bytes), Some('b'), "bytes", Takes::Nothing,
        "show sizes in bytes",
        "Shows sizes in bytes, also in the limits.",
    ),
    (
        Id::Version, Some('V'), "version", Takes::Nothing,
        "show the version and leave",
        "Shows the version and leaves.",
    ),
    (
        Id::Help, Some('h'), "help", Takes::Nothing,
        "show this help and leave",
        "Shows a summary of the options and leaves.",
    ),
}

/// All that is known of the tool.
pub static TOOL: Tool<Id> = Tool {
    name: "ipcs",
    summary: "show System V IPC objects",
    purpose: "Show the System V IPC objects of the present IPC namespace.",
    usage: &["[options]", "-m|-q|-s -i <id>"],
    order: Order::Permute,
    options: OPTIONS,
};

/// What only the manual page says; no program has it in it.
pub static MANUAL: Manual = Manual {
    options: MANUAL_OF_OPTIONS,
    description: &[
        "`ipcs` lists the message queues, shared memory segments and semaphore sets of the IPC namespace it runs in, whoever may read them. Of several views the last one named counts, and of `--bytes` and `--human` too. Operands are ignored.",
        "The columns are those that scripts have relied on for decades. The owner column is cut to ten bytes; with `--creator` names are shown in full and may shift what follows. A user or group without a name is shown by number.",
    ],
    sections: &[(
        "EXIT STATUS",
        &[
            "0, also for an id that does not exist. 1 for a usage error, for semaphores that may not be read, and for output that could not be written.",
        ],
    )],
    examples: &[
        (
            "The ids of all queues:",
            "ipcs -q | awk '/^0x/ { print $2 }'",
        ),
        (
            "The segments that wait for their last mapping to go:",
            "ipcs -m | grep dest",
        ),
    ],
    see_also: &[
        ("ipcmk", 1),
        ("ipcrm", 1),
        ("ipc_namespaces", 7),
        ("sysvipc", 7),
    ],
};

/// Reads the command line; an id is checked as it is met, the selection at the end.
pub fn parse(parser: &mut Parser<Id>) -> Result<Parsed<Request>, Failure> {
    let mut selection = Selection::default();
    let (mut view, mut unit, mut object) = (View::default(), Unit::default(), None);
    while let Some(token) = parser.token()? {
        match token {
            Token::Operand(_) if parser.stops_at_operand() => break,
            Token::Operand(_) => {}
            Token::Option(id, value) => match id {
                Id::Help => return Ok(Parsed::Help),
                Id::Version => return Ok(Parsed::Version),
                Id::Object => object = Some(object_id(value)?),
                Id::Queues => selection.queues = true,
                Id::Segments => selection.segments = true,
                Id::SemaphoreSets => selection.semaphore_sets = true,
                Id::All => selection = ALL,
                Id::View(wanted) => view = wanted,
                Id::Unit(wanted) => unit = wanted,
            },
        }
    }
    let request = match object {
        Some(id) => Request::Detail {
            resource: selection.single()?,
            id,
            unit,
        },
        None if selection == Selection::default() => Request::Report {
            selection: ALL,
            view,
            unit,
        },
        None => Request::Report {
            selection,
            view,
            unit,
        },
    };
    Ok(Parsed::Request(request))
}

const ALL: Selection = Selection {
    queues: true,
    segments: true,
    semaphore_sets: true,
};

impl Selection {
    fn single(self) -> Result<Resource, Error> {
        match (self.queues, self.segments, self.semaphore_sets) {
            (true, false, false) => Ok(Resource::Queue),
            (false, true, false) => Ok(Resource::Segment),
            (false, false, true) => Ok(Resource::SemaphoreSet),
            _ => Err(Error::new(words![
                "when using an ID, a single resource must be specified"
            ])),
        }
    }
}

fn object_id(value: Option<OsString>) -> Result<i32, Error> {
    let text = value.unwrap_or_default();
    let text: &OsStr = &text;
    number::parse(text, Radix::Decimal, i32::MIN.into()..=i32::MAX.into())
        .and_then(|number| i32::try_from(number).map_err(|_| NumberError::Range))
        .map_err(|reason| reason.into_error("failed to parse id argument", text))
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    fn read(words: &[&'static CStr]) -> Request {
        match parse(&mut Parser::new(&TOOL, words)) {
            Ok(Parsed::Request(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn last_view_and_last_unit_win_and_kinds_add_up() {
        let queues = Selection {
            queues: true,
            ..Selection::default()
        };
        assert_eq!(
            read(&[c"-tlq", c"-p", c"--human", c"-b"]),
            Request::Report {
                selection: queues,
                view: View::Processes,
                unit: Unit::Bytes
            }
        );
        assert_eq!(
            read(&[]),
            Request::Report {
                selection: ALL,
                view: View::List,
                unit: Unit::Usual
            }
        );
        assert_eq!(read(&[c"-m", c"-q", c"-s"]), read(&[c"-a"]));
        assert_eq!(read(&[c"shm", c"-q", c"--", c"-m"]), read(&[c"-q"]));
    }

    #[test]
    fn id_needs_exactly_one_kind() {
        assert_eq!(
            read(&[c"-m", c"-m", c"-i7"]),
            Request::Detail {
                resource: Resource::Segment,
                id: 7,
                unit: Unit::Usual
            }
        );
        for words in [&[c"-i1"][..], &[c"-a", c"-i1"], &[c"-mq", c"-i1"]] {
            let text = words!["when using an ID, a single resource must be specified"];
            assert_eq!(
                parse(&mut Parser::new(&TOOL, words)),
                Err(Error::new(text).into())
            );
        }
    }
}
