//! POSIX objects, and what is in them.

use std::os::fd::BorrowedFd;

use nix::errno::Errno;
use ns_common::error::{Attempt, Error, Visible};
use ns_common::ipc::Posix;
use ns_common::ipc::posix::{Entry, Store};
use ns_common::words;

use crate::doubts::Doubts;
use crate::objects::{Content, PosixObject, QueueContent};

/// The objects of a kind, sorted by name; memory and semaphores are those below `root`, if that is
/// not the caller's own.
pub(crate) fn objects(
    kind: Posix,
    root: Option<BorrowedFd<'_>>,
    doubts: &Doubts,
) -> Result<Vec<PosixObject>, Error> {
    let store = match (kind, root) {
        (Posix::Queue, _) => queues()?,
        (Posix::Memory | Posix::Semaphore, Some(root)) => Store::below(root, kind)?,
        (Posix::Memory | Posix::Semaphore, None) => Store::open(kind)?
            .ok_or(Errno::ENOENT)
            .attempt(|| words!["cannot list ", kind.plural()])?,
    };
    let object = |entry: Entry| PosixObject {
        kind,
        content: content(kind, &store, &entry, doubts),
        name: [b"/", entry.name.as_encoded_bytes()].concat(),
        status: entry.status,
    };
    Ok(store.entries()?.into_iter().map(object).collect())
}

/// How many queues there are; `None` where they may not be listed.
pub(crate) fn count_queues(doubts: &Doubts) -> Option<u64> {
    let entries = Store::of_queues().and_then(|store| store.entries());
    let entries = match entries.map_err(|error| error.cause().unwrap_or(Errno::EIO)) {
        // The kernel has none, or a filter refuses the calls.
        Err(Errno::ENODEV | Errno::ENOSYS) => return None,
        entries => doubts.settle(entries, || words!["cannot list POSIX message queues"])?,
    };
    u64::try_from(entries.len()).ok()
}

fn queues() -> Result<Store, Error> {
    Store::of_queues().map_err(|error| match error.cause() {
        Some(Errno::EPERM) => error.with_hint(words![
            "no mqueue file system of this IPC namespace is mounted on /dev/mqueue"
        ]),
        _ => error,
    })
}

/// What is in an object; `None` where that may not be read.
fn content(kind: Posix, store: &Store, entry: &Entry, doubts: &Doubts) -> Option<Content> {
    let what = || words!["cannot read /", Visible(&entry.name)];
    let count = |number| u64::try_from(number).ok();
    match kind {
        Posix::Memory => None,
        Posix::Queue => {
            let state = doubts.settle(store.queue_state(entry), what)?;
            Some(Content::Queue(QueueContent {
                bytes: state.bytes,
                messages: count(state.attributes.messages)?,
                most_messages: count(state.attributes.capacity)?,
                message_size: count(state.attributes.message_size)?,
                notified: state.notified,
            }))
        }
        Posix::Semaphore => {
            let value = doubts.settle(store.semaphore_value(entry), what)?;
            Some(Content::Semaphore {
                value: u64::try_from(value).ok()?,
            })
        }
    }
}
