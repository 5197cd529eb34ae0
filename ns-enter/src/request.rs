//! What the command line asks for, as data.

use std::ffi::{CStr, OsString};
use std::os::fd::{OwnedFd, RawFd};
use std::path::PathBuf;

use ns_common::idmap::Both;
use ns_common::namespace::{ByKind, KindSet};
use ns_common::process::target::Target;
use ns_common::process::variables::Change;

/// What the command line asks for.
#[derive(Debug, Default)]
pub(crate) struct Request {
    /// The process whose namespaces are entered.
    pub(crate) target: Option<Target>,
    /// Every kind of the target.
    pub(crate) all: bool,
    /// The kinds named.
    pub(crate) kinds: KindSet,
    /// Those of them that are entered by a file of their own.
    pub(crate) files: ByKind<OwnedFd>,
    /// The network namespace is that of this descriptor of the target.
    pub(crate) net_socket: Option<RawFd>,
    /// Enter the parent, or owner, of the user namespace instead of it.
    pub(crate) user_parent: bool,
    /// The program's uid and gid.
    pub(crate) ids: Both<Credential>,
    /// Leave uid, gid and groups alone.
    pub(crate) preserve_credentials: bool,
    /// Let the capabilities reach the program.
    pub(crate) keep_capabilities: bool,
    /// The program's root directory.
    pub(crate) root: Place,
    /// The program's working directory.
    pub(crate) working_directory: WorkingDirectory,
    /// Take the target's environment.
    pub(crate) environment: bool,
    /// Never fork.
    pub(crate) no_fork: bool,
    /// Move into the target's cgroup.
    pub(crate) join_cgroup: bool,
    /// Take the target's SELinux context.
    pub(crate) follow_context: bool,
    /// Be where the target is in all respects; what each other field says is meant after that.
    pub(crate) like_target: bool,
    /// Keep the limits even so.
    pub(crate) keep_limits: bool,
    /// Variables set and unset, in order.
    pub(crate) variables: Vec<Change>,
    /// Execute a copy of the program as it is outside.
    pub(crate) outside_program: bool,
    /// Say what would be done, and do nothing.
    pub(crate) explain: bool,
    /// The program and its arguments; empty for a shell.
    pub(crate) command: Vec<&'static CStr>,
}

/// A uid or gid for the program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Credential {
    /// As it is; 0 after a user namespace was entered.
    #[default]
    Unchanged,
    /// This one.
    Number(u32),
    /// That of this name inside.
    Name(OsString),
    /// The target's effective one.
    Follow,
    /// All that the target has of it.
    Like,
}

/// A directory from outside.
#[derive(Debug, Default)]
pub(crate) enum Place {
    /// No other than now.
    #[default]
    Unchanged,
    /// This one.
    Opened(OwnedFd),
    /// The target's.
    OfTarget,
    /// The target's, where it differs.
    Like,
}

/// Where the program starts.
#[derive(Debug)]
pub(crate) enum WorkingDirectory {
    /// In a directory from outside.
    Outside(Place),
    /// At a path inside.
    Inside(PathBuf),
}

impl Default for WorkingDirectory {
    fn default() -> Self {
        Self::Outside(Place::Unchanged)
    }
}
