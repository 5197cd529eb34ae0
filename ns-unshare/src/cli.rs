//! The command line of `unshare`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use nix::errno::Errno;
use nix::unistd::Pid;
use ns_common::accounts;
use ns_common::cli::getopt::{Parser, Token};
use ns_common::error::{Error, Failure};
use ns_common::idmap::{Both, IdExtent, IdKind};
use ns_common::namespace::Kind;
use ns_common::number::{self, NumberError, Radix};
use ns_common::process::supervise::Manner;
use ns_common::process::variables;
use ns_common::sys::{signal, uts};
use ns_common::tool::Parsed;
use ns_common::words;

use crate::caller::Caller;
use crate::options::Id;
use crate::request::{
    First, Fork, Place, Propagation, Range, Remaining, Request, SetGroups, SingleId,
};
use crate::signals;

/// Where binfmt_misc is mounted unless another place is named.
pub(crate) const BINFMT_MISC: &str = "/proc/sys/fs/binfmt_misc";

/// Where an mqueue file system is mounted unless another place is named.
const MQUEUE: &str = "/dev/mqueue";

/// Reads the command line. Values are checked, and delegated ids looked up, as they are met;
/// conflicts are found at the end.
pub(crate) fn parse(
    parser: &mut Parser<Id>,
    caller: &dyn Caller,
) -> Result<Parsed<Request>, Failure> {
    let mut request = Request::default();
    while let Some(token) = parser.token()? {
        match token {
            Token::Operand(_) => {
                request.command = parser.words_from_operand();
                break;
            }
            Token::Option(Id::Help, _) => return Ok(Parsed::Help),
            Token::Option(Id::Version, _) => return Ok(Parsed::Version),
            Token::Option(id, value) => request.take(id, value, caller)?,
        }
    }
    request.add_implied();
    request.refuse_contradictions()?;
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
    fn take(
        &mut self,
        id: Id,
        value: Option<OsString>,
        caller: &dyn Caller,
    ) -> Result<(), Failure> {
        // Options that require a value come with one; for the others the empty text is never looked
        // at.
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
            Id::Fork => {
                self.forked();
            }
            Id::KillChild => {
                let signal = if given {
                    signal_number(&text)?
                } else {
                    libc::SIGKILL
                };
                self.forked().death_signal = Some(signal);
            }
            Id::ForwardSignals => {
                let (signals, manner) = if given {
                    (signal_list(&text)?, Manner::Once)
                } else {
                    (vec![libc::SIGINT, libc::SIGTERM], Manner::Reference)
                };
                self.forwards = true;
                self.forked().forward(signals, manner);
            }
            Id::Init => {
                let remaining = if given {
                    remaining(&text)?
                } else {
                    Remaining::EndedByKernel
                };
                self.kinds.insert(Kind::Pid);
                self.forked().init = Some(remaining);
            }
            Id::PidFile => self.pid_file = Some(text.into()),
            Id::StatusFd => self.status_fd = Some(descriptor("--status-fd", &text)?),
            Id::WaitFd => self.wait_fd = Some(descriptor("--wait-fd", &text)?),
            Id::Join => self.join(&text)?,
            Id::HostName => self.host_name = Some(uts_name("--hostname", text)?),
            Id::DomainName => self.domain_name = Some(uts_name("--domainname", text)?),
            Id::Loopback => self.loopback = true,
            Id::Mqueue => {
                self.mount_mqueue = Some(if given { text.into() } else { MQUEUE.into() });
            }
            Id::SetEnv => self.variables.push(variables::setting(&text)?),
            Id::UnsetEnv => self.variables.push(variables::removal(&text)?),
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
            Id::MapUser => self.map_single(IdKind::User, single_id(&text, IdKind::User)?),
            Id::MapGroup => self.map_single(IdKind::Group, single_id(&text, IdKind::Group)?),
            Id::MapRootUser => self.map_both(SingleId::Id(0)),
            Id::MapCurrentUser => self.map_both(SingleId::Same),
            Id::MapUsers => self.map_range(IdKind::User, range(&text, IdKind::User, caller)?),
            Id::MapGroups => self.map_range(IdKind::Group, range(&text, IdKind::Group, caller)?),
            Id::MapAuto => self.map_delegated(Range::Auto, caller)?,
            Id::MapSubids => self.map_delegated(Range::Subids, caller)?,
            Id::Owner => {
                self.kinds.insert(Kind::User);
                self.owner = Some(owner(&text)?);
            }
            Id::Propagation => self.propagation = propagation(&text)?,
            Id::SetGroups => self.setgroups = Some(setgroups(&text)?),
            Id::Explain => self.look_first(First::Explain)?,
            Id::Probe => self.look_first(First::Probe)?,
            Id::KeepCaps => self.keep_capabilities = true,
            Id::SetUid => self.ids.user = Some(plain_id(&text, "failed to parse uid")?),
            Id::SetGid => self.ids.group = Some(plain_id(&text, "failed to parse gid")?),
            Id::Root => self.root = Some(text.into()),
            Id::WorkingDirectory => self.working_directory = Some(text.into()),
            Id::Monotonic => {
                self.monotonic = Some(offset(&text, "failed to parse monotonic offset")?)
            }
            Id::Boottime => self.boottime = Some(offset(&text, "failed to parse boottime offset")?),
            Id::ClearEnv => {
                self.kept_variables.get_or_insert_default();
            }
            Id::WhitelistEnv => {
                let names = text
                    .as_bytes()
                    .split(|byte| *byte == b',')
                    .filter(|name| !name.is_empty());
                self.kept_variables
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

    /// Reads `KIND=WHERE`.
    fn join(&mut self, text: &OsStr) -> Result<(), Failure> {
        let bytes = text.as_bytes();
        let equals = bytes.iter().position(|byte| *byte == b'=');
        let (name, place) = equals.map_or((bytes, &[][..]), |at| (&bytes[..at], &bytes[at + 1..]));
        let kind = Kind::by_name(name).filter(|_| !place.is_empty());
        let kind = kind.ok_or_else(|| {
            Failure::Usage(words![
                "--join needs KIND=FILE or KIND=PID, not '",
                text,
                "'"
            ])
        })?;
        match self
            .joined
            .insert(kind, join_place(OsStr::from_bytes(place))?)
        {
            None => Ok(()),
            Some(_) => {
                let text = " may be joined only once";
                Err(Failure::Usage(words![
                    "a ",
                    kind.name(),
                    " namespace",
                    text
                ]))
            }
        }
    }

    /// What an option brings along unless the namespace is joined.
    fn add_implied(&mut self) {
        let forwards = self.forwards;
        if let Some(fork) = self
            .fork
            .as_mut()
            .filter(|fork| fork.init.is_some() && !forwards)
        {
            fork.forward(signal::forwardable(), Manner::Once);
        }
        let named = self.host_name.is_some() || self.domain_name.is_some();
        let queues = self.mount_mqueue.is_some();
        for (kind, implied) in [
            (Kind::Uts, named),
            (Kind::Net, self.loopback),
            (Kind::Ipc, queues),
            (Kind::Mount, queues),
        ] {
            if implied && !self.joined.contains_key(&kind) {
                self.kinds.insert(kind);
            }
        }
    }

    fn look_first(&mut self, first: First) -> Result<(), Failure> {
        match self.first.replace(first) {
            Some(other) if other != first => Err(Failure::Usage(words![
                "--explain and --probe cannot be combined"
            ])),
            _ => Ok(()),
        }
    }

    fn refuse_contradictions(&mut self) -> Result<(), Failure> {
        if self.first == Some(First::Probe) {
            let is_init = self.fork.as_ref().is_some_and(|fork| fork.init.is_some());
            let others = [
                (is_init, "--init"),
                (self.pid_file.is_some(), "--pid-file"),
                (self.status_fd.is_some(), "--status-fd"),
                (self.wait_fd.is_some(), "--wait-fd"),
            ];
            if let Some((_, other)) = others.iter().find(|(given, _)| *given) {
                let text = " cannot be combined";
                return Err(Failure::Usage(words!["--probe and ", other, text]));
            }
            // Nothing is to be left.
            self.files.clear();
        }
        let both = self.joined.keys().find(|kind| self.kinds.contains(**kind));
        both.map_or(Ok(()), |kind| {
            let text = " namespace cannot be both joined and made";
            Err(Failure::Usage(words!["the ", kind.name(), text]))
        })
    }

    fn forked(&mut self) -> &mut Fork {
        self.fork.get_or_insert_default()
    }

    fn map_both(&mut self, id: SingleId) {
        for kind in IdKind::ALL {
            self.map_single(kind, id);
        }
    }

    fn map_single(&mut self, kind: IdKind, id: SingleId) {
        self.kinds.insert(Kind::User);
        *self.single.get_mut(kind) = Some(id);
    }

    fn map_delegated(
        &mut self,
        range: fn(IdExtent) -> Range,
        caller: &dyn Caller,
    ) -> Result<(), Error> {
        for kind in IdKind::ALL {
            self.map_range(kind, range(caller.delegated(kind)?));
        }
        Ok(())
    }

    fn map_range(&mut self, kind: IdKind, range: Range) {
        self.kinds.insert(Kind::User);
        self.ranges.get_mut(kind).push(range);
    }
}

/// A process by its number, or a file.
fn join_place(text: &OsStr) -> Result<Place, Error> {
    if !text.as_bytes().iter().all(u8::is_ascii_digit) {
        return Ok(Place::File(text.into()));
    }
    let pid = number::parse(text, Radix::Decimal, 1..=i32::MAX).map_err(|reason| {
        let what = words!["failed to parse PID argument '", text, "'"];
        Error::caused_by(what, reason.errno())
    })?;
    Ok(Place::Process(Pid::from_raw(pid)))
}

fn uts_name(option: &str, name: OsString) -> Result<OsString, Failure> {
    if name.len() > uts::LONGEST_NAME {
        let text = " takes a name of at most 64 bytes";
        return Err(Failure::Usage(words![option, text]));
    }
    Ok(name)
}

fn signal_number(text: &OsStr) -> Result<i32, Error> {
    signals::number(text).ok_or_else(|| unknown_signal(text))
}

fn unknown_signal(text: &OsStr) -> Error {
    Error::new(words!["unknown signal: ", text])
}

/// The numbers of the signals in a list of names, or of all that can be passed on.
fn signal_list(text: &OsStr) -> Result<Vec<i32>, Error> {
    if text == "all" {
        return Ok(signal::forwardable());
    }
    let names = text.as_bytes().split(|byte| *byte == b',');
    let number = |name: &[u8]| {
        let name = OsStr::from_bytes(name);
        let number = signal_number(name)?;
        match number {
            libc::SIGKILL | libc::SIGSTOP => Err(unknown_signal(name)),
            number => Ok(number),
        }
    };
    names.map(number).collect()
}

/// Reads `wait` or `wait:SECONDS`.
fn remaining(text: &OsStr) -> Result<Remaining, Failure> {
    let seconds = match text.as_bytes() {
        b"wait" => return Ok(Remaining::EndedBy(None)),
        bytes => bytes.strip_prefix(b"wait:").map(OsStr::from_bytes),
    };
    let seconds = seconds.and_then(|text| number::parse(text, Radix::Decimal, 0..=u32::MAX).ok());
    let limit = seconds.map(|seconds| Duration::from_secs(seconds.into()));
    limit
        .map(|limit| Remaining::EndedBy(Some(limit)))
        .ok_or_else(|| {
            Failure::Usage(words![
                "--init takes wait or wait:SECONDS, not '",
                text,
                "'"
            ])
        })
}

/// Reads the number of a descriptor that is none of the standard ones.
fn descriptor(option: &str, text: &OsStr) -> Result<i32, Failure> {
    number::parse(text, Radix::Decimal, 3..=i32::MAX).map_err(|_| {
        Failure::Usage(words![
            option,
            " takes the number of a descriptor above 2, not '",
            text,
            "'"
        ])
    })
}

fn plain_id(text: &OsStr, what: &str) -> Result<u32, Error> {
    number::id(text).map_err(|reason| reason.into_error(what, text))
}

fn offset(text: &OsStr, what: &str) -> Result<i64, Error> {
    number::parse(text, Radix::Decimal, i64::MIN..=i64::MAX)
        .map_err(|reason| reason.into_error(what, text))
}

/// An id by number or, if the text is none, by name.
fn single_id(text: &OsStr, kind: IdKind) -> Result<SingleId, Error> {
    let (what, lookup): (_, fn(&OsStr) -> Option<u32>) = match kind {
        IdKind::User => ("failed to parse uid '", accounts::user_id),
        IdKind::Group => ("failed to parse gid '", accounts::group_id),
    };
    let failed = |errno| Error::caused_by(words![what, text, "'"], errno);
    match number::id(text) {
        // The kernel's "no id" is a number and yet not one to map.
        Ok(u32::MAX) => Err(failed(Errno::EINVAL)),
        Ok(number) => Ok(SingleId::Id(number)),
        Err(NumberError::Range) => Err(failed(Errno::ERANGE)),
        Err(NumberError::Syntax) => lookup(text)
            .map(SingleId::Id)
            .ok_or_else(|| failed(Errno::EINVAL)),
    }
}

fn range(text: &OsStr, kind: IdKind, caller: &dyn Caller) -> Result<Range, Error> {
    match text.as_bytes() {
        b"auto" => caller.delegated(kind).map(Range::Auto),
        b"subids" => caller.delegated(kind).map(Range::Subids),
        b"all" => Ok(Range::All),
        _ => IdExtent::parse(text)
            .map(Range::Extent)
            .ok_or_else(|| Error::new(words!["invalid mapping '", text, "'"])),
    }
}

fn owner(text: &OsStr) -> Result<Both<Option<u32>>, Error> {
    let half = |text: &[u8]| match number::id(OsStr::from_bytes(text)) {
        Ok(u32::MAX) => Some(None),
        Ok(number) => Some(Some(number)),
        Err(_) if text == b"-1" => Some(None),
        Err(_) => None,
    };
    let halves = |text: &[u8]| {
        let colon = text.iter().position(|byte| *byte == b':')?;
        Some(Both {
            user: half(&text[..colon])?,
            group: half(&text[colon + 1..])?,
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
