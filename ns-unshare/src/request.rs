//! What a command line asks for, independent of the caller.

use std::ffi::{CStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use nix::unistd::Pid;
use ns_common::idmap::{Both, IdExtent};
use ns_common::namespace::{ByKind, KindSet};
use ns_common::process::supervise::{Manner, Signals};
use ns_common::process::variables::Change;

/// The parsed options and operands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Request {
    /// The kinds to unshare, including implied ones.
    pub(crate) kinds: KindSet,
    /// Whether the signals to be forwarded were given.
    pub(crate) forwards: bool,
    /// The files to which new namespaces are bound.
    pub(crate) files: ByKind<PathBuf>,
    /// How the program is run in a child; `None` to run it in this process.
    pub(crate) fork: Option<Fork>,
    /// The existing namespaces to enter first.
    pub(crate) joined: ByKind<Existing>,
    /// The host name to set.
    pub(crate) host_name: Option<OsString>,
    /// The NIS domain name to set.
    pub(crate) domain_name: Option<OsString>,
    /// Whether to bring up the loopback device.
    pub(crate) loopback: bool,
    /// Where to mount an mqueue file system.
    pub(crate) mount_mqueue: Option<PathBuf>,
    /// The file for the program's PID.
    pub(crate) pid_file: Option<PathBuf>,
    /// The descriptor to which events are written.
    pub(crate) status_fd: Option<i32>,
    /// The descriptor from which a byte must be read before the program runs.
    pub(crate) wait_fd: Option<i32>,
    /// Where to mount a new proc.
    pub(crate) mount_proc: Option<PathBuf>,
    /// Where to mount a new binfmt_misc.
    pub(crate) mount_binfmt: Option<PathBuf>,
    /// The rule to register there.
    pub(crate) load_interpreter: Option<OsString>,
    /// The inner ids for the caller's effective ids.
    pub(crate) single: Both<Option<SingleId>>,
    /// The ranges of ids to map.
    pub(crate) ranges: Both<Vec<Range>>,
    /// The owner of the new user namespace; an id that is `None` is not changed.
    pub(crate) owner: Option<Both<Option<u32>>>,
    /// The propagation of mounts.
    pub(crate) propagation: Propagation,
    /// What to write to `/proc/self/setgroups`.
    pub(crate) setgroups: Option<SetGroups>,
    /// Whether the program keeps the capabilities.
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
    /// The only variables to keep for the program, in the order named; `None` to keep all.
    pub(crate) kept_variables: Option<Vec<OsString>>,
    /// Further changes of the environment, in order.
    pub(crate) variables: Vec<Change>,
    /// Whether to explain or probe instead of running the program.
    pub(crate) preview: Option<Preview>,
    /// The program and its arguments; empty for a shell.
    pub(crate) command: Vec<&'static CStr>,
}

/// How the program's process is forked and waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fork {
    /// The signal, by number, that the child gets when its parent dies.
    pub(crate) death_signal: Option<i32>,
    /// What the waiting process does with signals.
    pub(crate) signals: Signals,
    /// What our own process 1 does with the processes that outlive the program; `None` for no
    /// process 1 of ours.
    pub(crate) init: Option<Remaining>,
}

/// What happens to the processes that outlive the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remaining {
    /// The kernel kills them when process 1 ends.
    EndedByKernel,
    /// They get SIGTERM and are waited for; those left after the duration, if there is one, are
    /// killed.
    EndedBy(Option<Duration>),
}

/// Blocked in the waiting process unless forwarded.
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
    /// Sets the signals to be forwarded to the child, instead of earlier ones.
    pub(crate) fn forward(&mut self, forwarded: Vec<i32>, manner: Manner) {
        let is_left = |signal: &i32| !forwarded.contains(signal);
        self.signals.held_back = HELD_BACK.into_iter().filter(is_left).collect();
        self.signals.forwarded = forwarded;
        self.signals.manner = manner;
    }
}

/// A way to show what would happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preview {
    /// Print the steps, and take none of them.
    Explain,
    /// Try the steps, print what works, and run nothing.
    Probe,
}

/// How an existing namespace is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It is the namespace of this process.
    Process(Pid),
    /// It is bound to this file.
    File(PathBuf),
}

/// The inner id for the caller's own id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SingleId {
    /// This one.
    Id(u32),
    /// The caller's own id.
    Same,
}

/// A range of ids to map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    /// The extent as given.
    Extent(IdExtent),
    /// The range delegated to the caller, given by its outer ids, mapped to the inner ids from 0.
    Auto(IdExtent),
    /// The range delegated to the caller, mapped to the same ids inside.
    Subids(IdExtent),
    /// All ids of the caller's user namespace, mapped to themselves.
    All,
}

/// How mounts propagate between mount namespaces: mount_namespaces(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Propagation {
    /// They do not propagate.
    #[default]
    Private,
    /// Mounts outside propagate inside.
    Slave,
    /// Mounts propagate in both directions.
    Shared,
    /// The mounts keep the propagation they had.
    Unchanged,
}

/// The policy in `/proc/PID/setgroups`: user_namespaces(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SetGroups {
    /// setgroups(2) works.
    Allow,
    /// setgroups(2) always fails.
    Deny,
}

impl SetGroups {
    /// The word for it in the file and on the command line.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}
