//! `--explain` prints what a run does: the same system calls in the same order.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use ns_tests::sandbox::Sandbox;
use ns_tests::sandbox_or_skip;
use ns_tests::skip::{is_root, skipped};

/// The system calls that change something, by their names in strace.
const CHANGES: [&str; 20] = [
    "unshare",
    "mount",
    "sethostname",
    "setdomainname",
    "setns",
    "setgroups",
    "setgid",
    "setuid",
    "prctl",
    "capset",
    "chroot",
    "fchdir",
    "chdir",
    "clone",
    "rt_sigaction",
    "execve",
    "execveat",
    "setresgid",
    "setresuid",
    "prlimit64",
];

/// The name in strace of a call in an explanation.
fn traced(name: &str) -> &str {
    match name {
        "fork" => "clone",
        "sigaction" => "rt_sigaction",
        "execvp" | "execv" => "execve",
        "prlimit" => "prlimit64",
        name => name,
    }
}

/// The calls in a text that change something, with the flags of setns(2); repeated calls count
/// once.
fn changes(text: &str) -> Vec<String> {
    let mut calls: Vec<String> = Vec::new();
    for (at, _) in text.match_indices('(') {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let start = text[..at]
            .rfind(|letter| !is_part(letter))
            .map_or(0, |end| end + 1);
        let name = traced(&text[start..at]);
        if !CHANGES.contains(&name) {
            continue;
        }
        let values = text[at + 1..].split(')').next().unwrap();
        let call = match (name, values.split_once(", ")) {
            ("setns", Some((_, flags))) => {
                let mut flags: Vec<&str> = flags.split('|').collect();
                flags.sort_unstable();
                format!("setns {}", flags.join("|"))
            }
            _ => name.to_owned(),
        };
        if calls.last() != Some(&call) {
            calls.push(call);
        }
    }
    calls
}

/// The changes before the program runs, in a trace of nsenter.
fn changes_in_trace(trace: &str) -> Vec<String> {
    // The first line is the execve of nsenter itself.
    let (_, calls) = trace.split_once('\n').unwrap();
    let mut lines = Vec::new();
    for line in calls.lines() {
        // Written text is not a call, and calls that only ask change nothing.
        let asks = line.contains("PR_GET_NO_NEW_PRIVS")
            || line.contains("prlimit64(") && line.contains(", NULL, {");
        if asks || line.contains(" write(") {
            continue;
        }
        lines.push(line);
        if line.contains("execve(") || line.contains("execveat(") {
            break;
        }
    }
    changes(&lines.join("\n"))
}

/// Compares nsenter with `options` to the same with `--explain`; `target` is a script that sets
/// `$T`, and `$U` to be killed.
fn check(sandbox: &Sandbox, target: &str, options: &str) {
    let run = sandbox.shell(&format!(
        "{target}
         strace -f -o explained nsenter {options} --explain true > said || exit
         strace -f -o done nsenter {options} true; echo $?
         {{ kill -9 $U; wait $U; }} 2> /dev/null; true"
    ));
    assert_eq!(run.output(), "0\n", "{options}");
    let read = |file: &str| sandbox.shell(&format!("cat {file}")).stdout;
    let done = changes_in_trace(&read("done"));
    assert_eq!(changes(&read("said")), done, "{options}");
    let explained = changes_in_trace(&read("explained"));
    assert_eq!(explained, [""; 0], "{options}: it does nothing");
}

#[test]
fn nsenter_does_what_it_says() {
    let sandbox = sandbox_or_skip!("strace");
    let target = "unshare -rmuipT --mount-proc -f --kill-child sleep 60 & U=$!
         until read T < /proc/$U/task/$U/children; T=${T%% *}; grep -q sleep /proc/$T/comm; do sleep .01; done 2> /dev/null";
    for options in [
        "-t $T -U --preserve-credentials -u",
        "-t $T -U --preserve-credentials -m -r -w",
        "-t $T -U --preserve-credentials -i -p",
        "-t $T -U --preserve-credentials -i -p -F",
        "-t $T -U --preserve-credentials --keep-caps -n",
        "-t $T -U --preserve-credentials --uts=/proc/$T/ns/uts -i",
        "-t $T -U --preserve-credentials -m -W/usr -e",
        "-t $T -U --preserve-credentials -m -S root",
        "-t $T -U --preserve-credentials -m -S root --outside-program",
        "--uts=/proc/self/ns/uts -r/",
        "--uts=/proc/self/ns/uts -r/ -w/usr",
        "--uts=/proc/self/ns/uts --ipc=/proc/self/ns/ipc -S 0",
        "-t $$ -u -m",
        "-t $$ -u -S follow",
        "-t $$ -u --set-env=A=1 --unset-env=B",
    ] {
        check(&sandbox, target, options);
    }
}

#[test]
fn nsenter_says_all_that_makes_it_like_the_target() {
    let sandbox = sandbox_or_skip!("strace", "setpriv", "prlimit");
    if !is_root() {
        return skipped("needs root, for a target with other ids");
    }
    let target = "prlimit --core=4096:8192 setpriv --reuid 1000 --regid 1001 --groups 5 --no-new-privs sleep 60 & U=$!; T=$!
         until grep -qs sleep /proc/$T/comm; do sleep .01; done";
    check(&sandbox, target, "-t $T --like-target");
    check(&sandbox, target, "-t $T --like-target --keep-limits -S 7");
}

/// The last names of the files that are written according to a text.
fn written(text: &str) -> Vec<&str> {
    let names = text.lines().filter_map(|line| {
        let (_, rest) = line.split_once("write /")?;
        rest.split(' ').next()?.rsplit('/').next()
    });
    names.collect()
}

/// The files below /proc that are opened for writing, in a trace.
fn written_in_trace(trace: &str) -> Vec<&str> {
    let names = trace.lines().filter_map(|line| {
        let (_, rest) = line.split_once("openat(")?;
        let path = rest.split('"').nth(1)?;
        let name = path.rsplit('/').next()?;
        let is_map = ["uid_map", "gid_map", "setgroups", "timens_offsets"].contains(&name);
        (is_map && rest.contains("O_WRONLY")).then_some(name)
    });
    names.collect()
}

#[test]
fn unshare_does_what_it_says() {
    let sandbox = sandbox_or_skip!("strace");
    let none: [&str; 0] = [];
    for options in [
        "-iu",
        "-muinpCT",
        "-r",
        "-r -u -i --fork --pid --mount-proc",
        "-c --keep-caps",
        "-U --map-user=5",
        "-U --setgroups=deny",
        "--map-users=0:0:1 --map-groups=0:0:1",
        "--map-users=0:0:1 -r",
        "-m -p -f --propagation=slave --mount-proc",
        "-m --propagation=unchanged",
        "-T --boottime=5 --monotonic=-1",
        "-R / -w /usr",
        "-u -S 0",
        "-f --kill-child",
        "-f --kill-child -S 0",
        "-u --hostname box --domainname dom",
        "--mqueue=d",
        "--join uts=/proc/self/ns/uts --hostname box",
        "--uts=f",
        "--uts=f -i -f",
        "--clear-env --set-env A=1 -f",
        "--init --mount-proc",
        "--init -S 0",
        "--forward-signals",
        "--pid-file p -f",
    ] {
        let run = sandbox.shell(&format!(
            "mkdir -p d; touch f
             strace -f -o explained unshare {options} --explain true > said || exit
             strace -f -o done unshare {options} true; echo $?
             umount f 2> /dev/null; true"
        ));
        assert_eq!(run.stdout, "0\n", "{options}: {run:?}");
        let read = |file: &str| sandbox.shell(&format!("cat {file}")).stdout;
        let (said, done) = (read("said"), read("done"));
        // What helpers do is at the same place in both, except their start and end.
        assert_eq!(
            changes(&said),
            changes_in_trace(&done),
            "{options}:\n{said}{done}"
        );
        assert_eq!(written(&said), written_in_trace(&done), "{options}");
        assert_eq!(
            changes_in_trace(&read("explained")),
            none,
            "{options}: it does nothing"
        );
    }
}
