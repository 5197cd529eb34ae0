//! System V IPC: msgctl(2), shmctl(2), semctl(2), msgget(2), shmget(2), semget(2).
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;

use nix::errno::Errno;

use crate::ipc::SystemV;
use crate::ipc::system_v::{
    Permissions, Queue, QueueLimits, QueueUsage, Segment, SegmentLimits, SegmentUsage, Semaphore,
    SemaphoreLimits, SemaphoreSet, SemaphoreUsage,
};
use crate::sys::ipc_records::{
    IpcPerm, MsgInfo, MsqidDs, SemInfo, SemidDs, ShmInfo, ShmLimits, ShmidDs, Word,
};

/// Which objects a lookup by index in the kernel's table finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// All objects: `MSG_STAT_ANY` and the like, since Linux 4.17.
    Any,
    /// Objects that the caller may read: `MSG_STAT` and the like.
    Readable,
}

const IPC_INFO: c_int = 3;
const MSG_STAT: c_int = 11;
const MSG_INFO: c_int = 12;
const MSG_STAT_ANY: c_int = 13;
const SHM_STAT: c_int = 13;
const SHM_INFO: c_int = 14;
const SHM_STAT_ANY: c_int = 15;
const SEM_STAT: c_int = 18;
const SEM_INFO: c_int = 19;
const SEM_STAT_ANY: c_int = 20;
const SHM_HUGE_SHIFT: u32 = 26;

/// Whether the calls return sizes in full. On a 32-bit system their fields have 32 bits even where
/// the kernel counts in 64.
pub const TELLS_WHOLE_SIZES: bool = size_of::<Word>() == 8;

/// The queue at `index`, which may also be an id: its sequence number is ignored.
///
/// # Errors
/// EINVAL or EIDRM for a free slot; with [`Lookup::Readable`] also EACCES.
#[inline]
pub fn queue(index: i32, lookup: Lookup) -> nix::Result<Queue> {
    let command = match lookup {
        Lookup::Any => MSG_STAT_ANY,
        Lookup::Readable => MSG_STAT,
    };
    // SAFETY: MsqidDs is what these commands fill in.
    let (id, status) = unsafe { msgctl::<MsqidDs>(index, command) }?;
    Ok(Queue {
        permissions: permissions_of(id, &status.perm),
        bytes: wide(status.bytes),
        messages: wide(status.messages),
        capacity: Some(wide(status.capacity)),
        last_sender: status.last_sender,
        last_receiver: status.last_receiver,
        sent: status.sent.seconds(),
        received: status.received.seconds(),
        changed: status.changed.seconds(),
    })
}

/// The segment at `index`, which may also be an id: its sequence number is ignored.
///
/// # Errors
/// EINVAL or EIDRM for a free slot; with [`Lookup::Readable`] also EACCES.
#[inline]
pub fn segment(index: i32, lookup: Lookup) -> nix::Result<Segment> {
    let command = match lookup {
        Lookup::Any => SHM_STAT_ANY,
        Lookup::Readable => SHM_STAT,
    };
    // SAFETY: ShmidDs is what these commands fill in.
    let (id, status) = unsafe { shmctl::<ShmidDs>(index, command) }?;
    Ok(Segment {
        permissions: permissions_of(id, &status.perm),
        size: wide(status.size),
        creator: status.creator,
        last_user: status.last_user,
        attached: wide(status.attached),
        attach_time: status.attach_time.seconds(),
        detach_time: status.detach_time.seconds(),
        changed: status.changed.seconds(),
        resident: None,
        swapped: None,
    })
}

/// The semaphore set at `index`, which may also be an id: its sequence number is ignored.
///
/// # Errors
/// EINVAL or EIDRM for a free slot; with [`Lookup::Readable`] also EACCES.
#[inline]
pub fn semaphore_set(index: i32, lookup: Lookup) -> nix::Result<SemaphoreSet> {
    let command = match lookup {
        Lookup::Any => SEM_STAT_ANY,
        Lookup::Readable => SEM_STAT,
    };
    // SAFETY: SemidDs is what these commands fill in.
    let (id, status) = unsafe { semctl::<SemidDs>(index, command) }?;
    Ok(SemaphoreSet {
        permissions: permissions_of(id, &status.perm),
        count: wide(status.count),
        operated: status.operated.seconds(),
        changed: status.changed.seconds(),
    })
}

/// The usage of all queues: `MSG_INFO`. ENOSYS if the kernel has no message queues.
pub fn queue_usage() -> nix::Result<QueueUsage> {
    // SAFETY: MsgInfo is what this command fills in.
    let (highest, info) = unsafe { msgctl::<MsgInfo>(0, MSG_INFO) }?;
    Ok(QueueUsage {
        highest,
        queues: info.pool,
        messages: info.map,
        bytes: info.tql,
    })
}

/// The usage of all segments: `SHM_INFO`. ENOSYS if the kernel has no shared memory.
pub fn segment_usage() -> nix::Result<SegmentUsage> {
    // SAFETY: ShmInfo is what this command fills in.
    let (highest, info) = unsafe { shmctl::<ShmInfo>(0, SHM_INFO) }?;
    Ok(SegmentUsage {
        highest,
        segments: info.used_ids,
        pages: wide(info.total),
        resident: wide(info.resident),
        swapped: wide(info.swapped),
        swap_attempts: wide(info.swap_attempts),
        swap_successes: wide(info.swap_successes),
    })
}

/// The usage of all semaphore sets: `SEM_INFO`. ENOSYS if the kernel has no semaphores.
pub fn semaphore_usage() -> nix::Result<SemaphoreUsage> {
    // SAFETY: SemInfo is what this command fills in.
    let (highest, info) = unsafe { semctl::<SemInfo>(0, SEM_INFO) }?;
    Ok(SemaphoreUsage {
        highest,
        sets: info.usz,
        semaphores: info.aem,
    })
}

/// The limits of queues: `IPC_INFO`.
pub fn queue_limits() -> nix::Result<QueueLimits> {
    // SAFETY: MsgInfo is what this command fills in.
    let (_, info) = unsafe { msgctl::<MsgInfo>(0, IPC_INFO) }?;
    Ok(QueueLimits {
        queues: info.mni.into(),
        message: info.max.into(),
        queue: info.mnb.into(),
    })
}

/// The limits of segments: `IPC_INFO`.
pub fn segment_limits() -> nix::Result<SegmentLimits> {
    // SAFETY: ShmLimits is what this command fills in.
    let (_, info) = unsafe { shmctl::<ShmLimits>(0, IPC_INFO) }?;
    Ok(SegmentLimits {
        segments: wide(info.segments),
        segment: wide(info.max),
        pages: wide(info.all),
    })
}

/// The limits of semaphores: `IPC_INFO`.
pub fn semaphore_limits() -> nix::Result<SemaphoreLimits> {
    // SAFETY: SemInfo is what this command fills in.
    let (_, info) = unsafe { semctl::<SemInfo>(0, IPC_INFO) }?;
    Ok(SemaphoreLimits {
        sets: info.mni.into(),
        per_set: info.msl.into(),
        semaphores: info.mns.into(),
        operations: info.opm.into(),
    })
}

/// The state of semaphore `number` of set `id`. Needs permission to read the set.
///
/// # Errors
/// The name of the semctl(2) command that failed, and the errno.
pub fn semaphore(id: i32, number: i32) -> Result<Semaphore, (&'static str, Errno)> {
    let ask = |name, command: c_int| {
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

/// The numbers of processes that wait for a semaphore to increase, and to become zero. Needs
/// permission to read the set.
pub fn waiting(id: i32, number: i32) -> nix::Result<(i32, i32)> {
    // SAFETY: these commands take no fourth argument.
    let for_increase = Errno::result(unsafe { libc::semctl(id, number, libc::GETNCNT) })?;
    // SAFETY: these commands take no fourth argument.
    let for_zero = Errno::result(unsafe { libc::semctl(id, number, libc::GETZCNT) })?;
    Ok((for_increase, for_zero))
}

/// Creates a queue and returns its id. EEXIST if `key` is taken. `mode` is the nine permission
/// bits.
pub fn create_queue(key: i32, mode: u32) -> nix::Result<i32> {
    // SAFETY: msgget takes numbers only.
    Errno::result(unsafe { libc::msgget(key, exclusively(mode)) })
}

/// The kind of pages of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pages {
    /// Pages of the base size.
    Ordinary,
    /// Huge pages of the default size.
    Huge,
    /// Huge pages of two to this power bytes.
    HugeOfPower(u8),
}

impl Pages {
    fn flags(self) -> c_int {
        match self {
            Self::Ordinary => 0,
            Self::Huge => libc::SHM_HUGETLB,
            Self::HugeOfPower(power) => libc::SHM_HUGETLB | (c_int::from(power) << SHM_HUGE_SHIFT),
        }
    }
}

/// Creates a segment of `size` bytes and returns its id. EEXIST if `key` is taken. `mode` is the
/// nine permission bits.
pub fn create_segment(key: i32, size: usize, pages: Pages, mode: u32) -> nix::Result<i32> {
    // SAFETY: shmget takes numbers only.
    Errno::result(unsafe { libc::shmget(key, size, exclusively(mode) | pages.flags()) })
}

/// Creates a set of `count` semaphores and returns its id. EEXIST if `key` is taken. `mode` is the
/// nine permission bits.
pub fn create_semaphore_set(key: i32, count: i32, mode: u32) -> nix::Result<i32> {
    // SAFETY: semget takes numbers only.
    Errno::result(unsafe { libc::semget(key, count, exclusively(mode)) })
}

/// The id of the object with `key`; needs no permission on the object.
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

/// Passes on only the permission bits: those above them would be flags of the call.
fn exclusively(mode: u32) -> c_int {
    libc::IPC_CREAT | libc::IPC_EXCL | c_int::try_from(mode & 0o777).unwrap_or(0)
}

#[inline]
fn permissions_of(id: i32, from: &IpcPerm) -> Permissions {
    Permissions {
        key: from.key,
        id,
        mode: from.mode(),
        uid: from.uid,
        gid: from.gid,
        cuid: from.cuid,
        cgid: from.cgid,
    }
}

#[allow(clippy::useless_conversion, reason = "a word has 32 bits elsewhere")]
#[inline]
fn wide(number: Word) -> u64 {
    u64::from(number)
}

/// # Safety
/// `command` must fill in a `T`.
#[inline]
unsafe fn msgctl<T: Copy>(id: i32, command: c_int) -> nix::Result<(i32, T)> {
    let mut buffer = MaybeUninit::<T>::zeroed();
    // SAFETY: the caller vouches that the command writes a `T`, for which there is room.
    let result = unsafe { call::msgctl(id, command, buffer.as_mut_ptr().cast()) };
    // SAFETY: as the command has succeeded, the `T` is there.
    Errno::result(result).map(|result| (result, unsafe { buffer.assume_init() }))
}

/// # Safety
/// `command` must fill in a `T`.
#[inline]
unsafe fn shmctl<T: Copy>(id: i32, command: c_int) -> nix::Result<(i32, T)> {
    let mut buffer = MaybeUninit::<T>::zeroed();
    // SAFETY: the caller vouches that the command writes a `T`, for which there is room.
    let result = unsafe { call::shmctl(id, command, buffer.as_mut_ptr().cast()) };
    // SAFETY: as the command has succeeded, the `T` is there.
    Errno::result(result).map(|result| (result, unsafe { buffer.assume_init() }))
}

/// # Safety
/// `command` must fill in a `T`.
#[inline]
unsafe fn semctl<T: Copy>(id: i32, command: c_int) -> nix::Result<(i32, T)> {
    let mut buffer = MaybeUninit::<T>::zeroed();
    // SAFETY: the caller vouches that the command writes a `T`, for which there is room.
    let result = unsafe { call::semctl(id, command, buffer.as_mut_ptr().cast()) };
    // SAFETY: as the command has succeeded, the `T` is there.
    Errno::result(result).map(|result| (result, unsafe { buffer.assume_init() }))
}

/// Where the C library uses the kernel's records, its functions pass them on unchanged.
#[cfg(any(target_pointer_width = "64", target_arch = "x86_64"))]
mod call {
    use super::{c_int, c_void};

    /// # Safety
    /// There is room at `to` for what `command` writes.
    pub(super) unsafe fn msgctl(id: i32, command: c_int, to: *mut c_void) -> c_int {
        // SAFETY: the caller vouches for the room.
        unsafe { libc::msgctl(id, command, to.cast()) }
    }

    /// # Safety
    /// There is room at `to` for what `command` writes.
    pub(super) unsafe fn shmctl(id: i32, command: c_int, to: *mut c_void) -> c_int {
        // SAFETY: the caller vouches for the room.
        unsafe { libc::shmctl(id, command, to.cast()) }
    }

    /// # Safety
    /// There is room at `to` for what `command` writes.
    pub(super) unsafe fn semctl(id: i32, command: c_int, to: *mut c_void) -> c_int {
        // SAFETY: the caller vouches for the room.
        unsafe { libc::semctl(id, 0, command, to) }
    }
}

/// On 32-bit systems the C library would truncate the times, so the kernel is called directly and
/// asked for the records with 64-bit times.
#[cfg(not(any(target_pointer_width = "64", target_arch = "x86_64")))]
mod call {
    use super::{c_int, c_void};

    /// The flag that asks for the longer records.
    const IPC_64: c_int = if cfg!(target_arch = "riscv32") {
        0
    } else {
        0x100
    };

    /// # Safety
    /// There is room at `to` for what `command` writes.
    pub(super) unsafe fn msgctl(id: i32, command: c_int, to: *mut c_void) -> c_int {
        // SAFETY: the caller vouches for the room.
        unsafe { call(MSGCTL, id, command | IPC_64, to) }
    }

    /// # Safety
    /// There is room at `to` for what `command` writes.
    pub(super) unsafe fn shmctl(id: i32, command: c_int, to: *mut c_void) -> c_int {
        // SAFETY: the caller vouches for the room.
        unsafe { call(SHMCTL, id, command | IPC_64, to) }
    }

    /// Architectures where all these calls are one, selected by its first argument: ipc(2).
    #[cfg(any(target_arch = "x86", target_arch = "powerpc", target_arch = "m68k"))]
    mod numbers {
        use super::{IPC_64, c_int, c_void};

        const SEMCTL: c_int = 3;
        pub(super) const MSGCTL: c_int = 14;
        pub(super) const SHMCTL: c_int = 24;

        /// # Safety
        /// There is room at `to` for what `command` writes.
        pub(super) unsafe fn call(which: c_int, id: i32, command: c_int, to: *mut c_void) -> c_int {
            // SAFETY: the caller vouches for the room.
            let result = unsafe { libc::syscall(libc::SYS_ipc, which, id, command, 0, to, 0) };
            c_int::try_from(result).unwrap_or(-1)
        }

        /// # Safety
        /// There is room at `to` for what `command` writes.
        pub(in super::super) unsafe fn semctl(id: i32, command: c_int, to: *mut c_void) -> c_int {
            let argument = &raw const to;
            let command = command | IPC_64;
            // SAFETY: the argument is found where its address says, and the caller vouches for the
            // room.
            let result =
                unsafe { libc::syscall(libc::SYS_ipc, SEMCTL, id, 0, command, argument, 0) };
            c_int::try_from(result).unwrap_or(-1)
        }
    }

    /// Architectures with separate calls.
    #[cfg(not(any(target_arch = "x86", target_arch = "powerpc", target_arch = "m68k")))]
    mod numbers {
        use super::{IPC_64, c_int, c_void};

        pub(super) const MSGCTL: libc::c_long = libc::SYS_msgctl;
        pub(super) const SHMCTL: libc::c_long = libc::SYS_shmctl;

        /// # Safety
        /// There is room at `to` for what `command` writes.
        pub(super) unsafe fn call(
            number: libc::c_long,
            id: i32,
            command: c_int,
            to: *mut c_void,
        ) -> c_int {
            // SAFETY: the caller vouches for the room.
            let result = unsafe { libc::syscall(number, id, command, to) };
            c_int::try_from(result).unwrap_or(-1)
        }

        /// # Safety
        /// There is room at `to` for what `command` writes.
        pub(in super::super) unsafe fn semctl(id: i32, command: c_int, to: *mut c_void) -> c_int {
            // SAFETY: the caller vouches for the room.
            let result = unsafe { libc::syscall(libc::SYS_semctl, id, 0, command | IPC_64, to) };
            c_int::try_from(result).unwrap_or(-1)
        }
    }

    pub(super) use numbers::semctl;
    use numbers::{MSGCTL, SHMCTL, call};
}
