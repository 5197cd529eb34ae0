//! What is opened before entering, because paths and PIDs are meant as seen outside.

use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::rc::Rc;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use ns_common::error::{Attempt, Error};
use ns_common::hint::{self, Failed};
use ns_common::namespace::{Kind, KindSet};
use ns_common::process::enter::{Entrance, Source};
use ns_common::process::sealed;
use ns_common::process::target::{Target, own_namespace};
use ns_common::process::variables;
use ns_common::procfs;
use ns_common::sys::file::status_of;
use ns_common::sys::{namespace, pidfd};
use ns_common::words;

use crate::cgroup;
use crate::likeness::{self, Label, Likeness};
use crate::request::{Credential, Directory, Request, WorkingDirectory};

/// Everything that the plan needs from outside.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    /// The namespaces to enter.
    pub(crate) entrance: Entrance,
    /// The security label for the program.
    pub(crate) label: Option<Label>,
    /// The new root directory.
    pub(crate) root: Option<OwnedFd>,
    /// The new working directory.
    pub(crate) working_directory: Option<OwnedFd>,
    /// The target's environment, in its new order.
    pub(crate) environment: Option<Vec<(CString, CString)>>,
    /// The `cgroup.procs` files of the cgroups to move into, open for writing.
    pub(crate) cgroups: Vec<OwnedFd>,
    /// The target, if its ids are to be used.
    pub(crate) followed: Option<Rc<Target>>,
    /// The other attributes to take over with `--like-target`.
    pub(crate) likeness: Option<Likeness>,
    /// The copy of the program from outside, if that is to be executed.
    pub(crate) program: Option<OwnedFd>,
}

impl Outside {
    /// Opens everything that `request` names, in the order in which errors must be reported.
    pub(crate) fn open(request: &mut Request) -> Result<Self, Error> {
        let mut outside = Self::default();
        outside.entrance.target = request.target.take().map(Rc::new);
        if request.follow_context {
            outside.label = outside.selinux_label()?;
        }
        let files = std::mem::take(&mut request.files).into_iter();
        let sources = files.map(|(kind, file)| (kind, Source::File(file)));
        outside.entrance.sources = sources.collect();
        let of_target = outside.kinds_of_target(request)?;
        outside.add_target(of_target)?;
        outside.root = outside.place(std::mem::take(&mut request.root), "root")?;
        if let WorkingDirectory::Outside(place) = &mut request.working_directory {
            outside.working_directory = outside.place(std::mem::take(place), "cwd")?;
        }
        if request.environment {
            outside.environment = Some(outside.read_environment()?);
        }
        let is_of_target = |id: &Credential| matches!(id, Credential::Follow | Credential::Like);
        if is_of_target(&request.ids.user) || is_of_target(&request.ids.group) {
            let target = outside.needed_target("")?;
            told(target, target.open_directory())?;
            outside.followed = Some(Rc::clone(target));
        }
        if request.join_cgroup {
            let target = || outside.needed_target("cgroup").map(Rc::as_ref);
            outside.cgroups.push(cgroup::unified(target)?);
        }
        if request.like_target {
            outside.be_like_target(request)?;
        }
        if request.user_parent {
            outside.open_user_parent()?;
        }
        if let Some(number) = request.net_socket {
            outside.open_net_of_socket(number)?;
        }
        if outside.entrance.sources.is_empty() && !request.like_target {
            return Err(Error::new(words!["no namespace specified"]));
        }
        if let Some(name) = request.command.first().filter(|_| request.outside_program) {
            outside.program = Some(sealed::copy(name)?);
        }
        Ok(outside)
    }

    fn be_like_target(&mut self, request: &Request) -> Result<(), Error> {
        let target = Rc::clone(self.needed_target("")?);
        if self.label.is_none() {
            self.label = self.different_selinux_label()?;
        }
        if self.label.is_none() {
            self.label = likeness::apparmor_label(&target)?;
        }
        if !request.join_cgroup {
            self.cgroups = cgroup::different(&target)?;
        }
        self.likeness = Some(Likeness::new(&target, request.keep_limits)?);
        Ok(())
    }

    fn different_selinux_label(&self) -> Result<Option<Label>, Error> {
        let Some(label) = self.selinux_label()? else {
            return Ok(None);
        };
        let own = Path::new("/proc/self/attr/current");
        let own = procfs::read(own).attempt(|| words!["cannot read ", own])?;
        Ok(Some(label).filter(|label| label.text != own))
    }

    fn needed_target(&self, what: &str) -> Result<&Rc<Target>, Error> {
        self.entrance.target.as_ref().ok_or_else(|| {
            let text = "neither filename nor target pid supplied for ";
            Error::new(words![text, what])
        })
    }

    /// The kinds to enter from the target. If credentials are kept, those that only `--all` adds
    /// may be left out if the caller is in that namespace already.
    fn kinds_of_target(&mut self, request: &Request) -> Result<KindSet, Error> {
        let mut kinds = request.kinds;
        if request.all {
            let all = self.all_kinds(request.kinds)?;
            if request.preserve_credentials {
                let is_named = |kind: &Kind| match kind {
                    Kind::Net if request.net_socket.is_some() => true,
                    Kind::User if request.user_parent => true,
                    kind => request.kinds.contains(*kind),
                };
                self.entrance.dispensable = all.iter().filter(|kind| !is_named(kind)).collect();
            }
            kinds = all.iter().fold(kinds, KindSet::with);
        }
        if request.like_target {
            kinds = self.different_kinds()?.iter().fold(kinds, KindSet::with);
        }
        let has_no_file = |kind: &Kind| !self.entrance.sources.contains(*kind);
        kinds = kinds.iter().filter(has_no_file).collect();
        let needs_target = !kinds.is_empty() || request.net_socket.is_some() || request.user_parent;
        if needs_target && self.entrance.target.is_none() {
            return Err(Error::new(words!["no target PID specified"]));
        }
        if request.user_parent {
            kinds = kinds.without(Kind::User);
        }
        if request.net_socket.is_some() {
            kinds = kinds.without(Kind::Net);
        }
        Ok(kinds)
    }

    /// All kinds that the kernel has. A user namespace that the caller is in already cannot be
    /// entered again, and is included only if it is `named`.
    fn all_kinds(&self, named: KindSet) -> Result<KindSet, Error> {
        let mut kinds = KindSet::EMPTY;
        for kind in Kind::ALL {
            if kind == Kind::User && !named.contains(kind) {
                if !self.shares_user_namespace()? {
                    kinds.insert(kind);
                }
                continue;
            }
            match own_namespace(kind) {
                Ok(_) => kinds.insert(kind),
                Err(Errno::ENOENT) if is_missing_in_kernel(kind) => {}
                Err(errno) => {
                    let what = words!["stat of /proc/self/ns/", kind.file(), " failed"];
                    return Err(Error::caused_by(what, errno));
                }
            }
        }
        Ok(kinds)
    }

    /// The kinds whose namespace differs between the target and the caller.
    fn different_kinds(&self) -> Result<KindSet, Error> {
        let target = self.needed_target("")?;
        let mut kinds = KindSet::EMPTY;
        for kind in Kind::ALL {
            match target.shares_namespace(kind) {
                Ok(true) => {}
                Ok(false) => kinds.insert(kind),
                Err(Errno::ENOENT) if is_missing_in_kernel(kind) => {}
                Err(errno) => {
                    let path = target.path(&format!("ns/{}", kind.file()));
                    let error = Error::caused_by(words!["stat of ", path, " failed"], errno);
                    return told(target, Err(error));
                }
            }
        }
        Ok(kinds)
    }

    /// Whether the target shares the caller's user namespace.
    fn shares_user_namespace(&self) -> Result<bool, Error> {
        let Some(target) = &self.entrance.target else {
            let what = words!["stat of /proc/0/ns/user failed"];
            return Err(Error::caused_by(what, Errno::ENOENT));
        };
        match target.shares_namespace(Kind::User) {
            Err(Errno::ENOENT) if is_missing_in_kernel(Kind::User) => Ok(true),
            result => {
                let what = || words!["stat of ", target.path("ns/user"), " failed"];
                told(target, result.attempt(what))
            }
        }
    }

    /// Adds the namespaces that come from the target. If there is no pidfd, each namespace file is
    /// opened now.
    fn add_target(&mut self, kinds: KindSet) -> Result<(), Error> {
        let Some(target) = &self.entrance.target else {
            return Ok(());
        };
        let by_file = target.pidfd().is_err();
        for kind in kinds.iter() {
            let source = if by_file {
                Source::File(told(target, target.open_namespace(kind))?)
            } else {
                Source::Target
            };
            self.entrance.sources.insert(kind, source);
        }
        Ok(())
    }

    fn place(&self, place: Directory, file: &str) -> Result<Option<OwnedFd>, Error> {
        match place {
            Directory::Unchanged => Ok(None),
            Directory::Opened(opened) => Ok(Some(opened)),
            Directory::OfTarget => {
                let target = self.needed_target(file)?;
                told(target, target.open(file, OFlag::O_RDONLY)).map(Some)
            }
            Directory::Like => self.like_directory(file),
        }
    }

    /// The target's directory, opened with O_PATH; `None` for a root that is the caller's own.
    fn like_directory(&self, file: &str) -> Result<Option<OwnedFd>, Error> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
        let target = self.needed_target(file)?;
        let opened = told(target, target.open(file, flags))?;
        let enters_mounts = self.entrance.sources.contains(Kind::Mount);
        let is_own = file == "root" && !enters_mounts && likeness::is_own_root(&opened)?;
        Ok(Some(opened).filter(|_| !is_own))
    }

    /// The target's SELinux context, for the coming execve(2): proc_pid_attr(5). `None` without
    /// SELinux.
    fn selinux_label(&self) -> Result<Option<Label>, Error> {
        let path = Path::new("/proc/filesystems");
        let systems = match procfs::read(path) {
            Err(Errno::ENOENT) => return Ok(None),
            result => result.attempt(|| words!["cannot read ", path])?,
        };
        let mut names = systems.split(u8::is_ascii_whitespace);
        if !names.any(|name| name == b"selinuxfs") {
            return Ok(None);
        }
        let Some(target) = &self.entrance.target else {
            let what = words!["no target PID specified for --follow-context"];
            return Err(Error::new(what));
        };
        let file = target.open("attr/current", OFlag::O_RDONLY)?;
        let text = procfs::read_open(file);
        let text = text.attempt(|| words!["failed to get ", target.path("attr/current")])?;
        Ok(Some(Label { file: "exec", text }))
    }

    fn read_environment(&self) -> Result<Vec<(CString, CString)>, Error> {
        let target = self.needed_target("environ")?;
        let file = told(target, target.open("environ", OFlag::O_RDONLY))?;
        let block = procfs::read_open(file);
        let block = block.attempt(|| words!["failed to get environment variables"])?;
        Ok(variables::of_block(&block))
    }

    /// Replaces the user namespace, given by file or else the target's, by its parent.
    fn open_user_parent(&mut self) -> Result<(), Error> {
        let child = match self.entrance.sources.remove(Kind::User) {
            Some(Source::File(file)) => file,
            _ => self.namespace_below_parent()?,
        };
        let parent = namespace::owner(child.as_fd());
        let parent = parent.attempt(|| words!["failed to open parent namespace"])?;
        let source = Source::File(parent);
        self.entrance.sources.insert(Kind::User, source);
        Ok(())
    }

    /// The target's user namespace; without a target, a namespace given by file, whose owner is
    /// then used as the parent.
    fn namespace_below_parent(&self) -> Result<OwnedFd, Error> {
        let target = self.needed_target("ns/user")?;
        if let Ok(user) = target
            .pidfd()
            .and_then(|pidfd| pidfd::namespace(pidfd, Kind::User.file()))
        {
            return Ok(user);
        }
        let mut sources = self.entrance.sources.iter();
        let at_hand = sources.find_map(|(_, source)| match source {
            Source::File(file) => file.try_clone().ok(),
            Source::Target => None,
        });
        let of_proc = target.open_namespace(Kind::User);
        of_proc.or_else(|error| at_hand.ok_or(error))
    }

    fn open_net_of_socket(&mut self, number: RawFd) -> Result<(), Error> {
        let target = self.needed_target("ns/net")?;
        let pid = target.pid().as_raw();
        let pidfd = target
            .pidfd()
            .attempt(|| words!["failed to pidfd_open() for ", pid])?;
        let held = pidfd.as_raw_fd();
        let socket = pidfd::descriptor(pidfd, number)
            .attempt(|| words!["pidfd_getfd(", held, ", ", number, ")"])
            .map_err(|error| hint::explain(error, &Failed::CopyDescriptor(target)))?;
        let net = namespace::of_socket(socket.as_fd());
        let net = net.attempt(|| words!["ioctl(", socket.as_raw_fd(), ", SIOCGSKNS)"])?;
        self.entrance.sources.insert(Kind::Net, Source::File(net));
        Ok(())
    }
}

/// Adds a hint to an error about a file of `target`, if a cause is found.
fn told<T>(target: &Target, result: Result<T, Error>) -> Result<T, Error> {
    result.map_err(|error| hint::explain(error, &Failed::OpenProcess(target)))
}

/// Whether a missing namespace file means that the kernel lacks the kind, not that `/proc` is
/// missing.
fn is_missing_in_kernel(kind: Kind) -> bool {
    own_namespace(kind) == Err(Errno::ENOENT) && status_of("/proc/self/ns").is_ok()
}
