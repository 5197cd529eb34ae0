//! `nsenter --like-target`, `--outside-program`, and names that are looked up inside.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use ns_tests::sandbox::{Run, Sandbox};
use ns_tests::sandbox_or_skip;
use ns_tests::skip::{is_root, skipped};

/// What must be the same: the fields of the status that are taken over, and the other attributes.
const STATE: &str = r"
    state() {
        grep -E '^(Uid|Gid|Groups|CapBnd|NoNewPrivs):' /proc/$1/status
        cat /proc/$1/limits /proc/$1/cgroup
        for link in cwd ns/cgroup ns/ipc ns/mnt ns/net ns/time ns/user ns/uts; do readlink /proc/$1/$link; done
        tr '\0' '\n' < /proc/$1/environ | sort
    }
    asleep() { until grep -qs sleep /proc/$1/comm; do sleep .01; done; }
";

/// Runs `target`, which executes `sleep`, and compares it with another `sleep` started by
/// `nsenter`.
fn compared(sandbox: &Sandbox, prepare: &str, target: &str, nsenter: &str) -> Run {
    sandbox.shell(&format!(
        "{STATE}
         {prepare}
         {target} & T=$!; asleep $T
         {nsenter} nsenter -t $T --like-target $(command -v sleep) 61 & N=$!; asleep $N
         state $T > target; state $N > like; diff target like && echo alike
         kill $T $N"
    ))
}

#[test]
fn process_like_the_target_has_all_that_it_has() {
    let sandbox = sandbox_or_skip!("setpriv", "prlimit", "diff");
    if !is_root() {
        return skipped("needs root, for a target with other ids");
    }
    let run = compared(
        &sandbox,
        "",
        "unshare -muinT --boottime=7 prlimit --nofile=300:600 --core=4096:8192 --stack=9000000:unlimited \
         setpriv --reuid 1000 --regid 1001 --groups 1002,1003 --no-new-privs --bounding-set=-sys_admin,-net_raw \
         env -i -C /usr A=1 PATH=/usr/bin:/bin B=2 sleep 60",
        "",
    );
    assert_eq!(run.stdout, "alike\n", "{run:?}");
}

#[test]
fn owner_of_a_rootless_container_is_like_its_processes() {
    let sandbox = sandbox_or_skip!("setpriv", "diff");
    let user = if is_root() {
        "setpriv --reuid 1000 --regid 1000 --groups 4,5"
    } else {
        ""
    };
    // Both belong to the same user, who may write to the files.
    let run = compared(
        &sandbox,
        "chmod 777 .",
        &format!("{user} unshare -rmui env -i -C /usr A=1 PATH=/usr/bin:/bin sleep 60"),
        user,
    );
    assert_eq!(run.stdout, "alike\n", "{run:?}");
}

#[test]
fn root_directory_of_the_target_is_taken_on() {
    let sandbox = sandbox_or_skip!("strace");
    // The same directory, but reached through another mount; then a target with the caller's root
    // directory.
    let run = sandbox.shell(&format!(
        "{STATE}
         mkdir r; mount --rbind / r; mount -t tmpfs t r/media; > r/media/inside
         unshare -u --root=r sleep 60 & T=$!; asleep $T
         nsenter -t $T --like-target --set-env=PATH=$PATH ls /media; kill $T
         unshare -u sleep 60 & T=$!; asleep $T
         strace -o trace -e trace=chroot nsenter -t $T --like-target true; kill $T
         grep -c chroot trace"
    ));
    assert_eq!(run.stdout, "inside\n0\n", "{run:?}");
}

#[test]
fn attribute_that_cannot_be_taken_over_is_named_and_options_override_it() {
    let sandbox = sandbox_or_skip!("setpriv", "prlimit");
    if !is_root() {
        return skipped("needs root, for a target with more rights");
    }
    let run = |target: &str, user: &str, options: &str| {
        let run = sandbox.shell(&format!(
            "{STATE}
             {target} sleep 60 & T=$!; asleep $T; {user} nsenter -t $T --like-target {options}; r=$?; kill $T; exit $r"
        ));
        (run.status, run.stdout, run.stderr)
    };
    let told = |text: &str| (1, String::new(), format!("nsenter: {text}\n"));
    let done = |text: &str| (0, format!("{text}\n"), String::new());
    let user = "setpriv --reuid 1000 --regid 1000 --clear-groups";
    let limits = format!("prlimit --nofile=300:600 {user}");
    assert_eq!(
        run(user, &limits, "true"),
        told(
            "cannot take over the limit 'Max open files' of the target: Operation not permitted\n\
             nsenter: hint: raising a hard limit takes CAP_SYS_RESOURCE; --keep-limits keeps the caller's"
        )
    );
    let kept = run(user, &limits, "--keep-limits sh -c 'ulimit -n'");
    assert_eq!(kept, done("300"));
    assert_eq!(
        run("", "setpriv --no-new-privs", "true"),
        told(
            "cannot take over the missing no_new_privs of the target: it is set for the caller and cannot be cleared"
        )
    );
    assert_eq!(
        run("", "setpriv --bounding-set=-sys_admin", "true"),
        told(
            "cannot take over the capability bounding set of the target: the caller's lacks capability 21"
        )
    );
    let other_groups = "setpriv --reuid 1000 --regid 1000 --groups 7";
    assert_eq!(
        run(other_groups, user, "true"),
        told("setgroups failed: Operation not permitted")
    );
    assert_eq!(
        run(other_groups, user, "--preserve-credentials id -G"),
        done("1000")
    );
    assert_eq!(
        run(user, "", "-S 5 -w/usr sh -c 'id -u; pwd'"),
        done("5\n/usr")
    );
    assert_eq!(run(user, "", "-G 6 id -G"), done("6"));
}

#[test]
fn ids_of_an_ended_target_are_not_those_of_root() {
    let sandbox = sandbox_or_skip!("strace");
    let run = sandbox.shell(
        "sleep 60 & T=$!
         strace -o trace -e trace=prctl -e inject=prctl:signal=STOP:when=2 nsenter -t $T --like-target echo run 2> err & N=$!
         until grep -qs 'stopped by SIGSTOP' trace; do sleep .01; done
         kill -9 $T; wait $T 2> /dev/null
         read P < /proc/$N/task/$N/children; kill -CONT $P; wait $N; echo $?; sed 's/[0-9][0-9]*/N/' err",
    );
    assert_eq!(
        run.stdout, "1\nnsenter: cannot open /proc/N/status: No such process\n",
        "{run:?}"
    );
}

#[test]
fn static_program_of_the_outside_runs_where_there_is_none() {
    // ldconfig is the one program that every system with glibc links statically.
    let sandbox = sandbox_or_skip!("ldconfig");
    let inside = "mkdir -p empty; mount -t tmpfs t empty; export PATH=$PATH:/sbin:/usr/sbin; nsenter -t $$ -m -r/mnt/empty -W/";
    let run = sandbox.shell(&format!(
        "{inside} --outside-program ldconfig --version | head -n1"
    ));
    assert!(run.output().starts_with("ldconfig "), "{run:?}");
    let plain = sandbox.shell(&format!("{inside} ldconfig --version"));
    assert_eq!(plain.status, 127, "{plain:?}");
    let missing = sandbox.shell(&format!("{inside} --outside-program nosuch"));
    assert_eq!(
        (missing.status, missing.stderr.as_str()),
        (
            127,
            "nsenter: failed to execute nosuch: No such file or directory\n"
        )
    );
    let folder = sandbox.shell(&format!("{inside} --outside-program /etc"));
    assert_eq!(
        (folder.status, folder.error()),
        (126, "nsenter: failed to execute /etc: Permission denied")
    );
}

#[test]
fn copy_of_the_program_cannot_be_changed_from_inside() {
    let sandbox = sandbox_or_skip!("python3");
    let look = "import os,fcntl
print(os.readlink('/proc/self/exe'))
print(fcntl.fcntl(os.open('/proc/self/exe', os.O_RDONLY), fcntl.F_GET_SEALS) & 15)
try: os.open('/proc/self/exe', os.O_RDWR)
except OSError as e: print(type(e).__name__)";
    let run = sandbox.shell(&format!(
        "nsenter -t $$ -u --outside-program $(readlink -f $(command -v python3)) -c \"{look}\""
    ));
    let lines: Vec<&str> = run.output().lines().collect();
    assert!(lines[0].starts_with("/memfd:python3"), "{run:?}");
    assert_eq!(lines[1..], ["15", "OSError"], "{run:?}");
}

#[test]
fn names_are_those_of_the_files_inside() {
    let sandbox = sandbox_or_skip!();
    if !is_root() {
        return skipped("needs root, to take on other ids");
    }
    let run = sandbox.shell(
        "unshare -m sh -c 'printf \"bad:x:6\\nann:x:+5:5:::\\nann:x:5:5:::\\nann:x:7:7:::\\n\" > p
             printf \"crew:x:8:\\n\" > g; mount --bind p /etc/passwd; mount --bind g /etc/group; exec sleep 60' & T=$!
         until grep -qs sleep /proc/$T/comm; do sleep .01; done
         nsenter -t $T -m -S ann -G crew sh -c 'id -u; id -g; id -G'
         for o in -Sbad -Sroot -Groot; do nsenter -t $T -m $o echo run; echo $?; done
         kill $T",
    );
    assert_eq!(run.stdout, "5\n8\n8\n1\n1\n1\n", "{run:?}");
    assert_eq!(
        run.stderr,
        "nsenter: failed to parse uid: 'bad'\nnsenter: failed to parse uid: 'root'\nnsenter: failed to parse gid: 'root'\n"
    );
}

#[test]
fn variables_are_changed_in_order_after_those_of_the_target() {
    let sandbox = sandbox_or_skip!();
    let run = sandbox.shell(
        "env -i A=1 B=2 sleep 60 & T=$!; until grep -qs sleep /proc/$T/comm; do sleep .01; done
         nsenter -t $T -u --set-env=A=x --unset-env A -e --unset-env=B --set-env C=3 --set-env=C=4 /usr/bin/env
         kill $T",
    );
    assert_eq!(run.stdout, "C=4\n", "{run:?}");
}
