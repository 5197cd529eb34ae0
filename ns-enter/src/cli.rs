//! The command line of `nsenter`.

use std::collections::BTreeMap;
use std::ffi::{CStr, OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use ns_common::cli::getopt::{Parser, Token, without_equals};
use ns_common::error::{Error, Failure, Message};
use ns_common::namespace::{Kind, KindSet};
use ns_common::number::{self, Radix};
use ns_common::tool::Parsed;
use ns_common::words;

use crate::options::{Id, TOOL};

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
                        .insert(kind, open_namespace(kind, without_equals(&value), opener)?);
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
        let number = number::id(text).map_err(|reason| reason.into_error(what, text))?;
        self.number = Some(number);
        Ok(())
    }
}

fn open_namespace(kind: Kind, value: &OsStr, opener: &dyn Opener) -> Result<OwnedFd, Error> {
    match value.as_bytes().strip_prefix(b":") {
        None => opener.open(Path::new(value)).map_err(|error| {
            let is_missing = error.cause() == Some(Errno::ENOENT);
            let hint = is_missing.then(|| bundled_letters(kind, value)).flatten();
            error.with_hint(hint)
        }),
        Some(id) => {
            let id = OsStr::from_bytes(id);
            let number = number::parse(id, Radix::Decimal, 0..=u64::MAX)
                .map_err(|_| Error::new(words!["failed to parse nsid: ", id]))?;
            opener.open_namespace(number)
        }
    }
}

/// A hint for a missing file whose name is a row of option letters: `-ui` is `--uts=i`.
fn bundled_letters(kind: Kind, value: &OsStr) -> Option<Message> {
    let options = TOOL.options.iter();
    let is_letter = |byte: &u8| {
        options
            .clone()
            .any(|option| option.short == Some(char::from(*byte)))
    };
    let bytes = value.as_bytes();
    if bytes.is_empty() || !bytes.iter().all(is_letter) {
        return None;
    }
    let own = options
        .clone()
        .find(|option| option.id == Id::Namespace(kind))?
        .short?;
    let start = words![
        "what is attached to a short option is its value; write -",
        own.to_string()
    ];
    Some(bytes.iter().fold(start, |text, letter| {
        text.with(" -").with([*letter].as_slice())
    }))
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
    let pid = number::parse(OsStr::from_bytes(pid), Radix::Decimal, 1..=i32::MAX)
        .map_err(|reason| failed(reason.errno()))?;
    let Some(inode) = inode else {
        return Ok(Target { pid, process: None });
    };
    let inode = number::parse(OsStr::from_bytes(inode), Radix::Decimal, 1..=u64::MAX)
        .map_err(|reason| failed(reason.errno()))?;
    Ok(Target {
        pid,
        process: Some(opener.open_process(pid, inode)?),
    })
}

fn descriptor_number(text: &OsStr) -> Result<i32, Error> {
    number::parse(text, Radix::Decimal, 0..=i32::MAX)
        .map_err(|reason| reason.into_error("failed to parse file descriptor", text))
}

#[cfg(test)]
mod tests;
