//! Entering namespaces: setns(2), in two passes.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::rc::Rc;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sched::setns;
use nix::unistd::Pid;

use super::target::{Target, namespace_of};
use crate::error::{Attempt, Error};
use crate::hint::{self, Failed};
use crate::namespace::{ByKind, Kind, KindSet};
use crate::sys::file::Identity;
use crate::sys::{descriptor, pidfd};
use crate::words;

/// Where a namespace comes from.
#[derive(Debug)]
pub enum Source {
    /// An open namespace file.
    File(OwnedFd),
    /// The target process.
    Target,
}

/// Namespaces to enter, one of a kind at most.
#[derive(Debug, Default)]
pub struct Entrance {
    /// The process that [`Source::Target`] means.
    pub target: Option<Rc<Target>>,
    /// Where each kind comes from.
    pub sources: ByKind<Source>,
    /// What need not be entered if it is the caller's own already.
    pub dispensable: KindSet,
}

/// One setns(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// By the target's pidfd: all of them or none.
    Target(KindSet),
    /// By the file for this kind.
    File(Kind),
}

impl Call {
    fn kinds(self) -> KindSet {
        match self {
            Self::Target(kinds) => kinds,
            Self::File(kind) => KindSet::EMPTY.with(kind),
        }
    }
}

impl Entrance {
    /// What is entered.
    pub fn kinds(&self) -> KindSet {
        self.sources.kinds()
    }

    /// The calls that enter those of `kinds` that there is a source for, in order: those of the
    /// target in one call, each file in one of its own.
    ///
    /// The call with the user namespace comes first, for that brings the rights over what it owns.
    pub fn calls(&self, kinds: KindSet) -> Vec<Call> {
        let mut of_target = KindSet::EMPTY;
        let mut calls = Vec::new();
        let wanted = self
            .sources
            .iter()
            .filter(|(kind, _)| kinds.contains(*kind));
        for (kind, source) in wanted {
            match source {
                Source::File(_) => calls.push(Call::File(kind)),
                Source::Target => of_target.insert(kind),
            }
        }
        if !of_target.is_empty() {
            let user_has_a_file = calls.first() == Some(&Call::File(Kind::User));
            calls.insert(usize::from(user_has_a_file), Call::Target(of_target));
        }
        calls
    }

    /// Enters them all; after an error the caller may be in some of them.
    ///
    /// A caller with privileges must enter a user namespace last, for the others are not all owned
    /// by it; one without must enter it first, to get rights at all. So everything else is tried
    /// first, and refusals do not count; then what is left is entered, the user namespace first,
    /// and they do.
    ///
    /// Afterwards each namespace is compared with the one that was meant.
    pub fn enter(self) -> Result<(), Error> {
        let expected = Expected::new(&self)?;
        let mut left = self.kinds();
        for call in self.calls(left.without(Kind::User)) {
            if self.set(call).is_ok() {
                left = call.kinds().iter().fold(left, KindSet::without);
            }
        }
        for call in self.calls(left) {
            if let Err(errno) = self.set(call) {
                self.enter_otherwise(call, errno)?;
            }
        }
        expected.check()
    }

    fn set(&self, call: Call) -> nix::Result<()> {
        match call {
            Call::Target(kinds) => {
                let target = self.target.as_ref().ok_or(Errno::ESRCH)?;
                setns(target.pidfd()?, kinds.flags())
            }
            Call::File(kind) => match self.sources.get(kind) {
                Some(Source::File(file)) => setns(file, kind.flag()),
                _ => Err(Errno::EBADF),
            },
        }
    }

    /// What can still be done when a call that counts was refused.
    fn enter_otherwise(&self, call: Call, errno: Errno) -> Result<(), Error> {
        let kinds = call.kinds();
        // To be looked at before anything more is entered.
        let own = self.target.as_ref().map_or(KindSet::EMPTY, |target| {
            let looked_at = kinds.with(Kind::User);
            let is_own = |kind: &Kind| target.shares_namespace(*kind) == Ok(true);
            looked_at.iter().filter(is_own).collect()
        });
        let dispensable: KindSet = own
            .iter()
            .filter(|kind| kinds.contains(*kind) && self.dispensable.contains(*kind))
            .collect();
        if errno == Errno::EPERM && !dispensable.is_empty() && self.leave_out(call, dispensable) {
            return Ok(());
        }
        match call {
            Call::Target(_) => {
                let error = Error::caused_by(words!["reassociate to namespaces failed"], errno);
                let explained = |target: &Rc<Target>| {
                    let failed = Failed::EnterProcess { target, kinds, own };
                    hint::explain(error.clone(), &failed)
                };
                // The cause, too, is to be looked for before.
                let error = self.target.as_ref().map_or(error.clone(), explained);
                // A process that is no more, a zombie too, has nothing left to enter.
                if errno != Errno::ESRCH && self.enter_by_file(kinds) {
                    return Ok(());
                }
                Err(error)
            }
            Call::File(kind) => {
                let what = words!["reassociate to namespace 'ns/", kind.file(), "' failed"];
                let error = Error::caused_by(what, errno);
                Err(match self.sources.get(kind) {
                    Some(Source::File(file)) => {
                        hint::explain(error, &Failed::EnterFile(kind, file))
                    }
                    _ => error,
                })
            }
        }
    }

    /// One file after the other, where setns(2) takes no pidfd: before Linux 5.8, or under a filter
    /// of system calls.
    fn enter_by_file(&self, kinds: KindSet) -> bool {
        let Some(target) = &self.target else {
            return false;
        };
        let files: Result<Vec<_>, Error> = kinds
            .iter()
            .map(|kind| Ok((kind, target.open_namespace(kind)?)))
            .collect();
        let Ok(mut files) = files else { return false };
        let enters = |(kind, file): &(Kind, OwnedFd)| setns(file, kind.flag()).is_ok();
        files.retain(|file| file.0 == Kind::User || !enters(file));
        files.iter().all(enters)
    }

    /// Enters what is not the caller's own namespace already; entering that once more needs
    /// privileges and changes nothing.
    ///
    /// Only the directory changes with a mount namespace, to its root, and so it does here.
    fn leave_out(&self, call: Call, own: KindSet) -> bool {
        let entered = match call {
            Call::File(_) => true,
            Call::Target(kinds) => {
                let others = own.iter().fold(kinds, KindSet::without);
                others.is_empty() || self.set(Call::Target(others)).is_ok()
            }
        };
        entered && (!own.contains(Kind::Mount) || nix::unistd::chdir(Path::new("/")).is_ok())
    }
}

/// The namespaces that are meant, looked at before they are entered.
struct Expected {
    namespaces: Vec<(Kind, nix::Result<Identity>)>,
    own: Own,
}

/// Where our own namespaces can be seen after entering, when `/proc` may be another side's.
enum Own {
    /// By the kernel's answer for a pidfd, which costs a third of a look into `/proc`; from Linux
    /// 6.11 on.
    Pidfd(OwnedFd),
    /// In our directory in the outer `/proc`.
    Directory(OwnedFd),
    /// Nowhere, with neither of them.
    Nowhere,
}

impl Expected {
    fn new(entrance: &Entrance) -> Result<Self, Error> {
        let own = Own::new()?;
        let meant = |(kind, source): (Kind, &Source)| {
            let identity = match (source, &entrance.target) {
                (Source::File(file), _) => Identity::of(file),
                (Source::Target, Some(target)) => {
                    let namespace = target
                        .pidfd()
                        .map(|pidfd| pidfd::namespace(pidfd, kind.file()));
                    match namespace
                        .and_then(|namespace| namespace)
                        .and_then(Identity::of)
                    {
                        Err(_) => target.namespace(kind),
                        identity => identity,
                    }
                }
                (Source::Target, None) => Err(Errno::ESRCH),
            };
            (kind, identity)
        };
        let namespaces = match own {
            Own::Nowhere => Vec::new(),
            _ => entrance.sources.iter().map(meant).collect(),
        };
        Ok(Self { namespaces, own })
    }

    fn check(&self) -> Result<(), Error> {
        for (kind, meant) in &self.namespaces {
            let own = self.own.namespace(*kind);
            let compared = meant.and_then(|meant| own.map(|own| meant == own));
            let text = " that was entered is not the one that was meant";
            match compared {
                Ok(true) => {}
                Ok(false) => return Err(Error::new(words!["ns/", kind.file(), text])),
                Err(errno) => {
                    let what = words!["cannot check that ns/", kind.file(), " has been entered"];
                    return Err(Error::caused_by(what, errno));
                }
            }
        }
        Ok(())
    }
}

impl Own {
    fn new() -> Result<Self, Error> {
        let answered = pidfd::open(Pid::this()).and_then(|own| {
            pidfd::namespace(&own, Kind::Uts.file())?;
            Ok(own)
        });
        if let Ok(own) = answered {
            return Ok(Self::Pidfd(own));
        }
        let path = Path::new("/proc/self");
        match descriptor::open(path, OFlag::O_PATH | OFlag::O_DIRECTORY) {
            // Where there is no `/proc`, or it is one that does not have us.
            Err(Errno::ENOENT) => Ok(Self::Nowhere),
            result => result
                .attempt(|| words!["cannot open ", path])
                .map(Self::Directory),
        }
    }

    fn namespace(&self, kind: Kind) -> nix::Result<Identity> {
        // setns(2) leaves the process itself in its PID namespace.
        let file = match kind {
            Kind::Pid => kind.file_after_unshare(),
            kind => kind.file(),
        };
        match self {
            Self::Pidfd(pidfd) => pidfd::namespace(pidfd, file).and_then(Identity::of),
            Self::Directory(directory) => namespace_of(directory, file),
            Self::Nowhere => Err(Errno::ENOENT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entrance(kinds: &[(Kind, bool)]) -> Entrance {
        let source = |is_file| {
            if is_file {
                Source::File(std::fs::File::open("/dev/null").unwrap().into())
            } else {
                Source::Target
            }
        };
        Entrance {
            sources: kinds
                .iter()
                .map(|(kind, is_file)| (*kind, source(*is_file)))
                .collect(),
            ..Entrance::default()
        }
    }

    fn set(kinds: &[Kind]) -> KindSet {
        kinds.iter().copied().collect()
    }

    #[test]
    fn target_is_entered_in_one_call_and_files_after_it() {
        let entrance = entrance(&[
            (Kind::Uts, true),
            (Kind::Mount, false),
            (Kind::Net, false),
            (Kind::Ipc, true),
        ]);
        let target = Call::Target(set(&[Kind::Net, Kind::Mount]));
        assert_eq!(
            entrance.calls(set(&Kind::ALL)),
            [target, Call::File(Kind::Ipc), Call::File(Kind::Uts)]
        );
    }

    #[test]
    fn user_namespace_comes_first_wherever_it_is_from() {
        let by_file = entrance(&[(Kind::User, true), (Kind::Uts, false), (Kind::Net, true)]);
        assert_eq!(
            by_file.calls(set(&Kind::ALL)),
            [
                Call::File(Kind::User),
                Call::Target(set(&[Kind::Uts])),
                Call::File(Kind::Net)
            ]
        );
        let of_target = entrance(&[(Kind::User, false), (Kind::Uts, false), (Kind::Net, true)]);
        assert_eq!(
            of_target.calls(set(&Kind::ALL)),
            [
                Call::Target(set(&[Kind::User, Kind::Uts])),
                Call::File(Kind::Net)
            ]
        );
    }

    #[test]
    fn first_pass_leaves_the_user_namespace_out() {
        let entrance = entrance(&[(Kind::User, false), (Kind::Uts, false)]);
        let others = set(&Kind::ALL).without(Kind::User);
        assert_eq!(entrance.calls(others), [Call::Target(set(&[Kind::Uts]))]);
        assert_eq!(entrance.calls(KindSet::EMPTY), []);
    }
}
