//! The command line of `ipcs`.

use std::ffi::{OsStr, OsString};

use ns_common::cli::getopt::{Parser, Token};
use ns_common::error::{Error, Failure};
use ns_common::ipc::SystemV;
use ns_common::number;
use ns_common::tool::Parsed;
use ns_common::words;

use crate::options::Id;

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
        resource: SystemV,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// A line an object.
    List(Columns),
    /// The namespace's limits.
    Limits,
    /// What the namespace uses.
    Summary,
}

/// What a list tells of each object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Columns {
    /// Keys, owners, permissions and sizes.
    Usual,
    /// Times.
    Times,
    /// Processes.
    Processes,
    /// Creators and owners.
    Creators,
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

/// Reads the command line; an id is checked as it is met, the selection at the end.
pub fn parse(parser: &mut Parser<Id>) -> Result<Parsed<Request>, Failure> {
    let mut selection = Selection::default();
    let (mut view, mut unit) = (View::List(Columns::Usual), Unit::default());
    let mut object = None;
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
    fn single(self) -> Result<SystemV, Error> {
        match (self.queues, self.segments, self.semaphore_sets) {
            (true, false, false) => Ok(SystemV::Queue),
            (false, true, false) => Ok(SystemV::Segment),
            (false, false, true) => Ok(SystemV::SemaphoreSet),
            _ => Err(Error::new(words![
                "when using an ID, a single resource must be specified"
            ])),
        }
    }
}

fn object_id(value: Option<OsString>) -> Result<i32, Error> {
    let text = value.unwrap_or_default();
    let text: &OsStr = &text;
    number::int(text).map_err(|reason| reason.into_error("failed to parse id argument", text))
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;
    use crate::options::TOOL;

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
                view: View::List(Columns::Processes),
                unit: Unit::Bytes
            }
        );
        assert_eq!(
            read(&[]),
            Request::Report {
                selection: ALL,
                view: View::List(Columns::Usual),
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
                resource: SystemV::Segment,
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
