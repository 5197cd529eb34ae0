//! Every system call that the tools make, made to fail in turn: never success with a step missing,
//! always a message.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use ns_tests::sandbox::Sandbox;
use ns_tests::sandbox_or_skip;
use ns_tests::skip::{is_root, skipped};
use ns_tests::tool;

/// Calls that cannot fail, or whose failure is the kernel's to undo: strace would not have them
/// made at all.
const LEFT_OUT: &[&str] = &[
    "exit_group",
    "exit",
    "brk",
    "mmap",
    "munmap",
    "mprotect",
    "arch_prctl",
    "rt_sigreturn",
    "close",
    "geteuid",
    "getegid",
    "getuid",
    "getpid",
    "getppid",
];

/// What strace saw of one process tree.
struct Trace(String);

impl Trace {
    /// How often each call is made before the program is executed, in the process that makes it
    /// most often.
    fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
        for (process, call) in self.before_program().filter_map(parse) {
            *counts
                .entry((process.to_owned(), call.to_owned()))
                .or_default() += 1;
        }
        let mut most: BTreeMap<String, usize> = BTreeMap::new();
        for ((_, call), count) in counts {
            let known = most.entry(call).or_default();
            *known = count.max(*known);
        }
        most.retain(|call, _| !LEFT_OUT.contains(&call.as_str()));
        most
    }

    /// Whether the call that was made to fail is one of ours: not of the program afterwards, nor
    /// one of the two with which the C library's `fork` holds all signals back; it does not look
    /// whether they worked.
    fn failed_before_program(&self) -> bool {
        let mut masks: BTreeMap<&str, [Option<&str>; 2]> = BTreeMap::new();
        let mut failed = false;
        for line in self.before_program() {
            let process = line.split(' ').next().unwrap_or_default();
            let [before, last] = masks.entry(process).or_default();
            // Where two processes call at once the end of a call stands on a line of its own.
            if line.contains(" rt_sigprocmask(") {
                (*before, *last) = (*last, Some(line));
            }
            if !line.contains("(INJECTED)") {
                continue;
            }
            failed = true;
            let holds_all = |line: &str| line.contains("(SIG_BLOCK, ~[],");
            let restores = last.is_some_and(|line| line.contains("(SIG_SETMASK, "));
            if line.contains("rt_sigprocmask")
                && (last.is_some_and(holds_all) || restores && before.is_none_or(holds_all))
            {
                return false;
            }
        }
        failed
    }

    /// Whether the same call of the program failed as well: then what it prints proves nothing.
    fn failed_in_program(&self) -> bool {
        self.0
            .lines()
            .filter(|line| line.contains("(INJECTED)"))
            .count()
            > self
                .before_program()
                .filter(|line| line.contains("(INJECTED)"))
                .count()
    }

    fn before_program(&self) -> impl Iterator<Item = &str> {
        // The first execve is that of the tool itself; with several processes the end of the line
        // may come later.
        self.0
            .lines()
            .take_while(|line| !executes_probe(line) || line.contains("(INJECTED)"))
    }
}

/// Whether a line of strace is the program's execve, or execveat.
fn executes_probe(line: &str) -> bool {
    line.contains("/probe\", [") || line.contains("execveat(")
}

/// The process and the name of the call in a line of strace.
fn parse(line: &str) -> Option<(&str, &str)> {
    let (process, rest) = line.split_once(' ')?;
    let (call, _) = rest.trim_start().split_once('(')?;
    call.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        .then_some((process, call))
}

fn probe() -> PathBuf {
    tool::readable("probe", env!("CARGO_BIN_EXE_probe"))
}

/// What a command did under strace.
struct Outcome {
    status: i32,
    output: String,
    errors: String,
    /// How many files namespaces are bound to.
    bound: usize,
    trace: Trace,
}

/// Runs `command` under strace with these options in a new sandbox.
fn run(setting: &str, strace: &str, command: &str) -> Outcome {
    let sandbox = Sandbox::new();
    let script = format!(
        "{setting} timeout -s KILL 60 strace -f -o trace {strace} {command}; r=$?; \
         echo; echo -- $r $(grep -c ' /mnt/.* - nsfs ' /proc/self/mountinfo); cat trace"
    );
    let run = sandbox.shell(&script);
    let (output, rest) = run
        .stdout
        .rsplit_once("\n-- ")
        .unwrap_or_else(|| panic!("{script}: {run:?}"));
    let (numbers, trace) = rest.split_once('\n').unwrap();
    let (status, bound) = numbers.split_once(' ').unwrap();
    Outcome {
        status: status.parse().unwrap(),
        output: output.to_owned(),
        errors: run.stderr,
        bound: bound.parse().unwrap(),
        trace: Trace(trace.to_owned()),
    }
}

/// Makes each call of `command` fail once, each time it is made, and checks the outcome.
fn check(setting: &str, command: &str) {
    if let Err(reason) = Sandbox::available_with(&["strace"]) {
        return skipped(&reason);
    }
    let tool_name = command.split(' ').next().unwrap();
    let whole = run(setting, "", command);
    assert_eq!(
        (whole.status, whole.errors.as_str()),
        (0, ""),
        "{command} must succeed by itself"
    );
    let mut problems = Vec::new();
    let mut injected = 0;
    for (call, count) in whole.trace.counts() {
        let errno = if call.starts_with("wait") {
            "ECHILD"
        } else {
            "EPERM"
        };
        for position in 1..=count {
            let fault = format!("-e inject={call}:error={errno}:when={position}");
            let Outcome {
                status,
                output,
                errors,
                bound,
                trace,
            } = run(setting, &fault, command);
            if !trace.failed_before_program() {
                continue;
            }
            injected += 1;
            let told = errors.lines().any(|line| {
                line.starts_with(&format!("{tool_name}: ")) || line.contains("shared libraries")
            }) || call == "execve";
            let harmless = status == 0
                && bound == whole.bound
                && (output == whole.output || trace.failed_in_program());
            // Where the program alone is missing, the namespaces stay, as the reference has it. The
            // other two may fail when the helper has been told to keep them.
            let kept = ["execve", "rt_sigprocmask", "wait4"].contains(&call.as_str());
            let reported = status != 0 && told && (bound == 0 || kept);
            if !harmless && !reported {
                problems.push(format!(
                    "{call} #{position}: status {status}, {bound} bound, {errors:?}\n{output}"
                ));
            }
        }
    }
    assert!(
        injected > 10,
        "{command}: only {injected} faults came to pass"
    );
    assert!(
        problems.is_empty(),
        "{command}: {} of {injected}:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

const LINKS: &str =
    "links=$(cd /proc/self/ns; for k in *; do printf '%s=%s ' $k \"$(readlink $k)\"; done);";

fn unshare(options: &str) {
    check(
        &format!("touch f g; mkdir d; {LINKS}"),
        &format!("unshare {options} {} $links", probe().display()),
    );
}

#[test]
fn unshare_plain() {
    unshare("-iu");
}

#[test]
fn unshare_with_maps_and_mounts() {
    unshare("-r -p -f --mount-proc --kill-child --keep-caps -w /usr");
}

#[test]
fn unshare_with_helpers_and_files() {
    unshare("--map-users=0:0:1 --map-groups=0:0:1 -m --uts=f --net=g -f --forward-signals");
}

#[test]
fn unshare_with_ids_and_clocks() {
    // An ordinary user appears as root here, but may not change groups.
    let gid = if is_root() { "-G0" } else { "" };
    let options = "-T --boottime=5 --monotonic=-1 -m --propagation=slave -S0 --clear-env";
    unshare(&format!("{gid} {options}"));
}

#[test]
fn unshare_with_another_root() {
    unshare("-m --mount=f --root=/ --wd=/usr");
}

/// What makes a target with these namespaces, `$T`.
fn target(namespaces: &str) -> String {
    // The target ends by itself: what strace traces is nsenter alone.
    format!(
        "{LINKS} mkfifo ready; unshare {namespaces} --kill-child -f sh -c 'echo > /mnt/ready; exec sleep 60' & U=$!; \
         read x < ready; read T < /proc/$U/task/$U/children; T=${{T%% *}}; trap '{{ kill -9 $U; wait $U; }} 2>/dev/null' EXIT; "
    )
}

fn nsenter(namespaces: &str, options: &str) {
    let command = format!("nsenter {options} {} $links", probe().display());
    check(&target(namespaces), &command);
}

#[test]
fn nsenter_told_to_end_at_any_call_ends_or_has_done_all() {
    if let Err(reason) = Sandbox::available_with(&["strace"]) {
        return skipped(&reason);
    }
    let setting = target("-muinpCT");
    let command = format!("nsenter -t $T -a {} $links", probe().display());
    let whole = run(&setting, "", &command);
    let mut problems = Vec::new();
    let mut signals = 0;
    for (call, count) in whole.trace.counts() {
        for position in 1..=count {
            let signal = format!("-e inject={call}:signal=TERM:when={position}");
            let outcome = run(&setting, &signal, &command);
            signals += 1;
            // The child that is killed takes the waiting parent with it; the one whose parent is
            // killed goes on.
            let is_killed = outcome.status == 128 + 15 && outcome.output.trim().is_empty();
            if !is_killed && outcome.output != whole.output {
                let Outcome {
                    status,
                    output,
                    errors,
                    ..
                } = outcome;
                problems.push(format!("{call} #{position}: {status} {errors:?}\n{output}"));
            }
        }
    }
    assert!(signals > 10, "only {signals} signals");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn nsenter_all_of_a_target() {
    nsenter("-muinpCT", "-t $T -a");
}

#[test]
fn nsenter_user_namespace_and_directories() {
    let credentials = if is_root() {
        ""
    } else {
        "--preserve-credentials"
    };
    let options = "-t $T -U -m -u -r -w -e --keep-caps";
    nsenter("-rmu", &format!("{credentials} {options}"));
}

#[test]
fn nsenter_like_a_target() {
    nsenter("-muinpCT", "-t $T --like-target");
}

#[test]
fn nsenter_with_a_program_from_outside() {
    nsenter("-ui", "-t $T -u -i -S root --outside-program");
}

#[test]
fn nsenter_files() {
    let gid = if is_root() { "-G0" } else { "" };
    let files = "--uts=/proc/$T/ns/uts --ipc=/proc/$T/ns/ipc -w/usr";
    nsenter("-rui", &format!("{gid} -S0 {files}"));
}

#[test]
fn nsenter_without_setns_by_pidfd_enters_by_file() {
    if let Err(reason) = Sandbox::available_with(&["strace", "hostname"]) {
        return skipped(&reason);
    }
    let target = "unshare -ui --kill-child -f sh -c 'hostname target; echo > /mnt/ready; exec sleep 60' & U=$!; \
                  read x < ready; read T < /proc/$U/task/$U/children; T=${T%% *};";
    for (fault, when) in [
        ("pidfd_open:error=ENOSYS", ""),
        ("setns:error=EINVAL", ":when=1..2"),
        ("setns:error=ENOSYS", ":when=1..2"),
    ] {
        let script = format!(
            "mkfifo ready; {target} strace -o /dev/null -e inject={fault}{when} nsenter -t $T -u -i hostname; \
             {{ kill -9 $U; wait $U; }} 2>/dev/null; true"
        );
        assert_eq!(
            Sandbox::new().shell(&script).output(),
            "target\n",
            "{fault}"
        );
    }
}

#[test]
fn errno_without_a_name_is_printed_by_its_number() {
    let sandbox = sandbox_or_skip!("strace");
    let run = sandbox.shell("strace -o trace -e inject=unshare:error=524 unshare -u true");
    let expected = "unshare: unshare failed: Unknown error 524\n";
    assert_eq!((run.status, run.stderr.as_str()), (1, expected));
}

fn lines_with(text: &str, part: &str) -> usize {
    text.lines().filter(|line| line.contains(part)).count()
}

/// `is_told` tells whether what a failing command has said, and the objects there are, belong
/// together.
fn ipc(command: &str, is_told: fn(&str) -> bool) {
    if let Err(reason) = Sandbox::available_with(&["strace"]) {
        return skipped(&reason);
    }
    let tool_name = command.split(' ').next().unwrap();
    let setting = "ipcmk -Q -M 9 -S 2 > /dev/null; > /dev/shm/before;";
    let state = "awk 'FNR > 1 { print FILENAME, $2, $4 }' /proc/sysvipc/msg /proc/sysvipc/shm /proc/sysvipc/sem; ls -d /dev/shm/*";
    let with = |strace: &str| {
        let script = format!(
            "{setting} timeout -s KILL 60 strace -f -o trace {strace} {command} > out; echo $?; cat out | sed s/0x.*/row/; {state}; echo == trace; cat trace"
        );
        let run = Sandbox::new().shell(&script);
        let (seen, trace) = run.stdout.split_once("== trace\n").unwrap();
        (seen.to_owned(), run.stderr, Trace(trace.to_owned()))
    };
    let (expected, _, trace) = with("");
    assert!(expected.starts_with("0\n"), "{command}: {expected}");
    // Keys are random; what is compared is which objects there are.
    let (mut problems, mut injected) = (Vec::new(), 0);
    for (call, count) in trace.counts() {
        for position in 1..=count {
            // To be refused by kill is an answer: there is such a process.
            let error = if call == "kill" { "ENOSYS" } else { "EPERM" };
            let (seen, errors, trace) =
                with(&format!("-e inject={call}:error={error}:when={position}"));
            let told = errors.lines().any(|line| {
                line.starts_with(&format!("{tool_name}: ")) || line.contains("shared libraries")
            });
            let started =
                trace.0.lines().any(|line| line.contains("(INJECTED)")) && call != "execve";
            injected += usize::from(started);
            if started && seen != expected && !(seen.starts_with('1') && told && is_told(&seen)) {
                problems.push(format!("{call} #{position}: {errors:?}\n{seen}"));
            }
        }
    }
    assert!(
        injected > 10,
        "{command}: only {injected} faults came to pass"
    );
    assert!(problems.is_empty(), "{command}: {}", problems.join("\n"));
}

#[test]
fn ipcmk_all_kinds() {
    // Three objects there were before; of the new ones those remain whose ids were printed.
    ipc("ipcmk -Q -M 100 -S 3", |seen| {
        lines_with(seen, "/proc/sysvipc/") == 3 + lines_with(seen, " id: ")
    });
}

#[test]
fn ipcmk_posix() {
    // Semaphores are left out: what the C library leaves of one that it could not open cannot be
    // told from others'.
    ipc("ipcmk -m 100 -n new", |seen| {
        lines_with(seen, "/dev/shm/") == 1 + lines_with(seen, " name: ")
    });
}

#[test]
fn ipcrm_all_kinds() {
    ipc("ipcrm -v -q 0 -m 0 -s 0", |_| true);
}

#[test]
fn ipcrm_sweep() {
    ipc("ipcrm --all --all=pshm", |_| true);
}

#[test]
fn ipcrm_orphans() {
    ipc(
        "ipcrm --orphans --orphans=sem --orphans=msg --older-than 0",
        |_| true,
    );
}

#[test]
fn ipcs_lists() {
    ipc("ipcs", |_| true);
}

#[test]
fn ipcs_columns_of_all_kinds() {
    ipc("ipcs -n -a -M -S -o id,name,owner,nattch,nsems", |_| true);
}

/// More objects than are read from `/proc/sysvipc`, so that the kernel is asked for each index.
const DENSE: &str =
    "for i in $(seq 35); do ipcmk -Q -M 9 -S 2; done > /dev/null; ipcrm -q 3 -m 3 -s 3;";

/// The call that tells of one object, and the kinds for which it does.
const STATUS_CALLS: [(&str, &str, &str); 3] = [
    ("msgctl", "-q", "msg"),
    ("shmctl", "-m", "shm"),
    ("semctl", "-s", "sem"),
];

#[test]
fn refused_index_leaves_no_object_out() {
    if let Err(reason) = Sandbox::available_with(&["strace"]) {
        return skipped(&reason);
    }
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.shell(DENSE).output(), "");
    for (call, option, _) in STATUS_CALLS {
        let whole = sandbox.shell(&format!("ipcs {option} -c")).stdout;
        assert_eq!(whole.lines().count(), 34 + 4, "{whole}");
        // The first call tells how many there are; the last is that for the highest index.
        for (errno, position) in [("EPERM", 2), ("EACCES", 20), ("EIO", 36), ("ENOSYS", 2)] {
            let script = format!(
                "strace -o /dev/null -e inject={call}:error={errno}:when={position} ipcs {option} -c"
            );
            assert_eq!(sandbox.shell(&script).output(), whole, "{script}");
        }
        // What the kernel says of every index where it does not know the call.
        let script =
            format!("strace -o /dev/null -e inject={call}:error=EINVAL:when=2+ ipcs {option} -c");
        assert_eq!(sandbox.shell(&script).output(), whole, "{script}");
    }
}

#[test]
fn refused_index_without_a_table_is_an_error() {
    if let Err(reason) = Sandbox::available_with(&["strace"]) {
        return skipped(&reason);
    }
    let sandbox = Sandbox::new();
    let hide = "mount -t tmpfs none /proc/sysvipc;";
    assert_eq!(sandbox.shell(&format!("{DENSE} {hide}")).output(), "");
    let kinds = ["message queues", "shared memory segments", "semaphore sets"];
    for ((call, option, _), kind) in STATUS_CALLS.into_iter().zip(kinds) {
        for errno in [
            ("EPERM", "Operation not permitted"),
            ("EIO", "Input/output error"),
        ] {
            let (name, text) = errno;
            let script =
                format!("strace -o /dev/null -e inject={call}:error={name}:when=20 ipcs {option}");
            let run = sandbox.shell(&script);
            let expected = format!("ipcs: cannot list all {kind}: {text}\n");
            assert_eq!((run.status, run.stderr), (1, expected), "{script}");
        }
        // Before Linux 4.17 there is only the call that needs permission to read; root has it.
        let whole = sandbox.shell(&format!("ipcs {option} -c")).stdout;
        let script = format!(
            "strace -o /dev/null -e inject={call}:error=EINVAL:when=2..36 ipcs {option} -c"
        );
        assert_eq!(sandbox.shell(&script).output(), whole, "{script}");
    }
}

#[test]
fn refused_index_is_removed_with_the_others() {
    if let Err(reason) = Sandbox::available_with(&["strace"]) {
        return skipped(&reason);
    }
    for (call, _, kind) in STATUS_CALLS {
        for position in [2, 20] {
            let sandbox = Sandbox::new();
            let script = format!(
                "{DENSE} strace -o /dev/null -e inject={call}:error=EACCES:when={position} ipcrm --all={kind}; \
                 tail -n +2 /proc/sysvipc/{kind}"
            );
            assert_eq!(sandbox.shell(&script).output(), "", "{script}");
        }
    }
}
