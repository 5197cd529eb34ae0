//! What `--like-target` takes on beside the namespaces, looked up while `/proc` is the caller's.

use std::ffi::OsStr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::prctl;
use nix::sys::stat::fstat;
use nix::unistd::{self, Gid, Uid};
use ns_common::error::{Attempt, Error, Message};
use ns_common::hint::{self, Failed};
use ns_common::process::target::{Ids, Target};
use ns_common::procfs;
use ns_common::sys::limit::{Limits, Resource};
use ns_common::sys::{capability, descriptor};
use ns_common::words;

/// What makes a process like the target.
#[derive(Debug, Default)]
pub(crate) struct Likeness {
    /// The capability bounding set to have.
    pub(crate) bounding_set: u64,
    /// Whether no_new_privs is to be set.
    pub(crate) no_new_privileges: bool,
    /// The limits that differ.
    pub(crate) limits: Vec<(Resource, Limits)>,
}

/// What has no counterpart here, and why.
fn refused(what: &str, why: Message) -> Error {
    Error::new(words!["cannot take on the ", what, " of the target: ", why])
}

impl Likeness {
    /// Looks at `target` and at ourselves.
    pub(crate) fn new(target: &Target, keeps_limits: bool) -> Result<Self, Error> {
        let credentials = target.credentials()?;
        let is_set = prctl::get_no_new_privs().attempt(|| words!["prctl failed"])?;
        if is_set && !credentials.has_no_new_privileges {
            let why = words!["it is set for the caller, and stays so"];
            return Err(refused("missing no_new_privs", why));
        }
        Ok(Self {
            bounding_set: credentials.bounding_set,
            no_new_privileges: credentials.has_no_new_privileges && !is_set,
            limits: if keeps_limits {
                Vec::new()
            } else {
                limits(target)?
            },
        })
    }

    /// The hard limits that must be raised, which is best done while the caller's privileges count.
    pub(crate) fn raised(&self) -> Result<Vec<(Resource, Limits)>, Error> {
        let mut raised = Vec::new();
        for (resource, limits) in &self.limits {
            let own = own_limits(*resource)?;
            if limits.hard > own.hard {
                let soft = own.soft;
                raised.push((*resource, Limits { soft, ..*limits }));
            }
        }
        Ok(raised)
    }
}

fn own_limits(resource: Resource) -> Result<Limits, Error> {
    resource.limits().attempt(|| words!["prlimit failed"])
}

/// The target's limits that are not the caller's.
fn limits(target: &Target) -> Result<Vec<(Resource, Limits)>, Error> {
    let table = target.read("limits")?;
    let mut different = Vec::new();
    // The first line has the headings; the columns are 25 and twice 20 wide.
    for line in table
        .split(|byte| *byte == b'\n')
        .skip(1)
        .filter(|line| !line.is_empty())
    {
        let (resource, limits) = read_limit(line)
            .ok_or_else(|| refused("limits", words!["'", line, "' is not understood"]))?;
        if own_limits(resource)? != limits {
            different.push((resource, limits));
        }
    }
    Ok(different)
}

fn read_limit(line: &[u8]) -> Option<(Resource, Limits)> {
    let line = std::str::from_utf8(line).ok()?;
    let (name, values) = line.split_at_checked(25)?;
    let mut values = values.split_ascii_whitespace().map(|value| match value {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    });
    let (soft, hard) = (values.next()??, values.next()??);
    Some((Resource::by_name(name.trim_end())?, Limits { soft, hard }))
}

/// Whether two directories are the same one, seen through the same mount.
fn is_same_directory(one: &OwnedFd, other: &OwnedFd) -> nix::Result<bool> {
    let (first, second) = (fstat(one)?, fstat(other)?);
    Ok(
        (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)
            && mount_of(one)? == mount_of(other)?,
    )
}

/// The id of the mount that an open file was reached through.
fn mount_of(file: &OwnedFd) -> nix::Result<Vec<u8>> {
    let info = procfs::read(Path::new(&format!(
        "/proc/self/fdinfo/{}",
        file.as_raw_fd()
    )))?;
    let mut lines = info.split(|byte| *byte == b'\n');
    let line = lines.find_map(|line| line.strip_prefix(b"mnt_id:"));
    line.map(|id| id.trim_ascii().to_vec()).ok_or(Errno::EINVAL)
}

/// A label of a security module that the coming execve(2) is to give: proc_pid_attr(5).
#[derive(Debug)]
pub(crate) struct Label {
    /// The file below `/proc/self/attr` that takes it.
    pub(crate) file: &'static str,
    /// What is written there.
    pub(crate) text: Vec<u8>,
}

/// The target's AppArmor label, if there is AppArmor, and the caller has another one.
pub(crate) fn apparmor_label(target: &Target) -> Result<Option<Label>, Error> {
    let file = "attr/apparmor/current";
    let label = match target.read(file) {
        // Neither the file nor its content is there without AppArmor.
        Err(error) if [Some(Errno::ENOENT), Some(Errno::EINVAL)].contains(&error.cause()) => {
            return Ok(None);
        }
        result => result?,
    };
    let own = Path::new("/proc/self").join(file);
    if procfs::read(&own).attempt(|| words!["cannot read ", own])? == label {
        return Ok(None);
    }
    // It is followed by its mode: `NAME (enforce)`.
    let label = label.trim_ascii();
    let name = label
        .iter()
        .rposition(|byte| *byte == b'(')
        .map_or(label, |at| &label[..at]);
    Ok(Some(Label {
        file: "apparmor/exec",
        text: [b"exec ", name.trim_ascii_end()].concat(),
    }))
}

/// The lists of processes, open for writing, of the target's cgroups that are not the caller's.
pub(crate) fn cgroups(target: &Target) -> Result<Vec<OwnedFd>, Error> {
    let theirs = target.read("cgroup")?;
    let own = Path::new("/proc/self/cgroup");
    let ours = procfs::read(own).attempt(|| words!["cannot read ", own])?;
    let ours: Vec<&[u8]> = ours.split(|byte| *byte == b'\n').collect();
    let mut lists = Vec::new();
    for line in theirs.split(|byte| *byte == b'\n') {
        if line.is_empty() || ours.contains(&line) {
            continue;
        }
        lists.push(open_cgroup(line)?);
    }
    Ok(lists)
}

fn open_cgroup(line: &[u8]) -> Result<OwnedFd, Error> {
    let cgroup = Cgroup::read(line);
    let unknown = || refused("cgroup", words!["'", line, "' is not understood"]);
    let cgroup = cgroup.ok_or_else(unknown)?;
    let mounts = Path::new("/proc/self/mountinfo");
    let mounts = procfs::read(mounts).attempt(|| words!["cannot read ", mounts])?;
    let mut mounts = mounts.split(|byte| *byte == b'\n');
    let unseen = || refused("cgroup", words!["'", line, "' is mounted nowhere here"]);
    let place = mounts
        .find_map(|mount| cgroup.place_on(mount))
        .ok_or_else(unseen)?;
    let list = place.join("cgroup.procs");
    descriptor::open(&list, OFlag::O_WRONLY | OFlag::O_APPEND).attempt(|| {
        words![
            "cannot take on the cgroup of the target: cannot open ",
            list
        ]
    })
}

/// A line of `/proc/PID/cgroup`: cgroups(7).
struct Cgroup<'a> {
    /// The controllers, or the name, of a hierarchy of version 1; nothing for version 2.
    hierarchy: &'a [u8],
    path: &'a [u8],
}

impl<'a> Cgroup<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        let mut parts = line.splitn(3, |byte| *byte == b':');
        let (_number, hierarchy, path) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { hierarchy, path })
    }

    /// Its directory on a mount, a line of `/proc/self/mountinfo`, if it is there.
    fn place_on(&self, mount: &[u8]) -> Option<PathBuf> {
        let fields: Vec<&[u8]> = mount.split(|byte| *byte == b' ').collect();
        let separator = fields.iter().position(|field| *field == b"-")?;
        let (root, point) = (fields.get(3)?, fields.get(4)?);
        let (system, options) = (fields.get(separator + 1)?, fields.get(separator + 3)?);
        let is_ours = if self.hierarchy.is_empty() {
            *system == b"cgroup2"
        } else {
            let options: Vec<&[u8]> = options.split(|byte| *byte == b',').collect();
            let mut controllers = self.hierarchy.split(|byte| *byte == b',');
            *system == b"cgroup" && controllers.all(|controller| options.contains(&controller))
        };
        let root = unescaped(root);
        let below = self
            .path
            .strip_prefix(root.strip_suffix(b"/").unwrap_or(&root))?;
        let is_below = below.is_empty() || below.starts_with(b"/");
        let mut path = unescaped(point);
        path.extend_from_slice(below);
        (is_ours && is_below).then(|| OsStr::from_bytes(&path).into())
    }
}

/// Blanks and backslashes are `\` and three octal digits in mountinfo.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, others @ ..] = rest {
        let digit = |byte: &u8| (b'0'..=b'7').contains(byte).then(|| u32::from(byte - b'0'));
        let octal = match rest {
            [b'\\', a, b, c, ..] => digit(a).zip(digit(b)).zip(digit(c)),
            _ => None,
        };
        let escaped = octal.and_then(|((a, b), c)| u8::try_from(a * 64 + b * 8 + c).ok());
        plain.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() {
            &rest[4..]
        } else {
            others
        };
    }
    plain
}

/// Whether `root` is the caller's own root directory.
pub(crate) fn is_own_root(root: &OwnedFd) -> Result<bool, Error> {
    let own = descriptor::open(Path::new("/"), OFlag::O_PATH | OFlag::O_DIRECTORY);
    own.and_then(|own| is_same_directory(&own, root))
        .attempt(|| words!["cannot compare the root directories"])
}

/// Takes on these limits.
pub(crate) fn set_limits(limits: &[(Resource, Limits)]) -> Result<(), Error> {
    for (resource, wanted) in limits {
        resource.set(*wanted).map_err(|errno| {
            let name = resource.name();
            let what = words!["cannot take on the limit '", name, "' of the target"];
            let error = Error::caused_by(what, errno);
            hint::explain(error, &Failed::SetLimit(*resource, *wanted))
        })?;
    }
    Ok(())
}

/// Takes capabilities out of the bounding set, until it is `wanted`.
pub(crate) fn limit_bounding_set(wanted: u64) -> Result<(), Error> {
    let what = || words!["cannot take on the capability bounding set of the target"];
    for number in 0..u64::BITS {
        let is_wanted = wanted & (1 << number) != 0;
        match capability::is_in_bounding_set(number) {
            // The kernel has no more capabilities.
            Err(Errno::EINVAL) => break,
            Err(errno) => return Err(Error::caused_by(what(), errno)),
            Ok(false) if is_wanted => {
                let why = words![": the caller's lacks capability ", number];
                return Err(Error::new(what().with(&why)));
            }
            Ok(true) if !is_wanted => capability::drop_from_bounding_set(number).attempt(what)?,
            Ok(_) => {}
        }
    }
    Ok(())
}

/// Takes on these supplementary groups; where they are the caller's already that needs no right.
pub(crate) fn take_groups(wanted: &[u32]) -> Result<(), Error> {
    let sorted = |mut groups: Vec<u32>| {
        groups.sort_unstable();
        groups
    };
    let own = unistd::getgroups().attempt(|| words!["getgroups failed"])?;
    if sorted(own.iter().map(|gid| gid.as_raw()).collect()) == sorted(wanted.to_vec()) {
        return Ok(());
    }
    let wanted: Vec<Gid> = wanted.iter().copied().map(Gid::from_raw).collect();
    unistd::setgroups(&wanted).attempt(|| words!["setgroups failed"])
}

/// Takes on these gids.
pub(crate) fn take_gids(ids: Ids) -> Result<(), Error> {
    let [real, effective, saved] = [ids.real, ids.effective, ids.saved].map(Gid::from_raw);
    unistd::setresgid(real, effective, saved).attempt(|| words!["setresgid() failed"])
}

/// Takes on these uids.
pub(crate) fn take_uids(ids: Ids) -> Result<(), Error> {
    let [real, effective, saved] = [ids.real, ids.effective, ids.saved].map(Uid::from_raw);
    unistd::setresuid(real, effective, saved).attempt(|| words!["setresuid() failed"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_by_their_columns() {
        let line =
            b"Max open files            1024                 unlimited            files     ";
        let (resource, limits) = read_limit(line).unwrap();
        assert_eq!(resource.name(), "Max open files");
        assert_eq!((limits.soft, limits.hard), (1024, u64::MAX));
        assert_eq!(read_limit(b"Max open files            1024"), None);
        assert_eq!(
            read_limit(b"Max open doors            1                    1"),
            None
        );
    }

    #[test]
    fn cgroup_is_found_on_the_mount_of_its_hierarchy() {
        let two: &[u8] =
            b"30 1 0:27 / /sys/fs/cgroup\\040x rw shared:4 - cgroup2 cgroup2 rw,nsdelegate";
        let memory: &[u8] = b"31 1 0:28 /a /c rw - cgroup cgroup rw,memory,cpu";
        let place = |line: &'static [u8], mount| {
            let place = Cgroup::read(line).unwrap().place_on(mount)?;
            Some(place.to_str().unwrap().to_owned())
        };
        assert_eq!(
            place(b"0::/b:c", two).as_deref(),
            Some("/sys/fs/cgroup x/b:c")
        );
        assert_eq!(place(b"0::/", two).as_deref(), Some("/sys/fs/cgroup x/"));
        assert_eq!(place(b"4:cpu,memory:/a/d", memory).as_deref(), Some("/c/d"));
        assert_eq!(place(b"4:memory:/a", memory).as_deref(), Some("/c"));
        assert_eq!(place(b"4:memory:/ab", memory), None);
        assert_eq!(place(b"4:pids:/a", memory), None);
        assert_eq!(place(b"0::/a", memory), None);
        assert_eq!(place(b"0::/a", b""), None);
    }
}
