//! Creating the objects, one after the other.

use nix::errno::Errno;
use ns_common::console::{Console, write_error};
use ns_common::error::{Attempt, ExitStatus, Failure, Message};
use ns_common::sys::ipc;
use ns_common::sys::posix_ipc::{self, Object, normalized};
use ns_common::sys::{random, signal};
use ns_common::system_v::Resource;
use ns_common::words;

use crate::cli::Request;

/// How often another key is drawn before we give up; with a full table one draw in a hundred thousand is taken.
const DRAWS: usize = 1000;

/// Creates everything and prints the id of each object as soon as it exists. The first failure ends it.
pub fn execute(request: Request, console: &mut Console) -> Result<ExitStatus, Failure> {
    let mode = request.mode;
    // A limit of file sizes shall be an error to undo what was begun, and no death half way.
    signal::block(&[libc::SIGXFSZ]).attempt(|| words!["sigprocmask block failed"])?;
    if let Some(size) = request.segment {
        let size = usize::try_from(size).map_err(|_| Errno::EINVAL);
        let made = size.and_then(|size| with_new_key(|key| ipc::create_segment(key, size, mode)));
        let id = made.attempt(|| words!["create share memory failed"])?;
        announce(words!["Shared memory id: ", id], console, || {
            ipc::remove(Resource::Segment, id)
        })?;
    }
    if let Some(size) = request.posix_shared_memory {
        let made = normalized(&request.name)
            .and_then(|name| posix_ipc::create_shared_memory(&name, size, mode));
        made.attempt(|| words!["create POSIX shared memory failed"])?;
        announce_name(
            "POSIX shared memory name: ",
            Object::SharedMemory,
            &request,
            console,
        )?;
    }
    if request.queue {
        let made = with_new_key(|key| ipc::create_queue(key, mode));
        let id = made.attempt(|| words!["create message queue failed"])?;
        announce(words!["Message queue id: ", id], console, || {
            ipc::remove(Resource::Queue, id)
        })?;
    }
    if request.posix_queue {
        let made = normalized(&request.name).and_then(|name| posix_ipc::create_queue(&name, mode));
        made.attempt(|| words!["create POSIX message queue failed"])?;
        announce_name(
            "POSIX message queue name: ",
            Object::Queue,
            &request,
            console,
        )?;
    }
    if let Some(count) = request.semaphore_set {
        let made = with_new_key(|key| ipc::create_semaphore_set(key, count, mode));
        let id = made.attempt(|| words!["create semaphore failed"])?;
        announce(words!["Semaphore id: ", id], console, || {
            ipc::remove(Resource::SemaphoreSet, id)
        })?;
    }
    if request.posix_semaphore {
        let made =
            normalized(&request.name).and_then(|name| posix_ipc::create_semaphore(&name, mode));
        made.attempt(|| words!["create POSIX semaphore failed"])?;
        announce_name(
            "POSIX semaphore name: ",
            Object::Semaphore,
            &request,
            console,
        )?;
    }
    Ok(ExitStatus::SUCCESS)
}

/// Creates with a random key that leads to no object yet.
///
/// 0 is `IPC_PRIVATE`, which leads nowhere, and is drawn again like a key that is taken.
fn with_new_key(create: impl Fn(i32) -> nix::Result<i32>) -> nix::Result<i32> {
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

fn announce_name(
    text: &str,
    object: Object,
    request: &Request,
    console: &mut Console,
) -> Result<(), Failure> {
    let line = words![text, request.name];
    announce(line, console, || {
        normalized(&request.name).and_then(|name| posix_ipc::unlink(object, &name))
    })
}

/// Prints the line for a new object at once. If that fails nobody will ever know of the object, and `undo` removes it.
///
/// Output that was closed from the start is not missed. A reader that has gone away would have us
/// killed by SIGPIPE, which therefore waits until the object has been removed.
fn announce(
    line: Message,
    console: &mut Console,
    undo: impl FnOnce() -> nix::Result<()>,
) -> Result<(), Failure> {
    let mask = signal::block(&[libc::SIGPIPE]).attempt(|| words!["sigprocmask block failed"])?;
    console.output.push(&line);
    console.output.push("\n");
    let written = console.output.flush();
    let undone = match written {
        Ok(()) | Err(Errno::EBADF) => {
            return Ok(signal::restore(&mask).attempt(|| words!["sigprocmask restore failed"])?);
        }
        Err(_) => undo().attempt(|| words![line, ": could neither be printed nor removed again"]),
    };
    signal::restore(&mask).attempt(|| words!["sigprocmask restore failed"])?;
    undone?;
    match written {
        // Where SIGPIPE is ignored we are still here, and the console would keep silent.
        Err(errno @ Errno::EPIPE) => Err(write_error(errno).into()),
        _ => Err(Failure::Told(ExitStatus::FAILURE)),
    }
}
