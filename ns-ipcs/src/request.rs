//! What a command line of `ipcs` asks for.

use std::ffi::OsString;

use nix::unistd::Pid;
use ns_common::ipc::filter::Filter;
use ns_common::ipc::{Resources, SystemV};

use crate::columns::Column;
use crate::views::List;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) resources: Resources,
    pub(crate) subject: Subject,
    pub(crate) form: Form,
    pub(crate) columns: Choice,
    pub(crate) headings: Headings,
    pub(crate) style: ValueStyle,
    pub(crate) sort: Option<Sort>,
    pub(crate) keep: Keep,
    pub(crate) place: Place,
}

/// What is shown of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// All objects.
    Objects(List),
    /// All objects, and the processes that have them mapped.
    Attachments,
    /// One object.
    Details {
        kind: SystemV,
        id: i32,
        absence: Absence,
    },
    /// The classic limits.
    Limits,
    /// The classic summary.
    Summary,
    /// What is used beside the limit, and the share above which a row is a failure.
    Usage(Option<Share>),
}

/// What it means that no object has an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absence {
    /// A message, and status 0.
    Harmless,
    /// A message, and status 1.
    Failure,
}

/// A share of a hundred: `digits` over ten to the power of `decimals`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) digits: u128,
    pub(crate) decimals: u32,
}

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it always was.
    Classic,
    /// Columns as wide as their values.
    Table,
    /// Columns with one blank between them.
    Raw,
    /// One document.
    Json,
    /// A document a line.
    JsonLines,
    /// Ids or names alone.
    Quiet,
}

/// Which columns there are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Choice {
    /// Those of the form and the view.
    #[default]
    Usual,
    /// Those and more.
    And(Vec<Column>),
    /// These.
    Only(Vec<Column>),
    /// All.
    All,
}

/// Whether titles and headers are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Headings {
    Shown,
    Hidden,
}

/// How values are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ValueStyle {
    pub(crate) unit: Unit,
    /// Where not in the usual way of the form.
    pub(crate) time: Option<TimeFormat>,
    pub(crate) naming: Naming,
}

/// How times are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    Iso,
    Epoch,
}

/// How users and groups are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Naming {
    /// By the names that the name service has for them.
    #[default]
    Names,
    /// By their numbers.
    Numbers,
}

/// The order of the objects of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sort {
    pub(crate) column: Column,
    pub(crate) direction: Direction,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

/// Which objects are shown: those for which all that is set holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Keep {
    pub(crate) filter: Filter,
    pub(crate) key: Option<u32>,
    pub(crate) use_: Use,
}

/// Whether an object's being in use matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Use {
    #[default]
    Any,
    Unused,
}

/// Whose objects are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Those of the caller's IPC namespace.
    Own,
    /// Those of a process's.
    Target(Pid),
    /// Those of the namespace bound to a file.
    File(OsString),
    /// Those of every namespace that can be found.
    All,
}

/// What is shown of each kind, by the classic options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// A line an object.
    List(List),
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
