//! System calls by name, and which of them are made to fail.

macro_rules! table {
    ($($name:ident)*) => {
        const NAMES: &[(i64, &str)] = &[$((libc::$name, stringify!($name))),*];
    };
}

table! {
    SYS_read SYS_write SYS_open SYS_close SYS_stat SYS_fstat SYS_lstat SYS_poll SYS_lseek SYS_mmap
    SYS_mprotect SYS_munmap SYS_brk SYS_rt_sigaction SYS_rt_sigprocmask SYS_rt_sigreturn SYS_ioctl
    SYS_pread64 SYS_pwrite64 SYS_readv SYS_writev SYS_access SYS_pipe SYS_mremap SYS_madvise
    SYS_shmget SYS_shmat SYS_shmctl SYS_dup SYS_dup2 SYS_nanosleep SYS_getpid SYS_sendfile
    SYS_socket SYS_connect SYS_sendto SYS_recvfrom SYS_sendmsg SYS_recvmsg SYS_shutdown
    SYS_socketpair SYS_setsockopt SYS_getsockopt SYS_clone SYS_fork SYS_vfork SYS_execve SYS_exit
    SYS_wait4 SYS_kill SYS_uname SYS_semget SYS_semop SYS_semctl SYS_shmdt SYS_msgget SYS_msgsnd
    SYS_msgrcv SYS_msgctl SYS_fcntl SYS_flock SYS_ftruncate SYS_getdents SYS_getcwd SYS_chdir
    SYS_fchdir SYS_rename SYS_mkdir SYS_rmdir SYS_link SYS_unlink SYS_readlink SYS_chmod
    SYS_fchmod SYS_fchown SYS_umask SYS_gettimeofday SYS_getrlimit SYS_sysinfo SYS_getuid
    SYS_getgid SYS_setuid SYS_setgid SYS_geteuid SYS_getegid SYS_setpgid SYS_getppid SYS_getpgrp
    SYS_setsid SYS_setreuid SYS_setregid SYS_getgroups SYS_setgroups SYS_setresuid SYS_getresuid
    SYS_setresgid SYS_getresgid SYS_getpgid SYS_getsid SYS_capget SYS_capset SYS_rt_sigpending
    SYS_rt_sigtimedwait SYS_sigaltstack SYS_statfs SYS_fstatfs SYS_prctl SYS_arch_prctl
    SYS_setrlimit SYS_chroot SYS_mount SYS_umount2 SYS_sethostname SYS_setdomainname SYS_gettid
    SYS_getxattr SYS_fgetxattr SYS_time SYS_futex SYS_sched_setaffinity SYS_sched_getaffinity
    SYS_getdents64 SYS_set_tid_address SYS_fadvise64 SYS_clock_gettime SYS_clock_nanosleep
    SYS_exit_group SYS_tgkill SYS_mq_open SYS_mq_unlink SYS_mq_timedsend SYS_mq_timedreceive
    SYS_mq_notify SYS_mq_getsetattr SYS_waitid SYS_openat SYS_mkdirat SYS_fchownat SYS_newfstatat
    SYS_unlinkat SYS_renameat SYS_linkat SYS_symlinkat SYS_readlinkat SYS_fchmodat SYS_faccessat
    SYS_pselect6 SYS_ppoll SYS_unshare SYS_set_robust_list SYS_utimensat SYS_signalfd
    SYS_fallocate SYS_signalfd4 SYS_dup3 SYS_pipe2 SYS_preadv SYS_pwritev SYS_prlimit64
    SYS_sendmmsg SYS_setns SYS_getcpu SYS_kcmp SYS_renameat2 SYS_seccomp SYS_getrandom
    SYS_memfd_create SYS_execveat SYS_copy_file_range SYS_statx SYS_rseq SYS_pidfd_send_signal
    SYS_open_tree SYS_move_mount SYS_fsopen SYS_fsconfig SYS_fsmount SYS_fspick SYS_pidfd_open
    SYS_clone3 SYS_close_range SYS_openat2 SYS_pidfd_getfd SYS_faccessat2 SYS_mount_setattr
}

/// The name of a call.
pub(crate) fn name(number: i64) -> String {
    let known = NAMES.iter().find(|(known, _)| *known == number);
    known.map_or_else(
        || format!("call {number}"),
        |(_, name)| name.trim_start_matches("SYS_").to_owned(),
    )
}

/// Whether a call is made to fail: not one that the kernel never lets fail, nor one that is of the
/// C library's own start and end of a process.
pub(crate) fn can_fail(number: i64) -> bool {
    !matches!(
        number,
        libc::SYS_exit
            | libc::SYS_exit_group
            | libc::SYS_rt_sigreturn
            | libc::SYS_getpid
            | libc::SYS_gettid
            | libc::SYS_getppid
            | libc::SYS_getuid
            | libc::SYS_geteuid
            | libc::SYS_getgid
            | libc::SYS_getegid
            | libc::SYS_umask
            | libc::SYS_arch_prctl
            | libc::SYS_set_tid_address
            | libc::SYS_set_robust_list
            | libc::SYS_rseq
            // The descriptor is closed whatever it says, and only file systems over a network say
            // something: close(2).
            | libc::SYS_close
            // Errors of these are unknown but for want of memory, see `is_memory`.
            | libc::SYS_munmap
            | libc::SYS_mprotect
            | libc::SYS_madvise
    )
}

/// Whether a call asks for memory: it fails with ENOMEM alone, and then no message is possible but
/// that of the allocator.
pub(crate) fn is_memory(number: i64) -> bool {
    matches!(number, libc::SYS_brk | libc::SYS_mmap | libc::SYS_mremap)
}

/// Whether a call has a number of bytes as its third argument, of which the kernel may do less.
/// pread(2) is used on files in memory alone, which give all that there is.
pub(crate) fn can_be_short(number: i64) -> bool {
    matches!(number, libc::SYS_read | libc::SYS_write)
}

/// Whether a call waits, so that a signal may interrupt it, also one that has no handler:
/// signal(7). Then it must be made again.
pub(crate) fn is_retried(number: i64) -> bool {
    matches!(
        number,
        libc::SYS_read
            | libc::SYS_write
            | libc::SYS_poll
            | libc::SYS_ppoll
            | libc::SYS_wait4
            | libc::SYS_waitid
            | libc::SYS_sendto
            | libc::SYS_recvfrom
            | libc::SYS_sendmsg
            | libc::SYS_recvmsg
            | libc::SYS_nanosleep
            | libc::SYS_clock_nanosleep
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_have_names() {
        assert_eq!(name(libc::SYS_unshare), "unshare");
        assert_eq!(name(9999), "call 9999");
    }
}
