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

/// Where the namespace to enter comes from.
#[derive(Debug)]
pub enum Source {
    /// An open namespace file.
    File(OwnedFd),
    /// The target process.
    Target,
}

/// The namespaces to enter, at most one of each kind.
#[derive(Debug, Default)]
pub struct Entrance {
    /// The process that [`Source::Target`] means.
    pub target: Option<Rc<Target>>,
    /// Where each kind comes from.
    pub sources: ByKind<Source>,
    /// The kinds that need not be entered if the caller is in that namespace already.
    pub dispensable: KindSet,
}

/// A call of setns(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// With the target's pidfd, which enters all of these kinds or none.
    Target(KindSet),
    /// With the file for this kind.
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
    /// The kinds to enter.
    pub fn kinds(&self) -> KindSet {
        self.sources.kinds()
    }

    /// The calls, in order, that enter those of `kinds` that have a source: one call for all that
    /// come from the target, and one for each file.
    ///
    /// The call with the user namespace comes first, because entering it gives capabilities over
    /// the namespaces that it owns.
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

    /// Enters all namespaces; after an error the caller may be in some of them.
    ///
    /// A privileged caller must enter the user namespace last, because it may not own all the
    /// others; an unprivileged caller must enter it first, to gain capabilities at all. So the
    /// first pass tries everything else and ignores refusals; the second enters what is left, the
    /// user namespace first, and any refusal is an error.
    ///
    /// Afterwards each namespace is compared with the intended one.
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

    /// What can still be done after a refusal in the second pass.
    fn enter_otherwise(&self, call: Call, errno: Errno) -> Result<(), Error> {
        let kinds = call.kinds();
        // Must be read before anything more is entered.
        let shared = self.target.as_ref().map_or(KindSet::EMPTY, |target| {
            let looked_at = kinds.with(Kind::User);
            let is_shared = |kind: &Kind| target.shares_namespace(*kind) == Ok(true);
            looked_at.iter().filter(is_shared).collect()
        });
        let dispensable: KindSet = shared
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
                    let failed = Failed::EnterProcess {
                        target,
                        kinds,
                        shared,
                    };
                    hint::explain(error.clone(), &failed)
                };
                // The cause must also be looked for before anything more is entered.
                let error = self.target.as_ref().map_or(error.clone(), explained);
                // A process that has ended, a zombie included, has no namespaces left to enter.
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

    /// Enters one file after the other, for when setns(2) takes no pidfd: before Linux 5.8, or
    /// under a seccomp filter.
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

    /// Enters the namespaces of `call` except those of `shared`, which the caller is in already:
    /// entering them again would need privileges and change nothing.
    ///
    /// Entering a mount namespace also changes the working directory to its root, so leaving one
    /// out does the same.
    fn leave_out(&self, call: Call, shared: KindSet) -> bool {
        let entered = match call {
            Call::File(_) => true,
            Call::Target(kinds) => {
                let others = shared.iter().fold(kinds, KindSet::without);
                others.is_empty() || self.set(Call::Target(others)).is_ok()
            }
        };
        entered && (!shared.contains(Kind::Mount) || nix::unistd::chdir(Path::new("/")).is_ok())
    }
}

/// The namespaces that are meant, identified before they are entered.
struct Expected {
    namespaces: Vec<(Kind, nix::Result<Identity>)>,
    own: OwnNamespaces,
}

/// Where our own namespaces can be identified after entering, when `/proc` may be another one.
enum OwnNamespaces {
    /// By ioctl(2) on a pidfd of ours, since Linux 6.11; it costs a third of reading `/proc`.
    Pidfd(OwnedFd),
    /// In our directory in the caller's `/proc`, opened before entering.
    Directory(OwnedFd),
    /// Nowhere: neither is available.
    Nowhere,
}

impl Expected {
    fn new(entrance: &Entrance) -> Result<Self, Error> {
        let own = OwnNamespaces::new()?;
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
            OwnNamespaces::Nowhere => Vec::new(),
            _ => entrance.sources.iter().map(meant).collect(),
        };
        Ok(Self { namespaces, own })
    }

    fn check(&self) -> Result<(), Error> {
        for (kind, meant) in &self.namespaces {
            let own = self.own.namespace(*kind);
            let compared = meant.and_then(|meant| own.map(|own| meant == own));
            let text = " is not the intended namespace after entering";
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

impl OwnNamespaces {
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
            // There is no `/proc`, or this one does not show us.
            Err(Errno::ENOENT) => Ok(Self::Nowhere),
            result => result
                .attempt(|| words!["cannot open ", path])
                .map(Self::Directory),
        }
    }

    fn namespace(&self, kind: Kind) -> nix::Result<Identity> {
        // setns(2) changes the PID namespace only for children.
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
