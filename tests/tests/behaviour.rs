//! What the tools do to the kernel's state, beyond what a case in a text file can show.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use ns_tests::sandbox::Sandbox;
use ns_tests::skip::{has_program, is_root, skipped};
use ns_tests::tool;

/// A sandbox, or the reason why the test is skipped.
macro_rules! sandbox_or_skip {
    ($test:expr) => {
        match Sandbox::available() {
            Ok(()) => Sandbox::new(),
            Err(reason) => return skipped($test, &reason),
        }
    };
}

/// Waits until `holds`, for a few seconds at most.
fn eventually(mut holds: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + Duration::from_secs(10);
    while Instant::now() < end {
        if holds() {
            return true;
        }
        sleep(Duration::from_millis(5));
    }
    holds()
}

/// The processes whose command line contains `marker`.
fn processes(marker: &str) -> Vec<i32> {
    let is_marked = |pid: &i32| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words
            .windows(marker.len())
            .any(|window| window == marker.as_bytes())
    };
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(is_marked)
        .collect()
}

/// The first child of a process, once it has one.
fn child_of(parent: u32) -> i32 {
    let mut child = None;
    eventually(|| {
        let list = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"))
            .unwrap_or_default();
        child = list
            .split_whitespace()
            .next()
            .and_then(|pid| pid.parse().ok());
        child.is_some()
    });
    child.unwrap()
}

fn kill(pid: i32, signal: i32) {
    let pid = nix::unistd::Pid::from_raw(pid);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::try_from(signal).unwrap()).unwrap();
}

fn id(child: &Child) -> i32 {
    i32::try_from(child.id()).unwrap()
}

/// A command whose standard output is read until its first line, which tells that it is ready.
fn start_and_wait_for_a_line(command: &mut Command) -> Child {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_ne!(line, "", "it must have become ready");
    child
}

/// A process in PID and UTS namespaces of its own, which even an ordinary user may enter.
struct Target(Child);

impl Target {
    fn new(sandbox: &Sandbox) -> Self {
        let mut command = sandbox.command(tool::ours("unshare"));
        command.args([
            "-p",
            "-u",
            "--kill-child",
            "-f",
            "sh",
            "-c",
            "echo ready; exec sleep 60",
        ]);
        Self(start_and_wait_for_a_line(&mut command))
    }

    fn pid(&self) -> i32 {
        child_of(self.0.id())
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

// ---------------------------------------------------------------- what the program inherits

#[test]
fn signal_state_reaches_the_program_as_it_was() {
    let sandbox = sandbox_or_skip!("signal_state_reaches_the_program_as_it_was");
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
    let sandbox = sandbox_or_skip!("ignored_child_signal_does_not_lose_the_status");
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
    let sandbox = sandbox_or_skip!("no_descriptor_of_ours_reaches_the_program");
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
    let sandbox = sandbox_or_skip!("closed_standard_descriptors_change_nothing");
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
    let sandbox = sandbox_or_skip!("closed_standard_input_does_not_lead_nsenter_astray");
    let mut target = sandbox.command(tool::ours("unshare"));
    target.args([
        "-u",
        "sh",
        "-c",
        "hostname target; echo ready; exec sleep 60",
    ]);
    let mut target = start_and_wait_for_a_line(&mut target);
    for closed in ["", "<&-", "<&- 2>&-"] {
        let run = sandbox.shell(&format!("nsenter -t {} -u hostname {closed}", target.id()));
        assert_eq!(
            (run.status, run.stdout.as_str()),
            (0, "target\n"),
            "{closed}"
        );
    }
    target.kill().unwrap();
    target.wait().unwrap();
}

#[test]
fn words_that_are_not_utf_8_pass_through() {
    let sandbox = sandbox_or_skip!("words_that_are_not_utf_8_pass_through");
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
    let sandbox = sandbox_or_skip!("name_in_messages_is_that_of_argv_0");
    for tool in ["unshare", "nsenter", "ipcs", "ipcmk", "ipcrm"] {
        let path = tool::ours(tool);
        let script = format!("exec -a /x/other {} --bogus", path.display());
        let expected =
            "/x/other: unrecognized option '--bogus'\nTry 'other --help' for more information.\n";
        assert_eq!(sandbox.shell(&script).stderr, expected, "{tool}");
        let empty = sandbox.shell(&format!("exec -a '' {} -V", path.display()));
        assert!(
            empty.output().starts_with(" from ns-tools "),
            "{tool}: {empty:?}"
        );
    }
}

#[test]
fn output_errors_are_reported_once_and_never_a_panic() {
    let sandbox = sandbox_or_skip!("output_errors_are_reported_once_and_never_a_panic");
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
    let sandbox = sandbox_or_skip!("help_and_version_need_nothing_and_look_no_further");
    for tool in ["unshare", "nsenter", "ipcs", "ipcmk", "ipcrm"] {
        let version = format!(
            "{tool} from ns-tools {} (compatible with util-linux 2.43)\n",
            env!("CARGO_PKG_VERSION")
        );
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
    let sandbox = sandbox_or_skip!("without_proc_there_is_an_error_or_the_right_result");
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
    let sandbox = sandbox_or_skip!("few_descriptors_are_an_error_and_never_the_wrong_namespaces");
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

// ---------------------------------------------------------------- fork, wait, signals

#[test]
fn parent_dies_of_the_childs_signal_without_a_core() {
    let sandbox = sandbox_or_skip!("parent_dies_of_the_childs_signal_without_a_core");
    let process = Target::new(&sandbox);
    for (tool, options) in [("unshare", &["-f", "-u"][..]), ("nsenter", &["-p", "-t"])] {
        for signal in [
            libc::SIGTERM,
            libc::SIGKILL,
            libc::SIGSEGV,
            libc::SIGABRT,
            libc::SIGINT,
            libc::SIGRTMIN() + 3,
        ] {
            let mut command = sandbox.command("bash");
            let target = if tool == "nsenter" {
                process.pid().to_string()
            } else {
                String::new()
            };
            let script = format!(
                "ulimit -c unlimited; exec {tool} {} {target} sh -c 'kill -{signal} $$'",
                options.join(" ")
            );
            let status = command
                .args(["-c", &script])
                .stderr(Stdio::null())
                .status()
                .unwrap();
            assert_eq!(status.signal(), Some(signal), "{tool}: {status:?}");
            assert!(!status.core_dumped(), "{tool} {signal}");
        }
    }
}

#[test]
fn fork_holds_terminating_signals_back_and_forwarding_passes_them_on() {
    let sandbox =
        sandbox_or_skip!("fork_holds_terminating_signals_back_and_forwarding_passes_them_on");
    let program = "trap 'exit 9' TERM INT; echo ready; n=0; while [ $n -lt 20 ]; do sleep .05; n=$((n+1)); done; exit 3";
    for signal in [libc::SIGTERM, libc::SIGINT] {
        for (options, expected) in [
            ("-f", 3),
            ("--forward-signals", 9),
            ("--forward-signals --kill-child", 9),
        ] {
            let mut command = sandbox.command("bash");
            // A shell's background job has INT ignored; here it must have its default.
            command.args([
                "-c",
                &format!("exec unshare -u {options} sh -c \"$0\""),
                program,
            ]);
            let mut child = start_and_wait_for_a_line(&mut command);
            kill(id(&child), signal);
            assert_eq!(
                child.wait().unwrap().code(),
                Some(expected),
                "{options} {signal}"
            );
        }
    }
}

#[test]
fn init_without_a_handler_gets_no_forwarded_signal() {
    let sandbox = sandbox_or_skip!("init_without_a_handler_gets_no_forwarded_signal");
    let mut command = sandbox.command(tool::ours("unshare"));
    command.args([
        "-p",
        "--forward-signals",
        "sh",
        "-c",
        "echo ready; exec sleep 1",
    ]);
    let mut child = start_and_wait_for_a_line(&mut command);
    kill(id(&child), libc::SIGTERM);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn no_child_outlives_a_killed_parent_at_any_moment() {
    let sandbox = sandbox_or_skip!("no_child_outlives_a_killed_parent_at_any_moment");
    let marker = format!("4242{}", std::process::id());
    for round in 0..60_u64 {
        let mut command = sandbox.command(tool::ours("unshare"));
        command
            .args(["--kill-child", "-p", "-f", "sleep", &marker])
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        sleep(Duration::from_micros(round * 97 % 4000));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert!(
        eventually(|| processes(&marker).is_empty()),
        "left: {:?}",
        processes(&marker)
    );
    let run = sandbox.shell("unshare -p -f --kill-child true");
    assert_eq!(run.output(), "");
}

#[test]
fn death_signal_stays_armed_when_the_ids_change() {
    let test = "death_signal_stays_armed_when_the_ids_change";
    let sandbox = sandbox_or_skip!(test);
    if !is_root() {
        return skipped(test, "only root has other ids to change to");
    }
    for ids in [
        &["-S", "1000"][..],
        &["-G", "1000"],
        &["-G", "1000", "-S", "1000"],
    ] {
        let mut command = sandbox.command(tool::ours("unshare"));
        command
            .arg("--kill-child")
            .args(ids)
            .args(["sh", "-c", "echo ready; exec sleep 60"]);
        let mut parent = start_and_wait_for_a_line(&mut command);
        let child = child_of(parent.id());
        parent.kill().unwrap();
        parent.wait().unwrap();
        let ended = || {
            fs::read_to_string(format!("/proc/{child}/stat"))
                .map_or(true, |stat| stat.contains(") Z "))
        };
        assert!(eventually(ended), "{ids:?}");
    }
}

#[test]
fn nsenter_stops_and_continues_with_its_child() {
    let sandbox = sandbox_or_skip!("nsenter_stops_and_continues_with_its_child");
    let target = Target::new(&sandbox);
    let mut command = sandbox.command(tool::ours("nsenter"));
    command.args([
        "-p",
        "-t",
        &target.pid().to_string(),
        "sh",
        "-c",
        "echo ready; sleep .2; exit 6",
    ]);
    let mut parent = start_and_wait_for_a_line(&mut command);
    let child = child_of(parent.id());
    let state = |pid: i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit(") ").next().unwrap_or_default().chars().next()
    };
    kill(child, libc::SIGSTOP);
    assert!(eventually(
        || state(child) == Some('T') && state(id(&parent)) == Some('T')
    ));
    kill(id(&parent), libc::SIGCONT);
    assert_eq!(parent.wait().unwrap().code(), Some(6));
}

// ---------------------------------------------------------------- namespaces that are kept

#[test]
fn persistent_namespaces_are_those_of_the_program() {
    let sandbox = sandbox_or_skip!("persistent_namespaces_are_those_of_the_program");
    for kind in ["uts", "ipc", "net", "user", "cgroup", "mnt", "pid", "time"] {
        let option = if kind == "mnt" { "mount" } else { kind };
        let run = sandbox.shell(&format!(
            "touch f; unshare --{option}=f -f stat -L -c %i /proc/self/ns/{kind}; stat -c %i f; stat -f -c %T f; umount f"
        ));
        let lines: Vec<&str> = run.output().lines().collect();
        if kind == "pid" {
            // The outer /proc shows the child under another id, but its links are its own.
            assert_eq!(lines[1..], [lines[1], "nsfs"], "{run:?}");
        } else {
            assert_eq!(lines, [lines[0], lines[0], "nsfs"], "{kind}");
        }
    }
}

#[test]
fn persistent_mount_namespace_does_not_depend_on_the_processor() {
    let test = "persistent_mount_namespace_does_not_depend_on_the_processor";
    let sandbox = sandbox_or_skip!(test);
    if !has_program("taskset") {
        return skipped(test, "taskset is not installed");
    }
    let processors = std::thread::available_parallelism().unwrap().get();
    for processor in (0..processors).cycle().take(12) {
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
    let sandbox = sandbox_or_skip!("failed_bind_leaves_no_program_and_no_file_bound");
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
    let sandbox = sandbox_or_skip!("helpers_end_when_their_parent_is_killed");
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

// ---------------------------------------------------------------- the right target

#[test]
fn process_that_takes_over_the_pid_is_never_entered() {
    let test = "process_that_takes_over_the_pid_is_never_entered";
    let sandbox = sandbox_or_skip!(test);
    if !has_program("strace") || !is_root() {
        return skipped(
            test,
            "needs strace and root, to hold nsenter between two steps and to give a PID away again",
        );
    }
    // In a PID namespace of its own the next PID can be chosen. nsenter is held before it enters; meanwhile its
    // target ends and a process with another host name gets the same PID.
    let script = r#"
        unshare -u sh -c 'hostname first; exec sleep 60' & T=$!
        until [ "$(nsenter -t $T -u hostname)" = first ]; do sleep .05; done
        strace -f -o /dev/null -e trace=setns -e inject=setns:delay_enter=1500000 nsenter -t $T -u hostname > out 2> err &
        N=$!
        sleep .6
        kill -9 $T; wait $T 2>/dev/null
        echo $((T - 1)) > /proc/sys/kernel/ns_last_pid
        unshare -u sh -c 'hostname second; exec sleep 60' & S=$!
        echo same $((S == T))
        wait $N; echo status $?
        nsenter -t $S -u hostname
        cat out err
        kill -9 $S
    "#;
    let run = sandbox.shell(&format!(
        "unshare -p -f --mount-proc bash -c '{}'",
        script.replace('\'', "'\\''")
    ));
    assert_eq!(
        run.stdout,
        "same 1\nstatus 1\nsecond\nnsenter: reassociate to namespaces failed: No such process\n",
        "{run:?}"
    );
}

#[test]
fn target_may_be_named_by_the_inode_of_its_pidfd() {
    let test = "target_may_be_named_by_the_inode_of_its_pidfd";
    let sandbox = sandbox_or_skip!(test);
    if !has_program("python3") {
        return skipped(test, "python3 is not installed");
    }
    let inode =
        "python3 -c 'import os,sys; print(os.fstat(os.pidfd_open(int(sys.argv[1]))).st_ino)' $T";
    let run = sandbox.shell(&format!("sleep 60 & T=$!; nsenter -t $T:$({inode}) -u echo entered; nsenter -t $T:1 -u true; echo $?; kill $T"));
    assert_eq!(run.stdout, "entered\n1\n");
    assert!(run.error().ends_with(": No such process"), "{run:?}");
}

#[test]
fn waiting_nsenter_cannot_be_looked_into_from_inside() {
    let sandbox = sandbox_or_skip!("waiting_nsenter_cannot_be_looked_into_from_inside");
    let mut target = sandbox.command(tool::ours("unshare"));
    target.args([
        "-r",
        "-p",
        "--kill-child",
        "-f",
        "sh",
        "-c",
        "echo ready; exec sleep 60",
    ]);
    let mut target = start_and_wait_for_a_line(&mut target);
    let pid = child_of(target.id()).to_string();
    let enter = ["-t", &pid, "-U", "--preserve-credentials"];
    let mut waiting = sandbox.command(tool::ours("nsenter"));
    waiting
        .args(enter)
        .args(["-p", "sh", "-c", "echo ready; exec sleep 60"]);
    let mut waiting = start_and_wait_for_a_line(&mut waiting);
    // The superuser of the user namespace entered tries to see which file of the outer side we run from.
    let mut look = sandbox.command(tool::ours("nsenter"));
    look.args(enter)
        .args(["readlink", &format!("/proc/{}/exe", waiting.id())]);
    assert_eq!(sandbox.finish(&mut look).status, 1);
    for process in [&mut waiting, &mut target] {
        process.kill().unwrap();
        process.wait().unwrap();
    }
}

#[test]
fn zombies_and_threads_are_targets_as_the_kernel_has_them() {
    let test = "zombies_and_threads_are_targets_as_the_kernel_has_them";
    let sandbox = sandbox_or_skip!(test);
    if !has_program("python3") {
        return skipped(test, "python3 is not installed");
    }
    let zombie = "import os,subprocess as s,time\np=os.fork()\nif p==0: os._exit(0)\ntime.sleep(.1)\ns.call(['nsenter','-t',str(p),'-u','true'])\n";
    let run = sandbox.shell(&format!("python3 -c \"{zombie}\""));
    assert_eq!(
        run.stderr,
        "nsenter: reassociate to namespaces failed: No such process\n"
    );
    let thread = "import threading as t,subprocess as s\nx=t.Thread(target=lambda:s.call(['nsenter','-t',str(t.get_native_id()),'-u','echo','entered']))\nx.start()\nx.join()\n";
    assert_eq!(
        sandbox.shell(&format!("python3 -c \"{thread}\"")).output(),
        "entered\n"
    );
}

// ---------------------------------------------------------------- maps

#[test]
fn maps_are_written_as_planned() {
    let test = "maps_are_written_as_planned";
    let sandbox = sandbox_or_skip!(test);
    if !is_root() {
        return skipped(
            test,
            "needs a block of ids, which only root may map without a helper",
        );
    }
    let cases: [(&str, &[&str], &[&str]); 8] = [
        (
            "--map-users 0:100000:5 --map-users 7:7:2",
            &["0 100000 5", "7 7 2"],
            &[],
        ),
        (
            "--map-users all --map-user 5",
            &["5 0 1", "0 1 5", "6 6 4294967289"],
            &[],
        ),
        ("--map-users 0:0:0", &[], &[]),
        ("--map-users 0:0:0 -r", &["0 0 1"], &["0 0 1"]),
        ("--map-auto", &["0 70000 100"], &["0 80000 50"]),
        ("--map-subids", &["70000 70000 100"], &["80000 80000 50"]),
        (
            "--map-auto -r",
            &["0 0 1", "1 70000 100"],
            &["0 0 1", "1 80000 50"],
        ),
        (
            "--map-auto --map-groups 500:6:7",
            &["0 70000 100"],
            &["0 80000 50", "500 6 7"],
        ),
    ];
    let setting = "echo root:70000:100 > u; echo 0:80000:50 > g; mount --bind u /etc/subuid; mount --bind g /etc/subgid; ";
    let squeezed = "sed \"s/^ *//; s/  */ /g\" /proc/self";
    for (options, users, groups) in cases {
        let script = format!(
            "{setting} unshare {options} sh -c '{squeezed}/uid_map; echo --; {squeezed}/gid_map'"
        );
        let run = Sandbox::new().shell(&script);
        let (got_users, got_groups) = run.output().split_once("--\n").unwrap();
        assert_eq!(got_users.lines().collect::<Vec<_>>(), users, "{options}");
        assert_eq!(got_groups.lines().collect::<Vec<_>>(), groups, "{options}");
    }
    let long: String = (0..341)
        .map(|number| format!(" --map-users {0}:{0}:1", number * 2))
        .collect();
    let run = sandbox.shell(&format!("unshare {long} true"));
    assert_eq!(run.status, 1);
    assert!(
        run.error().starts_with("unshare: failed to write /proc/"),
        "{run:?}"
    );
    let longer: String = (0..400)
        .map(|number| format!(" --map-users {0}:{0}:1", 1_000_000_000 + number * 2))
        .collect();
    let run = sandbox.shell(&format!("unshare {longer} true"));
    assert!(
        run.error()
            .ends_with("/uid_map too large for kernel 4k limit"),
        "{run:?}"
    );
}

#[test]
fn owner_of_the_user_namespace_may_be_somebody_else() {
    let test = "owner_of_the_user_namespace_may_be_somebody_else";
    let sandbox = sandbox_or_skip!(test);
    if !is_root() || !has_program("setpriv") {
        return skipped(test, "needs root and setpriv");
    }
    let mut command = sandbox.command(tool::ours("unshare"));
    command.args([
        "--owner",
        "1000:1000",
        "-r",
        "sh",
        "-c",
        "echo ready; exec sleep 60",
    ]);
    let mut target = start_and_wait_for_a_line(&mut command);
    let enter = |uid: &str| {
        let script = format!(
            "setpriv --reuid {uid} --regid {uid} --clear-groups nsenter -t {} -U --preserve-credentials true",
            target.id()
        );
        sandbox.shell(&script).status
    };
    assert_eq!((enter("1000"), enter("1001")), (0, 1));
    target.kill().unwrap();
    target.wait().unwrap();
}

// ---------------------------------------------------------------- objects

#[test]
fn queue_made_by_ipcmk_is_listed_by_ipcs_and_removed_by_ipcrm() {
    let sandbox = sandbox_or_skip!("queue_made_by_ipcmk_is_listed_by_ipcs_and_removed_by_ipcrm");
    let made = sandbox.run("ipcmk", ["--queue", "--mode", "600"]);
    let id = made
        .output()
        .strip_prefix("Message queue id: ")
        .unwrap()
        .trim();
    assert_eq!(sandbox.run("ipcs", ["--queues"]).column("msqid"), [id]);
    assert_eq!(sandbox.run("ipcrm", ["--queue-id", id]).output(), "");
    assert!(sandbox.run("ipcs", ["--queues"]).column("msqid").is_empty());
}

#[test]
fn keys_are_random_exclusive_and_never_private() {
    let sandbox = sandbox_or_skip!("keys_are_random_exclusive_and_never_private");
    sandbox.shell("for i in $(seq 300); do ipcmk -Q -S 1 -M 1 >/dev/null; done");
    let lists = sandbox.shell("ipcs");
    let mut keys: Vec<&str> = lists
        .output()
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|word| word.starts_with("0x"))
        .collect();
    assert_eq!(keys.len(), 900);
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 900);
    assert!(!keys.contains(&"0x00000000"));
}

#[test]
fn object_whose_id_reached_nobody_is_removed() {
    let sandbox = sandbox_or_skip!("object_whose_id_reached_nobody_is_removed");
    let count = || {
        sandbox
            .shell("ipcs -u | grep -E 'allocated (queues|semaphores)|segments'; ls /dev/shm")
            .stdout
    };
    let before = count();
    for output in [">/dev/full", "| true", "| sleep 0"] {
        for trap in ["", "trap '' PIPE;"] {
            for options in ["-Q", "-M 5", "-S 3", "-s -n x", "-m 5 -n x"] {
                // The reader is gone before anything is written: the program starts after it has ended.
                let script = format!(
                    "{trap} set -o pipefail; {{ sleep .05; exec ipcmk {options}; }} {output}"
                );
                let run = sandbox.shell(&script);
                assert_ne!(run.status, 0, "{script}: {run:?}");
                assert_eq!(count(), before, "{script}");
            }
        }
    }
    // Output that was closed on purpose is not missed.
    assert_eq!(sandbox.shell("ipcmk -Q >&-").status, 0);
    assert_ne!(count(), before);
}

// ---------------------------------------------------------------- what the build has made

#[test]
fn programs_need_the_c_library_alone() {
    let test = "programs_need_the_c_library_alone";
    if !has_program("readelf") {
        return skipped(test, "readelf is not installed");
    }
    for name in ["unshare", "nsenter", "ipcs", "ipcmk", "ipcrm"] {
        let output = Command::new("readelf")
            .arg("-d")
            .arg(tool::ours(name))
            .output()
            .unwrap();
        let page = String::from_utf8(output.stdout).unwrap();
        let needed: Vec<&str> = page
            .lines()
            .filter(|line| line.contains("(NEEDED)"))
            .collect();
        assert!(
            needed.len() == 1 && needed[0].contains("[libc.so.6]"),
            "{name}: {needed:?}"
        );
    }
}

#[test]
fn start_takes_few_system_calls() {
    let test = "start_takes_few_system_calls";
    let sandbox = sandbox_or_skip!(test);
    if !has_program("strace") {
        return skipped(test, "strace is not installed");
    }
    let count = |command: &str| {
        let run = sandbox.shell(&format!("strace -o trace {command} true; cat trace"));
        let calls = run
            .output()
            .lines()
            .take_while(|line| !line.contains("/true\", "))
            .count();
        assert!(calls > 10, "{run:?}");
        calls
    };
    assert!(count("unshare -iu") <= 34);
    assert!(count("nsenter -t $$ -u -i") <= 36);
}
