//! The command line of `ipcs`.

use std::ffi::{OsStr, OsString};

use ns_common::cli::getopt::{Parser, Token};
use ns_common::error::{Error, Failure};
use ns_common::ipc::{Resource, Resources, SystemV};
use ns_common::number;
use ns_common::tool::Parsed;
use ns_common::words;

use crate::options::Id;
use crate::request::{List, Request, Unit, View};

/// Reads the command line; an id is checked as it is met, the selection at the end.
pub(crate) fn parse(parser: &mut Parser<Id>) -> Result<Parsed<Request>, Failure> {
    let mut resources = Resources::NONE;
    let (mut view, mut unit) = (View::List(List::Usual), Unit::default());
    let mut object = None;
    while let Some(token) = parser.token()? {
        match token {
            Token::Operand(_) if parser.stops_at_operand() => break,
            Token::Operand(_) => {}
            Token::Option(id, value) => match id {
                Id::Help => return Ok(Parsed::Help),
                Id::Version => return Ok(Parsed::Version),
                Id::Object => object = Some(object_id(value)?),
                Id::Queues => resources = resources.with(SystemV::Queue),
                Id::Segments => resources = resources.with(SystemV::Segment),
                Id::SemaphoreSets => resources = resources.with(SystemV::SemaphoreSet),
                Id::All => resources = resources.union(Resources::SYSTEM_V),
                Id::View(wanted) => view = wanted,
                Id::Unit(wanted) => unit = wanted,
            },
        }
    }
    let request = match object {
        Some(id) => Request::Details {
            resource: single(resources)?,
            id,
            unit,
        },
        None => Request::Report {
            resources: match resources.is_empty() {
                true => Resources::SYSTEM_V,
                false => resources,
            },
            view,
            unit,
        },
    };
    Ok(Parsed::Request(request))
}

/// The one kind that an id is of.
fn single(resources: Resources) -> Result<SystemV, Error> {
    match resources.single() {
        Some(Resource::SystemV(resource)) => Ok(resource),
        Some(Resource::Posix(_)) | None => Err(Error::new(words![
            "when using an ID, a single resource must be specified"
        ])),
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
        assert_eq!(
            read(&[c"-tlq", c"-p", c"--human", c"-b"]),
            Request::Report {
                resources: Resources::NONE.with(SystemV::Queue),
                view: View::List(List::Processes),
                unit: Unit::Bytes
            }
        );
        assert_eq!(
            read(&[]),
            Request::Report {
                resources: Resources::SYSTEM_V,
                view: View::List(List::Usual),
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
            Request::Details {
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
