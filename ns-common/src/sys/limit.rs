//! ResourceLimit limits: prlimit(2).
#![allow(unsafe_code)]

use nix::errno::Errno;

use crate::inline::Inline;

/// The limits of a resource; `u64::MAX` for unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Limits {
    /// The limit that the kernel enforces.
    pub soft: u64,
    /// The ceiling for the soft limit.
    pub hard: u64,
}

/// A limited resource, by its `RLIMIT_*` number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResourceLimit(u32);

macro_rules! resources {
    ($($name:literal $number:ident),+ $(,)?) => {
        /// The resources by their names in `/proc/PID/limits`.
        const NAMES: &[(Inline<21>, ResourceLimit)] = &[$((Inline::new($name), ResourceLimit(libc::$number as u32))),+];
    };
}

resources! {
    "Max cpu time" RLIMIT_CPU,
    "Max file size" RLIMIT_FSIZE,
    "Max data size" RLIMIT_DATA,
    "Max stack size" RLIMIT_STACK,
    "Max core file size" RLIMIT_CORE,
    "Max resident set" RLIMIT_RSS,
    "Max processes" RLIMIT_NPROC,
    "Max open files" RLIMIT_NOFILE,
    "Max locked memory" RLIMIT_MEMLOCK,
    "Max address space" RLIMIT_AS,
    "Max file locks" RLIMIT_LOCKS,
    "Max pending signals" RLIMIT_SIGPENDING,
    "Max msgqueue size" RLIMIT_MSGQUEUE,
    "Max nice priority" RLIMIT_NICE,
    "Max realtime priority" RLIMIT_RTPRIO,
    "Max realtime timeout" RLIMIT_RTTIME,
}

impl ResourceLimit {
    /// The resource that `/proc/PID/limits` calls `name`.
    pub fn by_name(name: &str) -> Option<Self> {
        let named = NAMES.iter().find(|(known, _)| **known == *name);
        named.map(|(_, resource)| *resource)
    }

    /// Its name in `/proc/PID/limits`.
    pub fn name(self) -> &'static str {
        let known = NAMES.iter().find(|(_, resource)| *resource == self);
        known.map_or("limit", |(name, _)| name)
    }

    /// The current limits of this process.
    pub fn limits(self) -> nix::Result<Limits> {
        let mut limits = Limits { soft: 0, hard: 0 };
        let new = std::ptr::null::<Limits>();
        // SAFETY: the kernel writes two numbers of 64 bits through the last pointer, on every
        // machine.
        let result = unsafe { libc::syscall(libc::SYS_prlimit64, 0, self.0, new, &raw mut limits) };
        Errno::result(result).map(|_| limits)
    }

    /// Changes the limits of this process.
    pub fn set(self, limits: Limits) -> nix::Result<()> {
        let old = std::ptr::null_mut::<Limits>();
        // SAFETY: the kernel reads two numbers of 64 bits through the pointer, on every machine.
        let result =
            unsafe { libc::syscall(libc::SYS_prlimit64, 0, self.0, &raw const limits, old) };
        Errno::result(result).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_that_proc_shows() {
        let files = ResourceLimit::by_name("Max open files").unwrap();
        assert_eq!(files.name(), "Max open files");
        let limits = files.limits().unwrap();
        assert_eq!(files.set(limits), Ok(()));
        let table = std::fs::read_to_string("/proc/self/limits").unwrap();
        let line = table
            .lines()
            .find(|line| line.starts_with("Max open files"));
        assert!(line.unwrap().contains(&limits.soft.to_string()));
        // Each line after the heading is a known resource.
        let known = table
            .lines()
            .skip(1)
            .map(|line| ResourceLimit::by_name(line[..25].trim_end()));
        assert!(
            known.into_iter().all(|resource| resource.is_some()),
            "{table}"
        );
    }
}
