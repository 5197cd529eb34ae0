//! The command line of `nsenter`.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::Pid;
use ns_common::cli::getopt::{Parser, Token, without_equals};
use ns_common::error::{Error, Failure, Message};
use ns_common::hint;
use ns_common::idmap::Both;
use ns_common::namespace::Kind;
use ns_common::number::{self, Radix};
use ns_common::process::target::Target;
use ns_common::process::variables;
use ns_common::tool::Parsed;
use ns_common::words;

use crate::opener::Opener;
use crate::options::{Id, TOOL};
use crate::request::{Credential, Directory, Request, WorkingDirectory};

/// Parses the command line. Values are checked, and files opened, in the order of the options.
pub(crate) fn parse(
    parser: &mut Parser<Id>,
    opener: &dyn Opener,
) -> Result<Parsed<Request>, Failure> {
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
    if request.like_target && request.target.is_none() {
        return Err(Failure::usage(words!["--like-target needs --target"]));
    }
    if request.outside_program && request.command.is_empty() {
        return Err(Failure::usage(words!["--outside-program needs a program"]));
    }
    Ok(Parsed::Request(request))
}

/// The option for the working directory given so far, to refuse the other one.
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
    ) -> Result<(), Failure> {
        match (id, value) {
            (Id::Help | Id::Version, _) => {}
            (Id::All, _) => self.all = true,
            (Id::Target, value) => {
                if self.target.is_some() {
                    let what = words!["option --target may be given only once"];
                    return Err(Error::new(what).into());
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
                .ids
                .user
                .take(&value.unwrap_or_default(), "failed to parse uid")?,
            (Id::SetGid, value) => self
                .ids
                .group
                .take(&value.unwrap_or_default(), "failed to parse gid")?,
            (Id::Root, value) => self.root.take(value.as_deref(), opener)?,
            (Id::WorkingDirectory, value) => {
                directories.meet("--wd")?;
                self.working_directory
                    .take(value.as_deref().map(without_equals), opener)?;
            }
            (Id::InnerWorkingDirectory, value) => {
                directories.meet("--wdns")?;
                self.working_directory = value.map_or_else(WorkingDirectory::default, |value| {
                    WorkingDirectory::Inside(without_equals(&value).into())
                });
            }
            (Id::Env, _) => self.environment = true,
            (Id::NoFork, _) => self.no_fork = true,
            (Id::JoinCgroup, _) => self.join_cgroup = true,
            (Id::PreserveCredentials, _) => self.preserve_credentials(),
            (Id::KeepCaps, _) => self.keep_capabilities = true,
            (Id::UserParent, _) => self.user_parent = true,
            (Id::FollowContext, _) => self.follow_context = true,
            (Id::LikeTarget, _) => self.be_like_target(),
            (Id::KeepLimits, _) => self.keep_limits = true,
            (Id::SetEnv, value) => self
                .variables
                .push(variables::setting(&value.unwrap_or_default())?),
            (Id::UnsetEnv, value) => self
                .variables
                .push(variables::removal(&value.unwrap_or_default())?),
            (Id::OutsideProgram, _) => self.outside_program = true,
            (Id::Explain, _) => self.explain = true,
        }
        Ok(())
    }

    /// Overrides earlier options that set the same attributes; later ones override it.
    fn be_like_target(&mut self) {
        self.like_target = true;
        self.environment = true;
        self.root = Directory::Like;
        self.working_directory = WorkingDirectory::Outside(Directory::Like);
        self.ids = Both {
            user: Credential::Like,
            group: Credential::Like,
        };
        self.preserve_credentials = false;
    }

    fn preserve_credentials(&mut self) {
        self.preserve_credentials = true;
        for credential in [&mut self.ids.user, &mut self.ids.group] {
            if *credential == Credential::Like {
                *credential = Credential::Unchanged;
            }
        }
    }
}

impl Credential {
    /// As in the reference, a number does not override `follow`.
    fn take(&mut self, text: &OsStr, what: &str) -> Result<(), Error> {
        if text == "follow" {
            *self = Self::Follow;
            return Ok(());
        }
        let credential = match number::id(text) {
            Ok(number) => Self::Number(number),
            Err(_) if may_be_a_name(text.as_bytes()) => Self::Name(text.to_owned()),
            Err(reason) => return Err(reason.into_error(what, text)),
        };
        if *self != Self::Follow {
            *self = credential;
        }
        Ok(())
    }
}

/// Whether the text does not begin like a number.
fn may_be_a_name(text: &[u8]) -> bool {
    let begins_a_number =
        |byte: &u8| byte.is_ascii_digit() || b"+-".contains(byte) || number::is_space(*byte);
    text.first().is_some_and(|first| !begins_a_number(first))
}

impl Directory {
    /// The target's directory wins, whatever the order; a named directory must exist nevertheless.
    fn take(&mut self, named: Option<&OsStr>, opener: &dyn Opener) -> Result<(), Error> {
        let place = match named {
            None => Self::OfTarget,
            Some(path) => Self::Opened(opener.open(Path::new(path))?),
        };
        if !matches!(self, Self::OfTarget) {
            *self = place;
        }
        Ok(())
    }
}

impl WorkingDirectory {
    fn take(&mut self, named: Option<&OsStr>, opener: &dyn Opener) -> Result<(), Error> {
        let mut place = match std::mem::take(self) {
            Self::Outside(place) => place,
            Self::Inside(_) => Directory::Unchanged,
        };
        place.take(named, opener)?;
        *self = Self::Outside(place);
        Ok(())
    }
}

fn open_namespace(kind: Kind, value: &OsStr, opener: &dyn Opener) -> Result<OwnedFd, Error> {
    match value.as_bytes().strip_prefix(b":") {
        None => opener.open(Path::new(value)).map_err(|error| {
            let is_missing = error.cause() == Some(Errno::ENOENT) && hint::are_wanted();
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

/// A hint for a missing file whose name consists of option letters: `-ui` means `--uts=i`.
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
        "text attached to a short option is its value; write -",
        own.to_string()
    ];
    Some(bytes.iter().fold(start, |text, letter| {
        text.with(" -").with([*letter].as_slice())
    }))
}

/// Parses `PID` or `PID:INODE`.
fn target(text: &OsStr, opener: &dyn Opener) -> Result<Target, Error> {
    let failed =
        |errno| Error::caused_by(words!["failed to parse PID argument '", text, "'"], errno);
    let bytes = text.as_bytes();
    let (pid, inode) = match bytes.iter().position(|byte| *byte == b':') {
        Some(colon) => (&bytes[..colon], Some(&bytes[colon + 1..])),
        None => (bytes, None),
    };
    let pid = number::parse(OsStr::from_bytes(pid), Radix::Decimal, 1..=i32::MAX)
        .map_err(|reason| failed(reason.errno()))
        .map(Pid::from_raw)?;
    let Some(inode) = inode else {
        return Ok(opener.hold(pid));
    };
    let inode = number::parse(OsStr::from_bytes(inode), Radix::Decimal, 1..=u64::MAX)
        .map_err(|reason| failed(reason.errno()))?;
    opener.hold_with_inode(pid, inode)
}

fn descriptor_number(text: &OsStr) -> Result<i32, Error> {
    number::parse(text, Radix::Decimal, 0..=i32::MAX)
        .map_err(|reason| reason.into_error("failed to parse file descriptor", text))
}

#[cfg(test)]
mod tests;
