//! The command line of `unshare`.

use std::collections::BTreeMap;
use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use nix::errno::Errno;
use ns_common::cli::getopt::{Parser, Token};
use ns_common::error::{Error, Failure};
use ns_common::idmap::{IdExtent, Side};
use ns_common::name_service;
use ns_common::namespace::{Kind, KindSet};
use ns_common::number::{self, NumberError, Radix};
use ns_common::tool::Parsed;
use ns_common::words;

use crate::options::Id;
use crate::signals;
use crate::world::World;

/// Where binfmt_misc is mounted unless another place is named.
pub const BINFMT_MISC: &str = "/proc/sys/fs/binfmt_misc";

/// What the command line asks for; nothing in it depends on who asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// The kinds to unshare, implied ones included.
    pub kinds: KindSet,
    /// Where to keep a new namespace.
    pub files: BTreeMap<Kind, PathBuf>,
    /// Run the program in a child.
    pub fork: bool,
    /// The signal, by number, that the child gets when we die.
    pub kill_child: Option<i32>,
    /// Pass INT and TERM on to the child.
    pub forward_signals: bool,
    /// Where to mount a new proc.
    pub mount_proc: Option<PathBuf>,
    /// Where to mount a new binfmt_misc.
    pub mount_binfmt: Option<PathBuf>,
    /// What to register there.
    pub load_interpreter: Option<OsString>,
    /// The id the caller's effective uid appears as.
    pub map_user: Option<SingleId>,
    /// The id the caller's effective gid appears as.
    pub map_group: Option<SingleId>,
    /// Blocks of user ids to map.
    pub user_ranges: Vec<Range>,
    /// Blocks of group ids to map.
    pub group_ranges: Vec<Range>,
    /// Who is to own the user namespace.
    pub owner: Option<Owner>,
    /// What becomes of the mounts' propagation.
    pub propagation: Propagation,
    /// What to write to `/proc/self/setgroups`.
    pub setgroups: Option<SetGroups>,
    /// Let the capabilities reach the program.
    pub keep_capabilities: bool,
    /// The program's uid.
    pub uid: Option<u32>,
    /// The program's gid.
    pub gid: Option<u32>,
    /// The program's root directory.
    pub root: Option<PathBuf>,
    /// The program's working directory.
    pub working_directory: Option<PathBuf>,
    /// Seconds to add to CLOCK_MONOTONIC.
    pub monotonic: Option<i64>,
    /// Seconds to add to CLOCK_BOOTTIME.
    pub boottime: Option<i64>,
    /// The only variables the program gets, in the order named; `None` for all.
    pub environment: Option<Vec<OsString>>,
    /// The program and its arguments; empty for a shell.
    pub command: Vec<&'static CStr>,
}

/// An id inside for the caller's own one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SingleId {
    /// This one.
    Id(u32),
    /// The one the caller has outside.
    Same,
}

/// A block of ids to map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// As given.
    Extent(IdExtent),
    /// The caller's delegated block (given by its outer ids), from 0 on inside.
    Auto(IdExtent),
    /// The caller's delegated block, under the same ids inside.
    Subids(IdExtent),
    /// Every id there is, under the same id inside.
    All,
}

/// The ids that are to own the user namespace; `None` leaves that one alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The owner's uid.
    pub uid: Option<u32>,
    /// The owner's gid.
    pub gid: Option<u32>,
}

/// How mounts are shared with other mount namespaces: mount_namespaces(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Propagation {
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
pub enum SetGroups {
    /// setgroups(2) works.
    Allow,
    /// setgroups(2) fails, for good.
    Deny,
}

/// Reads the command line; values are checked as they are met, delegated blocks of ids looked up too, conflicts at the end.
pub fn parse(parser: &mut Parser<Id>, world: &dyn World) -> Result<Parsed<Request>, Failure> {
    let mut request = Request::default();
    while let Some(token) = parser.token()? {
        match token {
            Token::Operand(_) => {
                request.command = parser.words_from_operand();
                break;
            }
            Token::Option(Id::Help, _) => return Ok(Parsed::Help),
            Token::Option(Id::Version, _) => return Ok(Parsed::Version),
            Token::Option(id, value) => request.take(id, value, world)?,
        }
    }
    if (request.monotonic.is_some() || request.boottime.is_some())
        && !request.kinds.contains(Kind::Time)
    {
        let text =
            words!["options --monotonic and --boottime require unsharing of a time namespace (-T)"];
        return Err(Error::new(text).into());
    }
    Ok(Parsed::Request(request))
}

impl Request {
    fn take(&mut self, id: Id, value: Option<OsString>, world: &dyn World) -> Result<(), Error> {
        // Options that require a value come with one; for the others the empty text is never looked at.
        let given = value.is_some();
        let text = value.unwrap_or_default();
        match id {
            Id::Help | Id::Version => {}
            Id::Namespace(kind) => {
                self.kinds.insert(kind);
                if given {
                    self.files.insert(kind, text.into());
                }
            }
            Id::Fork => self.fork = true,
            Id::KillChild => {
                self.fork = true;
                self.kill_child = Some(if given { signal(&text)? } else { libc::SIGKILL });
            }
            Id::ForwardSignals => {
                self.fork = true;
                self.forward_signals = true;
            }
            Id::MountProc => {
                self.kinds.insert(Kind::Mount);
                self.mount_proc = Some(if given { text.into() } else { "/proc".into() });
            }
            Id::MountBinfmt => self.mount_binfmt(given.then(|| text.into())),
            Id::LoadInterp => {
                if self.mount_binfmt.is_none() {
                    self.mount_binfmt(None);
                }
                self.load_interpreter = Some(text);
            }
            Id::MapUser => self.map_user(SingleId::Id(single_id(&text, Side::User)?)),
            Id::MapGroup => self.map_group(SingleId::Id(single_id(&text, Side::Group)?)),
            Id::MapRootUser => {
                self.map_user(SingleId::Id(0));
                self.map_group(SingleId::Id(0));
            }
            Id::MapCurrentUser => {
                self.map_user(SingleId::Same);
                self.map_group(SingleId::Same);
            }
            Id::MapUsers => self.map_range(Side::User, range(&text, Side::User, world)?),
            Id::MapGroups => self.map_range(Side::Group, range(&text, Side::Group, world)?),
            Id::MapAuto => {
                for side in [Side::User, Side::Group] {
                    self.map_range(side, Range::Auto(world.delegated(side)?));
                }
            }
            Id::MapSubids => {
                for side in [Side::User, Side::Group] {
                    self.map_range(side, Range::Subids(world.delegated(side)?));
                }
            }
            Id::Owner => {
                self.kinds.insert(Kind::User);
                self.owner = Some(owner(&text)?);
            }
            Id::Propagation => self.propagation = propagation(&text)?,
            Id::SetGroups => self.setgroups = Some(setgroups(&text)?),
            Id::KeepCaps => self.keep_capabilities = true,
            Id::SetUid => self.uid = Some(plain_id(&text, "failed to parse uid")?),
            Id::SetGid => self.gid = Some(plain_id(&text, "failed to parse gid")?),
            Id::Root => self.root = Some(text.into()),
            Id::WorkingDirectory => self.working_directory = Some(text.into()),
            Id::Monotonic => {
                self.monotonic = Some(offset(&text, "failed to parse monotonic offset")?)
            }
            Id::Boottime => self.boottime = Some(offset(&text, "failed to parse boottime offset")?),
            Id::ClearEnv => {
                self.environment.get_or_insert_default();
            }
            Id::WhitelistEnv => {
                let names = text
                    .as_bytes()
                    .split(|byte| *byte == b',')
                    .filter(|name| !name.is_empty());
                self.environment
                    .get_or_insert_default()
                    .extend(names.map(|name| OsStr::from_bytes(name).to_owned()));
            }
        }
        Ok(())
    }

    fn mount_binfmt(&mut self, directory: Option<PathBuf>) {
        self.kinds.insert(Kind::Mount);
        self.kinds.insert(Kind::User);
        self.mount_binfmt = Some(directory.unwrap_or_else(|| {
            self.mount_proc.get_or_insert_with(|| "/proc".into());
            BINFMT_MISC.into()
        }));
    }

    fn map_user(&mut self, id: SingleId) {
        self.kinds.insert(Kind::User);
        self.map_user = Some(id);
    }

    fn map_group(&mut self, id: SingleId) {
        self.kinds.insert(Kind::User);
        self.map_group = Some(id);
    }

    fn map_range(&mut self, side: Side, range: Range) {
        self.kinds.insert(Kind::User);
        match side {
            Side::User => self.user_ranges.push(range),
            Side::Group => self.group_ranges.push(range),
        }
    }
}

fn signal(text: &OsStr) -> Result<i32, Error> {
    signals::number(text).ok_or_else(|| Error::new(words!["unknown signal: ", text]))
}

fn plain_id(text: &OsStr, what: &str) -> Result<u32, Error> {
    number::id(text).map_err(|reason| reason.into_error(what, text))
}

fn offset(text: &OsStr, what: &str) -> Result<i64, Error> {
    number::parse(text, Radix::Decimal, i64::MIN..=i64::MAX)
        .map_err(|reason| reason.into_error(what, text))
}

/// An id by number or, if the text is none, by name.
fn single_id(text: &OsStr, side: Side) -> Result<u32, Error> {
    let (what, lookup): (_, fn(&OsStr) -> Option<u32>) = match side {
        Side::User => ("failed to parse uid '", name_service::user_id),
        Side::Group => ("failed to parse gid '", name_service::group_id),
    };
    let failed = |errno| Error::caused_by(words![what, text, "'"], errno);
    match number::id(text) {
        // The kernel's "no id" is a number and yet not one to map.
        Ok(u32::MAX) => Err(failed(Errno::EINVAL)),
        Ok(number) => Ok(number),
        Err(NumberError::Range) => Err(failed(Errno::ERANGE)),
        Err(NumberError::Syntax) => lookup(text).ok_or_else(|| failed(Errno::EINVAL)),
    }
}

fn range(text: &OsStr, side: Side, world: &dyn World) -> Result<Range, Error> {
    match text.as_bytes() {
        b"auto" => world.delegated(side).map(Range::Auto),
        b"subids" => world.delegated(side).map(Range::Subids),
        b"all" => Ok(Range::All),
        _ => IdExtent::parse(text)
            .map(Range::Extent)
            .ok_or_else(|| Error::new(words!["invalid mapping '", text, "'"])),
    }
}

fn owner(text: &OsStr) -> Result<Owner, Error> {
    let half = |text: &[u8]| match number::id(OsStr::from_bytes(text)) {
        Ok(u32::MAX) => Some(None),
        Ok(number) => Some(Some(number)),
        Err(_) if text == b"-1" => Some(None),
        Err(_) => None,
    };
    let halves = |text: &[u8]| {
        let colon = text.iter().position(|byte| *byte == b':')?;
        Some(Owner {
            uid: half(&text[..colon])?,
            gid: half(&text[colon + 1..])?,
        })
    };
    halves(text.as_bytes()).ok_or_else(|| Error::new(words!["failed to parse owner"]))
}

fn propagation(text: &OsStr) -> Result<Propagation, Error> {
    match text.as_bytes() {
        b"private" => Ok(Propagation::Private),
        b"slave" => Ok(Propagation::Slave),
        b"shared" => Ok(Propagation::Shared),
        b"unchanged" => Ok(Propagation::Unchanged),
        _ => Err(Error::new(words!["unsupported propagation mode: ", text])),
    }
}

fn setgroups(text: &OsStr) -> Result<SetGroups, Error> {
    match text.as_bytes() {
        b"allow" => Ok(SetGroups::Allow),
        b"deny" => Ok(SetGroups::Deny),
        _ => Err(Error::new(words![
            "unsupported --setgroups argument '",
            text,
            "'"
        ])),
    }
}

#[cfg(test)]
mod tests;
