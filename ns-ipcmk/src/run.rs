//! Creating the objects one after the other.

use std::ffi::{CStr, OsStr};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use ns_common::console::{Console, write_error};
use ns_common::error::{Attempt, Error, ExitStatus, Failure, Message};
use ns_common::hint::{self, Failed};
use ns_common::ipc::{Posix, Resource, SystemV};
use ns_common::output::json;
use ns_common::sys::descriptor::standard_output;
use ns_common::sys::ipc::{self, Pages};
use ns_common::sys::posix_ipc::{self, normalized};
use ns_common::sys::random;
use ns_common::sys::signal::{self, Mask};
use ns_common::sys::uninterrupted;
use ns_common::words;

use crate::cli::{Form, Request, Wanted};

/// How many random keys are tried; even with a full table only one in a hundred thousand is taken.
const DRAWS: usize = 1000;

/// Creates everything, and prints the id of each object as soon as it exists. Stops at the first
/// failure.
pub(crate) fn execute(request: Request, console: &mut Console) -> Result<ExitStatus, Failure> {
    let mask_failed = || words!["sigprocmask failed"];
    // Exceeding a file size limit must be an error that we report, not a signal that kills us.
    signal::block(&[libc::SIGXFSZ]).attempt(mask_failed)?;
    for wanted in &request.wanted {
        // Being killed before the id is printed would leave an object that nobody knows of.
        let mask = signal::block_deadly().attempt(mask_failed)?;
        let outcome = create_and_tell(*wanted, &request, &mask, console);
        // A signal that has arrived meanwhile kills us here.
        signal::restore(&mask).attempt(mask_failed)?;
        outcome?;
    }
    Ok(ExitStatus::SUCCESS)
}

fn create_and_tell(
    wanted: Wanted,
    request: &Request,
    mask: &Mask,
    console: &mut Console,
) -> Result<(), Failure> {
    let created = create(wanted, request)
        .attempt(|| words!["create ", noun(wanted.kind()), " failed"])
        .map_err(|error| explained(error, wanted))?;
    let line = created.line(request.form);
    match tell(&line, mask, console) {
        // Standard output was closed from the start, so nobody expects the id.
        Ok(()) | Err(Errno::EBADF) => Ok(()),
        Err(errno) => {
            let removed = created.remove();
            if let Err(error) =
                removed.attempt(|| words![line, ": could neither be printed nor removed again"])
            {
                console.report(&error);
            }
            // The console reports a failed write itself, except if the reader has gone.
            if console.output.has_failed() && errno != Errno::EPIPE {
                return Err(Failure::Told(ExitStatus::FAILURE));
            }
            Err(write_error(errno).into())
        }
    }
}

fn explained(error: Error, wanted: Wanted) -> Error {
    match wanted {
        Wanted::Segment { size, pages } if pages != Pages::Ordinary => {
            hint::explain_only(error, &Failed::CreateInHugePages { size, pages })
        }
        _ => error,
    }
}

/// The name of a kind in error messages, as in the reference.
fn noun(kind: Resource) -> &'static str {
    match kind {
        Resource::SystemV(SystemV::Segment) => "share memory",
        Resource::SystemV(SystemV::Queue) => "message queue",
        Resource::SystemV(SystemV::SemaphoreSet) => "semaphore",
        Resource::Posix(Posix::Memory) => "POSIX shared memory",
        Resource::Posix(Posix::Queue) => "POSIX message queue",
        Resource::Posix(Posix::Semaphore) => "POSIX semaphore",
    }
}

/// An object that we have created.
#[derive(Debug, Clone, Copy)]
enum Created<'a> {
    SystemV { kind: SystemV, id: i32, key: i32 },
    Posix { kind: Posix, name: &'a OsStr },
}

impl Created<'_> {
    /// The line to print.
    fn line(self, form: Form) -> Message {
        match (self, form) {
            (Self::SystemV { id, .. }, Form::Bare) => words![id],
            (Self::Posix { name, .. }, Form::Bare) => words![name],
            (Self::SystemV { kind, id, .. }, Form::Sentence) => {
                let label = match kind {
                    SystemV::Segment => "Shared memory id: ",
                    SystemV::Queue => "Message queue id: ",
                    SystemV::SemaphoreSet => "Semaphore id: ",
                };
                words![label, id]
            }
            (Self::Posix { kind, name }, Form::Sentence) => {
                words![noun(kind.into()), " name: ", name]
            }
            (_, Form::Json) => self.json(),
        }
    }

    fn json(self) -> Message {
        match self {
            Self::SystemV { kind, id, key } => words![
                "{\"kind\": \"",
                json::kind(kind.into()),
                "\", \"id\": ",
                id,
                format!(", \"key\": \"0x{key:08x}\"}}")
            ],
            Self::Posix { kind, name } => {
                let slashes = name.as_bytes().iter().take_while(|byte| **byte == b'/');
                let rest = &name.as_bytes()[slashes.count()..];
                let mut quoted = Vec::new();
                json::string(&[b"/", rest].concat(), &mut quoted);
                let kind = json::kind(kind.into());
                words!["{\"kind\": \"", kind, "\", \"name\": ", *quoted, "}"]
            }
        }
    }

    fn remove(self) -> nix::Result<()> {
        match self {
            Self::SystemV { kind, id, .. } => ipc::remove(kind, id),
            Self::Posix { kind, name } => {
                normalized(name).and_then(|name| posix_ipc::unlink(kind, &name))
            }
        }
    }
}

fn create(wanted: Wanted, request: &Request) -> nix::Result<Created<'_>> {
    let mode = request.mode;
    let system_v = |kind, create: &dyn Fn(i32) -> nix::Result<i32>| {
        let created = match request.key {
            Some(key) => create(key).map(|id| (id, key)),
            None => with_new_key(create),
        };
        created.map(|(id, key)| Created::SystemV { kind, id, key })
    };
    let posix = |kind, create: &dyn Fn(&CStr) -> nix::Result<()>| {
        let name = &request.name;
        let created = normalized(name).and_then(|name| create(&name));
        created.map(|()| Created::Posix { kind, name })
    };
    match wanted {
        Wanted::Segment { size, pages } => {
            let size = usize::try_from(size).map_err(|_| Errno::EINVAL)?;
            system_v(SystemV::Segment, &|key| {
                ipc::create_segment(key, size, pages, mode)
            })
        }
        Wanted::Queue => system_v(SystemV::Queue, &|key| ipc::create_queue(key, mode)),
        Wanted::SemaphoreSet { count } => system_v(SystemV::SemaphoreSet, &|key| {
            ipc::create_semaphore_set(key, count, mode)
        }),
        Wanted::PosixMemory { size } => posix(Posix::Memory, &|name| {
            posix_ipc::create_shared_memory(name, size, mode)
        }),
        Wanted::PosixQueue => posix(Posix::Queue, &|name| posix_ipc::create_queue(name, mode)),
        Wanted::PosixSemaphore => posix(Posix::Semaphore, &|name| {
            posix_ipc::create_semaphore(name, mode)
        }),
    }
}

/// Creates an object with a random key that no object has yet.
///
/// Key 0 is `IPC_PRIVATE`, so another one is drawn, as for a key that is taken.
fn with_new_key(create: &dyn Fn(i32) -> nix::Result<i32>) -> nix::Result<(i32, i32)> {
    for _ in 0..DRAWS {
        match random::number()? {
            0 => {}
            key => match create(key) {
                Err(Errno::EEXIST) => {}
                result => return result.map(|id| (id, key)),
            },
        }
    }
    Err(Errno::EEXIST)
}

/// Prints the line for a new object at once.
///
/// # Errors
/// EINTR if standard output blocked and a signal arrived that will kill us once `mask` is restored.
fn tell(line: &Message, mask: &Mask, console: &mut Console) -> nix::Result<()> {
    wait_for_room(mask)?;
    console.output.push(line);
    console.output.push("\n");
    console.output.flush()
}

fn wait_for_room(mask: &Mask) -> nix::Result<()> {
    let output = PollFd::new(standard_output(), PollFlags::POLLOUT);
    if uninterrupted(|| poll(&mut [output.clone()], PollTimeout::ZERO))? > 0 {
        return Ok(());
    }
    let signals = signal::deadly_waiting(mask)?;
    let mut both = [output, PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
    uninterrupted(|| poll(&mut both, PollTimeout::NONE))?;
    if both[0].any() == Some(true) {
        Ok(())
    } else {
        Err(Errno::EINTR)
    }
}
