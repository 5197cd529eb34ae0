//! Showing what was asked for, of one namespace or of many.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::Pid;
use ns_common::console::{Console, Output};
use ns_common::error::{Attempt, Error, ExitStatus, Failure, Message, Visible};
use ns_common::ipc::{Posix, Resource, Resources};
use ns_common::namespace::Kind;
use ns_common::process::channel::Channel;
use ns_common::process::target::Target;
use ns_common::sys::file::Identity;
use ns_common::sys::fork::{self, StateChange};
use ns_common::visible::append_visible;
use ns_common::words;

use crate::json;
use crate::namespaces::{self, Entered, Found, Keeper};
use crate::report::Report;
use crate::request::{Form, Headings, Place, Request};
use crate::select::Finder;
use crate::subjects;
use crate::writer::Writer;

/// What a child says once it has entered a namespace; else it says the number of its errno.
const ENTERED: &[u8] = b"entered";

/// Shows what was asked for.
pub(crate) fn execute(request: Request, console: &mut Console) -> Result<ExitStatus, Failure> {
    match &request.place {
        Place::Own => Ok(one(&request, None, None, console)),
        Place::Target(pid) => of_process(*pid, &request, console),
        Place::File(path) => of_file(path, &request, console),
        Place::All => all(&request, console),
    }
}

/// Shows the namespace that this process is in.
fn one(
    request: &Request,
    namespace: Option<u64>,
    root: Option<BorrowedFd<'_>>,
    console: &mut Console,
) -> ExitStatus {
    let finder = Finder::new(request.keep, request.sort, namespace, root);
    let is_document = request.form == Form::Json;
    if is_document {
        let to = console.output.buffer();
        to.push(b'{');
        json::append_namespace(finder.namespace(), to);
    }
    let status = report(request, finder, console);
    if is_document {
        console.output.push("}\n");
    }
    status
}

fn report(request: &Request, finder: Finder<'_>, console: &mut Console) -> ExitStatus {
    subjects::show(&mut Report {
        request,
        finder,
        writer: Writer::new(request.style),
        console,
    })
}

/// Shows the namespace of a process, and the POSIX objects that are files below its root directory.
#[inline(never)] // Most runs do not need what it needs: code, and room on the stack.
fn of_process(pid: Pid, request: &Request, console: &mut Console) -> Result<ExitStatus, Failure> {
    let target = Target::hold(pid);
    let file = target.open_namespace(Kind::Ipc)?;
    let has_files = [Posix::Memory, Posix::Semaphore]
        .iter()
        .any(|kind| request.resources.contains(*kind));
    let root = match has_files {
        true => Some(target.open("root", OFlag::O_PATH | OFlag::O_DIRECTORY)?),
        false => None,
    };
    let name = words!["the IPC namespace of process ", pid.as_raw()];
    let root = root.as_ref().map(AsFd::as_fd);
    asked_for(&file, root, request, console, &|| name.clone())
}

/// Shows the namespace that a file is.
#[inline(never)]
fn of_file(path: &OsStr, request: &Request, console: &mut Console) -> Result<ExitStatus, Failure> {
    let file = match namespaces::open(Path::new(path)) {
        Err(Errno::EINVAL) => {
            return Err(Error::new(words![Visible(path), " is not an IPC namespace"]).into());
        }
        result => result.attempt(|| words!["cannot open ", Visible(path)])?,
    };
    asked_for(&file, None, request, console, &|| {
        words!["the IPC namespace ", Visible(path)]
    })
}

/// Shows a namespace that was asked for, and may be ours.
fn asked_for(
    file: &OwnedFd,
    root: Option<BorrowedFd<'_>>,
    request: &Request,
    console: &mut Console,
    name: &dyn Fn() -> Message,
) -> Result<ExitStatus, Failure> {
    let identity = Identity::of(file).attempt(|| words!["cannot look at ", name()])?;
    let its = identity.inode;
    if namespaces::own() == Ok(its) {
        return Ok(one(request, Some(its), root, console));
    }
    let visit = Visit::start(file, console, |_, console| {
        one(request, Some(its), root, console)
    })?;
    match visit {
        Visit::Done(status) => Ok(status),
        Visit::Refused(errno) => {
            Err(Error::caused_by(words!["cannot enter ", name()], errno).into())
        }
    }
}

/// What came of visiting a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Visit {
    /// It was shown, with this status.
    Done(ExitStatus),
    /// It could not be entered, and nothing was printed.
    Refused(Errno),
}

impl Visit {
    /// Has a child enter a namespace and `show` it.
    fn start(
        file: &OwnedFd,
        console: &mut Console,
        show: impl FnOnce(Entered, &mut Console) -> ExitStatus,
    ) -> Result<Self, Failure> {
        // What the child prints comes behind it.
        if console.output.flush().is_err() {
            return Ok(Self::Done(ExitStatus::FAILURE));
        }
        let (ours, theirs) = Channel::pair()?;
        let spawned = fork::spawn(console, ours, |console| {
            let entered = match namespaces::enter(file) {
                Ok(entered) => entered,
                Err(errno) => {
                    theirs.send((errno as i32).to_string().as_bytes())?;
                    return Ok(ExitStatus::SUCCESS);
                }
            };
            theirs.send(ENTERED)?;
            Ok(show(entered, console))
        });
        let (child, ours) = spawned.attempt(|| words!["fork failed"])?;
        drop(theirs);
        let word = ours.receive()?;
        let end = child.wait().attempt(|| words!["waitpid failed"])?;
        match (word.as_deref(), end) {
            (Some(ENTERED), StateChange::Exited(status)) => Ok(Self::Done(status)),
            (Some(errno), StateChange::Exited(_)) => {
                let number = std::str::from_utf8(errno)
                    .ok()
                    .and_then(|text| text.parse().ok());
                Ok(Self::Refused(Errno::from_raw(number.unwrap_or(0))))
            }
            // The reader has gone: so would we, had we printed.
            (
                _,
                StateChange::Killed {
                    signal: libc::SIGPIPE,
                    ..
                },
            ) => Err(Failure::Told(ExitStatus::new(141))),
            (_, StateChange::Killed { signal, .. } | StateChange::Stopped(signal)) => {
                Err(Error::new(words!["a helper process was killed by signal ", signal]).into())
            }
            (None, StateChange::Exited(status)) => Err(Failure::Told(status)),
        }
    }
}

/// Shows every namespace that can be found.
#[inline(never)]
fn all(request: &Request, console: &mut Console) -> Result<ExitStatus, Failure> {
    let found = namespaces::all().attempt(|| words!["cannot look for IPC namespaces"])?;
    let own = namespaces::own().ok();
    // Files belong to a mount namespace: they are shown with the caller's own alone.
    let elsewhere = Request {
        resources: request.resources.intersection(OF_NAMESPACES),
        ..request.clone()
    };
    let mut output = Places {
        shown: 0,
        is_document: request.form == Form::Json,
    };
    output.begin(&mut console.output);
    let (mut worst, mut refused, mut reason) = (ExitStatus::SUCCESS, 0_u64, None);
    for namespace in &found {
        let is_own = own == Some(namespace.inode);
        let visit = match &namespace.file {
            _ if is_own => Visit::Done(output.show(namespace, Entered::Directly, request, console)),
            _ if elsewhere.resources.is_empty() => continue,
            Ok(file) => Visit::start(file, console, |entered, console| {
                output.show(namespace, entered, &elsewhere, console)
            })?,
            // Its last process has ended meanwhile.
            Err(Errno::ENOENT | Errno::ESRCH) => continue,
            Err(errno) => Visit::Refused(*errno),
        };
        match visit {
            Visit::Done(status) => {
                output.shown += 1;
                if status.code() > worst.code() {
                    worst = status;
                }
            }
            Visit::Refused(errno) => {
                refused += 1;
                reason.get_or_insert(errno);
            }
        }
    }
    output.end(&mut console.output);
    if let Some(errno) = reason {
        let text = Message::counted(refused, "namespace", "namespaces");
        let text = text.with(" could not be entered");
        // What was shown comes before it; if that cannot be written, the end of the tool tells.
        let _ = console.output.flush();
        console.report(&Error::caused_by(text, errno));
    }
    Ok(worst)
}

/// The kinds that belong to an IPC namespace.
const OF_NAMESPACES: Resources =
    Resources::SYSTEM_V.union(Resources::only(Resource::Posix(Posix::Queue)));

/// Several namespaces in one output.
#[derive(Debug, Clone, Copy)]
struct Places {
    shown: u64,
    is_document: bool,
}

impl Places {
    fn begin(self, output: &mut Output) {
        if self.is_document {
            output.push("{\"namespaces\": [");
        }
    }

    fn end(self, output: &mut Output) {
        if self.is_document {
            output.push("\n]}\n");
        }
    }

    fn show(
        self,
        found: &Found,
        entered: Entered,
        request: &Request,
        console: &mut Console,
    ) -> ExitStatus {
        let to = console.output.buffer();
        match request.form {
            Form::Json => {
                to.extend_from_slice(if self.shown == 0 { b"\n{" } else { b",\n{" });
                json::append_namespace(found.inode, to);
                json::append_keeper(&found.keeper, to);
            }
            Form::Classic | Form::Table if request.headings == Headings::Shown => {
                append_heading(found, entered, to);
            }
            Form::Classic | Form::Table | Form::Raw | Form::JsonLines | Form::Quiet => {}
        }
        // A table without alignment is one for all namespaces.
        let mut request = request.clone();
        if self.shown > 0 && request.form == Form::Raw && request.resources.single().is_some() {
            request.headings = Headings::Hidden;
        }
        let finder = Finder::new(request.keep, request.sort, Some(found.inode), None);
        let status = report(&request, finder, console);
        if self.is_document {
            console.output.push("}");
        }
        status
    }
}

/// The line above the lists of a namespace.
fn append_heading(found: &Found, entered: Entered, to: &mut Vec<u8>) {
    let mut heading = words!["IPC namespace ", found.inode, ", "];
    heading = match &found.keeper {
        Keeper::Processes {
            count,
            first,
            command,
        } => {
            let processes = Message::counted(*count, "process", "processes");
            let first = words![", first ", first, " ", command.as_slice()];
            heading.with(&processes).with(&first)
        }
        Keeper::File(path) => heading.with("kept by ").with(path),
    };
    if entered == Entered::ByItsOwner {
        heading = heading.with(", ids as seen inside");
    }
    to.extend_from_slice(b"====== ");
    append_visible(heading.as_bytes(), to);
    to.extend_from_slice(b" ======\n");
}
