//! Persistent namespaces: a bind mount of its file in `/proc` keeps a namespace without processes:
//! namespaces(7).

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
use ns_common::process::channel::Channel;
use ns_common::process::helper::Helper;
use ns_common::procfs::{OwnDirectory, held};
use ns_common::sys::file::Identity;
use ns_common::sys::{descriptor, environment, signal};
use ns_common::words;

use crate::outer::OuterMounts;

type Files = [(Kind, PathBuf)];

/// A helper outside the new namespaces that binds them to files, and unbinds them unless it is told
/// to keep them bound.
///
/// It has the original mounts, root directory and privileges. If the value is dropped, no file
/// stays bound.
#[derive(Debug)]
pub(crate) struct Binder {
    helper: Helper,
    files: Vec<(Kind, PathBuf)>,
}

impl Binder {
    /// Starts the helper for the namespaces that this process will be in; `own` is its directory in
    /// `/proc`.
    pub(crate) fn start(
        console: &mut Console,
        own: &OwnDirectory,
        files: &Files,
    ) -> Result<Self, Error> {
        let pid = Pid::this();
        let helper = Helper::start(console, |channel, console| {
            // The helper lives until the program starts. A program of the same user could read the
            // caller's environment in its `/proc/PID/environ`.
            hint::are_wanted();
            environment::erase();
            // A signal must not end the helper and leave files bound. The end of our parent closes
            // the channel.
            signal::block_deadly().attempt(|| words!["sigprocmask block failed"])?;
            serve(channel, own, pid, files, console)
        })?;
        Ok(Self {
            helper,
            files: files.to_vec(),
        })
    }

    /// To be called in a child of the process that started the helper, which cannot wait for it.
    pub(crate) fn disown(&mut self) {
        self.helper.disown();
    }

    /// Tells the helper to bind the namespaces, all or none of them.
    pub(crate) fn bind(&mut self) -> Result<(), Failure> {
        let bound = self
            .helper
            .send(b"bind")
            .and_then(|()| self.helper.receive());
        if let Ok(Some(_)) = bound {
            return Ok(());
        }
        self.helper.finish_after(bound)?;
        Err(Failure::Told(ExitStatus::FAILURE))
    }

    /// Tells the helper to leave them bound.
    pub(crate) fn keep(&mut self) -> Result<(), Failure> {
        let sent = self.helper.send(b"keep");
        self.helper.finish_after(sent)
    }

    /// Waits for the helper to end, which a child of ours talks to.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        self.helper.finish()
    }

    /// Unbinds what can still be reached, in place of a helper that has died, and reports files
    /// that may stay bound.
    ///
    /// `outer` is the original mount namespace, if this process has left it.
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

/// What the helper does: binds at the first word, and keeps the files bound only if a second one
/// follows.
fn serve(
    channel: &Channel,
    own: &OwnDirectory,
    pid: Pid,
    files: &Files,
    console: &mut Console,
) -> Result<ExitStatus, Failure> {
    if channel.receive()?.is_none() {
        return Ok(ExitStatus::SUCCESS);
    }
    let mut bound = Bound::default();
    let kept = bound.bind_all(own, pid, files).map_err(Failure::from);
    let kept = kept
        .and_then(|()| channel.send_quietly(b"bound"))
        .and_then(|()| Ok(channel.receive()?.is_some()));
    if !matches!(kept, Ok(true)) {
        bound.unbind_all(console);
    }
    kept.map(|_| ExitStatus::SUCCESS)
}

/// The bind mounts made so far.
#[derive(Default)]
struct Bound(Vec<Mounted>);

struct Mounted {
    /// The path as typed, for messages.
    file: PathBuf,
    /// Where the file is found again.
    place: Place,
    /// The file that the mount covers.
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
            // The kernel will refuse this path with its own error.
            Err(Errno::EISDIR) => return bind_to(file),
            result => result?,
        };
        let covered = Identity::at(&place.path())?;
        // An error here is reported only after mount(2) has had the chance to report its own.
        let namespace = Identity::at(&source);
        bind_to(&place.path())?;
        let namespace = namespace.inspect_err(|_| {
            // A mount that cannot be identified later must be removed now.
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

    /// Unmounts all of them, the last one first, and reports those that stay bound.
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
    /// Unmounts the mount whose root is `opened`, if it is ours. EBUSY if another mount covers
    /// ours, because it would be unmounted too.
    fn unbind(&self, opened: &OwnedFd) -> nix::Result<()> {
        let there = Identity::of(opened)?;
        if there == self.namespace {
            umount2(&held(opened.as_fd()), MntFlags::MNT_DETACH)
        } else if there == self.covered {
            // Somebody else has unmounted ours.
            Ok(())
        } else {
            Err(Errno::EBUSY)
        }
    }
}
