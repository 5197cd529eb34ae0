//! What a command line asks for.

use std::ffi::{CStr, OsString};
use std::os::fd::{OwnedFd, RawFd};
use std::path::PathBuf;

use ns_common::idmap::Both;
use ns_common::namespace::{ByKind, KindSet};
use ns_common::process::target::Target;
use ns_common::process::variables::Change;

/// The parsed options and operands.
#[derive(Debug, Default)]
pub(crate) struct Request {
    /// The process whose namespaces are entered.
    pub(crate) target: Option<Target>,
    /// Whether to enter all kinds of the target.
    pub(crate) all: bool,
    /// The kinds named by options.
    pub(crate) kinds: KindSet,
    /// The kinds given by file.
    pub(crate) files: ByKind<OwnedFd>,
    /// The descriptor of the target that is a socket in the network namespace to enter.
    pub(crate) net_socket: Option<RawFd>,
    /// Whether to enter the parent of the user namespace instead.
    pub(crate) user_parent: bool,
    /// The program's uid and gid.
    pub(crate) ids: Both<Credential>,
    /// Whether to keep uid, gid and groups.
    pub(crate) preserve_credentials: bool,
    /// Whether the program keeps the capabilities.
    pub(crate) keep_capabilities: bool,
    /// The program's root directory.
    pub(crate) root: Directory,
    /// The program's working directory.
    pub(crate) working_directory: WorkingDirectory,
    /// Whether to use the target's environment.
    pub(crate) environment: bool,
    /// Whether never to fork.
    pub(crate) no_fork: bool,
    /// Whether to move into the target's cgroup.
    pub(crate) join_cgroup: bool,
    /// Whether to use the target's SELinux context.
    pub(crate) follow_context: bool,
    /// Whether to run like the target in all respects; the other fields override this.
    pub(crate) like_target: bool,
    /// Whether to keep the resource limits even then.
    pub(crate) keep_limits: bool,
    /// The variables to set and unset, in order.
    pub(crate) variables: Vec<Change>,
    /// Whether to execute a copy of the program from outside.
    pub(crate) outside_program: bool,
    /// Whether to print the steps and take none of them.
    pub(crate) explain: bool,
    /// The program and its arguments; empty for a shell.
    pub(crate) command: Vec<&'static CStr>,
}

/// A uid or gid for the program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Credential {
    /// Unchanged, but 0 after a user namespace was entered.
    #[default]
    Unchanged,
    /// This id.
    Number(u32),
    /// The id of this name inside.
    Name(OsString),
    /// The target's effective id.
    Follow,
    /// All ids of the target: real, effective and saved, and for gids the supplementary groups.
    Like,
}

/// A directory opened outside.
#[derive(Debug, Default)]
pub(crate) enum Directory {
    /// The current one.
    #[default]
    Unchanged,
    /// This id.
    Opened(OwnedFd),
    /// The target's.
    OfTarget,
    /// The target's, if it differs.
    Like,
}

/// The program's working directory.
#[derive(Debug)]
pub(crate) enum WorkingDirectory {
    /// A directory opened outside.
    Outside(Directory),
    /// A path inside.
    Inside(PathBuf),
}

impl Default for WorkingDirectory {
    fn default() -> Self {
        Self::Outside(Directory::Unchanged)
    }
}
