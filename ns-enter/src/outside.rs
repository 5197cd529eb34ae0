//! What is opened before anything is entered: paths and ids belong to the caller's side.

use std::collections::BTreeSet;
use std::ffi::{CString, OsStr};
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, statfs};
use ns_common::error::{Attempt, Error};
use ns_common::namespace::{Kind, KindSet};
use ns_common::procfs;
use ns_common::sys::{descriptor, namespace, pidfd};
use ns_common::words;

use crate::cli::{Place, Request};
use crate::plan::{Source, Sources};
use crate::target::{Target, own_namespace_status};

const CGROUP_ROOT: &str = "/sys/fs/cgroup";

/// All that the steps need from outside.
#[derive(Debug, Default)]
pub struct Outside {
    /// The target, if one was given.
    pub target: Option<Target>,
    /// What to enter.
    pub sources: Sources,
    /// What need not be entered if it is the caller's own: asked for by `--all` alone.
    pub dispensable: KindSet,
    /// The new root directory.
    pub root: Option<OwnedFd>,
    /// The new working directory.
    pub working_directory: Option<OwnedFd>,
    /// The target's variables, in their new order.
    pub environment: Vec<(CString, CString)>,
    /// The target cgroup's list of processes, open for writing.
    pub cgroup: Option<OwnedFd>,
}

impl Outside {
    /// Opens everything `request` names, in the order in which errors are to be reported.
    pub fn open(request: &mut Request) -> Result<Self, Error> {
        let target = request
            .target
            .take()
            .map(|target| Target::hold(target.pid, target.process));
        let files = std::mem::take(&mut request.files);
        let mut outside = Self {
            target,
            sources: files
                .into_iter()
                .map(|(kind, file)| (kind, Source::File(file)))
                .collect(),
            ..Self::default()
        };
        if request.follow_context {
            outside.follow_context()?;
        }
        let mut of_target: KindSet = request
            .kinds
            .iter()
            .filter(|kind| !outside.has_file(*kind))
            .collect();
        if request.all {
            let others = outside.kinds_of_all()?;
            if request.preserve_credentials {
                let named = |kind: &Kind| match kind {
                    Kind::Net if request.net_socket.is_some() => true,
                    Kind::User if request.user_parent => true,
                    kind => request.kinds.contains(*kind),
                };
                outside.dispensable = others.iter().filter(|kind| !named(kind)).collect();
            }
            of_target = others
                .iter()
                .chain(of_target.iter())
                .filter(|kind| !outside.has_file(*kind))
                .collect();
        }
        let needs_target =
            !of_target.is_empty() || request.net_socket.is_some() || request.user_parent;
        if needs_target && outside.target.is_none() {
            return Err(Error::new(words!["no target PID specified"]));
        }
        if request.user_parent {
            of_target = of_target.without(Kind::User);
        }
        if request.net_socket.is_some() {
            of_target = of_target.without(Kind::Net);
        }
        outside.sources_of_target(of_target)?;
        outside.root = outside.place(&mut request.root, "root")?;
        outside.working_directory = outside.place(&mut request.working_directory, "cwd")?;
        if request.environment {
            outside.read_environment()?;
        }
        if request.uid.follow || request.gid.follow {
            outside.needed_target("")?.open_directory()?;
        }
        if request.join_cgroup {
            outside.open_cgroup()?;
        }
        if request.user_parent {
            outside.open_user_parent()?;
        }
        if let Some(number) = request.net_socket {
            outside.open_net_of_socket(number)?;
        }
        if outside.sources.is_empty() {
            return Err(Error::new(words!["no namespace specified"]));
        }
        Ok(outside)
    }

    /// The kinds to enter.
    pub fn kinds(&self) -> KindSet {
        self.sources.keys().copied().collect()
    }

    fn has_file(&self, kind: Kind) -> bool {
        self.sources.contains_key(&kind)
    }

    fn needed_target(&mut self, what: &str) -> Result<&mut Target, Error> {
        self.target.as_mut().ok_or_else(|| {
            Error::new(words![
                "neither filename nor target pid supplied for ",
                what
            ])
        })
    }

    /// Every kind the kernel has, but a user namespace that is ours already: entering it again is refused.
    fn kinds_of_all(&mut self) -> Result<KindSet, Error> {
        let Some(target) = &mut self.target else {
            return Err(Error::caused_by(
                words!["stat of /proc/0/ns/user failed"],
                Errno::ENOENT,
            ));
        };
        let mut kinds: KindSet = Kind::ALL
            .into_iter()
            .filter(|kind| own_namespace_status(*kind) != Err(Errno::ENOENT))
            .collect();
        if kinds.contains(Kind::User) {
            let path = target.path("ns/user");
            let shares_user = target
                .shares_namespace(Kind::User)
                .attempt(|| words!["stat of ", path, " failed"])?;
            if shares_user {
                kinds = kinds.without(Kind::User);
            }
        }
        Ok(kinds)
    }

    /// Notes what comes from the target. Where the kernel cannot hold it by a pidfd, each file is opened now.
    fn sources_of_target(&mut self, kinds: KindSet) -> Result<(), Error> {
        let Some(target) = &mut self.target else {
            return Ok(());
        };
        let by_file = target.process().is_err();
        for kind in kinds.iter() {
            let source = if by_file {
                Source::File(target.open_namespace(kind)?)
            } else {
                Source::Target
            };
            self.sources.insert(kind, source);
        }
        Ok(())
    }

    /// The directory given or, as that wins, the target's.
    fn place(&mut self, place: &mut Place, file: &str) -> Result<Option<OwnedFd>, Error> {
        if place.of_target {
            return self
                .needed_target(file)?
                .open(file, OFlag::O_RDONLY)
                .map(Some);
        }
        Ok(place.opened.take())
    }

    /// Takes over the SELinux context for the coming execve(2): proc_pid_attr(5).
    fn follow_context(&mut self) -> Result<(), Error> {
        let Some(target) = &mut self.target else {
            return Err(Error::new(words![
                "no target PID specified for --follow-context"
            ]));
        };
        let systems = procfs::read(Path::new("/proc/filesystems")).unwrap_or_default();
        if !systems
            .split(|byte| byte.is_ascii_whitespace())
            .any(|word| word == b"selinuxfs")
        {
            return Err(Error::new(words![
                "--follow-context needs SELinux, which is not enabled"
            ]));
        }
        let file = target.open("attr/current", OFlag::O_RDONLY)?;
        let context =
            read(file).attempt(|| words!["failed to get ", target.path("attr/current")])?;
        let own = Path::new("/proc/self/attr/exec");
        procfs::write(own, &context).map_err(|failure| {
            let (procfs::WriteFailure::Open(errno) | procfs::WriteFailure::Write(errno)) = failure;
            Error::caused_by(
                words!["failed to set exec context to '", context.as_slice(), "'"],
                errno,
            )
        })
    }

    fn read_environment(&mut self) -> Result<(), Error> {
        let target = self.needed_target("environ")?;
        let file = target.open("environ", OFlag::O_RDONLY)?;
        let block = read(file).attempt(|| words!["failed to get environment variables"])?;
        self.environment = variables(&block);
        Ok(())
    }

    fn open_cgroup(&mut self) -> Result<(), Error> {
        let system = statfs(CGROUP_ROOT).attempt(|| words!["statfs ", CGROUP_ROOT, " failed"])?;
        if system.filesystem_type() != CGROUP2_SUPER_MAGIC {
            return Err(Error::new(words![
                "--join-cgroup is only supported in cgroup v2"
            ]));
        }
        let file = self
            .needed_target("cgroup")?
            .open("cgroup", OFlag::O_RDONLY)?;
        let failed = || words!["failed to get cgroup path"];
        let table = read(file).attempt(failed)?;
        let path =
            unified_cgroup(&table).ok_or_else(|| Error::caused_by(failed(), Errno::ENOENT))?;
        let path = words![CGROUP_ROOT, path, "/cgroup.procs"];
        let path = Path::new(OsStr::from_bytes(path.as_bytes()));
        let opened = descriptor::open(path, OFlag::O_WRONLY | OFlag::O_APPEND);
        self.cgroup = Some(opened.attempt(|| words!["failed to open cgroup.procs"])?);
        Ok(())
    }

    /// Puts the parent in place of the user namespace given by file or, else, of the target's.
    fn open_user_parent(&mut self) -> Result<(), Error> {
        let parent = match self.sources.remove(&Kind::User) {
            Some(Source::File(file)) => namespace::owner(file.as_fd()),
            _ => namespace::owner(self.namespace_below_parent()?.as_fd()),
        };
        let parent = parent.attempt(|| words!["failed to open parent namespace"])?;
        self.sources.insert(Kind::User, Source::File(parent));
        Ok(())
    }

    /// The target's user namespace; where nothing tells that, a namespace given by file, whose owner is asked for instead.
    fn namespace_below_parent(&mut self) -> Result<OwnedFd, Error> {
        let of_process = |target: &Target| target.process().and_then(pidfd::user_namespace);
        if let Some(Ok(user)) = self.target.as_ref().map(of_process) {
            return Ok(user);
        }
        let of_proc = self.needed_target("ns/user")?.open_namespace(Kind::User);
        let at_hand = self.sources.values().find_map(|source| match source {
            Source::File(file) => file.try_clone().ok(),
            Source::Target => None,
        });
        of_proc.or_else(|error| at_hand.ok_or(error))
    }

    fn open_net_of_socket(&mut self, number: i32) -> Result<(), Error> {
        let target = self.needed_target("ns/net")?;
        let pidfd = target
            .process()
            .attempt(|| words!["failed to pidfd_open() for ", target.pid()])?;
        let held = pidfd.as_raw_fd();
        let socket = pidfd::descriptor(pidfd, number)
            .attempt(|| words!["pidfd_getfd(", held, ", ", number, ")"])?;
        let net = namespace::of_socket(socket.as_fd());
        let net = net.attempt(|| words!["ioctl(", socket.as_raw_fd(), ", SIOCGSKNS)"])?;
        self.sources.insert(Kind::Net, Source::File(net));
        Ok(())
    }
}

fn read(file: OwnedFd) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    std::fs::File::from(file).read_to_end(&mut content)?;
    Ok(content)
}

/// The path in the `0::` line of `/proc/PID/cgroup`, which is that of version 2: cgroups(7).
fn unified_cgroup(table: &[u8]) -> Option<&[u8]> {
    table
        .split(|byte| *byte == b'\n')
        .find_map(|line| line.strip_prefix(b"0::"))
}

/// The variables of an environment block, the last first; of several with one name the last counts.
///
/// What has no `=` is no variable: programs that overwrite their block leave such things.
fn variables(block: &[u8]) -> Vec<(CString, CString)> {
    let mut seen = BTreeSet::new();
    let mut variables = Vec::new();
    for entry in block.split(|byte| *byte == 0).rev() {
        let Some(equals) = entry.iter().position(|byte| *byte == b'=') else {
            continue;
        };
        let (name, value) = (&entry[..equals], &entry[equals + 1..]);
        if !seen.insert(name) {
            continue;
        }
        if let (Ok(name), Ok(value)) = (CString::new(name), CString::new(value)) {
            variables.push((name, value));
        }
    }
    variables
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(block: &[u8]) -> Vec<String> {
        variables(block)
            .iter()
            .map(|(name, value)| format!("{}={}", name.to_str().unwrap(), value.to_str().unwrap()))
            .collect()
    }

    #[test]
    fn environment_keeps_what_is_a_variable() {
        assert_eq!(read(b"A=1\0B=2\0"), ["B=2", "A=1"]);
        assert_eq!(read(b"INVALID\0key=value\0INVALID2\0"), ["key=value"]);
        assert_eq!(read(b"A=1\0B=2\0A=3"), ["A=3", "B=2"]);
        assert_eq!(read(b"A=\0B=x=y"), ["B=x=y", "A="]);
        assert_eq!(read(b""), [""; 0]);
        assert_eq!(read(b"=x\0"), ["=x"]);
    }

    #[test]
    fn cgroup_is_that_of_version_2() {
        let table = b"3:cpu:/a\n1:name=systemd:/b\n0::/c d/e\n";
        assert_eq!(unified_cgroup(table), Some(b"/c d/e".as_slice()));
        assert_eq!(unified_cgroup(b"3:cpu:/a\n"), None);
    }
}
