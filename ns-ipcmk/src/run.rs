//! Creating the objects, one after the other.

use std::ffi::OsStr;

use nix::errno::Errno;
use ns_common::console::{Console, write_error};
use ns_common::error::{Attempt, ExitStatus, Failure, Message};
use ns_common::ipc::SystemV;
use ns_common::sys::ipc;
use ns_common::sys::posix_ipc::{self, Object, normalized};
use ns_common::sys::random;
use ns_common::sys::signal::{self, Mask};
use ns_common::words;

use crate::cli::Request;

/// How often another key is drawn before we give up; with a full table one draw in a hundred thousand is taken.
const DRAWS: usize = 1000;

/// Creates everything and prints the id of each object as soon as it exists. The first failure ends it.
pub fn execute(request: Request, console: &mut Console) -> Result<ExitStatus, Failure> {
    let mode = request.mode;
    // A limit of file sizes, or a reader that has gone away, shall be an error to undo what was begun, and no death
    // half way.
    let block = |number| signal::block(&[number]).attempt(|| words!["sigprocmask block failed"]);
    block(libc::SIGXFSZ)?;
    let mask = block(libc::SIGPIPE)?;
    let mut announcer = Announcer { console, mask };
    if let Some(size) = request.segment {
        let size = usize::try_from(size).map_err(|_| Errno::EINVAL);
        let made = size.and_then(|size| with_new_key(|key| ipc::create_segment(key, size, mode)));
        let id = made.attempt(|| words!["create share memory failed"])?;
        announcer.announce(words!["Shared memory id: ", id], || {
            ipc::remove(SystemV::Segment, id)
        })?;
    }
    if let Some(size) = request.posix_shared_memory {
        let made = normalized(&request.name)
            .and_then(|name| posix_ipc::create_shared_memory(&name, size, mode));
        made.attempt(|| words!["create POSIX shared memory failed"])?;
        announcer.announce_name(
            "POSIX shared memory name: ",
            Object::SharedMemory,
            &request.name,
        )?;
    }
    if request.queue {
        let made = with_new_key(|key| ipc::create_queue(key, mode));
        let id = made.attempt(|| words!["create message queue failed"])?;
        announcer.announce(words!["Message queue id: ", id], || {
            ipc::remove(SystemV::Queue, id)
        })?;
    }
    if request.posix_queue {
        let made = normalized(&request.name).and_then(|name| posix_ipc::create_queue(&name, mode));
        made.attempt(|| words!["create POSIX message queue failed"])?;
        announcer.announce_name("POSIX message queue name: ", Object::Queue, &request.name)?;
    }
    if let Some(count) = request.semaphore_set {
        let made = with_new_key(|key| ipc::create_semaphore_set(key, count, mode));
        let id = made.attempt(|| words!["create semaphore failed"])?;
        announcer.announce(words!["Semaphore id: ", id], || {
            ipc::remove(SystemV::SemaphoreSet, id)
        })?;
    }
    if request.posix_semaphore {
        let made =
            normalized(&request.name).and_then(|name| posix_ipc::create_semaphore(&name, mode));
        made.attempt(|| words!["create POSIX semaphore failed"])?;
        announcer.announce_name("POSIX semaphore name: ", Object::Semaphore, &request.name)?;
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

/// Tells of the objects made.
struct Announcer<'a> {
    console: &'a mut Console,
    /// The signals as they were, without SIGPIPE blocked.
    mask: Mask,
}

impl Announcer<'_> {
    fn announce_name(&mut self, text: &str, object: Object, name: &OsStr) -> Result<(), Failure> {
        self.announce(words![text, name], || {
            normalized(name).and_then(|name| posix_ipc::unlink(object, &name))
        })
    }

    /// Prints the line for a new object at once. If that fails nobody will ever know of the object, and `undo`
    /// removes it.
    ///
    /// Output that was closed from the start is not missed.
    fn announce(
        &mut self,
        line: Message,
        undo: impl FnOnce() -> nix::Result<()>,
    ) -> Result<(), Failure> {
        self.console.output.push(&line);
        self.console.output.push("\n");
        let errno = match self.console.output.flush() {
            Ok(()) | Err(Errno::EBADF) => return Ok(()),
            Err(errno) => errno,
        };
        let undone =
            undo().attempt(|| words![line, ": could neither be printed nor removed again"]);
        // The one way on with a SIGPIPE that waits is to die of it.
        signal::restore(&self.mask).attempt(|| words!["sigprocmask restore failed"])?;
        undone?;
        match errno {
            // Where SIGPIPE is ignored we are still here, and the console would keep silent.
            Errno::EPIPE => Err(write_error(errno).into()),
            _ => Err(Failure::Told(ExitStatus::FAILURE)),
        }
    }
}
