//! The records that the kernel fills in for msgctl(2), shmctl(2) and semctl(2), as in its UAPI
//! headers.
//!
//! The C library's own records are not used: on 32-bit systems their times end in 2038, and not
//! every C library has all of them.

use std::ffi::{c_int, c_ushort};

#[cfg(any(target_arch = "mips", target_arch = "mips32r6", target_arch = "sparc"))]
compile_error!("the kernel's records for System V objects are not described for this architecture");

/// The kernel's `unsigned long` in these records; x32 uses that of the 64-bit kernel.
#[cfg(any(target_pointer_width = "64", target_arch = "x86_64"))]
pub(super) type Word = u64;
#[cfg(not(any(target_pointer_width = "64", target_arch = "x86_64")))]
pub(super) type Word = u32;

/// A time in seconds since the epoch, which takes two words where a word has 32 bits.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Time {
    #[cfg(all(target_arch = "powerpc", target_pointer_width = "32"))]
    high: u32,
    low: Word,
    #[cfg(not(any(
        target_pointer_width = "64",
        target_arch = "x86_64",
        target_arch = "powerpc"
    )))]
    high: u32,
}

impl Time {
    #[cfg(any(target_pointer_width = "64", target_arch = "x86_64"))]
    pub(super) fn seconds(self) -> i64 {
        i64::from_ne_bytes(self.low.to_ne_bytes())
    }

    #[cfg(not(any(target_pointer_width = "64", target_arch = "x86_64")))]
    pub(super) fn seconds(self) -> i64 {
        i64::from_ne_bytes((u64::from(self.high) << 32 | u64::from(self.low)).to_ne_bytes())
    }
}

/// `struct ipc64_perm`
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct IpcPerm {
    pub(super) key: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) cuid: u32,
    pub(super) cgid: u32,
    mode: u32,
    #[cfg(not(any(target_arch = "powerpc", target_arch = "powerpc64")))]
    sequence: [u16; 2],
    #[cfg(any(target_arch = "powerpc", target_arch = "powerpc64"))]
    sequence: [u32; 2],
    #[cfg(not(any(target_arch = "powerpc", target_arch = "powerpc64")))]
    unused: [Word; 2],
    #[cfg(any(target_arch = "powerpc", target_arch = "powerpc64"))]
    unused: [u64; 2],
}

impl IpcPerm {
    /// The mode, which has 16 bits followed by padding on some architectures.
    pub(super) const fn mode(&self) -> u32 {
        if cfg!(target_arch = "m68k") {
            self.mode >> 16
        } else {
            self.mode
        }
    }
}

/// `struct msqid64_ds`
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct MsqidDs {
    pub(super) perm: IpcPerm,
    pub(super) sent: Time,
    pub(super) received: Time,
    pub(super) changed: Time,
    pub(super) bytes: Word,
    pub(super) messages: Word,
    pub(super) capacity: Word,
    pub(super) last_sender: i32,
    pub(super) last_receiver: i32,
    unused: [Word; 2],
}

/// `struct shmid64_ds`
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct ShmidDs {
    pub(super) perm: IpcPerm,
    #[cfg(not(any(
        target_arch = "powerpc",
        target_arch = "powerpc64",
        target_arch = "sparc64"
    )))]
    pub(super) size: Word,
    pub(super) attach_time: Time,
    pub(super) detach_time: Time,
    pub(super) changed: Time,
    #[cfg(target_arch = "powerpc")]
    unused_before_size: Word,
    #[cfg(any(
        target_arch = "powerpc",
        target_arch = "powerpc64",
        target_arch = "sparc64"
    ))]
    pub(super) size: Word,
    pub(super) creator: i32,
    pub(super) last_user: i32,
    pub(super) attached: Word,
    unused: [Word; 2],
}

/// `struct semid64_ds`
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct SemidDs {
    pub(super) perm: IpcPerm,
    pub(super) operated: Time,
    #[cfg(target_arch = "x86_64")]
    unused_behind_operated: Word,
    pub(super) changed: Time,
    #[cfg(target_arch = "x86_64")]
    unused_behind_changed: Word,
    pub(super) count: Word,
    unused: [Word; 2],
}

/// `struct msginfo`
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct MsgInfo {
    pub(super) pool: c_int,
    pub(super) map: c_int,
    pub(super) max: c_int,
    pub(super) mnb: c_int,
    pub(super) mni: c_int,
    segment_size: c_int,
    pub(super) tql: c_int,
    segments: c_ushort,
}

/// `struct shm_info`
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct ShmInfo {
    pub(super) used_ids: c_int,
    pub(super) total: Word,
    pub(super) resident: Word,
    pub(super) swapped: Word,
    pub(super) swap_attempts: Word,
    pub(super) swap_successes: Word,
}

/// `struct shminfo64`
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct ShmLimits {
    pub(super) max: Word,
    min: Word,
    pub(super) segments: Word,
    per_process: Word,
    pub(super) all: Word,
    unused: [Word; 4],
}

/// `struct seminfo`
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct SemInfo {
    map: c_int,
    pub(super) mni: c_int,
    pub(super) mns: c_int,
    mnu: c_int,
    pub(super) msl: c_int,
    pub(super) opm: c_int,
    ume: c_int,
    pub(super) usz: c_int,
    vmx: c_int,
    pub(super) aem: c_int,
}

#[cfg(all(test, target_env = "gnu", target_pointer_width = "64"))]
mod tests {
    use std::mem::offset_of;

    use super::*;

    #[test]
    fn records_are_those_of_the_c_library_where_it_has_the_kernels() {
        assert_eq!(size_of::<MsqidDs>(), size_of::<libc::msqid_ds>());
        assert_eq!(size_of::<ShmidDs>(), size_of::<libc::shmid_ds>());
        assert_eq!(size_of::<SemidDs>(), size_of::<libc::semid_ds>());
        assert_eq!(size_of::<MsgInfo>(), size_of::<libc::msginfo>());
        assert_eq!(size_of::<SemInfo>(), size_of::<libc::seminfo>());
        assert_eq!(
            offset_of!(MsqidDs, last_receiver),
            offset_of!(libc::msqid_ds, msg_lrpid)
        );
        assert_eq!(
            offset_of!(ShmidDs, size),
            offset_of!(libc::shmid_ds, shm_segsz)
        );
        assert_eq!(
            offset_of!(ShmidDs, attached),
            offset_of!(libc::shmid_ds, shm_nattch)
        );
        assert_eq!(
            offset_of!(SemidDs, count),
            offset_of!(libc::semid_ds, sem_nsems)
        );
        assert_eq!(
            offset_of!(SemidDs, changed),
            offset_of!(libc::semid_ds, sem_ctime)
        );
    }
}

/// The sizes of the records on a 32-bit system, checked against its headers.
#[cfg(all(test, target_arch = "x86"))]
mod tests {
    use std::mem::offset_of;

    use super::*;

    #[test]
    fn records_are_those_of_the_headers() {
        assert_eq!((size_of::<IpcPerm>(), offset_of!(IpcPerm, mode)), (36, 20));
        assert_eq!((size_of::<MsqidDs>(), offset_of!(MsqidDs, bytes)), (88, 60));
        assert_eq!(
            (size_of::<ShmidDs>(), offset_of!(ShmidDs, attached)),
            (84, 72)
        );
        assert_eq!((size_of::<SemidDs>(), offset_of!(SemidDs, count)), (64, 52));
    }
}
