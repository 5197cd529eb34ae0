//! Namespaces that outlive their processes: a bind mount of their file in /proc keeps them
//! (namespaces(7)).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity, setns, unshare};
use nix::sys::stat::{FileStat, fstat, stat};
use nix::unistd::{self, Pid};
use ns_common::console::Console;
use ns_common::error::{Attempt, Error, ExitStatus, Failure};
use ns_common::hint::{self, Failed};
use ns_common::namespace::Kind;
use ns_common::process::helper::Helper;
use ns_common::process::line::Line;
use ns_common::procfs::{OwnDirectory, held};
use ns_common::sys::{descriptor, environment, namespace, signal};
use ns_common::words;

/// What a terminal, or a manager of services, ends a group of processes by.
const UNTIMELY: &[i32] = &[libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM];

type Files = [(Kind, PathBuf)];

/// A process outside the new namespaces that binds them to files, and unbinds them unless it hears
/// that they are to be kept.
///
/// It has the mounts, the root directory and the privileges from before. Dropped, it leaves no file
/// bound.
#[derive(Debug)]
pub(crate) struct Binder {
    helper: Helper,
    files: Vec<(Kind, PathBuf)>,
}

impl Binder {
    /// Starts the helper, for the namespaces that this process, `own`, will be in.
    pub(crate) fn start(
        console: &mut Console,
        own: &OwnDirectory,
        files: &Files,
    ) -> Result<Self, Error> {
        let pid = Pid::this();
        let helper = Helper::start(console, |line, console| {
            // It lives as long as the program does not, and what it says to others is not for the
            // program.
            hint::are_wanted();
            environment::erase();
            // What interrupts us must not leave the files bound; our parent's end is heard on the
            // line.
            signal::block(UNTIMELY).attempt(|| words!["sigprocmask block failed"])?;
            serve(line, own, pid, files, console)
        })?;
        Ok(Self {
            helper,
            files: files.to_vec(),
        })
    }

    /// In a child of the process that has started the helper.
    pub(crate) fn disown(&mut self) {
        self.helper.disown();
    }

    /// Has the namespaces bound, all or none of them.
    pub(crate) fn bind(&mut self) -> Result<(), Failure> {
        let bound = self.helper.say(b"bind").and_then(|()| self.helper.hear());
        if let Ok(Some(_)) = bound {
            return Ok(());
        }
        self.helper.finish()?;
        bound?;
        Err(Failure::Told(ExitStatus::FAILURE))
    }

    /// Has them stay bound.
    pub(crate) fn keep(&mut self) -> Result<(), Failure> {
        let said = self.helper.say(b"keep");
        self.helper.finish()?;
        said
    }

    /// Leaves it to a child of ours to talk to the helper, and waits for the helper's end.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        self.helper.finish()
    }

    /// Unbinds, in place of a helper that has died, what we can still reach, and says what we
    /// cannot.
    ///
    /// `outer` is what we have left, if that is another mount namespace than ours.
    pub(crate) fn undo(&self, outer: Option<&nix::Result<OuterMounts>>, console: &mut Console) {
        let own = |kind: Kind| stat(&Path::new("/proc/self/ns").join(kind.file_after_unshare()));
        let namespaces: Vec<_> = self.files.iter().map(|(kind, _)| own(*kind)).collect();
        let returned = match outer {
            None => Ok(()),
            Some(Err(errno)) => Err(*errno),
            Some(Ok(outer)) => outer.enter(),
        };
        for ((_, file), namespace) in self.files.iter().zip(namespaces) {
            let undone = returned.and_then(|()| {
                let opened = descriptor::open(file, OFlag::O_PATH)?;
                if is_same(&fstat(&opened)?, &namespace?) {
                    umount2(&held(opened.as_fd()), MntFlags::MNT_DETACH)?;
                }
                Ok(())
            });
            if let Err(errno) = undone {
                console.report(&Error::caused_by(words![file, " may stay bound"], errno));
            }
        }
    }
}

/// The helper's work: binds when it hears a word, and keeps what is bound only if it hears another
/// one.
fn serve(
    line: &Line,
    own: &OwnDirectory,
    pid: Pid,
    files: &Files,
    console: &mut Console,
) -> Result<ExitStatus, Failure> {
    if line.hear()?.is_none() {
        return Ok(ExitStatus::SUCCESS);
    }
    let mut bound = Bound::default();
    let kept = bound.bind_all(own, pid, files).map_err(Failure::from);
    let kept = kept
        .and_then(|()| line.say_if_heard(b"bound"))
        .and_then(|()| Ok(line.hear()?.is_some()));
    if !matches!(kept, Ok(true)) {
        bound.unbind_all(console);
    }
    kept.map(|_| ExitStatus::SUCCESS)
}

/// The mounts made so far.
#[derive(Default)]
struct Bound {
    /// Held, so that nobody can put another directory in its place: by its path as typed.
    directories: BTreeMap<PathBuf, OwnedFd>,
    mounts: Vec<Mounted>,
}

struct Mounted {
    /// As typed, for messages.
    file: PathBuf,
    /// Where it is found again, by way of the directory held.
    place: PathBuf,
    /// What was there before.
    covered: FileStat,
    namespace: FileStat,
}

impl Bound {
    fn bind_all(&mut self, own: &OwnDirectory, pid: Pid, files: &Files) -> Result<(), Error> {
        for (kind, file) in files {
            let name = kind.file_after_unshare();
            let source = format!("ns/{name}");
            let words = || {
                words![
                    "mount /proc/",
                    pid.to_string(),
                    "/",
                    source,
                    " on ",
                    file,
                    " failed"
                ]
            };
            self.bind(own, &source, file)
                .attempt(words)
                .map_err(|error| {
                    let namespace = own.path(&source).ok();
                    let (kind, namespace) = (*kind, namespace.as_deref());
                    hint::explain(
                        error,
                        &Failed::Bind {
                            kind,
                            namespace,
                            file,
                        },
                    )
                })?;
        }
        Ok(())
    }

    fn bind(&mut self, own: &OwnDirectory, source: &str, file: &Path) -> nix::Result<()> {
        let place = self.place(file)?;
        let source = own.path(source)?;
        let covered = stat(&place)?;
        // Where it cannot be looked at, the kernel says first what else is wrong.
        let namespace = stat(&source);
        let none = None::<&str>;
        mount(Some(&source), &place, none, MsFlags::MS_BIND, none)?;
        let namespace = namespace.inspect_err(|_| {
            // What cannot be told from others later must go now.
            let _ = umount2(&place, MntFlags::MNT_DETACH);
        })?;
        self.mounts.push(Mounted {
            file: file.to_owned(),
            place,
            covered,
            namespace,
        });
        Ok(())
    }

    /// A path to `file` that begins at a directory we hold.
    fn place(&mut self, file: &Path) -> nix::Result<PathBuf> {
        let bytes = file.as_os_str().as_bytes();
        let (directory, name) = match bytes.iter().rposition(|byte| *byte == b'/') {
            None => (&b"."[..], bytes),
            Some(0) => (&b"/"[..], &bytes[1..]),
            Some(slash) => (&bytes[..slash], &bytes[slash + 1..]),
        };
        if matches!(name, b"" | b"." | b"..") {
            // No name of a file: it is the kernel's to refuse.
            return Ok(file.to_owned());
        }
        let directory = PathBuf::from(OsString::from_vec(directory.to_vec()));
        if !self.directories.contains_key(&directory) {
            let opened = descriptor::open(&directory, OFlag::O_PATH | OFlag::O_DIRECTORY)?;
            self.directories.insert(directory.clone(), opened);
        }
        let name = OsString::from_vec(name.to_vec());
        Ok(held(self.directories[&directory].as_fd()).join(name))
    }

    /// Takes all mounts away again, the last one first, and says which it could not.
    fn unbind_all(&mut self, console: &mut Console) {
        for mounted in self.mounts.drain(..).rev() {
            let opened = descriptor::open(&mounted.place, OFlag::O_PATH);
            let unbound = opened.and_then(|opened| mounted.unbind(&opened));
            if let Err(errno) = unbound {
                console.report(&Error::caused_by(
                    words![mounted.file, " stays bound"],
                    errno,
                ));
            }
        }
    }
}

impl Mounted {
    /// Unmounts the very mount whose root `opened` is, unless that is another one. EBUSY: another
    /// one lies on ours, and would go with it.
    fn unbind(&self, opened: &OwnedFd) -> nix::Result<()> {
        let there = fstat(opened)?;
        if is_same(&there, &self.namespace) {
            umount2(&held(opened.as_fd()), MntFlags::MNT_DETACH)
        } else if is_same(&there, &self.covered) {
            // Somebody has taken ours away.
            Ok(())
        } else {
            Err(Errno::EBUSY)
        }
    }
}

fn is_same(one: &FileStat, other: &FileStat) -> bool {
    (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

/// The mount namespace and the working directory of before, held.
#[derive(Debug)]
pub(crate) struct OuterMounts {
    namespace: OwnedFd,
    directory: OwnedFd,
}

impl OuterMounts {
    /// Takes hold of them.
    pub(crate) fn hold() -> nix::Result<Self> {
        Ok(Self {
            namespace: descriptor::open(Path::new("/proc/self/ns/mnt"), OFlag::O_RDONLY)?,
            directory: descriptor::open(Path::new("."), OFlag::O_PATH | OFlag::O_DIRECTORY)?,
        })
    }

    fn enter(&self) -> nix::Result<()> {
        setns(&self.namespace, Kind::Mount.flag())?;
        unistd::fchdir(&self.directory)
    }
}

/// The id of an open mount namespace; `None` where the kernel does not tell (before 6.12).
fn id(mount_namespace: &OwnedFd) -> Option<u64> {
    namespace::mount_namespace_id(mount_namespace.as_fd()).ok()
}

/// Makes sure that the mount namespace we have just made can be bound in the outer one.
///
/// To rule out loops the kernel binds only a namespace with a higher id than the one it is bound
/// in. Since 6.18 each processor hands out ids from a stock of its own, so a newer namespace may
/// have a lower id. On the processor that gave the outer one its id every further one is higher: we
/// make the namespace again on one processor after the other until it is. Those we are to run on
/// come first; the others, which a manager of resources keeps for somebody else, are used for that
/// one call only.
pub(crate) fn outrank(outer: &OuterMounts) -> Result<(), Error> {
    let Some(outer) = id(&outer.namespace) else {
        return Ok(());
    };
    let is_higher = || {
        let own = descriptor::open(Path::new("/proc/self/ns/mnt"), OFlag::O_RDONLY);
        own.ok()
            .and_then(|own| id(&own))
            .is_none_or(|id| id > outer)
    };
    let this = Pid::from_raw(0);
    if is_higher() {
        return Ok(());
    }
    let Ok(allowed) = sched_getaffinity(this) else {
        return Ok(());
    };
    let is_allowed = |processor: &usize| allowed.is_set(*processor) == Ok(true);
    let (first, then): (Vec<_>, Vec<_>) = (0..CpuSet::count()).partition(is_allowed);
    for processor in first.into_iter().chain(then) {
        let mut one = CpuSet::new();
        let moved = one
            .set(processor)
            .and_then(|()| sched_setaffinity(this, &one));
        match moved {
            Ok(()) => {}
            // There is no such processor, or no right to use it.
            Err(Errno::EINVAL | Errno::EPERM) => continue,
            Err(errno) => return Err(Error::caused_by(words!["sched_setaffinity failed"], errno)),
        }
        let made = unshare(Kind::Mount.flag());
        let done = made.is_err() || is_higher();
        sched_setaffinity(this, &allowed).attempt(|| words!["sched_setaffinity failed"])?;
        made.attempt(|| words!["unshare failed"])?;
        if done {
            break;
        }
    }
    Ok(())
}
