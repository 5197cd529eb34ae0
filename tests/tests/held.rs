//! Files, mounts and processes are held by descriptor, so that a name or PID cannot come to mean
//! another one.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use ns_tests::sandbox_or_skip;

/// Waits until a file is bound this number of times.
const BOUND: &str = "bound() { until [ $(grep -c \" $1 .* - nsfs \" /proc/self/mountinfo) = $2 ]; do sleep .01; done; };";

/// Lets `unshare` bind a file, wait, and fail.
const FAILING: &str = "failing() { strace -f -o /dev/null -e inject=chdir:delay_enter=300000 unshare \"$@\" -w /nonexistent true; };";

#[test]
fn failed_call_leaves_the_namespace_of_another_call_on_the_same_file() {
    let sandbox = sandbox_or_skip!("strace");
    let run = sandbox.shell(&format!(
        "{BOUND} {FAILING} touch f; failing --uts=f 2> errors & bound /mnt/f 1; \
         unshare --uts=f sh -c 'stat -L -c %i /proc/self/ns/uts > made'; wait; \
         [ $(stat -c %i f) = $(cat made) ] && cat errors"
    ));
    let mut told: Vec<&str> = run.stdout.lines().collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "unshare: cannot change directory to /nonexistent: No such file or directory",
            "unshare: f stays bound: Device or resource busy",
        ],
        "{run:?}"
    );
}

#[test]
fn file_that_replaces_a_bound_one_stays() {
    let sandbox = sandbox_or_skip!("strace");
    let run = sandbox.shell(&format!(
        "{BOUND} {FAILING} mkdir d; touch d/f x; failing --uts=d/f 2> errors & bound /mnt/d/f 1; \
         mv d e; mkdir d; touch d/f; mount --bind x d/f; wait; cat errors; \
         awk '{{ print $5 }}' /proc/self/mountinfo | grep ^/mnt/.*f"
    ));
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "unshare: cannot change directory to /nonexistent: No such file or directory",
            "/mnt/d/f"
        ],
        "the mount of somebody else is there, and ours is not: {run:?}"
    );
}

/// A shell in a PID namespace with the `/proc` of the outer one.
#[test]
fn proc_of_an_outer_pid_namespace_is_not_asked_by_number() {
    let sandbox = sandbox_or_skip!();
    let run = sandbox.shell(
        "touch f; unshare -pf sh -c 'unshare --uts=f sh -c \"stat -L -c %i /proc/self/ns/uts\"; stat -c %i f'; umount f",
    );
    let lines: Vec<&str> = run.output().lines().collect();
    assert_eq!(lines, [lines[0], lines[0]]);
    let map = "--map-users=0:0:1 --map-groups=0:0:1 sh -c 'cat /proc/self/uid_map'";
    let run = sandbox.shell(&format!("unshare -pf unshare {map}"));
    assert_eq!(
        run.output().split_whitespace().collect::<Vec<_>>(),
        ["0", "0", "1"]
    );
}

#[test]
fn no_process_of_ours_keeps_variables_that_the_program_is_not_to_see() {
    let sandbox = sandbox_or_skip!("strace");
    // Helpers are prevented from ending, so that the program can inspect them.
    let run = sandbox.shell(
        "touch f; cat > look <<'END'\n\
         read -r others < /proc/$PPID/task/$PPID/children\n\
         for pid in $PPID $others; do set -- \"$@\" /proc/$pid/environ; done\n\
         exec grep -sal SECRET \"$@\"\n\
         END\n\
         SECRET=x strace -f -o /dev/null -e inject=exit_group:delay_enter=1000000 \
             unshare --uts=f --fork --clear-env sh look; echo $?; umount f",
    );
    assert_eq!(run.output(), "1\n", "grep has found nothing");
}

#[test]
fn variable_in_read_only_memory_is_not_overwritten() {
    let sandbox = sandbox_or_skip!("cc");
    let run = sandbox.shell(
        "echo '#include <stdlib.h>\nvoid put(void) __attribute__((constructor));\n\
         void put(void) { putenv(\"LITERAL=1\"); }' > put.c\n\
         cc -shared -fPIC -o put.so put.c && LD_PRELOAD=/mnt/put.so unshare --clear-env /bin/echo done",
    );
    assert_eq!(run.output(), "done\n");
}

#[test]
fn killed_helper_leaves_no_file_bound() {
    let sandbox = sandbox_or_skip!("strace");
    for options in ["", "-f", "-m", "-m -f", "-m --mount=h -f"] {
        for position in [1, 2] {
            let run = sandbox.shell(&format!(
                "mount --make-private /mnt; touch f g h; \
                 strace -f -o trace -e inject=mount:signal=KILL:when={position} \
                     unshare --propagation=unchanged --uts=f --ipc=g {options} true; \
                 echo $?; grep -c 'killed by SIGKILL' trace; grep -c ' /mnt/.* - nsfs ' /proc/self/mountinfo"
            ));
            assert_eq!(run.stdout, "1\n1\n0\n", "{options} {position}: {run:?}");
            assert_eq!(
                run.stderr, "unshare: a helper process was killed by signal 9\n",
                "{options} {position}"
            );
        }
    }
}

#[test]
fn death_with_the_parent_needs_no_pidfd_and_no_poll() {
    let sandbox = sandbox_or_skip!("strace");
    for call in ["pidfd_open", "poll,ppoll"] {
        let run = sandbox.shell(&format!(
            "strace -f -o /dev/null -e inject={call}:error=EPERM unshare --kill-child echo lives"
        ));
        assert_eq!(run.output(), "lives\n", "{call}");
    }
}

#[test]
fn few_descriptors_are_enough() {
    let sandbox = sandbox_or_skip!("prlimit");
    for options in [
        "",
        "-f",
        "-m --mount=g -f --kill-child",
        "--map-users=0:0:1 -f",
    ] {
        let run = sandbox.shell(&format!(
            "mount --make-private /mnt; touch f g; prlimit --nofile=8 unshare --uts=f {options} echo done; \
             umount f; umount g 2> /dev/null; true"
        ));
        assert_eq!(run.output(), "done\n", "{options}");
    }
}

#[test]
fn processors_that_are_not_the_callers_are_used_last_and_given_back() {
    let sandbox = sandbox_or_skip!("strace", "taskset");
    // With an id of 0, no new namespace ever has a higher id.
    let run = sandbox.shell(
        "mount --make-private /mnt; touch f\n\
         for own in 0 1; do\n\
             taskset -c $own strace -o trace -e inject=ioctl:retval=0 \
                 -e trace=ioctl,sched_setaffinity unshare --mount=f true && umount f\n\
             echo $own: $(sed -n 's/^sched.*\\[\\([0-9 ]*\\)\\]) *= 0/\\1/p' trace)\n\
         done",
    );
    if run.stderr.contains("affinity") {
        return ns_tests::skip::skipped("needs two processors");
    }
    for line in run.stdout.lines() {
        let (own, used) = line.split_once(':').unwrap_or_else(|| panic!("{run:?}"));
        let used: Vec<&str> = used.split_whitespace().collect();
        assert_eq!(used.first(), Some(&own), "{run:?}");
        assert_eq!(used.last(), Some(&own), "{run:?}");
    }
}
