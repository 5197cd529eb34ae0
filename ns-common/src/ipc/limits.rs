//! Reading the limits of the IPC namespace: proc_sys_kernel(5), or `IPC_INFO` if `/proc` is not
//! there.

use std::path::Path;

use nix::errno::Errno;

use crate::ipc::system_v::{QueueLimits, SegmentLimits, SemaphoreLimits};
use crate::procfs;
use crate::sys::ipc;

/// The directory of the kernel's settings.
pub const SETTINGS: &str = "/proc/sys/kernel";

/// The limits of message queues; `None` if the kernel has no message queues.
pub fn queues(settings: &Path) -> Option<QueueLimits> {
    let read = || {
        Some(QueueLimits {
            queues: number(settings, "msgmni").ok()?,
            message: number(settings, "msgmax").ok()?,
            queue: number(settings, "msgmnb").ok()?,
        })
    };
    read().or_else(|| ipc::queue_limits().ok())
}

/// The limits of shared memory; `None` if the kernel has no shared memory.
pub fn segments(settings: &Path) -> Option<SegmentLimits> {
    let read = || {
        Some(SegmentLimits {
            segments: number(settings, "shmmni").ok()?,
            segment: number(settings, "shmmax").ok()?,
            pages: number(settings, "shmall").ok()?,
        })
    };
    read().or_else(|| ipc::segment_limits().ok())
}

/// The limits of semaphores; `None` if the kernel has no semaphores.
pub fn semaphores(settings: &Path) -> Option<SemaphoreLimits> {
    let read = || {
        let text = procfs::read(&settings.join("sem")).ok()?;
        let mut numbers = std::str::from_utf8(&text)
            .ok()?
            .split_ascii_whitespace()
            .map(|word| word.parse().ok());
        let mut next = || numbers.next().flatten();
        Some(SemaphoreLimits {
            per_set: next()?,
            semaphores: next()?,
            operations: next()?,
            sets: next()?,
        })
    };
    read().or_else(|| ipc::semaphore_limits().ok())
}

/// The number in the file `name` of the directory `settings`.
///
/// # Errors
/// EINVAL if the file contains anything else.
pub fn number<T: std::str::FromStr>(settings: &Path, name: &str) -> nix::Result<T> {
    let text = procfs::read(&settings.join(name))?;
    let number = std::str::from_utf8(&text)
        .ok()
        .and_then(|text| text.trim().parse().ok());
    number.ok_or(Errno::EINVAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_this_system_agree_with_the_calls() {
        let settings = Path::new(SETTINGS);
        let nowhere = Path::new("/nonexistent");
        assert_eq!(semaphores(settings), semaphores(nowhere));
        assert_eq!(segments(settings), segments(nowhere));
        assert_eq!(queues(settings), queues(nowhere));
    }
}
