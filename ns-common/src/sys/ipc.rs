//! System V IPC: msgctl(2), shmctl(2), semctl(2) and the calls that create.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use nix::errno::Errno;

use crate::ipc::SystemV;
use crate::ipc::system_v::{
    Permissions, Queue, QueueLimits, QueueUsage, Segment, SegmentLimits, SegmentUsage, Semaphore,
    SemaphoreLimits, SemaphoreSet, SemaphoreUsage,
};

/// How an object is looked up by its index in the kernel's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// Whoever may read it: `MSG_STAT_ANY` and the like, Linux 4.17.
    Any,
    /// Only if the caller may read it: `MSG_STAT` and the like.
    Readable,
}

const IPC_INFO: libc::c_int = 3;
const MSG_STAT_ANY: libc::c_int = 13;
const SHM_STAT: libc::c_int = 13;
const SHM_INFO: libc::c_int = 14;
const SHM_STAT_ANY: libc::c_int = 15;

/// `struct shm_info` of linux/shm.h.
#[repr(C)]
#[derive(Clone, Copy)]
struct ShmInfo {
    used_ids: libc::c_int,
    total: libc::c_ulong,
    resident: libc::c_ulong,
    swapped: libc::c_ulong,
    swap_attempts: libc::c_ulong,
    swap_successes: libc::c_ulong,
}

/// `struct shminfo64` of linux/shm.h, which is what the C library's `shmctl` fills in.
#[repr(C)]
#[derive(Clone, Copy)]
struct ShmLimits {
    max: libc::c_ulong,
    min: libc::c_ulong,
    segments: libc::c_ulong,
    per_process: libc::c_ulong,
    all: libc::c_ulong,
    unused: [libc::c_ulong; 4],
}

/// The queue at `index`, or with this id, whose sequence part is not looked at.
///
/// # Errors
/// EINVAL or EIDRM for a free slot, EACCES with [`Lookup::Readable`].
pub fn queue(index: i32, lookup: Lookup) -> nix::Result<Queue> {
    let command = match lookup {
        Lookup::Any => MSG_STAT_ANY,
        Lookup::Readable => libc::MSG_STAT,
    };
    // SAFETY: msqid_ds is what these commands fill in.
    let (id, status) = unsafe { msgctl::<libc::msqid_ds>(index, command) }?;
    Ok(Queue {
        permissions: permissions_of(id, &status.msg_perm),
        bytes: status.__msg_cbytes,
        messages: status.msg_qnum,
        capacity: Some(status.msg_qbytes),
        last_sender: status.msg_lspid,
        last_receiver: status.msg_lrpid,
        sent: status.msg_stime,
        received: status.msg_rtime,
        changed: status.msg_ctime,
    })
}

/// The segment at `index`, or with this id, whose sequence part is not looked at.
///
/// # Errors
/// EINVAL or EIDRM for a free slot, EACCES with [`Lookup::Readable`].
pub fn segment(index: i32, lookup: Lookup) -> nix::Result<Segment> {
    let command = match lookup {
        Lookup::Any => SHM_STAT_ANY,
        Lookup::Readable => SHM_STAT,
    };
    // SAFETY: shmid_ds is what these commands fill in.
    let (id, status) = unsafe { shmctl::<libc::shmid_ds>(index, command) }?;
    Ok(Segment {
        permissions: permissions_of(id, &status.shm_perm),
        size: status.shm_segsz as u64,
        creator: status.shm_cpid,
        last_user: status.shm_lpid,
        attached: status.shm_nattch,
        attach_time: status.shm_atime,
        detach_time: status.shm_dtime,
        changed: status.shm_ctime,
    })
}

/// The semaphore set at `index`, or with this id, whose sequence part is not looked at.
///
/// # Errors
/// EINVAL or EIDRM for a free slot, EACCES with [`Lookup::Readable`].
pub fn semaphore_set(index: i32, lookup: Lookup) -> nix::Result<SemaphoreSet> {
    let command = match lookup {
        Lookup::Any => libc::SEM_STAT_ANY,
        Lookup::Readable => libc::SEM_STAT,
    };
    // SAFETY: semid_ds is what these commands fill in.
    let (id, status) = unsafe { semctl::<libc::semid_ds>(index, command) }?;
    Ok(SemaphoreSet {
        permissions: permissions_of(id, &status.sem_perm),
        count: status.sem_nsems,
        operated: status.sem_otime,
        changed: status.sem_ctime,
    })
}

/// What all queues use: `MSG_INFO`. ENOSYS: the kernel has no message queues.
pub fn queue_usage() -> nix::Result<QueueUsage> {
    // SAFETY: msginfo is what this command fills in.
    let (highest, info) = unsafe { msgctl::<libc::msginfo>(0, libc::MSG_INFO) }?;
    Ok(QueueUsage {
        highest,
        queues: info.msgpool,
        messages: info.msgmap,
        bytes: info.msgtql,
    })
}

/// What all segments use: `SHM_INFO`. ENOSYS: the kernel has no shared memory.
pub fn segment_usage() -> nix::Result<SegmentUsage> {
    // SAFETY: ShmInfo is what this command fills in.
    let (highest, info) = unsafe { shmctl::<ShmInfo>(0, SHM_INFO) }?;
    Ok(SegmentUsage {
        highest,
        segments: info.used_ids,
        pages: info.total,
        resident: info.resident,
        swapped: info.swapped,
        swap_attempts: info.swap_attempts,
        swap_successes: info.swap_successes,
    })
}

/// What all semaphore sets use: `SEM_INFO`. ENOSYS: the kernel has no semaphores.
pub fn semaphore_usage() -> nix::Result<SemaphoreUsage> {
    // SAFETY: seminfo is what this command fills in.
    let (highest, info) = unsafe { semctl::<libc::seminfo>(0, libc::SEM_INFO) }?;
    Ok(SemaphoreUsage {
        highest,
        sets: info.semusz,
        semaphores: info.semaem,
    })
}

/// The limits of queues: `IPC_INFO`.
pub fn queue_limits() -> nix::Result<QueueLimits> {
    // SAFETY: msginfo is what this command fills in.
    let (_, info) = unsafe { msgctl::<libc::msginfo>(0, IPC_INFO) }?;
    Ok(QueueLimits {
        queues: info.msgmni.into(),
        message: info.msgmax.into(),
        queue: info.msgmnb.into(),
    })
}

/// The limits of segments: `IPC_INFO`.
pub fn segment_limits() -> nix::Result<SegmentLimits> {
    // SAFETY: ShmLimits is what this command fills in.
    let (_, info) = unsafe { shmctl::<ShmLimits>(0, IPC_INFO) }?;
    Ok(SegmentLimits {
        segments: info.segments,
        segment: info.max,
        pages: info.all,
    })
}

/// The limits of semaphores: `IPC_INFO`.
pub fn semaphore_limits() -> nix::Result<SemaphoreLimits> {
    // SAFETY: seminfo is what this command fills in.
    let (_, info) = unsafe { semctl::<libc::seminfo>(0, IPC_INFO) }?;
    Ok(SemaphoreLimits {
        sets: info.semmni.into(),
        per_set: info.semmsl.into(),
        semaphores: info.semmns.into(),
        operations: info.semopm.into(),
    })
}

/// One semaphore of set `id`, by its number. Needs permission to read the set.
///
/// # Errors
/// The name of the command that failed, and why: semctl(2).
pub fn semaphore(id: i32, number: i32) -> Result<Semaphore, (&'static str, Errno)> {
    let ask = |name, command: libc::c_int| {
        // SAFETY: these commands take no fourth argument.
        let result = Errno::result(unsafe { libc::semctl(id, number, command) });
        result.map_err(|errno| (name, errno))
    };
    Ok(Semaphore {
        value: ask("GETVAL", libc::GETVAL)?,
        waiting_for_increase: ask("GETNCNT", libc::GETNCNT)?,
        waiting_for_zero: ask("GETZCNT", libc::GETZCNT)?,
        last_user: ask("GETPID", libc::GETPID)?,
    })
}

/// Makes a queue that no key led to before, and returns its id. `mode` is the nine permission bits.
pub fn create_queue(key: i32, mode: u32) -> nix::Result<i32> {
    // SAFETY: msgget takes numbers only.
    Errno::result(unsafe { libc::msgget(key, exclusively(mode)) })
}

/// Makes a segment of `size` bytes that no key led to before, and returns its id. `mode` is the
/// nine permission bits.
pub fn create_segment(key: i32, size: usize, mode: u32) -> nix::Result<i32> {
    // SAFETY: shmget takes numbers only.
    Errno::result(unsafe { libc::shmget(key, size, exclusively(mode)) })
}

/// Makes a set of `count` semaphores that no key led to before, and returns its id. `mode` is the
/// nine permission bits.
pub fn create_semaphore_set(key: i32, count: i32, mode: u32) -> nix::Result<i32> {
    // SAFETY: semget takes numbers only.
    Errno::result(unsafe { libc::semget(key, count, exclusively(mode)) })
}

/// The id of the object that `key` leads to; needs no permission on it.
pub fn find(resource: SystemV, key: i32) -> nix::Result<i32> {
    let result = match resource {
        // SAFETY: msgget takes numbers only.
        SystemV::Queue => unsafe { libc::msgget(key, 0) },
        // SAFETY: shmget takes numbers only.
        SystemV::Segment => unsafe { libc::shmget(key, 0, 0) },
        // SAFETY: semget takes numbers only.
        SystemV::SemaphoreSet => unsafe { libc::semget(key, 0, 0) },
    };
    Errno::result(result)
}

/// Removes the object with this id: `IPC_RMID`.
pub fn remove(resource: SystemV, id: i32) -> nix::Result<()> {
    let result = match resource {
        // SAFETY: this command ignores the pointer.
        SystemV::Queue => unsafe { libc::msgctl(id, libc::IPC_RMID, std::ptr::null_mut()) },
        // SAFETY: this command ignores the pointer.
        SystemV::Segment => unsafe { libc::shmctl(id, libc::IPC_RMID, std::ptr::null_mut()) },
        // SAFETY: this command takes no fourth argument.
        SystemV::SemaphoreSet => unsafe { libc::semctl(id, 0, libc::IPC_RMID) },
    };
    Errno::result(result).map(drop)
}

/// Only the permission bits: those above them would be flags of the call.
fn exclusively(mode: u32) -> libc::c_int {
    libc::IPC_CREAT | libc::IPC_EXCL | libc::c_int::try_from(mode & 0o777).unwrap_or(0)
}

fn permissions_of(id: i32, from: &libc::ipc_perm) -> Permissions {
    Permissions {
        key: u32::from_ne_bytes(from.__key.to_ne_bytes()),
        id,
        mode: u32::from(from.mode),
        uid: from.uid,
        gid: from.gid,
        cuid: from.cuid,
        cgid: from.cgid,
    }
}

/// # Safety
/// `command` must fill in a `T`.
unsafe fn msgctl<T: Copy>(id: i32, command: libc::c_int) -> nix::Result<(i32, T)> {
    let mut buffer = MaybeUninit::<T>::zeroed();
    // SAFETY: the caller vouches that the command writes a `T`, for which there is room.
    let result = unsafe { libc::msgctl(id, command, buffer.as_mut_ptr().cast()) };
    // SAFETY: as the command has succeeded, the `T` is there.
    Errno::result(result).map(|result| (result, unsafe { buffer.assume_init() }))
}

/// # Safety
/// `command` must fill in a `T`.
unsafe fn shmctl<T: Copy>(id: i32, command: libc::c_int) -> nix::Result<(i32, T)> {
    let mut buffer = MaybeUninit::<T>::zeroed();
    // SAFETY: the caller vouches that the command writes a `T`, for which there is room.
    let result = unsafe { libc::shmctl(id, command, buffer.as_mut_ptr().cast()) };
    // SAFETY: as the command has succeeded, the `T` is there.
    Errno::result(result).map(|result| (result, unsafe { buffer.assume_init() }))
}

/// # Safety
/// `command` must fill in a `T`.
unsafe fn semctl<T: Copy>(id: i32, command: libc::c_int) -> nix::Result<(i32, T)> {
    let mut buffer = MaybeUninit::<T>::zeroed();
    // SAFETY: the caller vouches that the command writes a `T`, for which there is room.
    let result = unsafe { libc::semctl(id, 0, command, buffer.as_mut_ptr()) };
    // SAFETY: as the command has succeeded, the `T` is there.
    Errno::result(result).map(|result| (result, unsafe { buffer.assume_init() }))
}
