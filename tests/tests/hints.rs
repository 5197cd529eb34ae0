//! A hint names a cause that exists; the same errno from another cause gets no hint.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use ns_tests::sandbox::Sandbox;
use ns_tests::sandbox_or_skip;
use ns_tests::skip::{is_root, skipped};

/// Functions of the scripts here.
const FUNCTIONS: &str = r"
    asleep() { until grep -qs sleep /proc/$1/comm; do sleep .01; done; }
    user='setpriv --reuid 1000 --regid 1000 --clear-groups'
    finish() { { kill -9 $T; wait $T; } 2> /dev/null; }
    # inject ERRNO PATTERN COMMAND: the command, with the openat that its line of strace shows refused.
    inject() {
        local errno=$1 pattern=$2; shift 2
        strace -o /dev/shm/seen -e trace=openat $@ > /dev/null 2>&1
        local position=$(grep -n $pattern /dev/shm/seen | cut -d: -f1)
        strace -o /dev/null -e inject=openat:error=$errno:when=$position $@
    }
    export -f asleep finish
";

/// The error and the hint of a script in a new sandbox, without the name of the tool, and with `N`
/// for numbers.
fn told(script: &str) -> (String, Option<String>) {
    let run = Sandbox::new().shell(&format!("{FUNCTIONS}\n{script}"));
    let mut lines = run.stderr.lines().map(|line| {
        let (_, text) = line.split_once(": ").unwrap_or(("", line));
        text.to_owned()
    });
    let (error, hint) = (lines.next(), lines.next());
    assert_eq!(lines.next(), None, "{script}: {run:?}");
    let error = error.unwrap_or_else(|| panic!("{script}: it must fail: {run:?}"));
    let hint = hint.map(|hint| {
        hint.strip_prefix("hint: ")
            .unwrap_or_else(|| panic!("{run:?}"))
            .to_owned()
    });
    (error, hint)
}

/// The script `cause` fails with this error and this hint; `other` fails with the same error and no
/// hint.
#[track_caller]
fn check(cause: &str, reason: &str, hint: &str, other: &str) {
    let (error, found) = told(cause);
    assert!(error.ends_with(reason), "{cause}: {error}");
    let found = found.unwrap_or_else(|| panic!("{cause}: no hint after: {error}"));
    assert!(found.contains(hint), "{cause}: {found}");
    let (error, found) = told(other);
    assert!(error.ends_with(reason), "{other}: {error}");
    assert_eq!(found, None, "{other}");
}

#[test]
fn process_in_a_foreign_proc() {
    sandbox_or_skip!("strace");
    let nsenter = |target: &str| {
        format!(
            "unshare -u -p -f sh -c 'sleep 60 & T=$!;
             strace -o /dev/null -e inject=pidfd_open:error={target} nsenter -t $T -u true; kill -9 $T' 2>&1 | grep nsenter >&2"
        )
    };
    check(
        &nsenter("ENOSYS"),
        "No such file or directory",
        "/proc belongs to another PID namespace",
        // The same errno as for a process that does not exist.
        &nsenter("ESRCH"),
    );
}

#[test]
fn process_that_proc_hides() {
    sandbox_or_skip!("setpriv");
    if !is_root() {
        return skipped("needs root, for processes of two users");
    }
    let nsenter = |option: &str, target: &str| {
        format!(
            "mount -t proc -o hidepid={option} proc /proc; sleep 60 & T=$!
             $user nsenter -t {target} --uts=/proc/self/ns/uts -w true; finish"
        )
    };
    check(
        &nsenter("invisible", "$T"),
        "No such file or directory",
        "/proc hides the processes of other users (hidepid=invisible)",
        &nsenter("invisible", "4194304"),
    );
    check(
        &nsenter("noaccess", "$T"),
        "Operation not permitted",
        "/proc hides the processes of other users (hidepid=noaccess)",
        "inject EPERM '\"cwd\"' nsenter -t $$ --uts=/proc/self/ns/uts -w true",
    );
}

#[test]
fn process_of_another_user() {
    sandbox_or_skip!("setpriv", "strace");
    if !is_root() {
        return skipped("needs root, for processes of two users");
    }
    let hint = "belongs to another user: only that user and root may inspect it";
    check(
        "sleep 60 & T=$!; asleep $T; $user nsenter -t $T -u true; finish",
        "reassociate to namespaces failed: Operation not permitted",
        hint,
        // A seccomp filter refuses, not the process.
        "sleep 60 & T=$!; asleep $T; strace -o /dev/null -e inject=setns:error=EPERM nsenter -t $T -u true; finish",
    );
    check(
        "sleep 60 & T=$!; asleep $T; $user nsenter -t $T --uts=/proc/self/ns/uts -w true; finish",
        "Permission denied",
        hint,
        "inject EACCES '\"cwd\"' nsenter -t $$ --uts=/proc/self/ns/uts -w true",
    );
    check(
        "sleep 60 & T=$!; asleep $T; $user unshare --join uts=$T true; finish",
        "/ns/uts: Permission denied",
        hint,
        "inject EACCES '\"ns/uts\"' unshare --join uts=$$ true",
    );
    check(
        "sleep 60 & T=$!; asleep $T; $user nsenter -t $T -N 3 true; finish",
        "Operation not permitted",
        hint,
        "strace -o /dev/null -e inject=pidfd_getfd:error=EPERM nsenter -t $$ -N 3 true",
    );
}

#[test]
fn process_that_lets_nobody_look() {
    sandbox_or_skip!("setpriv", "python3", "strace");
    if !is_root() {
        return skipped("needs root, to become an ordinary user");
    }
    check(
        "$user python3 -c 'import ctypes,time; ctypes.CDLL(None).prctl(4,0,0,0,0); open(\"/dev/shm/ready\",\"w\"); time.sleep(60)' & T=$!
         until [ -e /dev/shm/ready ]; do sleep .01; done; $user nsenter -t $T --uts=/proc/self/ns/uts -w true; finish",
        "Permission denied",
        "may be inspected only by root",
        "$user sleep 60 & T=$!; asleep $T
         inject EACCES '\"cwd\"' $user nsenter -t $T --uts=/proc/self/ns/uts -w true; finish",
    );
}

#[test]
fn own_user_namespace() {
    sandbox_or_skip!("strace");
    let hint = "this is the caller's own user namespace";
    let other = "strace -o /dev/null -e inject=setns:error=EINVAL nsenter -t $$ -u true";
    check("nsenter -t $$ -U true", "Invalid argument", hint, other);
    check(
        "nsenter --user=/proc/self/ns/user true",
        "Invalid argument",
        hint,
        "unshare -r sleep 60 & T=$!; asleep $T
         strace -o /dev/null -e inject=setns:error=EINVAL nsenter --user=/proc/$T/ns/user true; finish",
    );
}

#[test]
fn pid_namespace_that_is_not_below() {
    sandbox_or_skip!("strace");
    check(
        "unshare -p -f bash -c 'read P _ < /proc/self/stat; unshare -p -f nsenter --pid=/proc/$P/ns/pid true; exit'",
        "Invalid argument",
        "the PID namespace is neither the caller's nor below it",
        "strace -o /dev/null -e inject=setns:error=EINVAL nsenter --pid=/proc/self/ns/pid true",
    );
}

#[test]
fn pid_namespace_whose_first_process_has_ended() {
    sandbox_or_skip!("strace", "python3");
    let asked = "import fcntl; print(fcntl.ioctl(open('/proc/self/ns/pid'), 0x8004b706, 1))";
    if Sandbox::new()
        .shell(&format!("python3 -c \"{asked}\""))
        .status
        != 0
    {
        return skipped("the kernel does not tell, before Linux 6.12");
    }
    check(
        "touch f; unshare --pid=f -f true; nsenter --pid=f true",
        "fork failed: Cannot allocate memory",
        "process 1 of the PID namespace has ended, ",
        "unshare -p -f sleep 60 & U=$!; until T=$(cat /proc/$U/task/$U/children); [ $T ]; do sleep .01; done
         strace -o /dev/null -e inject=clone:error=ENOMEM nsenter -t $T -p true; finish",
    );
}

#[test]
fn file_that_is_not_a_namespace_of_the_kind() {
    sandbox_or_skip!("strace");
    let other =
        "strace -o /dev/null -e inject=setns:error=EINVAL nsenter --uts=/proc/self/ns/uts true";
    for (file, hint) in [
        (
            "/proc/self/ns/net",
            "the file is a namespace of kind net, not uts",
        ),
        ("/etc/passwd", "the file is not a namespace: "),
    ] {
        let cause = format!("nsenter --uts={file} true");
        check(
            &cause,
            "reassociate to namespace 'ns/uts' failed: Invalid argument",
            hint,
            other,
        );
    }
}

#[test]
fn right_over_the_owner_that_is_missing() {
    sandbox_or_skip!("setpriv", "strace");
    if !is_root() {
        return skipped("needs root, for namespaces of two owners");
    }
    let reason = "Operation not permitted";
    let filtered = "unshare -iu sleep 60 & T=$!; asleep $T
         strace -o /dev/null -e inject=setns:error=EPERM nsenter -t $T -u true; finish";
    for (target, options, hint) in [
        (
            "$user unshare -ru",
            "-t $T -u",
            "ns/uts is owned by the target's user namespace: add --user --preserve-credentials",
        ),
        (
            "$user unshare -ru",
            "-t $T -U --preserve-credentials -u -n",
            "ns/net is not owned by the target's user namespace",
        ),
        (
            "$user",
            "-t $T -u",
            "ns/uts is the caller's already, and entering it again takes CAP_SYS_ADMIN",
        ),
        (
            "unshare -u $user",
            "-t $T -u",
            "ns/uts is owned by the caller's user namespace, and entering it takes CAP_SYS_ADMIN there",
        ),
        (
            "unshare -u $user",
            "--uts=/proc/$T/ns/uts",
            "ns/uts is owned by the caller's user namespace, and entering it takes CAP_SYS_ADMIN there",
        ),
    ] {
        let cause =
            format!("{target} sleep 60 & T=$!; asleep $T; $user nsenter {options} true; finish");
        check(&cause, reason, hint, filtered);
    }
    check(
        "P=$$; unshare -r nsenter --uts=/proc/$P/ns/uts true",
        reason,
        "ns/uts is owned by a user namespace outside the caller's",
        "strace -o /dev/null -e inject=setns:error=EPERM nsenter --uts=/proc/self/ns/uts true",
    );
}

#[test]
fn groups_that_may_not_be_dropped() {
    sandbox_or_skip!("strace");
    if !is_root() {
        return skipped("needs root, to map groups without denying their change");
    }
    let allowed = "unshare --map-users=0:0:1 --map-groups=0:0:1";
    check(
        "unshare -r bash -c 'unshare -r sleep 60 & T=$!; asleep $T; nsenter -t $T -U true; finish'",
        "setgroups failed: Operation not permitted",
        "the user namespace denies setgroups(2); --preserve-credentials keeps the groups",
        &format!(
            "{allowed} sleep 60 & T=$!; asleep $T
             strace -o /dev/null -e inject=setgroups:error=EPERM nsenter -t $T -U true; finish"
        ),
    );
}

#[test]
fn ids_that_are_not_mapped() {
    sandbox_or_skip!("strace");
    let target = "unshare -r sleep 60 & T=$!; asleep $T;";
    let nsenter = "nsenter -t $T -U --preserve-credentials";
    for (option, call, hint) in [
        (
            "-S 5",
            "setuid",
            "uid 5 is not mapped in this user namespace: its uid_map needs a line that begins with 5",
        ),
        (
            "-G 6",
            "setgid",
            "gid 6 is not mapped in this user namespace: its gid_map needs a line that begins with 6",
        ),
    ] {
        let mapped = option.replace(['5', '6'], "0");
        check(
            &format!("{target} {nsenter} {option} true; finish"),
            "Invalid argument",
            hint,
            &format!(
                "{target} strace -o /dev/null -e inject={call}:error=EINVAL {nsenter} {mapped} true; finish"
            ),
        );
    }
}

#[test]
fn highest_number_cannot_be_mapped() {
    let sandbox = sandbox_or_skip!();
    let run = sandbox.shell(
        "nsenter --uts=/proc/self/ns/uts -S 4294967295 true
         nsenter --uts=/proc/self/ns/uts -G 4294967295 true",
    );
    assert!(
        run.stderr.contains("setuid() failed: Invalid argument"),
        "{run:?}"
    );
    assert!(
        run.stderr.contains("setgid() failed: Invalid argument"),
        "{run:?}"
    );
    assert!(!run.stderr.contains("hint:"), "{run:?}");
}

#[test]
fn programs_that_cannot_be_executed() {
    sandbox_or_skip!("strace");
    let missing = "No such file or directory";
    let tools = ["unshare -u", "nsenter --uts=/proc/self/ns/uts"];
    for tool in tools {
        let check = |prepare: &str, program: &str, reason: &str, hint: &str, other: &str| {
            let cause = format!("{prepare}; {tool} {program}");
            check(&cause, reason, hint, &format!("{tool} {other}"));
        };
        let script = "printf '#!/no/such/sh\\n' > ours; chmod +x ours";
        let hint = "the interpreter /no/such/sh of ./ours is missing";
        check(script, "./ours", missing, hint, "./nosuch");
        let hint = "the interpreter /no/such/sh of /mnt/ours is missing";
        check(
            &format!("{script}; PATH=$PATH:/mnt"),
            "ours",
            missing,
            hint,
            "nosuch",
        );
        let loader = "sed s,/ld-,/no-,g $(type -P true) > program; chmod +x program";
        check(
            loader,
            "./program",
            missing,
            " of ./program is missing",
            "./nosuch",
        );
        let script = "printf '#!./second\\n' > ours; printf '#!/no/such/sh\\n' > second; chmod +x ours second";
        let hint = "the interpreter /no/such/sh of ./second is missing";
        check(script, "./ours", missing, hint, "./nosuch");
        let refused =
            format!("strace -o /dev/null -e inject=execve:error=EACCES {tool} $(type -P true)");
        let denied = |prepare: &str, program: &str, hint: &str| {
            let cause = format!("{prepare}; {tool} {program}");
            crate::check(&cause, "Permission denied", hint, &refused);
        };
        denied(
            "mkdir d; mount -t tmpfs -o noexec t d; cp $(type -P true) d",
            "d/true",
            "d/true is on a file system mounted noexec",
        );
        let plain = "cp $(type -P true) plain; chmod 644 plain";
        let hint = "./plain has no execute permission: chmod +x adds it";
        denied(plain, "./plain", hint);
        let script = "printf '#!./plain\\n' > ours; chmod +x ours";
        denied(&format!("{plain}; {script}"), "./ours", hint);
        denied(":", "/usr", "/usr is a directory, not a program; ");
    }
}

#[test]
fn programs_for_another_machine() {
    sandbox_or_skip!("dd");
    let other = "cp $(type -P true) program; printf '\\377\\377' | dd of=program bs=1 seek=18 conv=notrunc 2> /dev/null; chmod +x program";
    let hint = "is a program for another architecture";
    check(
        &format!("{other}; SHELL=./program unshare -u"),
        "Exec format error",
        hint,
        "echo : > ours; chmod +x ours; SHELL=./ours unshare -u",
    );
    check(
        &format!("{other}; nsenter --uts=/proc/self/ns/uts --outside-program ./program"),
        "Exec format error",
        hint,
        "echo : > ours; chmod +x ours; nsenter --uts=/proc/self/ns/uts --outside-program ./ours",
    );
}

#[test]
fn copies_that_need_a_file() {
    sandbox_or_skip!();
    let nsenter = "mkdir empty; mount -t tmpfs t empty; nsenter --uts=/proc/self/ns/uts -r/mnt/empty -W/ --outside-program";
    let missing = "No such file or directory";
    let other = format!("{nsenter} nosuch");
    let hint = " of true is missing inside";
    check(&format!("{nsenter} true"), missing, hint, &other);
    let script = "printf '#!/bin/sh\\n' > ours; chmod +x ours";
    let hint = "./ours is a script, and its interpreter cannot open the copy";
    check(
        &format!("{script}; {nsenter} ./ours"),
        missing,
        hint,
        &other,
    );
}

#[test]
fn limits_that_may_not_be_raised() {
    sandbox_or_skip!("setpriv", "prlimit", "strace");
    if !is_root() {
        return skipped("needs root, for a target with more rights");
    }
    check(
        "$user sleep 60 & T=$!; asleep $T; prlimit --nofile=300:600 $user nsenter -t $T --like-target true; finish",
        "Operation not permitted",
        "raising a hard limit takes CAP_SYS_RESOURCE; --keep-limits",
        // Limits are read first; only setting them is refused.
        "prlimit --core=4096:8192 sleep 60 & T=$!; asleep $T
         strace -o trace -e trace=prlimit64 nsenter -t $T --like-target true
         N=$(grep -c prlimit64 trace); W=$(grep -n 'RLIMIT_CORE, {' trace | cut -d: -f1)
         strace -o /dev/null -e inject=prlimit64:error=EPERM:when=$W nsenter -t $T --like-target true; finish",
    );
}

#[test]
fn hints_can_be_silenced() {
    sandbox_or_skip!();
    for command in ["nsenter -t $$ -U true", "nsenter -t $$ -ui true"] {
        assert!(told(command).1.is_some(), "{command}");
        assert_eq!(told(&format!("NS_HINTS=0 {command}")).1, None, "{command}");
    }
    for tool in [
        "unshare --clear-env",
        "nsenter --uts=/proc/self/ns/uts --unset-env NS_HINTS",
    ] {
        let command = |setting: &str| told(&format!("{setting} {tool} /usr"));
        assert!(command("").1.is_some(), "{tool}");
        assert_eq!(command("NS_HINTS=0").1, None, "{tool}");
    }
}
