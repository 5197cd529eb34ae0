//! Creating the objects, one after the other.

use std::ffi::{CStr, OsStr};
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use ns_common::console::{Console, write_error};
use ns_common::error::{Attempt, ExitStatus, Failure, Message};
use ns_common::ipc::{Posix, SystemV};
use ns_common::sys::descriptor::standard_output;
use ns_common::sys::ipc;
use ns_common::sys::posix_ipc::{self, normalized};
use ns_common::sys::random;
use ns_common::sys::signal::{self, Mask};

use ns_common::words;

use crate::cli::{Request, Wanted};

/// How often another key is drawn before we give up; with a full table one draw in a hundred
/// thousand is taken.
const DRAWS: usize = 1000;

/// Creates everything and prints the id of each object as soon as it exists. The first failure
/// ends it.
pub(crate) fn execute(request: Request, console: &mut Console) -> Result<ExitStatus, Failure> {
    let mask_failed = || words!["sigprocmask failed"];
    // Beyond a limit of file sizes there is an error to report, and no death.
    signal::block(&[libc::SIGXFSZ]).attempt(mask_failed)?;
    for wanted in &request.wanted {
        // A death before the id is out would leave an object that nobody knows of.
        let mask = signal::block_deadly().attempt(mask_failed)?;
        let outcome = create_and_tell(*wanted, &request, &mask, console);
        // A signal that has come meanwhile ends us here.
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
    let (tried, label) = texts(wanted);
    let created = create(wanted, request).attempt(|| words!["create ", tried, " failed"])?;
    let line = words![label, ": ", created.handle()];
    match tell(&line, mask, console) {
        // Output that was closed on purpose is not missed.
        Ok(()) | Err(Errno::EBADF) => Ok(()),
        Err(errno) => {
            let removed = created.remove();
            if let Err(error) =
                removed.attempt(|| words![line, ": could neither be printed nor removed again"])
            {
                console.report(&error);
            }
            // The console tells of a failed write by itself, but not where the reader has gone.
            if console.output.has_failed() && errno != Errno::EPIPE {
                return Err(Failure::Told(ExitStatus::FAILURE));
            }
            Err(write_error(errno).into())
        }
    }
}

/// What a failure calls an object, and what comes before its id or name.
fn texts(wanted: Wanted) -> (&'static str, &'static str) {
    match wanted {
        Wanted::Segment { .. } => ("share memory", "Shared memory id"),
        Wanted::PosixMemory { .. } => ("POSIX shared memory", "POSIX shared memory name"),
        Wanted::Queue => ("message queue", "Message queue id"),
        Wanted::PosixQueue => ("POSIX message queue", "POSIX message queue name"),
        Wanted::SemaphoreSet { .. } => ("semaphore", "Semaphore id"),
        Wanted::PosixSemaphore => ("POSIX semaphore", "POSIX semaphore name"),
    }
}

/// An object that we have created.
#[derive(Debug, Clone, Copy)]
enum Created<'a> {
    SystemV(SystemV, i32),
    Posix(Posix, &'a OsStr),
}

impl Created<'_> {
    /// What its user finds it by: the id, or the name as typed.
    fn handle(self) -> Message {
        match self {
            Self::SystemV(_, id) => words![id],
            Self::Posix(_, name) => words![name],
        }
    }

    fn remove(self) -> nix::Result<()> {
        match self {
            Self::SystemV(resource, id) => ipc::remove(resource, id),
            Self::Posix(kind, name) => {
                normalized(name).and_then(|name| posix_ipc::unlink(kind, &name))
            }
        }
    }
}

fn create(wanted: Wanted, request: &Request) -> nix::Result<Created<'_>> {
    let mode = request.mode;
    let system_v = |resource, create: &dyn Fn(i32) -> nix::Result<i32>| {
        with_new_key(create).map(|id| Created::SystemV(resource, id))
    };
    let posix = |kind, create: &dyn Fn(&CStr) -> nix::Result<()>| {
        normalized(&request.name)
            .and_then(|name| create(&name))
            .map(|()| Created::Posix(kind, &request.name))
    };
    match wanted {
        Wanted::Segment { size } => {
            let size = usize::try_from(size).map_err(|_| Errno::EINVAL)?;
            system_v(SystemV::Segment, &|key| {
                ipc::create_segment(key, size, mode)
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

/// Creates with a random key that leads to no object yet.
///
/// 0 is `IPC_PRIVATE`, which leads nowhere, and is drawn again like a key that is taken.
fn with_new_key(create: &dyn Fn(i32) -> nix::Result<i32>) -> nix::Result<i32> {
    for _ in 0..DRAWS {
        match random::number()? {
            0 => {}
            key => match create(key) {
                Err(Errno::EEXIST) => {}
                result => return result,
            },
        }
    }
    Err(Errno::EEXIST)
}

/// Prints the line for a new object at once.
///
/// # Errors
/// EINTR: the output could take nothing, and a signal came that ends us as soon as `mask` is back.
fn tell(line: &Message, mask: &Mask, console: &mut Console) -> nix::Result<()> {
    wait_for_room(mask)?;
    console.output.push(line);
    console.output.push("\n");
    console.output.flush()
}

fn wait_for_room(mask: &Mask) -> nix::Result<()> {
    let output = PollFd::new(standard_output(), PollFlags::POLLOUT);
    if poll(&mut [output.clone()], PollTimeout::ZERO)? > 0 {
        return Ok(());
    }
    let signals = signal::deadly_waiting(mask)?;
    let mut both = [output, PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
    poll(&mut both, PollTimeout::NONE)?;
    if both[0].any() == Some(true) {
        Ok(())
    } else {
        Err(Errno::EINTR)
    }
}
