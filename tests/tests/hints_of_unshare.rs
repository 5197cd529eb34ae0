//! Hints about namespaces and mounts: each cause is produced and named; the same errno from another
//! cause gets no hint.
//!
//! Causes that cannot be produced on this system are tested with fake files beside the checks, in
//! ns-common/src/hint.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use ns_tests::hints::{WITHOUT_ADMIN, explained, failing, unexplained};
use ns_tests::sandbox_or_skip;

const NOT_PERMITTED: &str = " failed: Operation not permitted";
const NO_SPACE: &str = "unshare: unshare failed: No space left on device";
const NOT_UNSHARED: &str = "unshare: unshare failed: Operation not permitted";

#[test]
fn limit_of_namespaces_is_named() {
    sandbox_or_skip!("strace");
    explained(
        "unshare -r sh -c 'echo 0 > /proc/sys/user/max_uts_namespaces; unshare -iu true'",
        NO_SPACE,
        "user.max_uts_namespaces is 0: ",
    );
    explained(
        "unshare -r sh -c 'echo 1 > /proc/sys/user/max_uts_namespaces; unshare -u unshare -u true'",
        NO_SPACE,
        "user.max_uts_namespaces (1) may have been reached, here or in a user namespace above",
    );
    explained(
        "echo 'unshare -r sh s' > s; unshare -r sh s",
        NO_SPACE,
        "user.max_user_namespaces (",
    );
    let twin = failing("unshare", "ENOSPC", "");
    unexplained(&format!("{twin} unshare -u true"), NO_SPACE);
}

#[test]
fn chroot_keeps_user_namespaces_away() {
    sandbox_or_skip!("strace", "setpriv", "chroot");
    let root = "mkdir r r/usr r/proc; cp -P /bin /lib* r; mount --bind /usr r/usr; mount --rbind /proc r/proc; \
        cp $(which unshare) r/unshare;";
    let hint = "no user namespace can be made in a chroot: ";
    let enter = |words: &str| format!("{root} chroot r {words} /unshare -U true");
    explained(&enter(""), NOT_UNSHARED, hint);
    explained(&enter(WITHOUT_ADMIN), NOT_UNSHARED, hint);
    let twin = failing("unshare", "EPERM", "");
    unexplained(&format!("{twin} unshare -U true"), NOT_UNSHARED);
}

#[test]
fn caller_without_a_mapped_id_makes_no_user_namespace() {
    sandbox_or_skip!();
    explained(
        "unshare -U unshare -U true",
        NOT_UNSHARED,
        "the caller's uid is not mapped in /proc/self/uid_map, ",
    );
    explained(
        "unshare --map-user=7 unshare -U true",
        NOT_UNSHARED,
        "the caller's gid is not mapped in /proc/self/gid_map, ",
    );
}

/// A command prefix that makes a seccomp filter refuse a system call.
fn filter(call: libc::c_long) -> String {
    format!(
        r#"python3 -c '
import ctypes, os, struct, sys
steps = [(0x20, 0, 0, 0), (0x15, 0, 1, {call}), (6, 0, 0, 0x50001), (6, 0, 0, 0x7fff0000)]
text = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.c_void_p)]
prctl = ctypes.CDLL(None, use_errno=True).prctl
assert prctl(38, 1, 0, 0, 0) == 0
program = Program(len(steps), ctypes.addressof(text))
assert prctl(22, 2, ctypes.byref(program)) == 0, ctypes.get_errno()
os.execvp(sys.argv[1], sys.argv[1:])'"#
    )
}

#[test]
fn seccomp_filter_is_distinguished_from_the_kernel() {
    sandbox_or_skip!("python3");
    for options in ["-U", "-u", "-r -n"] {
        explained(
            &format!("{} unshare {options} true", filter(libc::SYS_unshare)),
            NOT_UNSHARED,
            "a seccomp filter refuses unshare(2): ",
        );
    }
    // An unrelated seccomp filter.
    explained(
        &format!("{} unshare -U unshare -U true", filter(libc::SYS_swapon)),
        NOT_UNSHARED,
        "the caller's uid is not mapped in ",
    );
}

#[test]
fn missing_privilege_comes_with_the_way_to_it() {
    sandbox_or_skip!("strace", "setpriv");
    let start = "without CAP_SYS_ADMIN a user namespace is needed too";
    explained(
        &format!("{WITHOUT_ADMIN} unshare -u true"),
        NOT_UNSHARED,
        &format!("{start}: add --map-root-user"),
    );
    explained(
        &format!(
            "unshare -r sh -c 'echo 0 > /proc/sys/user/max_user_namespaces; exec {WITHOUT_ADMIN} unshare -u true'"
        ),
        NOT_UNSHARED,
        &format!("{start}, but user.max_user_namespaces is 0: "),
    );
    let twin = failing("unshare", "EPERM", "");
    unexplained(&format!("{twin} unshare -u true"), NOT_UNSHARED);
}

#[test]
fn kind_that_the_kernel_lacks_is_named() {
    sandbox_or_skip!("strace");
    let invalid = "unshare: unshare failed: Invalid argument";
    let fails = failing("unshare", "EINVAL", "");
    let twin = format!("{fails} unshare -uT true");
    unexplained(&twin, invalid);
    explained(
        &format!(
            "mount -t tmpfs proc /proc; mkdir -p /proc/self/ns; touch /proc/self/ns/uts; {twin}"
        ),
        invalid,
        "this kernel has no time namespaces: ",
    );
}

#[test]
fn proc_that_cannot_be_mounted_is_explained() {
    sandbox_or_skip!("strace");
    let failed = "unshare: mount /proc failed: Operation not permitted";
    explained(
        "unshare -r --mount-proc true",
        failed,
        "a new PID namespace is needed too: add --pid --fork",
    );
    // If this mount namespace has another complete proc, the kernel allows the mount.
    explained(
        "for other in $(awk '$3 == \"proc\" && $2 != \"/proc\" {print $2}' /proc/mounts); do umount -l $other; done 2> others
         mount -t tmpfs cover /proc/sys/kernel; unshare -r -p -f --mount-proc true",
        failed,
        "the kernel mounts no complete proc while the current one is partly covered: unmount /proc/sys/kernel",
    );
    // The first mount(2) changes the propagation.
    let refused = failing("mount", "EPERM:when=2", "-f");
    for options in ["-r -p -f", "-p -f"] {
        let script = format!("{refused} unshare {options} --mount-proc true");
        unexplained(&script, failed);
    }
    explained(
        "unshare -p -f --mount-proc=/mnt/none true",
        "unshare: mount /mnt/none failed: No such file or directory",
        "/mnt/none does not exist: mkdir /mnt/none",
    );
    let twin = failing("mount", "ENOENT:when=2", "-f");
    let script = format!("{twin} unshare -p -f --mount-proc true");
    unexplained(&script, ": No such file or directory");
}

#[test]
fn file_system_that_the_kernel_lacks_is_named() {
    sandbox_or_skip!("strace");
    let failed = "unshare: mount /mnt failed: No such device";
    let fails = failing("mount", "ENODEV:when=2", "");
    let twin = format!("{fails} unshare -r --mount-binfmt=/mnt true");
    unexplained(&twin, failed);
    explained(
        &format!(
            "grep -v binfmt_misc /proc/filesystems > s
 mount --bind s /proc/filesystems; {twin}"
        ),
        failed,
        "this kernel has no binfmt_misc file system: ",
    );
}

#[test]
fn queues_of_another_user_namespace_are_not_shown() {
    sandbox_or_skip!("strace");
    explained(
        "unshare -r --join ipc=$$ --mqueue=/mnt true",
        "unshare: mount /mnt failed: Operation not permitted",
        "the IPC namespace belongs to another user namespace: ",
    );
    explained(
        "unshare --mqueue=/mnt/none true",
        "unshare: mount /mnt/none failed: No such file or directory",
        "/mnt/none does not exist: mkdir /mnt/none",
    );
    let fails = failing("mount", "EPERM:when=2", "");
    unexplained(
        &format!("{fails} unshare --mqueue=/mnt true"),
        "unshare: mount /mnt failed: Operation not permitted",
    );
}

#[test]
fn binfmt_misc_of_a_user_namespace_needs_a_newer_kernel() {
    sandbox_or_skip!("strace");
    let failed = "unshare: mount /mnt failed: Operation not permitted";
    let fails = failing("mount", "EPERM:when=2", "");
    let twin = format!("{fails} unshare -r --mount-binfmt=/mnt true");
    let release =
        |release| format!("echo {release} > r; mount --bind r /proc/sys/kernel/osrelease; {twin}");
    unexplained(&release("6.7.0"), failed);
    explained(
        &release("6.1.0-44-amd64"),
        failed,
        "user namespaces have their own binfmt_misc since Linux 6.7, and this is 6.1.0-44-amd64",
    );
}

#[test]
fn namespace_that_cannot_be_bound_is_explained() {
    sandbox_or_skip!("strace", "setpriv");
    let missing = " failed: No such file or directory";
    explained(
        "unshare --uts=none true",
        missing,
        "none does not exist: touch none",
    );
    explained(
        "touch f; unshare --pid=f true",
        missing,
        "a PID namespace can be bound only once it has a process: add --fork",
    );
    explained(
        &format!("touch f; {WITHOUT_ADMIN} unshare -r --uts=f true"),
        NOT_PERMITTED,
        "binding a UTS namespace takes CAP_SYS_ADMIN outside the new user namespace: ",
    );
    explained(
        "touch f; unshare -r unshare --uts=f true",
        NOT_PERMITTED,
        "the mount namespace outside belongs to another user namespace: ",
    );
    explained(
        "mkdir d; mount -t tmpfs t d; mount --make-shared d; touch d/f; unshare --mount=d/f true",
        ": Invalid argument",
        "d/f is on a shared mount, ",
    );
    for (kind, errno, text) in [
        ("uts", "ENOENT", missing),
        ("uts", "EPERM", NOT_PERMITTED),
        ("mount", "EINVAL", ": Invalid argument"),
    ] {
        let twin = failing("mount", errno, "-f");
        let script = format!("touch f; {twin} unshare --{kind}=f true");
        unexplained(&script, text);
    }
}

#[test]
fn filter_refuses_entering_too() {
    sandbox_or_skip!("python3");
    let enter = "nsenter -t $$ -u true";
    let failed = "nsenter: reassociate to namespaces failed: Operation not permitted";
    explained(
        &format!("{} {enter}", filter(libc::SYS_setns)),
        failed,
        "a seccomp filter refuses setns(2): ",
    );
    // An unrelated seccomp filter.
    explained(
        &format!(
            "P=$$; {} unshare -r nsenter --uts=/proc/$P/ns/uts true",
            filter(libc::SYS_swapon)
        ),
        "nsenter: reassociate to namespace 'ns/uts' failed: Operation not permitted",
        "ns/uts is owned by a user namespace outside the caller's",
    );
}
