//! What a command line of `ipcs` asks for.

use ns_common::ipc::{Resources, SystemV};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// Everything of these kinds.
    Report {
        resources: Resources,
        view: View,
        unit: Unit,
    },
    /// The details of one object.
    Details {
        resource: SystemV,
        id: i32,
        unit: Unit,
    },
}

/// What is shown of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// A line an object.
    List(List),
    /// The namespace's limits.
    Limits,
    /// What the namespace uses.
    Summary,
}

/// What a list tells of each object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
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
