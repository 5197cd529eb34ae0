//! Places where something is missing, small, deep or large: the right result, or an error that says
//! so.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::collections::BTreeMap;
use std::sync::Mutex;

use ns_tests::sandbox::{Run, Sandbox};
use ns_tests::sandbox_or_skip;
use ns_tests::skip::{is_root, skipped};

/// What is tried in each place; `f` is a file, `$$` the shell.
const COMMANDS: &[&str] = &[
    "unshare -iu echo done",
    "unshare -f -m --kill-child echo done",
    "unshare -r -p -f --mount-proc echo done",
    "unshare --map-users=0:0:1 --map-groups=0:0:1 echo done",
    "unshare --uts=f -f echo done",
    "unshare --init --pid-file p echo done",
    "unshare -r --explain echo done",
    "nsenter -t $$ -u -i echo done",
    "nsenter -t $$ -m -u -i -n echo done",
    "nsenter --uts=/proc/self/ns/uts echo done",
    "ipcs",
    "ipcs -c -n",
    "ipcs -l",
    "ipcs -u",
    "ipcs -q -i 0",
    "ipcs -M -S",
    "ipcs --json -o id,perms,uid,msgs,nattch,nsems",
    "ipcs --usage -q -m -s",
    "ipcs --target $$",
    "ipcs -m --attached",
    "ipcmk -Q -M 100 -S 2 --quiet",
    "ipcmk -m 100 -n new",
    "ipcrm -q 0 -m 0 -s 0",
    "ipcrm --all --all=pshm",
];

const BEGIN: &str = "touch f; ipcmk -Q -M 9 -S 2 > /dev/null;";

/// What a run has in common with others: keys and times of objects made anew differ, and a name may
/// be shown as the number that it stands for.
fn comparable(output: &str) -> String {
    let mut text = String::new();
    for word in output.split_inclusive([' ', '\n', ',', '}']) {
        let is_key = word.trim_start_matches('"').starts_with("0x");
        let is_time = word.matches(':').count() == 2;
        let is_namespace = word.contains("402653") || word == "null,";
        if !is_key && !is_time && !is_namespace {
            text += word;
        }
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace("root", "0")
}

/// What a command prints where nothing is odd.
fn usual(command: &str) -> String {
    static KNOWN: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap();
    let run = || {
        let run = Sandbox::new().shell(&format!("{BEGIN} {command}"));
        assert_eq!(run.status, 0, "{command}: {run:?}");
        comparable(&run.stdout)
    };
    let printed = known.entry(command.to_owned()).or_insert_with(run);
    printed.clone()
}

/// Runs each command twice, as it is and in a place, which `change` makes of a new sandbox and
/// `within` runs it in.
fn compare(change: &str, within: &str, commands: &[&str]) {
    let mut problems = Vec::new();
    for command in commands {
        let tool = command.split(' ').next().unwrap();
        let there = Sandbox::new().shell(&format!("{BEGIN} {change}\n{within} {command}"));
        let is_right = there.status == 0 && comparable(&there.stdout) == usual(command);
        // Resources that it would take to start at all are the loader's; and without memory there
        // is no message but the allocator's.
        let is_told = there.stderr.lines().any(|line| {
            line.starts_with(&format!("{tool}: "))
                || line.contains("error while loading")
                || line.starts_with("memory allocation of ")
        });
        let is_error = there.status != 0 && is_told && !there.stderr.contains("panicked");
        if !is_right && !is_error {
            problems.push(format!("{change} {within} {command}: {there:?}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

/// The same, and all of them must succeed there.
fn succeed(change: &str, commands: &[&str]) {
    for command in commands {
        let there = Sandbox::new().shell(&format!("{BEGIN} {change}\n{command}"));
        assert_eq!(
            (
                there.status,
                comparable(&there.stdout),
                there.stderr.as_str()
            ),
            (0, usual(command), ""),
            "{change} {command}"
        );
    }
}

macro_rules! needs_sandbox {
    ($($program:expr),*) => {
        if let Err(reason) = Sandbox::available_with(&[$($program),*]) {
            return skipped(&reason);
        }
    };
}

#[test]
fn without_proc() {
    needs_sandbox!();
    if !is_root() {
        return skipped("only root can take /proc away");
    }
    compare("umount -l /proc", "", COMMANDS);
    succeed(
        "umount -l /proc",
        &["unshare -iu echo done", "ipcs", "ipcmk -Q --quiet"],
    );
}

#[test]
fn proc_covered_by_something_else() {
    needs_sandbox!();
    compare("mount -t tmpfs none /proc", "", COMMANDS);
}

#[test]
fn read_only_proc() {
    needs_sandbox!();
    let change = "mount --bind /proc /proc; mount -o remount,bind,ro /proc";
    compare(change, "", COMMANDS);
}

#[test]
fn proc_of_an_outer_pid_namespace() {
    needs_sandbox!();
    compare("", "unshare -pf", COMMANDS);
}

#[test]
fn proc_that_hides_processes_or_shows_nothing_else() {
    needs_sandbox!();
    for option in ["hidepid=2", "subset=pid", "hidepid=ptraceable,subset=pid"] {
        let script = format!("{BEGIN} unshare -pf mount -t proc -o {option} none /proc");
        if Sandbox::new().shell(&script).status != 0 {
            return skipped("no proc with such options can be mounted here");
        }
        for command in COMMANDS {
            let inner = format!("mount -t proc -o {option} none /proc; {command}");
            let script = format!("{BEGIN} unshare -pf bash -c '{inner}'");
            let run = Sandbox::new().shell(&script);
            let tool = command.split(' ').next().unwrap();
            let is_right = run.status == 0 && comparable(&run.stdout) == usual(command);
            let is_told = run.status != 0 && run.error().starts_with(&format!("{tool}: "));
            assert!(is_right || is_told, "{option} {command}: {run:?}");
        }
    }
}

#[test]
fn few_descriptors() {
    needs_sandbox!("prlimit");
    for count in 3..=16 {
        compare("", &format!("prlimit --nofile={count}"), COMMANDS);
    }
    let enough = COMMANDS
        .iter()
        .map(|command| format!("prlimit --nofile=16 {command}"));
    for command in enough {
        let run = Sandbox::new().shell(&format!("{BEGIN} {command}"));
        assert_eq!(run.status, 0, "{command}: {run:?}");
    }
}

#[test]
fn small_limits() {
    needs_sandbox!("prlimit");
    for limit in [
        "--fsize=0",
        "--fsize=1",
        "--nproc=1",
        "--msgqueue=0",
        "--memlock=0",
        "--sigpending=0",
        "--core=0",
        "--stack=65536",
        "--as=3000000",
        "--as=4000000",
        "--as=6000000",
        "--cpu=1",
    ] {
        compare("", &format!("prlimit {limit}"), COMMANDS);
    }
}

#[test]
fn nothing_is_left_of_a_pid_file_that_may_not_be_written() {
    let sandbox = sandbox_or_skip!("prlimit");
    let run = sandbox.shell(
        "touch f; prlimit --fsize=0 unshare -f --uts=f --pid-file p touch ran; echo $?; ls -A; grep -c nsfs /proc/self/mountinfo",
    );
    assert_eq!(run.stdout, "1\nf\n0\n", "{run:?}");
    assert_eq!(run.stderr, "unshare: cannot write p: File too large\n");
}

#[test]
fn nested_user_namespaces() {
    let sandbox = sandbox_or_skip!();
    // Each level is a function call and a process.
    let script = |levels: u32, last: &str| {
        format!(
            "export LEFT={levels} LAST='{last}'; cat > nest <<'END'\n\
             [ $LEFT = 0 ] && exec bash -c \"$LAST\"\n\
             LEFT=$((LEFT - 1)) exec unshare -r bash /mnt/nest\n\
             END\n\
             bash nest"
        )
    };
    let deep = "id -u; ipcmk -Q --quiet | wc -l; ipcs -q | wc -l; unshare -iu echo done; unshare -r --explain true | wc -l";
    let usual = Sandbox::new().shell(&script(1, deep));
    assert_eq!(usual.status, 0, "{usual:?}");
    let run = sandbox.shell(&script(30, deep));
    assert_eq!(run.output(), usual.output());
    let run = sandbox.shell(&script(40, "true"));
    assert_eq!(run.status, 1, "{run:?}");
    assert_eq!(
        run.error(),
        "unshare: unshare failed: No space left on device"
    );
}

#[test]
fn innermost_of_nested_user_namespaces_is_entered() {
    let sandbox = sandbox_or_skip!();
    let credentials = if is_root() {
        ""
    } else {
        "--preserve-credentials"
    };
    let run = sandbox.shell(&format!(
        "export LEFT=28; cat > nest <<'END'\n\
         [ $LEFT = 0 ] && {{ stat -L -c %i /proc/self/ns/user > inode; echo $$ > pid.new; mv pid.new pid; exec sleep 60; }}\n\
         LEFT=$((LEFT - 1)) exec unshare -r bash /mnt/nest\n\
         END\n\
         bash nest & until [ -e pid ]; do sleep .02; done
         nsenter -t $(cat pid) -U {credentials} stat -L -c %i /proc/self/ns/user | diff - inode
         kill $(cat pid)"
    ));
    assert_eq!(run.output(), "", "{run:?}");
}

#[test]
fn all_groups_that_a_process_can_have() {
    let sandbox = sandbox_or_skip!("python3");
    if !is_root() {
        return skipped("only root can be in so many groups");
    }
    // The target has them all; so has what is like it.
    let run = sandbox.shell(
        "python3 -c '
import os
os.setgroups(range(1, 65537))
open(\"up\", \"w\").write(str(os.getpid()))
os.execvp(\"sleep\", [\"sleep\", \"60\"])' & until [ -s up ]; do sleep .02; done
         T=$(cat up)
         nsenter -t $T -u --like-target sh -c \"sed -n s/^Groups://p /proc/self/status\" | wc -w
         nsenter -t $T -u sh -c 'echo entered'
         kill $T",
    );
    assert_eq!(run.output(), "65536\nentered\n", "{run:?}");
    let run = sandbox.shell(
        "python3 -c '
import os
os.setgroups(range(1, 65537))
os.execvp(\"unshare\", [\"unshare\", \"-r\", \"-S0\", \"sh\", \"-c\", \"id -u; ipcs -q | wc -l\"])'",
    );
    assert_eq!(run.output(), "0\n4\n", "{run:?}");
}

#[test]
fn two_megabytes_of_arguments() {
    let sandbox = sandbox_or_skip!();
    let run = sandbox.shell(
        "long=$(printf %130000s x); for i in {1..15}; do words+=(\"$long\"); done
         unshare -u sh -c 'echo $#' name \"${words[@]}\"
         unshare -f --kill-child sh -c 'echo $#' name \"${words[@]}\"
         nsenter -t $$ -u sh -c 'echo $#' name \"${words[@]}\"
         ipcs -q \"${words[@]}\" | wc -l
         ipcmk -Q --quiet \"${words[@]}\" | wc -l
         ipcrm msg \"${words[@]}\" 2>&1 | wc -c
         for i in {1..15}; do export V$i=\"$long\"; done
         unshare -u --clear-env --set-env A=b /usr/bin/env; unshare -u --unset-env V1 --set-env V2= bash -c 'echo ${#V1} ${#V2} ${#V3}'",
    );
    let lines: Vec<&str> = run.output().lines().collect();
    assert_eq!(lines[..5], ["15", "15", "15", "4", "1"], "{lines:?}");
    assert!(lines[5].parse::<usize>().unwrap() > 15 * 130_000);
    assert_eq!(lines[6..], ["A=b", "0 0 130000"]);
}

#[test]
fn working_directory_that_is_no_more() {
    needs_sandbox!();
    // `f` is not there: what is bound to it is not.
    let change = "mkdir gone; cd gone; rmdir ../gone;";
    compare(change, "", COMMANDS);
    succeed(
        change,
        &[
            "unshare -iu echo done",
            "nsenter -t $$ -u echo done",
            "ipcs",
        ],
    );
}

#[test]
fn read_only_root() {
    needs_sandbox!();
    if !is_root() {
        return skipped("only root can change the mount of the root directory");
    }
    let change = "mount --bind / / && mount -o remount,bind,ro / && cd /mnt; mount -o remount,bind,ro /mnt 2> /dev/null";
    compare(change, "", COMMANDS);
    let run = Sandbox::new().shell(&format!(
        "{change}; mount -o remount,ro /mnt; unshare -f --pid-file p touch ran; echo $?; ls"
    ));
    assert_eq!(run.stdout, "1\n", "{run:?}");
    assert_eq!(
        run.stderr,
        "unshare: cannot write p: Read-only file system\n"
    );
}

/// What is tried in other people's containers.
const CONTAINED: &str = "ipcmk -Q -M 100 -S 2 --quiet | wc -l; ipcs -q | wc -l; ipcs -u | wc -l; ipcrm --all; ipcs -q | wc -l; \
     unshare -r -u sh -c \"id -u\"; unshare -r -p -f sh -c \"echo \\$\\$\"; unshare -r --init true; echo $?; \
     unshare -r -n sh -c \"nsenter -t \\$\\$ -n --preserve-credentials true; echo \\$?\"";

#[test]
fn inside_bubblewrap() {
    let sandbox = sandbox_or_skip!("bwrap");
    let tools = ns_tests::tool::folder().display();
    let bwrap = format!(
        "bwrap --ro-bind / / --ro-bind {tools} {tools} --proc /proc --dev /dev --tmpfs /mnt --unshare-ipc --unshare-pid --unshare-uts --chdir /mnt"
    );
    let first = sandbox.shell(&format!("{bwrap} true"));
    if first.status != 0 {
        return skipped(&format!("bwrap cannot run here: {}", first.error()));
    }
    let usual = Sandbox::new().shell(&format!("bash -c '{CONTAINED}'"));
    let run = sandbox.shell(&format!("{bwrap} bash -c '{CONTAINED}'"));
    assert_eq!((&run.stdout, run.stderr.as_str()), (&usual.stdout, ""));
}

#[test]
fn inside_crun() {
    let sandbox = sandbox_or_skip!("crun", "python3");
    if !is_root() {
        return skipped("crun is tried as root alone");
    }
    let run: Run = sandbox.shell(&format!(
        "mount -t cgroup2 none /sys/fs/cgroup; mkdir -p bundle/rootfs; mount --bind / bundle/rootfs; cd bundle; crun spec
         cat > edit.py <<'END'
import json
config = json.load(open('config.json'))
config['root'] = {{'path': 'rootfs', 'readonly': True}}
config['process']['terminal'] = False
config['process']['args'] = ['bash', '-c', '''{CONTAINED}''']
config['process']['env'] = ['PATH=' + __import__('os').environ['PATH'], 'LC_ALL=C']
capabilities = config['process']['capabilities']
for kind in capabilities: capabilities[kind] = sorted(set(capabilities[kind]) | {{'CAP_SYS_ADMIN', 'CAP_SETUID', 'CAP_SETGID', 'CAP_SETFCAP'}})
config['linux'].pop('resources', None)
config['linux']['maskedPaths'] = config['linux']['readonlyPaths'] = []
config['mounts'] = [mount for mount in config['mounts'] if mount['destination'] != '/sys/fs/cgroup']
json.dump(config, open('config.json', 'w'))
END
         python3 edit.py; crun --root /mnt/state --cgroup-manager=disabled run inside"
    ));
    if run.stdout.is_empty() {
        return skipped(&format!("crun cannot run here: {}", run.error()));
    }
    let usual = Sandbox::new().shell(&format!("bash -c '{CONTAINED}'"));
    assert_eq!((&run.stdout, run.stderr.as_str()), (&usual.stdout, ""));
}
