//! The command line of `unshare`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use ns_common::cli::getopt::{Parser, Token};
use ns_common::error::{Error, Failure, Visible};
use ns_common::idmap::{IdExtent, IdKind};
use ns_common::namespace::Kind;
use ns_common::process::supervise::Manner;
use ns_common::process::variables;
use ns_common::sys::signal;
use ns_common::tool::Parsed;
use ns_common::words;

use crate::caller::Caller;
use crate::options::Id;
use crate::request::{Fork, Preview, Range, Remaining, Request, SingleId};

/// Where binfmt_misc is mounted by default.
pub(crate) const BINFMT_MISC: &str = "/proc/sys/fs/binfmt_misc";

/// Where an mqueue file system is mounted by default.
const MQUEUE: &str = "/dev/mqueue";

/// Parses the command line. Values are checked, and delegated ids looked up, in the order of the
/// options; contradictions are found at the end.
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
        // The parser returns a value for options that require one; the others do not use `text`.
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
                    values::signal_number(&text)?
                } else {
                    libc::SIGKILL
                };
                self.forked().death_signal = Some(signal);
            }
            Id::ForwardSignals => {
                let (signals, manner) = if given {
                    (values::signal_list(&text)?, Manner::Once)
                } else {
                    (vec![libc::SIGINT, libc::SIGTERM], Manner::Reference)
                };
                self.forwards = true;
                self.forked().forward(signals, manner);
            }
            Id::Init => {
                let remaining = if given {
                    values::remaining(&text)?
                } else {
                    Remaining::EndedByKernel
                };
                self.kinds.insert(Kind::Pid);
                self.forked().init = Some(remaining);
            }
            Id::PidFile => self.pid_file = Some(text.into()),
            Id::StatusFd => self.status_fd = Some(values::descriptor("--status-fd", &text)?),
            Id::WaitFd => self.wait_fd = Some(values::descriptor("--wait-fd", &text)?),
            Id::Join => self.join(&text)?,
            Id::HostName => self.host_name = Some(values::uts_name("--hostname", text)?),
            Id::DomainName => self.domain_name = Some(values::uts_name("--domainname", text)?),
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
            Id::MapUser => self.map_single(IdKind::User, values::single_id(&text, IdKind::User)?),
            Id::MapGroup => {
                self.map_single(IdKind::Group, values::single_id(&text, IdKind::Group)?)
            }
            Id::MapRootUser => self.map_both(SingleId::Id(0)),
            Id::MapCurrentUser => self.map_both(SingleId::Same),
            Id::MapUsers => {
                self.map_range(IdKind::User, values::range(&text, IdKind::User, caller)?)
            }
            Id::MapGroups => {
                self.map_range(IdKind::Group, values::range(&text, IdKind::Group, caller)?)
            }
            Id::MapAuto => self.map_delegated(Range::Auto, caller)?,
            Id::MapSubids => self.map_delegated(Range::Subids, caller)?,
            Id::Owner => {
                self.kinds.insert(Kind::User);
                self.owner = Some(values::owner(&text)?);
            }
            Id::Propagation => self.propagation = values::propagation(&text)?,
            Id::SetGroups => self.setgroups = Some(values::setgroups(&text)?),
            Id::Explain => self.preview(Preview::Explain)?,
            Id::Probe => self.preview(Preview::Probe)?,
            Id::KeepCaps => self.keep_capabilities = true,
            Id::SetUid => self.ids.user = Some(values::plain_id(&text, "failed to parse uid")?),
            Id::SetGid => self.ids.group = Some(values::plain_id(&text, "failed to parse gid")?),
            Id::Root => self.root = Some(text.into()),
            Id::WorkingDirectory => self.working_directory = Some(text.into()),
            Id::Monotonic => {
                self.monotonic = Some(values::offset(&text, "failed to parse monotonic offset")?)
            }
            Id::Boottime => {
                self.boottime = Some(values::offset(&text, "failed to parse boottime offset")?)
            }
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

    /// Parses `KIND=WHERE`.
    fn join(&mut self, text: &OsStr) -> Result<(), Failure> {
        let bytes = text.as_bytes();
        let equals = bytes.iter().position(|byte| *byte == b'=');
        let (name, place) = equals.map_or((bytes, &[][..]), |at| (&bytes[..at], &bytes[at + 1..]));
        let kind = Kind::by_name(name).filter(|_| !place.is_empty());
        let kind = kind.ok_or_else(|| {
            Failure::usage(words![
                "--join needs KIND=FILE or KIND=PID, not '",
                Visible(text),
                "'"
            ])
        })?;
        match self
            .joined
            .insert(kind, values::join_place(OsStr::from_bytes(place))?)
        {
            None => Ok(()),
            Some(_) => {
                let text = " may be joined only once";
                Err(Failure::usage(words![
                    "a ",
                    kind.name(),
                    " namespace",
                    text
                ]))
            }
        }
    }

    /// Adds the namespaces that options imply, unless an existing one is joined.
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
            if implied && !self.joined.contains(kind) {
                self.kinds.insert(kind);
            }
        }
    }

    fn preview(&mut self, preview: Preview) -> Result<(), Failure> {
        match self.preview.replace(preview) {
            Some(other) if other != preview => Err(Failure::usage(words![
                "--explain and --probe cannot be combined"
            ])),
            _ => Ok(()),
        }
    }

    fn refuse_contradictions(&mut self) -> Result<(), Failure> {
        if self.preview == Some(Preview::Probe) {
            let is_init = self.fork.as_ref().is_some_and(|fork| fork.init.is_some());
            let others = [
                (is_init, "--init"),
                (self.pid_file.is_some(), "--pid-file"),
                (self.status_fd.is_some(), "--status-fd"),
                (self.wait_fd.is_some(), "--wait-fd"),
            ];
            if let Some((_, other)) = others.iter().find(|(given, _)| *given) {
                let text = " cannot be combined";
                return Err(Failure::usage(words!["--probe and ", other, text]));
            }
            // A probe must leave nothing behind, so no file is bound.
            self.files.clear();
        }
        let joined = self.joined.kinds();
        let both = joined.iter().find(|kind| self.kinds.contains(*kind));
        both.map_or(Ok(()), |kind| {
            let text = " namespace cannot be both joined and made";
            Err(Failure::usage(words!["the ", kind.name(), text]))
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

#[cfg(test)]
mod tests;
mod values;
