//! Namespaces bound to files.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;
use ns_tests::process::eventually;
use ns_tests::sandbox_or_skip;
use ns_tests::tool;

#[test]
fn persistent_namespaces_are_those_of_the_program() {
    let sandbox = sandbox_or_skip!();
    for kind in ["uts", "ipc", "net", "user", "cgroup", "mnt", "pid", "time"] {
        let option = if kind == "mnt" { "mount" } else { kind };
        let run = sandbox.shell(&format!(
            "touch f; unshare --{option}=f -f stat -L -c %i /proc/self/ns/{kind}; stat -c %i f; stat -f -c %T f; umount f"
        ));
        let lines: Vec<&str> = run.output().lines().collect();
        assert_eq!(lines, [lines[0], lines[0], "nsfs"], "{kind}");
    }
}

#[test]
fn persistent_mount_namespace_does_not_depend_on_the_processor() {
    let sandbox = sandbox_or_skip!("taskset");
    let allowed = sched_getaffinity(Pid::from_raw(0)).unwrap();
    let processors: Vec<usize> = (0..CpuSet::count())
        .filter(|processor| allowed.is_set(*processor) == Ok(true))
        .collect();
    for processor in processors.into_iter().cycle().take(12) {
        let run = sandbox.shell(&format!(
            "touch f; taskset -c {processor} unshare --mount=f grep Cpus_allowed_list /proc/self/status; echo $?; umount f"
        ));
        assert_eq!(
            run.output(),
            format!("Cpus_allowed_list:\t{processor}\n0\n")
        );
    }
}

#[test]
fn failed_bind_leaves_no_program_and_no_file_bound() {
    let sandbox = sandbox_or_skip!();
    for options in [
        "",
        "-f",
        "-m",
        "-m -f",
        "-m -f --kill-child",
        "--net=f -m -f",
    ] {
        let run = sandbox.shell(&format!(
            "touch f; unshare {options} --ipc=f --uts=missing touch ran; echo $?; ls; umount f"
        ));
        assert_eq!(run.stdout, "1\nf\n", "{options}: {run:?}");
        assert!(run.error().starts_with("unshare: mount /proc/"), "{run:?}");
        assert!(
            run.error()
                .ends_with("/ns/uts on missing failed: No such file or directory"),
            "{run:?}"
        );
        assert!(
            run.stderr.ends_with("umount: f: not mounted.\n"),
            "{options}: {run:?}"
        );
    }
}

#[test]
fn helpers_end_when_their_parent_is_killed() {
    let sandbox = sandbox_or_skip!();
    sandbox.shell("touch f");
    for round in 0..40_u64 {
        let mut command = sandbox.command(tool::ours("unshare"));
        command
            .args([
                "--map-users=0:0:1",
                "--mount=f",
                "--kill-child",
                "-f",
                "sleep",
                "60",
            ])
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        sleep(Duration::from_micros(round * 131 % 5000));
        child.kill().unwrap();
        child.wait().unwrap();
        sandbox.shell("umount f 2>/dev/null");
    }
    let left = || {
        let holder = fs::read_link(format!("/proc/{}/ns/uts", sandbox.pid())).unwrap();
        let ours = |pid: &i32| {
            fs::read_link(format!("/proc/{pid}/ns/uts")).is_ok_and(|link| link == holder)
        };
        let all = fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        all.filter(ours).count()
    };
    assert!(
        eventually(|| left() == 1),
        "{} processes are left in the sandbox",
        left()
    );
}

#[test]
fn forked_mount_namespace_is_kept_on_a_shared_mount_too() {
    let sandbox = sandbox_or_skip!();
    for _ in 0..10 {
        let run = sandbox.shell(
            "mount --make-shared /mnt; touch f; unshare --mount=f -f true; echo $?; nsenter --mount=f echo in; umount f",
        );
        assert_eq!(run.output(), "0\nin\n");
    }
}

#[test]
fn nothing_is_kept_where_a_later_step_fails() {
    let sandbox = sandbox_or_skip!();
    for options in ["", "-m", "-f", "-m -f"] {
        let run = sandbox.shell(&format!(
            "touch f; unshare --uts=f {options} -R /nonexistent true; echo $?; umount f"
        ));
        assert_eq!(run.stdout, "1\n", "{options}");
        assert!(
            run.stderr.ends_with("umount: f: not mounted.\n"),
            "{options}: {run:?}"
        );
    }
}

#[test]
fn signals_leave_all_files_bound_or_none() {
    let sandbox = sandbox_or_skip!("strace");
    let bound = "grep -c ' /mnt/.* - nsfs ' /proc/self/mountinfo";
    // A signal arrives at the helper while it binds.
    let run = sandbox.shell(&format!(
        "touch f g; strace -f -o trace -e trace=mount -e inject=mount:signal=TERM unshare --uts=f --net=g true; \
         echo $?; {bound}; umount f g"
    ));
    assert_eq!(run.output(), "0\n2\n");
    // A signal arrives at us, after binding and before the program starts.
    let run = sandbox.shell(&format!(
        "strace -o trace -e trace=chroot -e inject=chroot:signal=TERM unshare --uts=f --net=g -R / true; \
         echo $?; until ! {bound}; do sleep .01; done | tail -n 1"
    ));
    assert_eq!(run.stdout, "143\n0\n");
}
