//! Capability sets of this process: capget(2), capset(2), prctl(2).
#![allow(unsafe_code)]

use nix::errno::Errno;

/// The three capability sets, one bit per capability, number 0 the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sets {
    /// The set used for permission checks.
    pub effective: u64,
    /// The capabilities that may be made effective.
    pub permitted: u64,
    /// The capabilities that may be preserved across execve(2).
    pub inheritable: u64,
}

/// `_LINUX_CAPABILITY_VERSION_3`: two 32-bit words per set.
const VERSION: u32 = 0x2008_0522;

#[repr(C)]
struct Header {
    version: u32,
    pid: libc::c_int,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Word {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// The number of CAP_SETGID.
pub const SETGID: u32 = 6;
/// The number of CAP_SETUID.
pub const SETUID: u32 = 7;
/// The number of CAP_IPC_LOCK.
pub const IPC_LOCK: u32 = 14;
/// The number of CAP_SYS_PTRACE.
pub const SYS_PTRACE: u32 = 19;
/// The number of CAP_SYS_ADMIN.
pub const SYS_ADMIN: u32 = 21;
/// The number of CAP_SYS_RESOURCE.
pub const SYS_RESOURCE: u32 = 24;
/// The number of CAP_SETFCAP.
pub const SETFCAP: u32 = 31;

/// Whether capability `number` is in the effective set of this process.
pub fn is_effective(number: u32) -> nix::Result<bool> {
    get().map(|sets| sets.effective & (1 << number) != 0)
}

/// Reads the sets of this process.
pub fn get() -> nix::Result<Sets> {
    let mut header = Header {
        version: VERSION,
        pid: 0,
    };
    let mut words = [Word::default(); 2];
    // SAFETY: version 3 makes the kernel fill exactly two words.
    Errno::result(unsafe { libc::syscall(libc::SYS_capget, &raw mut header, words.as_mut_ptr()) })?;
    let join =
        |pick: fn(&Word) -> u32| u64::from(pick(&words[0])) | (u64::from(pick(&words[1])) << 32);
    Ok(Sets {
        effective: join(|word| word.effective),
        permitted: join(|word| word.permitted),
        inheritable: join(|word| word.inheritable),
    })
}

/// Changes the sets of this process.
#[expect(
    clippy::cast_possible_truncation,
    reason = "each set is split into its two halves"
)]
pub fn set(sets: Sets) -> nix::Result<()> {
    let mut header = Header {
        version: VERSION,
        pid: 0,
    };
    let word = |shift: u32| Word {
        effective: (sets.effective >> shift) as u32,
        permitted: (sets.permitted >> shift) as u32,
        inheritable: (sets.inheritable >> shift) as u32,
    };
    let words = [word(0), word(32)];
    // SAFETY: version 3 makes the kernel read exactly two words.
    Errno::result(unsafe { libc::syscall(libc::SYS_capset, &raw mut header, words.as_ptr()) })?;
    Ok(())
}

/// Whether capability `number` is in the bounding set of this process.
///
/// # Errors
/// EINVAL for a number that the kernel does not know.
pub fn is_in_bounding_set(number: u32) -> nix::Result<bool> {
    // SAFETY: this operation of prctl takes a number only.
    let result = unsafe { libc::prctl(libc::PR_CAPBSET_READ, libc::c_ulong::from(number)) };
    Errno::result(result).map(|is_in| is_in != 0)
}

/// Takes capability `number` out of the bounding set of this process.
pub fn drop_from_bounding_set(number: u32) -> nix::Result<()> {
    let zero: libc::c_ulong = 0;
    let number = libc::c_ulong::from(number);
    // SAFETY: this operation of prctl takes numbers only.
    Errno::result(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, number, zero, zero, zero) }).map(drop)
}

/// Adds capability `number`, which must be permitted and inheritable, to the ambient set.
pub fn raise_ambient(number: u32) -> nix::Result<()> {
    let zero: libc::c_ulong = 0;
    // SAFETY: this operation of prctl takes numbers only.
    let result = unsafe {
        libc::prctl(
            libc::PR_CAP_AMBIENT,
            libc::PR_CAP_AMBIENT_RAISE,
            libc::c_ulong::from(number),
            zero,
            zero,
        )
    };
    Errno::result(result).map(drop)
}
