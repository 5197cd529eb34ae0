//! What the program inherits, and what it must not.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use ns_tests::process::{Target, start_and_wait_for_a_line};
use ns_tests::sandbox_or_skip;
use ns_tests::skip::has_program;
use ns_tests::tool;

#[test]
fn signal_state_reaches_the_program_as_it_was() {
    let sandbox = sandbox_or_skip!();
    let target = Target::new(&sandbox);
    let state = "grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status";
    for before in ["", "trap '' INT PIPE;", "trap '' TERM QUIT HUP;"] {
        let plain = sandbox.shell(&format!("{before} {state}"));
        for tool in [
            "unshare -u",
            "unshare --fork -u",
            "unshare --kill-child",
            "nsenter -t $$ -u",
            "nsenter -t $P -p",
        ] {
            let run = sandbox.shell(&format!("P={}; {before} {tool} {state}", target.pid()));
            assert_eq!(run.output(), plain.output(), "{before} {tool}");
        }
    }
}

#[test]
fn ignored_child_signal_does_not_lose_the_status() {
    let sandbox = sandbox_or_skip!();
    let target = Target::new(&sandbox);
    for tool in ["unshare -f -u", "unshare -p -f", "nsenter -t $P -p"] {
        let run = sandbox.shell(&format!(
            "P={}; trap '' CHLD; {tool} sh -c 'exit 5'",
            target.pid()
        ));
        assert_eq!((run.status, run.stderr.as_str()), (5, ""), "{tool}");
    }
}

#[test]
fn no_descriptor_of_ours_reaches_the_program() {
    let sandbox = sandbox_or_skip!();
    let list =
        "bash -c 'for f in /proc/self/fd/*; do [ -e \"$f\" ] && echo ${f##*/}; done' | grep -v 255";
    let target = Target::new(&sandbox);
    let plain = sandbox.shell(list);
    sandbox.shell("touch f");
    for tool in [
        "unshare -r",
        "unshare -rmf --kill-child",
        "unshare --map-users=0:0:1 --map-groups=0:0:1",
        "unshare --uts=f",
        "unshare --uts=f -f --kill-child",
        "nsenter -t $$ -u -w",
        "nsenter -t $$ -u -r/ -w/mnt -e",
        "nsenter -t $P -p --uts=/proc/self/ns/uts",
    ] {
        let run = sandbox.shell(&format!(
            "P={}; {tool} {list}; umount f 2>/dev/null",
            target.pid()
        ));
        assert_eq!(run.stdout, plain.stdout, "{tool}: {run:?}");
    }
}

#[test]
fn closed_standard_descriptors_change_nothing() {
    let sandbox = sandbox_or_skip!();
    sandbox.shell("touch f out; hostname inner 2>/dev/null");
    for closed in [
        "<&-",
        ">&-",
        "2>&-",
        "<&- >&-",
        "<&- 2>&-",
        ">&- 2>&-",
        "<&- >&- 2>&-",
    ] {
        for tool in [
            "unshare -r",
            "unshare -m -f --kill-child",
            "unshare --map-users=0:0:1 -m --mount-proc -p -f",
            "unshare --uts=f -f",
            "nsenter -t $$ -u -w/mnt",
            "nsenter --uts=/proc/$$/ns/uts -r/ -w/mnt",
        ] {
            let script = format!(
                "rm -f out; {tool} sh -c 'ls -l /proc/self/fd/ > /mnt/out 2>/dev/null; exit 7' {closed}; r=$?; umount f 2>/dev/null; (exit $r)"
            );
            let run = sandbox.shell(&script);
            assert_eq!(run.status, 7, "{tool} {closed}: {run:?}");
            let open = sandbox.shell("cat out").stdout;
            let foreign = open.lines().any(|line| {
                line.contains("ns:[") || line.contains("pipe:") && line.contains(" 3 ->")
            });
            assert!(!foreign, "{tool} {closed}: {open}");
        }
    }
}

#[test]
fn closed_standard_input_does_not_lead_nsenter_astray() {
    let sandbox = sandbox_or_skip!("hostname");
    let mut target = sandbox.command(tool::ours("unshare"));
    target.args([
        "-u",
        "sh",
        "-c",
        "hostname target; echo ready; exec sleep 60",
    ]);
    let target = start_and_wait_for_a_line(&mut target);
    for closed in ["", "<&-", "<&- 2>&-"] {
        let run = sandbox.shell(&format!("nsenter -t {} -u hostname {closed}", target.id()));
        assert_eq!(
            (run.status, run.stdout.as_str()),
            (0, "target\n"),
            "{closed}"
        );
    }
}

#[test]
fn words_that_are_not_utf_8_pass_through() {
    let sandbox = sandbox_or_skip!();
    let odd = OsStr::from_bytes(b"a\xff\xfeb");
    let mut command = sandbox.command(tool::ours("unshare"));
    let output = command
        .arg("-u")
        .args(["printf", "%s"])
        .arg(odd)
        .env("ODD", odd)
        .output()
        .unwrap();
    assert_eq!(output.stdout, odd.as_bytes());
    for (tool, options) in [
        ("unshare", &["-u"][..]),
        ("nsenter", &["-t", "1", "--uts=/proc/self/ns/uts"]),
    ] {
        let output = sandbox
            .command(tool::ours(tool))
            .args(options)
            .arg(odd)
            .output()
            .unwrap();
        let expected = [
            tool.as_bytes(),
            b": failed to execute a\xff\xfeb: No such file or directory\n",
        ]
        .concat();
        assert_eq!((output.status.code(), output.stderr), (Some(127), expected));
    }
}

#[test]
fn name_in_messages_is_that_of_argv_0() {
    let sandbox = sandbox_or_skip!();
    for tool in ["unshare", "nsenter", "ipcs", "ipcmk", "ipcrm"] {
        let path = tool::ours(tool);
        let script = format!("exec -a /x/other {} --bogus", path.display());
        let expected =
            "/x/other: unrecognized option '--bogus'\nTry 'other --help' for more information.\n";
        assert_eq!(sandbox.shell(&script).stderr, expected, "{tool}");
        let empty = sandbox.shell(&format!("exec -a '' {} -V", path.display()));
        assert!(
            empty.output().starts_with(" from util-linux "),
            "{tool}: {empty:?}"
        );
    }
}

#[test]
fn output_errors_are_reported_once_and_never_a_panic() {
    let sandbox = sandbox_or_skip!();
    for tool in ["unshare", "nsenter", "ipcs", "ipcmk", "ipcrm"] {
        let full = sandbox.shell(&format!("{tool} --help >/dev/full"));
        assert_eq!(
            (full.status, full.stderr),
            (1, format!("{tool}: write error: No space left on device\n"))
        );
        for quiet in [">&-", "2>&- >/dev/null"] {
            let run = sandbox.shell(&format!("{tool} --help {quiet}"));
            assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{tool} {quiet}");
        }
        let no_reader = sandbox.shell(&format!("{tool} --help | true; echo ${{PIPESTATUS[0]}}"));
        assert!(
            ["141\n", "0\n"].contains(&no_reader.output()),
            "{no_reader:?}"
        );
        let ignored = sandbox.shell(&format!(
            "trap '' PIPE; {tool} --help | true; echo ${{PIPESTATUS[0]}}"
        ));
        assert_eq!(ignored.output(), "0\n", "{tool}");
        let unheard = sandbox.shell(&format!("{tool} --bogus 2>/dev/full"));
        assert_eq!((unheard.status, unheard.stderr.as_str()), (1, ""), "{tool}");
    }
    assert_eq!(sandbox.shell("unshare nosuch 2>&-").status, 1);
}

#[test]
fn help_and_version_need_nothing_and_look_no_further() {
    let sandbox = sandbox_or_skip!();
    for tool in ["unshare", "nsenter", "ipcs", "ipcmk", "ipcrm"] {
        let version = format!("{tool} from util-linux 2.43.0+ns-tools\n");
        for words in ["-V", "--version", "-V --bogus", "-Vh"] {
            assert_eq!(
                sandbox.shell(&format!("{tool} {words}")).output(),
                version,
                "{tool} {words}"
            );
        }
        assert!(
            sandbox
                .shell(&format!("{tool} -h --bogus"))
                .output()
                .starts_with("\nUsage:\n")
        );
    }
}

#[test]
fn without_proc_there_is_an_error_or_the_right_result() {
    let sandbox = sandbox_or_skip!();
    let without = |script: &str| {
        sandbox.shell(&format!(
            "unshare -m sh -c 'mount -t tmpfs none /proc && {script}'"
        ))
    };
    assert_eq!(without("unshare -u echo made").output(), "made\n");
    let map = without("unshare -r true");
    assert_eq!(
        (map.status, map.error()),
        (
            1,
            "unshare: cannot open /proc/self/uid_map: No such file or directory"
        )
    );
    let offset = without("unshare -T --boottime=1 true");
    assert_eq!(
        offset.error(),
        "unshare: failed to open /proc/self/timens_offsets: No such file or directory"
    );
    assert_eq!(
        without("nsenter -t $$ -u echo entered").output(),
        "entered\n"
    );
    let by_file = without("nsenter --uts=/proc/self/ns/uts true");
    assert_eq!(
        by_file.error(),
        "nsenter: cannot open /proc/self/ns/uts: No such file or directory"
    );
    assert!(without("ipcmk -Q && ipcs -q").output().contains("\n0x"));
    assert_eq!(
        without("ipcs -l").output(),
        sandbox.shell("ipcs -l").output()
    );
}

#[test]
fn few_descriptors_are_an_error_and_never_the_wrong_namespaces() {
    let sandbox = sandbox_or_skip!();
    let (outer, marker) = (
        sandbox.shell("readlink /proc/self/ns/uts").stdout,
        "entered",
    );
    for limit in 3..12 {
        for closed in ["", "<&-", "<&- 2>&-"] {
            for tool in [
                "unshare -u",
                "unshare -r",
                "unshare -u --kill-child",
                "unshare --map-users=0:0:1",
                "nsenter -t $T -u",
            ] {
                let script = format!(
                    "unshare -u sleep 60 & T=$!; until [ \"$(readlink /proc/$T/ns/uts)\" != {} ]; do :; done; \
                     (ulimit -n {limit}; exec {tool} sh -c 'echo {marker}; readlink /proc/self/ns/uts' {closed}); \
                     kill $T",
                    outer.trim()
                );
                let run = sandbox.shell(&script);
                assert!(
                    !run.stderr.contains("panicked"),
                    "{limit} {tool} {closed}: {run:?}"
                );
                let in_new = !run.stdout.contains(outer.trim())
                    || tool == "unshare -r"
                    || tool.contains("--map-users");
                assert!(in_new, "{limit} {tool} {closed}: {run:?}");
            }
        }
    }
}

#[test]
fn cleared_variables_cannot_be_read_from_the_waiting_parent() {
    let sandbox = sandbox_or_skip!();
    let look = "tr \"\\0\" \"\\n\" < /proc/$PPID/environ | grep -c SECRET";
    // If strace is installed, a parent that is slow after the fork.
    let slow = if has_program("strace") {
        "strace -f -o slow -e trace=clone -e inject=clone:delay_exit=100000"
    } else {
        ""
    };
    let readable = |options: &str| {
        let script = format!("SECRET=xyz {slow} unshare -f {options} sh -c '{look}'");
        sandbox.shell(&script).stdout
    };
    for options in ["--clear-env", "--whitelist-env=HOME"] {
        assert_eq!(readable(options), "0\n", "{options}");
    }
    assert_eq!(readable(""), "1\n", "otherwise it is left as it was");
}
