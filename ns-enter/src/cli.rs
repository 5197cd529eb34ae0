//! The command line of `nsenter`.

use std::collections::BTreeMap;
use std::ffi::{CStr, OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use ns_common::cli::getopt::{Parser, Token};
use ns_common::cli::table::{Offer, Takes, Value};
use ns_common::error::{Error, Failure, Message};
use ns_common::namespace::{Kind, KindSet};
use ns_common::number::{self, NumberError, Radix};
use ns_common::tool::{Manual, Order, Parsed, Tool};
use ns_common::{options, words};

/// What the parser opens while it reads: the reference does so too, and its errors come in that order.
pub trait Opener {
    /// Opens a namespace file or a directory, before anything is entered.
    fn open(&self, path: &Path) -> Result<OwnedFd, Error>;
    /// Opens the namespace that the kernel knows by this id.
    fn open_namespace(&self, id: u64) -> Result<OwnedFd, Error>;
    /// Opens process `pid` if the inode of its pidfd is `inode`.
    fn open_process(&self, pid: i32, inode: u64) -> Result<OwnedFd, Error>;
}

/// What the command line asks for.
#[derive(Debug, Default)]
pub struct Request {
    /// The process whose namespaces are entered.
    pub target: Option<Target>,
    /// Every kind of the target.
    pub all: bool,
    /// The kinds named.
    pub kinds: KindSet,
    /// Those of them that are entered by a file of their own.
    pub files: BTreeMap<Kind, OwnedFd>,
    /// The network namespace is that of this descriptor of the target.
    pub net_socket: Option<i32>,
    /// Enter the parent, or owner, of the user namespace instead of it.
    pub user_parent: bool,
    /// The program's uid.
    pub uid: Credential,
    /// The program's gid.
    pub gid: Credential,
    /// Leave uid, gid and groups alone.
    pub preserve_credentials: bool,
    /// Let the capabilities reach the program.
    pub keep_capabilities: bool,
    /// The program's root directory.
    pub root: Place,
    /// The program's working directory.
    pub working_directory: Place,
    /// The program's working directory as a path inside.
    pub inner_working_directory: Option<PathBuf>,
    /// Take the target's environment.
    pub environment: bool,
    /// Never fork.
    pub no_fork: bool,
    /// Move into the target's cgroup.
    pub join_cgroup: bool,
    /// Take the target's SELinux context.
    pub follow_context: bool,
    /// The program and its arguments; empty for a shell.
    pub command: Vec<&'static CStr>,
}

/// A target process.
#[derive(Debug)]
pub struct Target {
    /// Its id, above 0.
    pub pid: i32,
    /// The process itself, where its identity was given too.
    pub process: Option<OwnedFd>,
}

/// A uid or gid for the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Credential {
    /// This one.
    pub number: Option<u32>,
    /// The target's; a number given as well does not undo it.
    pub follow: bool,
}

/// A directory from outside.
#[derive(Debug, Default)]
pub struct Place {
    /// Whether the option was given at all.
    pub given: bool,
    /// This one.
    pub opened: Option<OwnedFd>,
    /// The target's, which wins.
    pub of_target: bool,
}

impl Place {
    fn take(&mut self, directory: Option<&OsStr>, opener: &dyn Opener) -> Result<(), Error> {
        self.given = true;
        match directory {
            None => self.of_target = true,
            Some(path) => self.opened = Some(opener.open(Path::new(path))?),
        }
        Ok(())
    }
}

/// The options, as the parser hands them on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is documented by its row in the table")]
pub enum Id {
    Help,
    Version,
    All,
    Target,
    Namespace(Kind),
    NetSocket,
    SetUid,
    SetGid,
    Root,
    WorkingDirectory,
    InnerWorkingDirectory,
    Env,
    NoFork,
    JoinCgroup,
    PreserveCredentials,
    KeepCaps,
    UserParent,
    FollowContext,
}

const FILE: Value = Value {
    name: "file",
    offer: Offer::File,
};
const DIRECTORY: Value = Value {
    name: "dir",
    offer: Offer::Directory,
};
/// A kind of namespace, and the file that keeps it.
const NAMESPACE: Takes = Takes::Optional(FILE);

options! { Id:
    (
        Id::All, Some('a'), "all", Takes::Nothing,
        "enter all namespaces of the target",
        "Enters the target's namespaces of every kind that the kernel has and that no other option names, except a user namespace that is the caller's own already.",
    ),
    (
        Id::Help, Some('h'), "help", Takes::Nothing,
        "show this help and leave",
        "Shows a summary of the options and leaves.",
    ),
    (
        Id::Version, Some('V'), "version", Takes::Nothing,
        "show the version and leave",
        "Shows the version and leaves.",
    ),
    (
        Id::Target,
        Some('t'),
        "target",
        Takes::Required(Value {
            name: "pid",
            offer: Offer::Process,
        }),
        "process whose namespaces are entered",
        "Names the process whose namespaces are entered: a PID, or `PID:INODE` with the inode of the process's pidfd, which no later process with the same PID has.",
    ),
    (
        Id::Namespace(Kind::Mount), Some('m'), "mount", NAMESPACE,
        "enter a mount namespace",
        "Enters a mount namespace. The root and the working directory become its root.",
    ),
    (
        Id::Namespace(Kind::Uts), Some('u'), "uts", NAMESPACE,
        "enter a UTS namespace",
        "Enters a UTS namespace: host and domain name.",
    ),
    (
        Id::Namespace(Kind::Ipc), Some('i'), "ipc", NAMESPACE,
        "enter an IPC namespace",
        "Enters an IPC namespace: System V IPC objects and POSIX message queues.",
    ),
    (
        Id::Namespace(Kind::Net), Some('n'), "net", NAMESPACE,
        "enter a network namespace",
        "Enters a network namespace.",
    ),
    (
        Id::NetSocket,
        Some('N'),
        "net-socket",
        Takes::Required(Value {
            name: "fd",
            offer: Offer::Nothing,
        }),
        "enter the network namespace of a socket of the target",
        "Enters the network namespace of a socket that the target holds under this descriptor number, whatever `--net` says.",
    ),
    (
        Id::Namespace(Kind::Pid), Some('p'), "pid", NAMESPACE,
        "enter a PID namespace",
        "Enters a PID namespace. It holds children only, so the program is run in a child unless `--no-fork` is given.",
    ),
    (
        Id::Namespace(Kind::User), Some('U'), "user", NAMESPACE,
        "enter a user namespace",
        "Enters a user namespace and becomes root in it, without supplementary groups, unless `--setuid`, `--setgid` or `--preserve-credentials` says otherwise.",
    ),
    (
        Id::Namespace(Kind::Cgroup), Some('C'), "cgroup", NAMESPACE,
        "enter a cgroup namespace",
        "Enters a cgroup namespace.",
    ),
    (
        Id::Namespace(Kind::Time), Some('T'), "time", NAMESPACE,
        "enter a time namespace",
        "Enters a time namespace.",
    ),
    (
        Id::SetUid,
        Some('S'),
        "setuid",
        Takes::Required(Value {
            name: "uid",
            offer: Offer::Words(&["follow"]),
        }),
        "uid of the program; follow for the target's",
        "Sets the uid of the program as seen inside: a number, or `follow` for that of the target.",
    ),
    (
        Id::SetGid,
        Some('G'),
        "setgid",
        Takes::Required(Value {
            name: "gid",
            offer: Offer::Words(&["follow"]),
        }),
        "gid of the program; follow for the target's",
        "Sets the gid of the program as seen inside, and drops all supplementary groups: a number, or `follow` for that of the target.",
    ),
    (
        Id::Root, Some('r'), "root", Takes::Optional(DIRECTORY),
        "root directory of the program (default: the target's)",
        "Changes the root directory to one that is opened before anything is entered, or to the target's. The working directory stays where it was, and may lie outside the new root: add `--wd` or `--wdns`.",
    ),
    (
        Id::WorkingDirectory, Some('w'), "wd", Takes::Optional(DIRECTORY),
        "working directory of the program (default: the target's)",
        "Changes the working directory to one that is opened before anything is entered, or to the target's.",
    ),
    (
        Id::InnerWorkingDirectory, Some('W'), "wdns", Takes::Optional(DIRECTORY),
        "working directory as seen inside",
        "Changes the working directory to a path that is resolved in the entered namespaces, below the new root.",
    ),
    (
        Id::Env, Some('e'), "env", Takes::Nothing,
        "take the environment of the target",
        "Replaces the environment by the one the target was started with.",
    ),
    (
        Id::NoFork, Some('F'), "no-fork", Takes::Nothing,
        "do not fork, even for a PID namespace",
        "Replaces `nsenter` by the program in any case. After `--pid` the program itself stays in the PID namespace of the caller.",
    ),
    (
        Id::JoinCgroup, Some('c'), "join-cgroup", Takes::Nothing,
        "move into the cgroup of the target (cgroup v2)",
        "Moves into the cgroup of the target; the hierarchy on `/sys/fs/cgroup` must be version 2.",
    ),
    (
        Id::PreserveCredentials, None, "preserve-credentials", Takes::Nothing,
        "keep uid, gid and groups when entering a user namespace",
        "Does not touch uid, gid and supplementary groups on entering a user namespace. An ordinary user needs this.",
    ),
    (
        Id::KeepCaps, None, "keep-caps", Takes::Nothing,
        "keep the capabilities in the user namespace for the program",
        "Makes all permitted capabilities ambient after a user namespace was entered, so that the program has them whatever its uid.",
    ),
    (
        Id::UserParent, None, "user-parent", Takes::Nothing,
        "enter the parent of the user namespace instead of it",
        "Enters the user namespace that the target's, or the one given by `--user`, was made in.",
    ),
    (
        Id::FollowContext, Some('Z'), "follow-context", Takes::Nothing,
        "take the SELinux context of the target",
        "Runs the program in the SELinux context of the target. It is an error where SELinux is not enabled.",
    ),
}

/// All that is known of the tool.
pub static TOOL: Tool<Id> = Tool {
    name: "nsenter",
    summary: "run a program in the namespaces of another process",
    purpose: "Run a program in namespaces that another process or a file holds.",
    usage: &["[options] [<program> [<argument>...]]"],
    order: Order::StopAtOperand,
    options: OPTIONS,
};

/// What only the manual page says; no program has it in it.
pub static MANUAL: Manual = Manual {
    options: MANUAL_OF_OPTIONS,
    description: &[
        "`nsenter` enters the namespaces asked for, which must be one at least, and runs a program there. Without a program it starts the shell that `SHELL` names, or that of the user's account, or `/bin/sh`, as a login shell.",
        "A kind without a file is that of the target. With a file it is the namespace the file stands for: `/proc/PID/ns/KIND`, or a file that `unshare` has bound one to. `:ID` in place of a file is the id of a namespace, on kernels that open one by its id. A value of an optional kind must be attached: in `-u FILE` the file is the program, and in `-ui` the letter i is a file.",
        "The target is held from the first moment on, so that another process that comes to have its PID is never entered. Namespaces of the target are entered in one step: first those other than the user namespace, with the rights the caller has outside, then the user namespace; or, if that is refused, all of them beginning with the user namespace.",
    ],
    sections: &[(
        "EXIT STATUS",
        &[
            "That of the program. 1 for a usage error or a step that failed, 126 if the program was found and could not be executed, 127 if it was not found. If `nsenter` had to fork and a signal killed the program, the same signal kills `nsenter`; if the program is stopped, `nsenter` stops too.",
        ],
    )],
    examples: &[
        (
            "A shell with the host name and the IPC objects of process 4711:",
            "nsenter -t 4711 -u -i sh",
        ),
        (
            "The network of a container, with the tools of the host:",
            "nsenter -t 4711 -n ip address",
        ),
        (
            "All namespaces of one's own rootless container:",
            "nsenter -t 4711 --all --preserve-credentials",
        ),
    ],
    see_also: &[
        ("unshare", 1),
        ("pidfd_open", 2),
        ("setns", 2),
        ("namespaces", 7),
        ("user_namespaces", 7),
    ],
};

/// Reads the command line. Values are checked, and files opened, as they are met.
pub fn parse(parser: &mut Parser<Id>, opener: &dyn Opener) -> Result<Parsed<Request>, Failure> {
    let mut request = Request::default();
    let mut directories = Directories::default();
    while let Some(token) = parser.token()? {
        match token {
            Token::Operand(_) => {
                request.command = parser.words_from_operand();
                break;
            }
            Token::Option(Id::Help, _) => return Ok(Parsed::Help),
            Token::Option(Id::Version, _) => return Ok(Parsed::Version),
            Token::Option(id, value) => request.take(id, value, &mut directories, opener)?,
        }
    }
    Ok(Parsed::Request(request))
}

/// Which of the two options for the working directory was met, to refuse the other one.
#[derive(Default)]
struct Directories(Option<&'static str>);

impl Directories {
    fn meet(&mut self, option: &'static str) -> Result<(), Error> {
        match self.0 {
            Some(earlier) if earlier != option => Err(Error::new(words![
                "options ",
                earlier,
                " and ",
                option,
                " cannot be combined"
            ])),
            _ => {
                self.0 = Some(option);
                Ok(())
            }
        }
    }
}

impl Request {
    fn take(
        &mut self,
        id: Id,
        value: Option<OsString>,
        directories: &mut Directories,
        opener: &dyn Opener,
    ) -> Result<(), Error> {
        match (id, value) {
            (Id::Help | Id::Version, _) => {}
            (Id::All, _) => self.all = true,
            (Id::Target, value) => {
                if self.target.is_some() {
                    return Err(Error::new(words!["option --target may be given only once"]));
                }
                self.target = Some(target(&value.unwrap_or_default(), opener)?);
            }
            (Id::Namespace(kind), value) => {
                self.kinds.insert(kind);
                if let Some(value) = value {
                    self.files
                        .insert(kind, open_namespace(without_equals(&value), opener)?);
                }
            }
            (Id::NetSocket, value) => {
                self.net_socket = Some(descriptor_number(&value.unwrap_or_default())?)
            }
            (Id::SetUid, value) => self
                .uid
                .take(&value.unwrap_or_default(), "failed to parse uid")?,
            (Id::SetGid, value) => self
                .gid
                .take(&value.unwrap_or_default(), "failed to parse gid")?,
            (Id::Root, value) => self.root.take(value.as_deref(), opener)?,
            (Id::WorkingDirectory, value) => {
                directories.meet("--wd")?;
                self.working_directory
                    .take(value.as_deref().map(without_equals), opener)?;
            }
            (Id::InnerWorkingDirectory, value) => {
                directories.meet("--wdns")?;
                self.inner_working_directory = value.map(|value| without_equals(&value).into());
            }
            (Id::Env, _) => self.environment = true,
            (Id::NoFork, _) => self.no_fork = true,
            (Id::JoinCgroup, _) => self.join_cgroup = true,
            (Id::PreserveCredentials, _) => self.preserve_credentials = true,
            (Id::KeepCaps, _) => self.keep_capabilities = true,
            (Id::UserParent, _) => self.user_parent = true,
            (Id::FollowContext, _) => self.follow_context = true,
        }
        Ok(())
    }
}

impl Credential {
    fn take(&mut self, text: &OsStr, what: &str) -> Result<(), Error> {
        if text == "follow" {
            self.follow = true;
            return Ok(());
        }
        let number = number::parse(text, Radix::Decimal, number::ID)
            .and_then(|number| u32::try_from(number).map_err(|_| NumberError::Range))
            .map_err(|reason| reason.into_error(what, text))?;
        self.number = Some(number);
        Ok(())
    }
}

/// One `=` at the start of an attached value is taken for a slip: `-u=FILE`.
fn without_equals(value: &OsStr) -> &OsStr {
    OsStr::from_bytes(
        value
            .as_bytes()
            .strip_prefix(b"=")
            .unwrap_or(value.as_bytes()),
    )
}

fn open_namespace(value: &OsStr, opener: &dyn Opener) -> Result<OwnedFd, Error> {
    match value.as_bytes().strip_prefix(b":") {
        None => opener
            .open(Path::new(value))
            .map_err(|error| match bundled_letters(value) {
                Some(hint) if error.cause() == Some(Errno::ENOENT) => error.with_hint(hint),
                _ => error,
            }),
        Some(id) => {
            let id = OsStr::from_bytes(id);
            let number = number::parse(id, Radix::Decimal, number::UNSIGNED)
                .and_then(|number| u64::try_from(number).map_err(|_| NumberError::Range))
                .map_err(|_| Error::new(words!["failed to parse nsid: ", id]))?;
            opener.open_namespace(number)
        }
    }
}

/// A hint for a missing file whose name is a row of option letters: `-ui` is `--uts=i`.
fn bundled_letters(value: &OsStr) -> Option<Message> {
    let is_letter = |byte: &u8| {
        OPTIONS
            .iter()
            .any(|option| option.short == Some(char::from(*byte)))
    };
    let bytes = value.as_bytes();
    (!bytes.is_empty() && bytes.iter().all(is_letter)).then(|| {
        let start = words!["what is attached to a short option is its value; apart, these are"];
        bytes.iter().fold(start, |text, letter| {
            text.with(" -").with([*letter].as_slice())
        })
    })
}

/// Reads `PID` or `PID:INODE`.
fn target(text: &OsStr, opener: &dyn Opener) -> Result<Target, Error> {
    let failed =
        |errno| Error::caused_by(words!["failed to parse PID argument '", text, "'"], errno);
    let bytes = text.as_bytes();
    let (pid, inode) = match bytes.iter().position(|byte| *byte == b':') {
        Some(colon) => (&bytes[..colon], Some(&bytes[colon + 1..])),
        None => (bytes, None),
    };
    let pid = number::parse(OsStr::from_bytes(pid), Radix::Decimal, 1..=i32::MAX.into())
        .map_err(|reason| failed(reason.errno()))?;
    let pid = i32::try_from(pid).map_err(|_| failed(Errno::ERANGE))?;
    let Some(inode) = inode else {
        return Ok(Target { pid, process: None });
    };
    let inode = number::parse(
        OsStr::from_bytes(inode),
        Radix::Decimal,
        1..=u64::MAX.into(),
    )
    .map_err(|reason| failed(reason.errno()))?;
    let inode = u64::try_from(inode).map_err(|_| failed(Errno::ERANGE))?;
    Ok(Target {
        pid,
        process: Some(opener.open_process(pid, inode)?),
    })
}

fn descriptor_number(text: &OsStr) -> Result<i32, Error> {
    number::parse(text, Radix::Decimal, 0..=i32::MAX.into())
        .and_then(|number| i32::try_from(number).map_err(|_| NumberError::Range))
        .map_err(|reason| reason.into_error("failed to parse file descriptor", text))
}

#[cfg(test)]
mod tests;
