//! `--explain` says what a run does: the same system calls in the same order.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use ns_tests::sandbox_or_skip;

/// The calls that change something, as strace names them; the others only look.
const CHANGES: [&str; 12] = [
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
];

/// The name that strace has for a call of an explanation.
fn traced(name: &str) -> &str {
    match name {
        "fork" => "clone",
        "sigaction" => "rt_sigaction",
        "execvp" | "execv" => "execve",
        name => name,
    }
}

/// The changing calls in a text, with the flags of setns(2); one that is repeated counts once.
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
        "--uts=/proc/self/ns/uts -r/",
        "--uts=/proc/self/ns/uts -r/ -w/usr",
        "--uts=/proc/self/ns/uts --ipc=/proc/self/ns/ipc -S 0",
        "-t $$ -u -m",
        "-t $$ -u -S follow",
    ] {
        let run = sandbox.shell(&format!(
            "{target}
             strace -f -o explained nsenter {options} --explain true > said || exit
             strace -f -o done nsenter {options} true; echo $?
             {{ kill -9 $U; wait $U; }} 2> /dev/null; true"
        ));
        assert_eq!(run.output(), "0\n", "{options}");
        let read = |file: &str| sandbox.shell(&format!("cat {file}")).stdout;
        let of_nsenter = |trace: String| -> Vec<String> {
            // The first line is strace's own execve; the last call is that of the program.
            let (_, calls) = trace.split_once('\n').unwrap();
            let calls = calls
                .split_once("execve(")
                .map_or(calls.to_owned(), |(before, _)| format!("{before}execve("));
            let calls = calls.lines().filter(|line| !line.contains(" write("));
            changes(&calls.collect::<Vec<_>>().join("\n"))
        };
        assert_eq!(
            changes(&read("said")),
            of_nsenter(read("done")),
            "{options}"
        );
        assert_eq!(
            of_nsenter(read("explained")),
            [""; 0],
            "{options}: it does nothing"
        );
    }
}
