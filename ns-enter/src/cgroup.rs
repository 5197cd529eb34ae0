//! The cgroups of the target: their `cgroup.procs` files, opened for writing before anything is
//! entered.

use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, statfs};
use ns_common::error::{Attempt, Error};
use ns_common::process::target::Target;
use ns_common::procfs;
use ns_common::sys::descriptor;
use ns_common::words;

const ROOT: &str = "/sys/fs/cgroup";

/// The `cgroup.procs` of the target's version 2 cgroup; version 2 must be mounted on
/// `/sys/fs/cgroup`. That is checked before the target is looked at, as in the reference.
pub(crate) fn unified<'a>(
    target: impl FnOnce() -> Result<&'a Target, Error>,
) -> Result<OwnedFd, Error> {
    let system = statfs(ROOT).attempt(|| words!["statfs ", ROOT, " failed"])?;
    if system.filesystem_type() != CGROUP2_SUPER_MAGIC {
        let what = words!["--join-cgroup is only supported in cgroup v2"];
        return Err(Error::new(what));
    }
    let file = target()?.open("cgroup", OFlag::O_RDONLY)?;
    let failed = || words!["failed to get cgroup path"];
    let table = procfs::read_open(file).attempt(failed)?;
    let path = unified_path(&table);
    let path = path.ok_or_else(|| Error::caused_by(failed(), Errno::ENOENT))?;
    let path = words![ROOT, path, "/cgroup.procs"];
    let path = Path::new(OsStr::from_bytes(path.as_bytes()));
    descriptor::open(path, OFlag::O_WRONLY | OFlag::O_APPEND)
        .attempt(|| words!["failed to open cgroup.procs"])
}

/// The path in the `0::` line of `/proc/PID/cgroup`, the line of version 2: cgroups(7).
fn unified_path(table: &[u8]) -> Option<&[u8]> {
    table
        .split(|byte| *byte == b'\n')
        .find_map(|line| line.strip_prefix(b"0::"))
}

fn refused(line: &[u8], why: &str) -> Error {
    let text = "cannot take over the cgroup of the target: '";
    Error::new(words![text, line, "' ", why])
}

/// The `cgroup.procs` files, open for writing, of those of the target's cgroups that are not the
/// caller's too.
pub(crate) fn different(target: &Target) -> Result<Vec<OwnedFd>, Error> {
    let theirs = target.read("cgroup")?;
    let own = Path::new("/proc/self/cgroup");
    let ours = procfs::read(own).attempt(|| words!["cannot read ", own])?;
    let ours: Vec<&[u8]> = ours.split(|byte| *byte == b'\n').collect();
    let mut lists = Vec::new();
    for line in theirs.split(|byte| *byte == b'\n') {
        if line.is_empty() || ours.contains(&line) {
            continue;
        }
        lists.push(open(line)?);
    }
    Ok(lists)
}

fn open(line: &[u8]) -> Result<OwnedFd, Error> {
    let cgroup = Cgroup::read(line);
    let unknown = || refused(line, "is not understood");
    let cgroup = cgroup.ok_or_else(unknown)?;
    let mounts = Path::new("/proc/self/mountinfo");
    let mounts = procfs::read(mounts).attempt(|| words!["cannot read ", mounts])?;
    // Later mounts come first, because they may cover earlier ones.
    let mounts = mounts.split(|byte| *byte == b'\n').rev();
    let mut failed = refused(line, "is mounted nowhere here");
    for place in mounts.filter_map(|mount| cgroup.place_on(mount)) {
        let list = place.join("cgroup.procs");
        let what = || {
            words![
                "cannot take over the cgroup of the target: cannot open ",
                list
            ]
        };
        match descriptor::open(&list, OFlag::O_WRONLY | OFlag::O_APPEND).attempt(what) {
            Ok(opened) => return Ok(opened),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// A line of `/proc/PID/cgroup`: cgroups(7).
struct Cgroup<'a> {
    /// The controllers, or the name, of a version 1 hierarchy; empty for version 2.
    hierarchy: &'a [u8],
    path: &'a [u8],
}

impl<'a> Cgroup<'a> {
    fn read(line: &'a [u8]) -> Option<Self> {
        let mut parts = line.splitn(3, |byte| *byte == b':');
        let (_number, hierarchy, path) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { hierarchy, path })
    }

    /// Its directory below a mount, given as a line of `/proc/self/mountinfo`, if the mount
    /// contains it.
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

/// Decodes a path of mountinfo, where blanks and backslashes are written as `\` and three octal
/// digits.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unified_cgroup_is_that_of_version_2() {
        let table = b"3:cpu:/a\n1:name=systemd:/b\n0::/c d/e\n";
        assert_eq!(unified_path(table), Some(b"/c d/e".as_slice()));
        assert_eq!(unified_path(b"3:cpu:/a\n"), None);
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
