//! Finding IPC namespaces, and visiting each by a child that enters it: ours is never left.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::{fs, io};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sched::{CloneFlags, setns};
use nix::sys::statfs::{FsType, fstatfs};
use ns_common::namespace::Kind;
use ns_common::process::target::{namespace_of, own_namespace};
use ns_common::procfs;
use ns_common::sorting::sort_by;
use ns_common::sys::file::Identity;
use ns_common::sys::{descriptor, namespace};

use crate::doubts::if_there;

/// `NSFS_MAGIC` of linux/magic.h.
const NSFS_MAGIC: FsType = FsType(0x6e73_6673);

/// An IPC namespace that has been found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) inode: u64,
    /// Open, unless that was refused.
    pub(crate) file: nix::Result<OwnedFd>,
    pub(crate) keeper: Keeper,
}

/// What keeps a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Keeper {
    /// Processes: how many, and the one with the lowest number.
    Processes {
        count: u64,
        first: i32,
        command: Vec<u8>,
    },
    /// A file that it is bound to, or that holds it open.
    File(PathBuf),
}

/// How a namespace has been entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entered {
    /// With the caller's privileges.
    Directly,
    /// With those of its owner, by way of the user namespace that owns it: ids are those seen
    /// there.
    ByItsOwner,
}

/// The inode of the caller's own IPC namespace.
pub(crate) fn own() -> nix::Result<u64> {
    own_namespace(Kind::Ipc).map(|identity| identity.inode)
}

/// Enters a namespace; whoever owns it without having privileges here enters the owning user
/// namespace first.
pub(crate) fn enter(file: &OwnedFd) -> nix::Result<Entered> {
    match setns(file, CloneFlags::CLONE_NEWIPC) {
        Ok(()) => return Ok(Entered::Directly),
        Err(Errno::EPERM) => {}
        Err(errno) => return Err(errno),
    }
    // To its outcome the first refusal is what matters.
    let owner = namespace::owner(file.as_fd()).map_err(|_| Errno::EPERM)?;
    setns(owner, CloneFlags::CLONE_NEWUSER).map_err(|_| Errno::EPERM)?;
    setns(file, CloneFlags::CLONE_NEWIPC).map(|()| Entered::ByItsOwner)
}

/// Opens the IPC namespace that a file is, which may be anything: it is looked at before it is
/// opened.
///
/// # Errors
/// EINVAL for a file that is none.
pub(crate) fn open(path: &Path) -> nix::Result<OwnedFd> {
    let held = descriptor::open(path, OFlag::O_PATH)?;
    if fstatfs(&held)?.filesystem_type() != NSFS_MAGIC {
        return Err(Errno::EINVAL);
    }
    let file = descriptor::open(&procfs::held(held.as_fd()), OFlag::O_RDONLY)?;
    if namespace::flag_of(file.as_fd())? == CloneFlags::CLONE_NEWIPC.bits() {
        Ok(file)
    } else {
        Err(Errno::EINVAL)
    }
}

fn is_namespace(link: &OsStr) -> bool {
    link.as_bytes().starts_with(b"ipc:[")
}

/// All IPC namespaces that can be found: of processes, bound to files, held open. In the order of
/// their inodes, the caller's own first.
pub(crate) fn all() -> nix::Result<Vec<Found>> {
    let own = own()?;
    let mut found = BTreeMap::new();
    let processes = processes()?;
    for (pid, path) in &processes {
        note_process(*pid, path, &mut found)?;
    }
    note_mounts(&mut found)?;
    for (_, path) in &processes {
        note_descriptors(path, &mut found)?;
    }
    let in_order = found.into_values();
    let (mut all, others): (Vec<_>, Vec<_>) = in_order.partition(|found| found.inode == own);
    all.extend(others);
    Ok(all)
}

/// The processes of this PID namespace, by number.
fn processes() -> nix::Result<Vec<(i32, PathBuf)>> {
    let mut processes = Vec::new();
    for path in entries(Path::new("/proc"))? {
        let number = path
            .file_name()
            .and_then(|name| name.to_str()?.parse().ok());
        processes.extend(number.map(|number| (number, path)));
    }
    sort_by(&mut processes, |(one, _): &(i32, _), (other, _)| {
        one.cmp(other)
    });
    Ok(processes)
}

/// The paths in a directory; none where it may not be looked at or has gone meanwhile.
fn entries(directory: &Path) -> nix::Result<Vec<PathBuf>> {
    let read = || {
        fs::read_dir(directory)?
            .map(|entry| Ok(entry?.path()))
            .collect()
    };
    let paths: io::Result<_> = read();
    let paths = if_there(paths.map_err(|error| procfs::errno(&error)))?;
    Ok(paths.unwrap_or_default())
}

/// Counts a process for its namespace. One that may not be looked at is none of ours to count.
fn note_process(pid: i32, path: &Path, found: &mut BTreeMap<u64, Found>) -> nix::Result<()> {
    let process = descriptor::open(path, OFlag::O_PATH | OFlag::O_DIRECTORY);
    let Some(process) = if_there(process)? else {
        return Ok(());
    };
    let Some(identity) = if_there(namespace_of(&process, Kind::Ipc.file()))? else {
        return Ok(());
    };
    let inode = identity.inode;
    let open = || descriptor::open_at(process.as_fd(), Path::new("ns/ipc"), OFlag::O_RDONLY);
    let namespace = match found.entry(inode) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(new) => {
            let command = if_there(procfs::command(process.as_fd()))?.unwrap_or_default();
            new.insert(Found {
                inode,
                file: open(),
                keeper: Keeper::Processes {
                    count: 0,
                    first: pid,
                    command,
                },
            })
        }
    };
    // The process that it was to be opened by may have ended meanwhile.
    if namespace.file.is_err() {
        namespace.file = open();
    }
    if let Keeper::Processes { count, .. } = &mut namespace.keeper {
        *count += 1;
    }
    Ok(())
}

/// Notes the namespaces that are bound to files of this mount namespace: proc_pid_mountinfo(5).
fn note_mounts(found: &mut BTreeMap<u64, Found>) -> nix::Result<()> {
    let mounts = if_there(procfs::read(Path::new("/proc/self/mountinfo")))?.unwrap_or_default();
    for line in mounts.split(|byte| *byte == b'\n') {
        let mut fields = line.split(|byte| *byte == b' ').skip(3);
        let (Some(root), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        if is_namespace(OsStr::from_bytes(root)) {
            let path = PathBuf::from(OsString::from_vec(unescaped(path)));
            note_file(&path.clone(), path, found)?;
        }
    }
    Ok(())
}

/// Notes the namespaces that a process holds open.
fn note_descriptors(process: &Path, found: &mut BTreeMap<u64, Found>) -> nix::Result<()> {
    for path in entries(&process.join("fd"))? {
        let link = fs::read_link(&path).map_err(|error| procfs::errno(&error));
        if if_there(link)?.is_some_and(|link| is_namespace(link.as_os_str())) {
            note_file(&path.clone(), path, found)?;
        }
    }
    Ok(())
}

/// Notes a namespace that no process is in.
fn note_file(path: &Path, keeper: PathBuf, found: &mut BTreeMap<u64, Found>) -> nix::Result<()> {
    // Another mount may cover it, another process may have got the number.
    let Some(file) = if_there(open(path))? else {
        return Ok(());
    };
    let inode = Identity::of(&file)?.inode;
    found.entry(inode).or_insert_with(|| Found {
        inode,
        file: Ok(file),
        keeper: Keeper::File(keeper),
    });
    Ok(())
}

/// A path of mountinfo, in which blanks, line ends and backslashes are three octal digits.
fn unescaped(path: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(path.len());
    let mut rest = path;
    while let [first, after @ ..] = rest {
        let code = after.get(..3).filter(|_| *first == b'\\');
        let code =
            code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 8).ok());
        match code {
            Some(byte) => {
                plain.push(byte);
                rest = &after[3..];
            }
            None => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_mounts_are_unescaped() {
        assert_eq!(unescaped(b"/run/a\\040b\\134c\\01"), b"/run/a b\\c\\01");
        assert_eq!(unescaped(b""), b"");
    }

    #[test]
    fn what_is_no_ipc_namespace_is_not_opened() {
        for path in ["/dev/null", "/", "/proc/self/ns/uts"] {
            assert_eq!(open(Path::new(path)).err(), Some(Errno::EINVAL), "{path}");
        }
        assert_eq!(open(Path::new("/nonexistent")).err(), Some(Errno::ENOENT));
        assert!(open(Path::new("/proc/self/ns/ipc")).is_ok());
    }

    #[test]
    fn own_namespace_is_found_first() {
        let all = all().unwrap();
        assert_eq!(all.first().map(|found| found.inode), own().ok());
    }
}
