//! Reporting to supervisors: the program's PID in a file, and events as lines of JSON.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, renameat};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use nix::unistd::{self, Pid, UnlinkatFlags, linkat, unlinkat};
use ns_common::console::Console;
use ns_common::error::{Attempt, Error, ExitStatus, Failure, Message, Visible};
use ns_common::namespace::Kind;
use ns_common::place::Place;
use ns_common::process::channel::Channel;
use ns_common::process::helper::Helper;
use ns_common::process::target::Target;
use ns_common::procfs::{self, held};
use ns_common::sys::file::{self, FileStatus, FileType, Identity};
use ns_common::sys::fork::StateChange;
use ns_common::sys::{descriptor, environment, pidfd, signal};
use ns_common::words;

/// A descriptor inherited from the caller, given by number on the command line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inherited {
    number: i32,
    open: BorrowedFd<'static>,
}

impl Inherited {
    /// Takes over descriptor `number`, which the program will not inherit. EBADF if it is not open.
    pub(crate) fn take(number: i32, option: &str) -> Result<Self, Error> {
        let open = descriptor::inherited(number).attempt(|| words![option, ": ", number])?;
        Ok(Self { number, open })
    }

    /// Waits for a byte; `false` at end of file.
    pub(crate) fn wait_for_byte(&self) -> Result<bool, Error> {
        let failed = || words!["--wait-fd: ", self.number];
        loop {
            match unistd::read(self.open, &mut [0]) {
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => {
                    let mut awaited = [PollFd::new(self.open, PollFlags::POLLIN)];
                    match poll(&mut awaited, PollTimeout::NONE) {
                        Err(Errno::EINTR) => {}
                        result => drop(result.attempt(failed)?),
                    }
                }
                result => return Ok(result.attempt(failed)? > 0),
            }
        }
    }

    fn write_line(&self, line: &Message) -> nix::Result<()> {
        let mut left = line.as_bytes();
        while !left.is_empty() {
            match signal::without_sigpipe(|| unistd::write(self.open, left)) {
                Err(Errno::EINTR) => {}
                result => left = &left[result?..],
            }
        }
        Ok(())
    }
}

/// Where to report to.
#[derive(Debug, Default)]
pub(crate) struct Reporter {
    pub(crate) pid_file: Option<PidFileWriter>,
    pub(crate) status: Option<Inherited>,
}

impl Reporter {
    /// Whether there is anything to report to.
    pub(crate) fn is_wanted(&self) -> bool {
        self.pid_file.is_some() || self.status.is_some()
    }

    /// To be called in a child, which reports only that the program could not be executed.
    pub(crate) fn disown(&mut self) {
        if let Some(mut writer) = self.pid_file.take() {
            writer.helper.disown();
        }
    }

    /// Reports that process `pid` is about to run the program.
    pub(crate) fn ready(&mut self, pid: Pid) -> Result<(), Failure> {
        if let Some(writer) = &mut self.pid_file {
            let helper = &mut writer.helper;
            let written = helper.send(words!["pid ", pid.as_raw()].as_bytes());
            match written.and_then(|()| helper.receive()) {
                Ok(Some(_)) => {}
                // The helper goes on listening until all processes with a copy of our end of its
                // channel have ended.
                Err(failure @ Failure::Step(_)) => return Err(failure),
                // The helper has ended.
                _ => {
                    writer.finish()?;
                    return Err(Failure::Told(ExitStatus::FAILURE));
                }
            }
        }
        let Some(status) = &self.status else {
            return Ok(());
        };
        let line = ready(pid)?;
        let written = status.write_line(&line);
        Ok(written.attempt(|| words!["--status-fd: ", status.number])?)
    }

    /// Leaves the file in place: nobody will be left to remove it.
    pub(crate) fn keep(&mut self) -> Result<(), Failure> {
        self.pid_file
            .take()
            .map_or(Ok(()), |writer| writer.helper.release(b"keep"))
    }

    /// Reports that the program could not be executed. The error is also printed, so a failure here
    /// is ignored.
    pub(crate) fn failed(&self, status: ExitStatus) {
        let _ = self.tell(&words![
            r#"{"event": "failed", "status": "#,
            status.code(),
            "}\n"
        ]);
    }

    /// Reports how the program ended, and removes the file.
    pub(crate) fn ended(&mut self, change: StateChange) -> Result<(), Failure> {
        let told = match change {
            StateChange::Exited(status) => self.tell(&words![
                r#"{"event": "exited", "status": "#,
                status.code(),
                "}\n"
            ]),
            StateChange::Killed { signal, core } => {
                let core = if core { "true" } else { "false" };
                let text = r#"{"event": "killed", "signal": "#;
                self.tell(&words![text, signal, r#", "core": "#, core, "}\n"])
            }
            StateChange::Stopped(_) => Ok(()),
        };
        let removed = self
            .pid_file
            .take()
            .map_or(Ok(()), |mut writer| writer.finish());
        Ok(told?).and(removed)
    }

    fn tell(&self, line: &Message) -> Result<(), Error> {
        let Some(status) = &self.status else {
            return Ok(());
        };
        match status.write_line(line) {
            // It does not matter if the reader has gone by now.
            Err(Errno::EPIPE) => Ok(()),
            written => written.attempt(|| words!["--status-fd: ", status.number]),
        }
    }
}

/// The helper that writes the program's PID to a file, and the path of the file.
#[derive(Debug)]
pub(crate) struct PidFileWriter {
    helper: Helper,
    path: PathBuf,
}

impl PidFileWriter {
    /// Waits for the helper, which removes the file before it ends.
    fn finish(&mut self) -> Result<(), Failure> {
        self.helper.finish().map_err(|failure| match failure {
            Failure::Step(error) => {
                let text = words![Visible(&self.path), " may stay: ", error.reason()];
                Error::new(text).into()
            }
            told => told,
        })
    }
}

/// The event that the program is ready to run as process `pid`.
fn ready(pid: Pid) -> Result<Message, Error> {
    let process = pidfd::open(pid);
    let start = words![
        r#"{"event": "ready", "pid": "#,
        pid.as_raw(),
        r#", "namespaces": {"#
    ];
    let mut line = start;
    for (position, kind) in Kind::ALL.into_iter().enumerate() {
        let comma = if position > 0 { ", " } else { "" };
        let number = inode(pid, &process, kind)?.unwrap_or_else(|| "null".to_owned());
        line = line.with(&words![comma, "\"", kind.file(), "\": ", number]);
    }
    Ok(line.with("}}\n"))
}

/// The inode number of the namespace that the program will be in; `None` if there is none.
fn inode(pid: Pid, process: &nix::Result<OwnedFd>, kind: Kind) -> Result<Option<String>, Error> {
    let file = kind.file_after_unshare();
    let by_pidfd = process.as_ref().map_err(|errno| *errno);
    let by_pidfd = by_pidfd.and_then(|process| pidfd::namespace(process, file));
    let opened = match by_pidfd {
        Ok(namespace) => Ok(namespace),
        // Linux before 6.11, or a kind that the kernel lacks.
        Err(_) => Target::hold(pid).open(&format!("ns/{file}"), OFlag::O_RDONLY),
    };
    match opened {
        Ok(namespace) => {
            let identity =
                Identity::of(&namespace).attempt(|| words!["stat of ns/", file, " failed"])?;
            Ok(Some(identity.inode.to_string()))
        }
        // A PID namespace without processes has no file yet; a kernel without the kind has none at
        // all.
        Err(error) if error.cause() == Some(Errno::ENOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Starts the helper that writes the program's PID to `path`, and waits until it has made sure that
/// it can. The helper keeps the caller's root directory, working directory and privileges.
pub(crate) fn start_pid_file(console: &mut Console, path: &Path) -> Result<PidFileWriter, Failure> {
    let mut helper = Helper::start(console, |channel, _| {
        // The helper may live as long as the program, which could read the caller's environment in
        // its `/proc/PID/environ`.
        environment::erase();
        signal::block_deadly().attempt(|| words!["sigprocmask block failed"])?;
        let file = PidFile::open(path).attempt(|| words!["cannot write ", Visible(path)])?;
        serve(channel, file, path)
    })?;
    match helper.receive() {
        Ok(Some(_)) => Ok(PidFileWriter {
            helper,
            path: path.to_owned(),
        }),
        other => {
            helper.finish_after(other)?;
            Err(Failure::Told(ExitStatus::FAILURE))
        }
    }
}

fn serve(channel: &Channel, mut file: PidFile, path: &Path) -> Result<ExitStatus, Failure> {
    channel.send_quietly(b"open")?;
    let Some(word) = channel.receive()? else {
        return Ok(ExitStatus::SUCCESS);
    };
    let number = word.strip_prefix(b"pid ").unwrap_or_default();
    file.publish(number)
        .attempt(|| words!["cannot write ", Visible(path)])?;
    let kept = channel
        .send_quietly(b"written")
        .and_then(|()| Ok(channel.receive()?.is_some()));
    if !matches!(kept, Ok(true)) {
        file.remove()
            .attempt(|| words!["cannot remove ", Visible(path)])?;
    }
    kept.map(|_| ExitStatus::SUCCESS)
}

/// A file that is created without a name, then put in its place.
struct PidFile {
    place: Place,
    file: File,
}

impl PidFile {
    fn open(path: &Path) -> nix::Result<Self> {
        let place = Place::hold(path, OFlag::O_RDONLY)?;
        match status(&place).map(|status| status.file_type) {
            Ok(FileType::Regular) | Err(Errno::ENOENT) => {}
            Ok(FileType::Directory) => return Err(Errno::EISDIR),
            // A symbolic link may be replaced only if it leads to a regular file or nowhere:
            // `/dev/stdout` is a link.
            Ok(FileType::Link) => match file::status_of(&place.path()).map(|there| there.file_type)
            {
                Ok(FileType::Regular) | Err(Errno::ENOENT) => {}
                Ok(_) => return Err(Errno::EINVAL),
                Err(errno) => return Err(errno),
            },
            // Replacing a device or FIFO would destroy it.
            Ok(_) => return Err(Errno::EINVAL),
            Err(errno) => return Err(errno),
        }
        let flags = OFlag::O_TMPFILE | OFlag::O_WRONLY | OFlag::O_CLOEXEC;
        let mode = Mode::from_bits_truncate(0o666);
        let file = openat(place.directory(), ".", flags, mode)?;
        Ok(Self {
            place,
            file: descriptor::above_standard(file)?.into(),
        })
    }

    /// Writes the PID, then puts the file in its place, where it never appears without the PID.
    fn publish(&mut self, number: &[u8]) -> nix::Result<()> {
        self.file
            .write_all(&[number, b"\n"].concat())
            .map_err(|error| procfs::errno(&error))?;
        let directory = self.place.directory();
        // If nothing has that name yet, no temporary name is needed that could be left behind.
        match self.link(self.place.name()) {
            Err(Errno::EEXIST) => {}
            result => return result,
        }
        let temporary = self.link_anywhere()?;
        renameat(
            directory,
            temporary.as_os_str(),
            directory,
            self.place.name(),
        )
        .inspect_err(|_| {
            let _ = unlinkat(directory, temporary.as_os_str(), UnlinkatFlags::NoRemoveDir);
        })
    }

    /// Links the file under this name. EEXIST if it is taken.
    fn link(&self, name: &OsStr) -> nix::Result<()> {
        linkat(
            nix::fcntl::AT_FDCWD,
            &held(self.file.as_fd()),
            self.place.directory(),
            name,
            AtFlags::AT_SYMLINK_FOLLOW,
        )
    }

    /// Links the file under an unused name, and returns that.
    fn link_anywhere(&self) -> nix::Result<OsString> {
        for attempt in 0_u32.. {
            let mut name = OsString::from(format!(".{}.{attempt}.", Pid::this()));
            name.push(self.place.name());
            match self.link(&name) {
                Err(Errno::EEXIST) => {}
                result => return result.map(|()| name),
            }
        }
        Err(Errno::EEXIST)
    }

    /// Removes the file, unless another file has replaced it.
    fn remove(&self) -> nix::Result<()> {
        let ours = Identity::of(&self.file)?;
        match status(&self.place) {
            Ok(there) if there.identity == ours => unlinkat(
                self.place.directory(),
                self.place.name(),
                UnlinkatFlags::NoRemoveDir,
            ),
            Ok(_) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(errno),
        }
    }
}

fn status(place: &Place) -> nix::Result<FileStatus> {
    file::status_at(place.directory(), place.name())
}
