//! What `--like-target` takes over besides namespaces, read while `/proc` is still the caller's.

use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::prctl;
use nix::unistd::{self, Gid, Uid};
use ns_common::error::{Attempt, Error, Message};
use ns_common::hint::{self, Failed};
use ns_common::process::target::{Ids, Target};
use ns_common::procfs;
use ns_common::sys::file::Identity;
use ns_common::sys::limit::{Limits, ResourceLimit};
use ns_common::sys::{capability, descriptor};
use ns_common::words;

/// The attributes that `--like-target` takes over.
#[derive(Debug, Default)]
pub(crate) struct Likeness {
    /// The target's capability bounding set.
    pub(crate) bounding_set: u64,
    /// Whether to set no_new_privs.
    pub(crate) no_new_privileges: bool,
    /// The resource limits that differ from the caller's.
    pub(crate) limits: Vec<(ResourceLimit, Limits)>,
}

/// The error for an attribute of the target that cannot be taken over, and why.
fn refused(what: &str, why: Message) -> Error {
    Error::new(words![
        "cannot take over the ",
        what,
        " of the target: ",
        why
    ])
}

impl Likeness {
    /// Compares `target` with this process.
    pub(crate) fn new(target: &Target, keeps_limits: bool) -> Result<Self, Error> {
        let credentials = target.credentials()?;
        let is_set = prctl::get_no_new_privs().attempt(|| words!["prctl failed"])?;
        if is_set && !credentials.has_no_new_privileges {
            let why = words!["it is set for the caller and cannot be cleared"];
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

    /// The hard limits that must be raised, which needs the caller's privileges outside.
    pub(crate) fn raised(&self) -> Result<Vec<(ResourceLimit, Limits)>, Error> {
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

fn own_limits(resource: ResourceLimit) -> Result<Limits, Error> {
    resource.limits().attempt(|| words!["prlimit failed"])
}

/// The target's limits that differ from the caller's.
fn limits(target: &Target) -> Result<Vec<(ResourceLimit, Limits)>, Error> {
    let table = target.read("limits")?;
    let mut different = Vec::new();
    // The first line has the headings; the columns are 25, 20 and 20 bytes wide.
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

fn read_limit(line: &[u8]) -> Option<(ResourceLimit, Limits)> {
    let line = std::str::from_utf8(line).ok()?;
    let (name, values) = line.split_at_checked(25)?;
    let mut values = values.split_ascii_whitespace().map(|value| match value {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    });
    let (soft, hard) = (values.next()??, values.next()??);
    Some((
        ResourceLimit::by_name(name.trim_end())?,
        Limits { soft, hard },
    ))
}

/// Whether two directories are the same one, reached through the same mount.
fn is_same_directory(one: &OwnedFd, other: &OwnedFd) -> nix::Result<bool> {
    Ok(Identity::of(one)? == Identity::of(other)? && mount_of(one)? == mount_of(other)?)
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

/// A label of a security module, to be applied by the coming execve(2): proc_pid_attr(5).
#[derive(Debug)]
pub(crate) struct Label {
    /// The file in `/proc/self/attr` to write it to.
    pub(crate) file: &'static str,
    /// The text to write.
    pub(crate) text: Vec<u8>,
}

/// The target's AppArmor label; `None` without AppArmor, or if the caller has the same label.
pub(crate) fn apparmor_label(target: &Target) -> Result<Option<Label>, Error> {
    let file = "attr/apparmor/current";
    let label = match target.read(file) {
        // Without AppArmor the file is missing or cannot be read.
        Err(error) if [Some(Errno::ENOENT), Some(Errno::EINVAL)].contains(&error.cause()) => {
            return Ok(None);
        }
        result => result?,
    };
    let own = Path::new("/proc/self").join(file);
    if procfs::read(&own).attempt(|| words!["cannot read ", own])? == label {
        return Ok(None);
    }
    Ok(Some(Label {
        file: "apparmor/exec",
        text: [b"exec ", apparmor_name(&label)].concat(),
    }))
}

/// The name in a label, without the mode that may follow: `NAME (enforce)`.
fn apparmor_name(label: &[u8]) -> &[u8] {
    let label = label.trim_ascii();
    let mode = label.windows(2).rposition(|bytes| bytes == b" (");
    match mode.filter(|_| label.ends_with(b")")) {
        Some(at) => &label[..at],
        None => label,
    }
}

/// Whether `root` is the caller's own root directory.
pub(crate) fn is_own_root(root: &OwnedFd) -> Result<bool, Error> {
    let own = descriptor::open(Path::new("/"), OFlag::O_PATH | OFlag::O_DIRECTORY);
    own.and_then(|own| is_same_directory(&own, root))
        .attempt(|| words!["cannot compare the root directories"])
}

/// Sets these limits.
pub(crate) fn set_limits(limits: &[(ResourceLimit, Limits)]) -> Result<(), Error> {
    for (resource, wanted) in limits {
        resource.set(*wanted).map_err(|errno| {
            let name = resource.name();
            let what = words!["cannot take over the limit '", name, "' of the target"];
            let error = Error::caused_by(what, errno);
            hint::explain(error, &Failed::SetLimit(*resource, *wanted))
        })?;
    }
    Ok(())
}

/// Reduces the bounding set to `wanted`.
pub(crate) fn limit_bounding_set(wanted: u64) -> Result<(), Error> {
    let what = || words!["cannot take over the capability bounding set of the target"];
    for number in 0..u64::BITS {
        let is_wanted = wanted & (1 << number) != 0;
        match capability::is_in_bounding_set(number) {
            // The kernel has no capability with this number, or higher ones.
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

/// Sets the supplementary groups. If they are the caller's already, nothing is done, which needs no
/// privileges.
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

/// Sets the real, effective and saved gid.
pub(crate) fn take_gids(ids: Ids) -> Result<(), Error> {
    let [real, effective, saved] = [ids.real, ids.effective, ids.saved].map(Gid::from_raw);
    unistd::setresgid(real, effective, saved).attempt(|| words!["setresgid() failed"])
}

/// Sets the real, effective and saved uid.
pub(crate) fn take_uids(ids: Ids) -> Result<(), Error> {
    let [real, effective, saved] = [ids.real, ids.effective, ids.saved].map(Uid::from_raw);
    unistd::setresuid(real, effective, saved).attempt(|| words!["setresuid() failed"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mode_of_an_apparmor_label_is_not_part_of_its_name() {
        assert_eq!(apparmor_name(b"unconfined\n"), b"unconfined");
        assert_eq!(
            apparmor_name(b"docker-default (enforce)\n"),
            b"docker-default"
        );
        assert_eq!(apparmor_name(b"a (b) c (complain)"), b"a (b) c");
    }

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
}
