//! Namespaces that outlive their processes: a bind mount of their file in /proc keeps them
//! (namespaces(7)).

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::Pid;
use ns_common::console::Console;
use ns_common::error::{Attempt, Error, ExitStatus, Failure};
use ns_common::hint::{self, Failed};
use ns_common::namespace::Kind;
use ns_common::place::Place;
use ns_common::process::helper::Helper;
use ns_common::process::line::Line;
use ns_common::procfs::{OwnDirectory, held};
use ns_common::sys::file::Identity;
use ns_common::sys::{descriptor, environment, signal};
use ns_common::words;

use crate::outer::OuterMounts;

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
            signal::block_deadly().attempt(|| words!["sigprocmask block failed"])?;
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
        self.helper.finish_after(bound)?;
        Err(Failure::Told(ExitStatus::FAILURE))
    }

    /// Has them stay bound.
    pub(crate) fn keep(&mut self) -> Result<(), Failure> {
        let said = self.helper.say(b"keep");
        self.helper.finish_after(said)
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
        let own =
            |kind: Kind| Identity::at(&Path::new("/proc/self/ns").join(kind.file_after_unshare()));
        let namespaces: Vec<_> = self.files.iter().map(|(kind, _)| own(*kind)).collect();
        let returned = match outer {
            None => Ok(()),
            Some(Err(errno)) => Err(*errno),
            Some(Ok(outer)) => outer.enter(),
        };
        for ((_, file), namespace) in self.files.iter().zip(namespaces) {
            let undone = returned.and_then(|()| {
                let opened = descriptor::open(file, OFlag::O_PATH)?;
                if Identity::of(&opened)? == namespace? {
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
struct Bound(Vec<Mounted>);

struct Mounted {
    /// As typed, for messages.
    file: PathBuf,
    /// Where it is found again.
    place: Place,
    /// What was there before.
    covered: Identity,
    namespace: Identity,
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
        let source = own.path(source)?;
        let none = None::<&str>;
        let bind_to = |path: &Path| mount(Some(&source), path, none, MsFlags::MS_BIND, none);
        let place = match Place::hold(file, OFlag::O_PATH) {
            // It is the kernel's to refuse.
            Err(Errno::EISDIR) => return bind_to(file),
            result => result?,
        };
        let covered = Identity::at(&place.path())?;
        // Where it cannot be looked at, the kernel says first what else is wrong.
        let namespace = Identity::at(&source);
        bind_to(&place.path())?;
        let namespace = namespace.inspect_err(|_| {
            // What cannot be told from others later must go now.
            let _ = umount2(&place.path(), MntFlags::MNT_DETACH);
        })?;
        self.0.push(Mounted {
            file: file.to_owned(),
            place,
            covered,
            namespace,
        });
        Ok(())
    }

    /// Takes all mounts away again, the last one first, and says which it could not.
    fn unbind_all(&mut self, console: &mut Console) {
        for mounted in self.0.drain(..).rev() {
            let opened = descriptor::open(&mounted.place.path(), OFlag::O_PATH);
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
        let there = Identity::of(opened)?;
        if there == self.namespace {
            umount2(&held(opened.as_fd()), MntFlags::MNT_DETACH)
        } else if there == self.covered {
            // Somebody has taken ours away.
            Ok(())
        } else {
            Err(Errno::EBUSY)
        }
    }
}
