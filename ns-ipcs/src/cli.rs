//! The command line of `ipcs`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use nix::unistd::Pid;
use ns_common::cli::getopt::{Parser, Token};
use ns_common::error::{Error, Failure, Visible};
use ns_common::ipc::filter;
use ns_common::ipc::{Posix, Resource, Resources, SystemV};
use ns_common::number::{self, Radix};
use ns_common::tool::Parsed;
use ns_common::words;

use crate::choice;
use crate::contradictions::{self, Given};
use crate::options::Id;
use crate::request::{
    Absence, Choice, Direction, Form, Headings, Keep, Naming, Place, Request, Share, Sort, Subject,
    TimeFormat, Use, ValueStyle, View,
};
use crate::views::List;

/// Reads the command line. Values are checked as they are met; what depends on other options, such
/// as the names of columns, at the end.
pub(crate) fn parse(parser: &mut Parser<Id>) -> Result<Parsed<Request>, Failure> {
    let mut line = Line::default();
    while let Some(token) = parser.token()? {
        match token {
            Token::Operand(_) if parser.stops_at_operand() => break,
            Token::Operand(_) => {}
            Token::Option(Id::Help, _) => return Ok(Parsed::Help),
            Token::Option(Id::Version, _) => return Ok(Parsed::Version),
            Token::Option(id, value) => line.take(id, value.unwrap_or_default())?,
        }
    }
    line.into_request().map(Parsed::Request)
}

/// What the options have said so far.
#[derive(Debug, Default)]
struct Line {
    given: Given,
    resources: Resources,
    id: Option<i32>,
    view: Option<View>,
    style: ValueStyle,
    columns: Vec<OsString>,
    sort: Option<OsString>,
    keep: Keep,
    target: Option<Pid>,
    file: Option<OsString>,
    fail_above: Option<Share>,
}

impl Line {
    fn take(&mut self, id: Id, value: OsString) -> Result<(), Error> {
        self.given.note(id);
        match id {
            Id::Object => self.id = Some(object_id(&value)?),
            Id::Kind(resource) => self.resources = self.resources.with(resource),
            Id::All => self.resources = self.resources.union(Resources::SYSTEM_V),
            Id::AllPosix => self.resources = self.resources.union(Resources::POSIX),
            Id::View(view) => self.view = Some(view),
            Id::Unit(unit) => self.style.unit = unit,
            Id::Output => self.columns.push(value),
            Id::Sort => self.sort = Some(value),
            Id::TimeFormat => self.style.time = Some(time_format(&value)?),
            Id::Numeric => self.style.naming = Naming::Numbers,
            Id::Owner => self.keep.filter.owner = Some(filter::owner(&value)?),
            Id::Key => self.keep.key = Some(key(&value)?),
            Id::Unused => self.keep.use_ = Use::Unused,
            Id::OlderThan => self.keep.filter.older_than = Some(filter::duration(&value)?),
            Id::Target => self.target = Some(process(&value)?),
            Id::Namespace => self.file = Some(value),
            Id::FailAbove => self.fail_above = Some(share(&value)?),
            Id::Usage
            | Id::Strict
            | Id::Attached
            | Id::OutputAll
            | Id::Json
            | Id::JsonLines
            | Id::Raw
            | Id::Quiet
            | Id::NoHeadings
            | Id::AllNamespaces
            | Id::Version
            | Id::Help => {}
        }
        Ok(())
    }

    fn into_request(self) -> Result<Request, Failure> {
        let given = &self.given;
        contradictions::check(given)?;
        let form = form(given);
        let subject = self.subject(form)?;
        let is_usage = matches!(subject, Subject::Usage(_));
        let resources = match (self.resources.is_empty(), is_usage) {
            (false, _) => self.resources,
            (true, false) => Resources::SYSTEM_V,
            (true, true) => Resources::SYSTEM_V.with(Posix::Queue),
        };
        if form == Form::Quiet && !is_usage && resources.single().is_none() {
            let text = words!["--quiet needs exactly one kind of object to be selected"];
            return Err(Failure::usage(text));
        }
        let only_semaphores = Some(Resource::Posix(Posix::Semaphore));
        if self.keep.use_ == Use::Unused && resources.single() == only_semaphores {
            let text = words!["--unused cannot be told of POSIX semaphores"];
            return Err(Failure::usage(text));
        }
        let columns = match given.has(Id::OutputAll) {
            true => Choice::All,
            false => choice::columns(&self.columns, subject, resources)?,
        };
        let sort = self
            .sort
            .as_deref()
            .map(|text| sort(text, subject, resources));
        Ok(Request {
            resources,
            subject,
            form,
            columns,
            headings: match given.has(Id::NoHeadings) {
                true => Headings::Hidden,
                false => Headings::Shown,
            },
            style: self.style,
            sort: sort.transpose()?,
            keep: self.keep,
            place: match (self.target, self.file) {
                (Some(pid), _) => Place::Target(pid),
                (None, Some(file)) => Place::File(file),
                (None, None) if given.has(Id::AllNamespaces) => Place::All,
                (None, None) => Place::Own,
            },
        })
    }

    fn subject(&self, form: Form) -> Result<Subject, Error> {
        let given = &self.given;
        if let Some(id) = self.id {
            let absence = match given.has(Id::Strict) {
                true => Absence::Failure,
                false => Absence::Harmless,
            };
            return Ok(Subject::Details {
                kind: single(self.resources)?,
                id,
                absence,
            });
        }
        if given.has(Id::Usage) || self.fail_above.is_some() {
            return Ok(Subject::Usage(self.fail_above));
        }
        if given.has(Id::Attached) {
            return Ok(Subject::Attachments);
        }
        Ok(match (self.view, form) {
            (None, _) => Subject::Objects(List::Usual),
            (Some(View::List(list)), _) => Subject::Objects(list),
            (Some(View::Limits), Form::Classic) => Subject::Limits,
            (Some(View::Summary), Form::Classic) => Subject::Summary,
            (Some(View::Limits | View::Summary), _) => Subject::Usage(None),
        })
    }
}

fn form(given: &Given) -> Form {
    let forms = [
        (Id::Json, Form::Json),
        (Id::JsonLines, Form::JsonLines),
        (Id::Raw, Form::Raw),
        (Id::Quiet, Form::Quiet),
        (Id::Output, Form::Table),
        (Id::OutputAll, Form::Table),
        (Id::Usage, Form::Table),
        (Id::FailAbove, Form::Table),
    ];
    let chosen = forms.into_iter().find(|(id, _)| given.has(*id));
    chosen.map_or(Form::Classic, |(_, form)| form)
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

fn object_id(text: &OsStr) -> Result<i32, Error> {
    number::int(text).map_err(|reason| reason.into_error("failed to parse id argument", text))
}

fn key(text: &OsStr) -> Result<u32, Error> {
    let key = number::key(text);
    key.map(|key| u32::from_ne_bytes(key.to_ne_bytes()))
        .map_err(|reason| reason.into_error("failed to parse key argument", text))
}

fn process(text: &OsStr) -> Result<Pid, Error> {
    number::parse(text, Radix::Decimal, 1..=i32::MAX)
        .map(Pid::from_raw)
        .map_err(|reason| reason.into_error("failed to parse pid", text))
}

fn time_format(text: &OsStr) -> Result<TimeFormat, Error> {
    match text.as_bytes() {
        b"iso" => Ok(TimeFormat::Iso),
        b"epoch" => Ok(TimeFormat::Epoch),
        _ => Err(Error::new(words!["unknown time format: ", Visible(text)])),
    }
}

/// Reads digits, perhaps with decimals.
fn share(text: &OsStr) -> Result<Share, Error> {
    let read = || {
        let text = text.to_str()?;
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let complete = !whole.is_empty() && (!decimals.is_empty() || !text.contains('.'));
        if !complete || !is_digits(whole) || !is_digits(decimals) || text.len() > 16 {
            return None;
        }
        Some(Share {
            digits: [whole, decimals].concat().parse().ok()?,
            decimals: u32::try_from(decimals.len()).ok()?,
        })
    };
    read().ok_or_else(|| Error::new(words!["invalid percentage: ", Visible(text)]))
}

fn sort(text: &OsStr, subject: Subject, resources: Resources) -> Result<Sort, Error> {
    let (name, direction) = match text.as_bytes() {
        [b'-', name @ ..] => (name, Direction::Descending),
        name => (name, Direction::Ascending),
    };
    let column = choice::column(name, subject, resources)?;
    Ok(Sort { column, direction })
}

#[cfg(test)]
mod tests;
