//! What a command line asks for; nothing in it depends on who asks.

use std::ffi::{CStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use nix::unistd::Pid;
use ns_common::idmap::{Both, IdExtent};
use ns_common::namespace::{ByKind, KindSet};
use ns_common::process::supervise::{Manner, Signals};
use ns_common::process::variables::Change;

/// All that the options and operands say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Request {
    /// The kinds to unshare, implied ones included.
    pub(crate) kinds: KindSet,
    /// Whether it was said which signals are passed on.
    pub(crate) forwards: bool,
    /// Where to keep a new namespace.
    pub(crate) files: ByKind<PathBuf>,
    /// How the program is run in a child; `None` if it is not.
    pub(crate) fork: Option<Fork>,
    /// The existing namespaces to enter first.
    pub(crate) joined: ByKind<Place>,
    /// The host name to set.
    pub(crate) host_name: Option<OsString>,
    /// The NIS domain name to set.
    pub(crate) domain_name: Option<OsString>,
    /// Bring the loopback device up.
    pub(crate) loopback: bool,
    /// Where to mount an mqueue file system.
    pub(crate) mount_mqueue: Option<PathBuf>,
    /// Where the program's number goes.
    pub(crate) pid_file: Option<PathBuf>,
    /// The descriptor that events are written to.
    pub(crate) status_fd: Option<i32>,
    /// The descriptor on which a byte lets the program run.
    pub(crate) wait_fd: Option<i32>,
    /// Where to mount a new proc.
    pub(crate) mount_proc: Option<PathBuf>,
    /// Where to mount a new binfmt_misc.
    pub(crate) mount_binfmt: Option<PathBuf>,
    /// What to register there.
    pub(crate) load_interpreter: Option<OsString>,
    /// The ids that the caller's effective ones appear as.
    pub(crate) single: Both<Option<SingleId>>,
    /// Blocks of ids to map.
    pub(crate) ranges: Both<Vec<Range>>,
    /// Who is to own the user namespace; an id of `None` is left alone.
    pub(crate) owner: Option<Both<Option<u32>>>,
    /// What becomes of the mounts' propagation.
    pub(crate) propagation: Propagation,
    /// What to write to `/proc/self/setgroups`.
    pub(crate) setgroups: Option<SetGroups>,
    /// Let the capabilities reach the program.
    pub(crate) keep_capabilities: bool,
    /// The program's ids.
    pub(crate) ids: Both<Option<u32>>,
    /// The program's root directory.
    pub(crate) root: Option<PathBuf>,
    /// The program's working directory.
    pub(crate) working_directory: Option<PathBuf>,
    /// Seconds to add to CLOCK_MONOTONIC.
    pub(crate) monotonic: Option<i64>,
    /// Seconds to add to CLOCK_BOOTTIME.
    pub(crate) boottime: Option<i64>,
    /// The only variables the program gets, in the order named; `None` for all.
    pub(crate) kept_variables: Option<Vec<OsString>>,
    /// Further changes of the environment, in order.
    pub(crate) variables: Vec<Change>,
    /// What is wanted in place of the program.
    pub(crate) first: Option<First>,
    /// The program and its arguments; empty for a shell.
    pub(crate) command: Vec<&'static CStr>,
}

/// How the program's process is forked and waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fork {
    /// The signal, by number, that the child gets when we die.
    pub(crate) death_signal: Option<i32>,
    /// What the waiting process does with signals.
    pub(crate) signals: Signals,
    /// What a process 1 of ours does with the processes that outlive the program; `None` if the
    /// program itself is the child.
    pub(crate) init: Option<Remaining>,
}

/// What becomes of the processes that outlive the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remaining {
    /// The kernel ends them with process 1.
    EndedByKernel,
    /// They are asked to end, and waited for; after that time, if there is one, they are ended.
    EndedBy(Option<Duration>),
}

/// Kept from the waiting process unless it passes them on.
const HELD_BACK: [i32; 2] = [libc::SIGINT, libc::SIGTERM];

impl Default for Fork {
    fn default() -> Self {
        Self {
            death_signal: None,
            signals: Signals {
                held_back: HELD_BACK.to_vec(),
                ..Signals::default()
            },
            init: None,
        }
    }
}

impl Fork {
    /// Passes `forwarded` on to the child in place of whatever was passed on before.
    pub(crate) fn forward(&mut self, forwarded: Vec<i32>, manner: Manner) {
        let is_left = |signal: &i32| !forwarded.contains(signal);
        self.signals.held_back = HELD_BACK.into_iter().filter(is_left).collect();
        self.signals.forwarded = forwarded;
        self.signals.manner = manner;
    }
}

/// A look at what would happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum First {
    /// Say what would be done, and do none of it.
    Explain,
    /// Try it, say what works, and run nothing.
    Probe,
}

/// Where an existing namespace is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A process is in it.
    Process(Pid),
    /// A file is bound to it.
    File(PathBuf),
}

/// An id inside for the caller's own one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SingleId {
    /// This one.
    Id(u32),
    /// The one the caller has outside.
    Same,
}

/// A block of ids to map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    /// As given.
    Extent(IdExtent),
    /// The caller's delegated block (given by its outer ids), from 0 on inside.
    Auto(IdExtent),
    /// The caller's delegated block, under the same ids inside.
    Subids(IdExtent),
    /// Every id there is, under the same id inside.
    All,
}

/// How mounts are shared with other mount namespaces: mount_namespaces(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Propagation {
    /// Not at all.
    #[default]
    Private,
    /// Changes outside are seen inside.
    Slave,
    /// Changes are seen on both sides.
    Shared,
    /// As the copied mounts have it.
    Unchanged,
}

/// The policy in `/proc/PID/setgroups`: user_namespaces(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetGroups {
    /// setgroups(2) works.
    Allow,
    /// setgroups(2) fails, for good.
    Deny,
}

impl SetGroups {
    /// The word in the file, and on the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}
