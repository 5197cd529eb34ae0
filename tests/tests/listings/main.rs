//! Features of `ipcs` that the reference lacks: formats, columns, filters, usage, namespaces,
//! attached processes. Python parses the JSON and compares it with the kernel's tables.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use ns_tests::sandbox::{Run, Sandbox};
use ns_tests::sandbox_or_skip;
use ns_tests::skip::{is_root, skipped};

const KERNEL: &str = include_str!("kernel.py");
/// Keys, sizes and messages at the limits of their ranges.
const SCENE: &str = "perl -e '\
    $q = msgget(0x7fffffff, 01640); msgsnd($q, pack(\"l! a1500\", 1, \"x\"), 0) for 1..3; msgrcv($q, $b, 2000, 0, 0); \
    msgget(-1, 01600); msgget(0, 01666); msgget(-2147483648, 01000); \
    shmget(0x51, 1, 01600); shmget(-2, 1 << 40, 011600); shmctl(shmget(3, 8192, 01606), 11, 0); \
    semget(9, 3, 01640); semget(0, 250, 01600); $s = semget(5, 1, 01600); semop($s, pack(\"s3\", 0, 1, 0))'; ";

/// Runs a python script on the output of a command.
fn python(sandbox: &Sandbox, command: &str, script: &str) -> Run {
    sandbox.shell(&format!(
        "cat > check.py <<'END'\n{script}\nEND\n{command} | python3 check.py"
    ))
}

#[test]
fn json_says_what_the_kernel_says() {
    let sandbox = sandbox_or_skip!("perl", "python3");
    sandbox.shell(SCENE).output();
    assert_eq!(python(&sandbox, "ipcs -J", KERNEL).output(), "10\n");
}

#[test]
fn json_of_a_dense_table_says_what_the_kernel_says() {
    let sandbox = sandbox_or_skip!("perl", "python3");
    let objects = "msgget($_, 01600), shmget($_, $_, 01600), semget($_, 1, 01600) for 1..100";
    sandbox.shell(&format!("perl -e '{objects}'")).output();
    assert_eq!(python(&sandbox, "ipcs -J", KERNEL).output(), "300\n");
}

#[test]
fn lines_of_json_and_the_document_agree() {
    let sandbox = sandbox_or_skip!("perl", "python3");
    sandbox.shell(SCENE).output();
    sandbox.shell("ipcs -a --posix -J > document; ipcs -a --posix --json-lines > lines");
    let script = "import json\n\
        document = json.load(open('document'))\n\
        lines = [json.loads(line) for line in open('lines')]\n\
        for line in lines: assert list(line)[:2] == ['namespace', 'kind'], line\n\
        namespace = document.pop('namespace')\n\
        flat = [{'namespace': namespace, 'kind': kind, **found} for kind in document for found in document[kind]]\n\
        assert flat == lines\n\
        print(len(lines), *document)";
    assert_eq!(
        python(&sandbox, ":", script).output(),
        "10 messages sharedmemory semaphores posix-messages posix-sharedmemory posix-semaphores\n"
    );
}

/// Hostile names: control characters, quotes, bytes that are not UTF-8.
const HOSTILE: &str = r#"for n in $'a\nipcs: b' $'\e[31mred' $'q"\\q' $'\xff\xfe' $'tab\there' ' ' '-' $'c\xc2\x9b1m' 'ä€😀'
do : > "/dev/shm/$n"; done; "#;

#[test]
fn hostile_names_forge_nothing() {
    let sandbox = sandbox_or_skip!("python3");
    sandbox.shell(HOSTILE).output();
    let script = "import json, os, sys\n\
        names = ['/' + name.decode('utf-8', 'replace') for name in sorted(os.listdir(b'/dev/shm'))]\n\
        assert [found['name'] for found in json.load(sys.stdin)['posix-sharedmemory']] == names\n\
        print(len(names))";
    assert_eq!(python(&sandbox, "ipcs -M -J", script).output(), "9\n");
    // Exactly one line per object, and no control characters for a terminal.
    for (options, more) in [
        ("-M", 4),
        ("-M -o name", 1),
        ("-M --quiet", 0),
        ("-M --attached", 1),
    ] {
        let run = sandbox.shell(&format!("ipcs {options}"));
        let controls = run
            .stdout
            .chars()
            .filter(|c| c.is_control() && *c != '\n')
            .count();
        assert_eq!(
            (run.stdout.lines().count(), controls),
            (9 + more, 0),
            "{options}: {run:?}"
        );
    }
}

#[test]
fn hostile_names_forge_no_message() {
    let sandbox = sandbox_or_skip!();
    for command in [
        "ipcs --namespace no$n",
        "ipcs --owner no$n",
        "ipcs --older-than $n",
        "ipcs --time-format $n",
        "ipcs --fail-above $n",
        "ipcrm --orphans --owner no$n",
        "unshare --pid-file no$n/p true",
        "NS_HINTS=1 unshare --mqueue=. --set-env $n",
        "unshare --join $n",
        "unshare --init=$n",
        "unshare --status-fd $n",
        "printf '#!/no%s' \"$n\" > s; chmod +x s; unshare -u ./s",
    ] {
        let run = sandbox.shell(&format!(r"n=$'\e[31m\x9b\x7f'; {command}"));
        let controls = run.stderr.chars().filter(|c| c.is_control() && *c != '\n');
        assert_eq!(controls.count(), 0, "{command}: {run:?}");
        assert!(
            run.stderr.contains(r"\x1b[31m\x9b\x7f"),
            "{command}: {run:?}"
        );
    }
}

#[test]
fn raw_output_is_ascii_and_can_be_taken_apart() {
    let sandbox = sandbox_or_skip!("python3");
    sandbox.shell(HOSTILE).output();
    let script = "import os, re, sys\n\
        lines = sys.stdin.read().split('\\n')\n\
        assert lines[0] == 'NAME SIZE OWNER PIDS' and lines.pop() == ''\n\
        names = []\n\
        for line in lines[1:]:\n\
        \x20   name, size, owner, pids = line.split(' ')\n\
        \x20   assert size == '0' and pids == '-' and line.isascii(), line\n\
        \x20   code = lambda found: bytes([int(found[1], 16)])\n\
        \x20   names.append(re.sub(rb'\\\\x(..)', code, name.encode()))\n\
        assert names == sorted(b'/' + name for name in os.listdir(b'/dev/shm'))";
    let command = "ipcs -M -r -o name,size,owner,pids";
    assert_eq!(python(&sandbox, command, script).output(), "");
    sandbox.shell("ipcmk -M 10").output();
    let run = sandbox.shell("ipcs -m -r -o status,command,detach --noheadings");
    let missing = run
        .output()
        .split(' ')
        .filter(|field| field.trim() == "-")
        .count();
    assert!(missing >= 2, "{run:?}");
}

#[test]
fn many_objects_take_no_more_memory_than_few() {
    let sandbox = sandbox_or_skip!("perl");
    if !is_root() {
        return skipped("needs root to raise the limit of queues");
    }
    let objects =
        "echo 31000 > /proc/sys/kernel/msgmni; perl -e 'msgget($_, 01600) // die for 1..30000'";
    sandbox.shell(objects).output();
    // More than the program itself needs, but less than a record for each queue would take.
    for options in [
        "-q --json-lines",
        "-q -r -o id,owner,msgs",
        "-q -J",
        "-q --quiet",
        "-q",
    ] {
        let run = sandbox.shell(&format!("ulimit -v 8000; ipcs {options} | grep -c '[0-9]'"));
        let lines: i32 = run.output().trim().parse().unwrap();
        assert!((30_000..=30_001).contains(&lines), "{options}: {lines}");
    }
    let run =
        sandbox.shell("(ulimit -v 8000; ipcs -q --output-all > /dev/null) 2>/dev/null; echo $?");
    assert_ne!(run.output(), "0\n", "a limit that a table needs more than");
}

#[test]
fn contradictions_print_nothing() {
    let sandbox = sandbox_or_skip!();
    let run = sandbox.run("ipcs", ["--json", "--raw"]);
    let errors =
        "ipcs: --json and --raw cannot be combined\nTry 'ipcs --help' for more information.\n";
    assert_eq!(
        (run.status, run.stdout.as_str(), run.stderr.as_str()),
        (1, "", errors)
    );
}

#[test]
fn usage_is_that_of_the_kernel() {
    let sandbox = sandbox_or_skip!("perl", "python3");
    sandbox.shell(SCENE).output();
    let script = "import json, sys\n\
        rows = {row['resource']: row for row in json.load(sys.stdin)['usage']}\n\
        read = lambda path: [int(word) for word in open('/proc/sys/' + path).read().split()]\n\
        lines = lambda table: len(open('/proc/sysvipc/' + table).readlines()) - 1\n\
        limits = {'MSGMNI': 'msgmni', 'MSGMAX': 'msgmax', 'MSGMNB': 'msgmnb', 'SHMMNI': 'shmmni', 'SHMALL': 'shmall', 'SHMMAX': 'shmmax'}\n\
        for name, path in limits.items(): assert [rows[name]['limit']] == read('kernel/' + path), name\n\
        assert [rows[name]['limit'] for name in ('SEMMSL', 'SEMMNS', 'SEMOPM', 'SEMMNI')] == read('kernel/sem')\n\
        for name, path in {'MQUMNI': 'queues_max', 'MQUMAX': 'msg_max', 'MQUMNB': 'msgsize_max'}.items(): assert [rows[name]['limit']] == read('fs/mqueue/' + path)\n\
        for name, table in {'MSGMNI': 'msg', 'SHMMNI': 'shm', 'SEMMNI': 'sem'}.items(): assert rows[name]['used'] == lines(table)\n\
        assert rows['SEMMNS']['used'] == 254 and rows['SHMALL']['used'] == 1 + 2**28 + 2\n\
        for row in rows.values(): assert (row['use'] is None) == (row['used'] is None), row\n\
        print(*rows)";
    assert_eq!(
        python(&sandbox, "ipcs --usage -J", script).output(),
        "MSGMNI MSGMAX MSGMNB MQUMNI MQUMAX MQUMNB SHMMNI SHMALL SHMMAX SHMMIN SEMMNI SEMMNS SEMMSL SEMOPM SEMVMX\n"
    );
}

#[test]
fn share_above_the_limit_has_a_status_of_its_own() {
    let sandbox = sandbox_or_skip!("perl");
    if !is_root() {
        return skipped("needs root to set limits");
    }
    sandbox
        .shell("echo 8 > /proc/sys/kernel/msgmni; perl -e 'msgget($_, 01600) for 1..6'")
        .output();
    let told = "ipcs: MSGMNI: 6 of 8 used (75.00 %)\n";
    for (share, status, errors) in [
        ("74.99", 2, told),
        ("75", 0, ""),
        ("75.0", 0, ""),
        ("100", 0, ""),
    ] {
        let run = sandbox.run("ipcs", ["--fail-above", share, "--quiet"]);
        let expected = (status, "", errors);
        assert_eq!(
            (run.status, run.stdout.as_str(), run.stderr.as_str()),
            expected,
            "{share}"
        );
    }
    let run = sandbox.run("ipcs", ["--fail-above", "50", "-m", "--noheadings"]);
    assert_eq!((run.status, run.stdout.lines().count()), (0, 4), "{run:?}");
}

/// Attaches segment 0 in two pieces, and creates a file when done.
const ATTACH: &str = "python3 -c 'import ctypes, sys, time\n\
    c = ctypes.CDLL(None)\n\
    c.shmat.restype = ctypes.c_void_p\n\
    c.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]\n\
    at = c.shmat(c.shmget(7, 8192, 0o1666), None, 0)\n\
    c.mprotect(at, 4096, 1)\n\
    open(sys.argv[1], \"w\").close()\n\
    time.sleep(20)'";

#[test]
fn attached_processes_are_found_and_others_counted() {
    let sandbox = sandbox_or_skip!("python3");
    // Another namespace has a segment with the same key and id, and a process that has it attached.
    let run = sandbox.shell(&format!(
        "{ATTACH} here & H=$!; unshare -i --kill-child -f {ATTACH} there & T=$!; \
         until [ -e here -a -e there ]; do sleep .01; done; ipcs -m --attached --noheadings; echo $H; ipcs -m --attached -J; ipcmk -M 5 > /dev/null; \
         ipcs -m --attached; ipcs -m -r -o id,pids,nattch; kill $H $T; wait 2> /dev/null"
    ));
    let pid = run
        .stdout
        .lines()
        .find(|line| line.parse::<i32>().is_ok())
        .unwrap();
    let rows: Vec<&str> = run
        .stdout
        .lines()
        .filter(|line| line.contains(" 0x00000007 "))
        .collect();
    assert!(rows[0].contains(&format!(" {pid} python3 0x")), "{run:?}");
    assert!(
        run.stdout.contains(&format!(
            "\"attached\": [{{\"pid\": {pid}, \"command\": \"python3\", "
        )),
        "{run:?}"
    );
    assert!(
        run.stdout.contains(&format!("\n0 {pid} 2\n1 - 0\n")),
        "{run:?}"
    );
    assert_eq!(run.stderr, "", "both pieces are found");
}

#[test]
fn unreadable_attachments_are_reported() {
    let sandbox = sandbox_or_skip!("python3", "setpriv");
    if !is_root() {
        return skipped("needs root, and a user who may not look at root's processes");
    }
    let run = sandbox.shell(&format!(
        "{ATTACH} here & H=$!; until [ -e here ]; do sleep .01; done; \
         setpriv --reuid 1000 --regid 1000 --clear-groups ipcs -m --attached; echo $?; kill $H; wait 2> /dev/null"
    ));
    let told = "ipcs: segment 0: 2 more attachments by processes that could not be read or are in other PID namespaces\n";
    assert_eq!(run.stderr, told);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        lines[0].split_whitespace().collect::<Vec<_>>(),
        ["SHMID", "KEY", "OWNER", "SIZE", "PID", "COMMAND", "ADDRESS"]
    );
    assert_eq!(lines[1].trim_end(), "    0 0x00000007 root  8192");
    assert_eq!(lines[2], "0");
}

#[test]
fn mapped_posix_memory_is_in_use() {
    let sandbox = sandbox_or_skip!("python3");
    let script = "truncate -s 4096 /dev/shm/used /dev/shm/unused; \
        python3 -c 'import mmap, os, time\n\
        map = mmap.mmap(os.open(\"/dev/shm/used\", os.O_RDWR), 4096)\n\
        open(\"mapped\", \"w\").close(); time.sleep(20)' & P=$!; until [ -e mapped ]; do sleep .01; done; \
        ipcs -M --unused --quiet; ipcs -M -r -o name,pids --noheadings | sed s/$P/PID/; kill $P; wait 2> /dev/null";
    assert_eq!(
        sandbox.shell(script).output(),
        "/unused\n/unused -\n/used PID\n"
    );
}

/// Namespaces with an object of the same key: one with a process, one of an ordinary user, one
/// bound to a file, one that a process holds open.
const NAMESPACES: &str = "\
    perl -e 'msgget(7, 01600)'; \
    unshare -i sh -c \"perl -e 'msgget(7, 01601)'; : > process; exec sleep 30\" & P=$!; \
    touch bound; unshare --ipc=bound perl -e 'msgget(7, 01602)'; \
    unshare -i sh -c \"perl -e 'msgget(7, 01603)'; : > open; exec sleep 30\" & Q=$!; \
    until [ -e process -a -e open ]; do sleep .01; done; \
    exec 9< /proc/$Q/ns/ipc; kill $Q; wait $Q 2> /dev/null; ";

#[test]
fn every_namespace_is_found_once() {
    let sandbox = sandbox_or_skip!("perl", "python3");
    let run = sandbox.shell(&format!(
        "{NAMESPACES} ipcs -A -q -J > all; ipcs -q --target $P --quiet; ipcs -q --namespace bound -r -o perms --noheadings; \
         stat -L -c %i /proc/self/ns/ipc /proc/$P/ns/ipc bound /proc/self/fd/9; echo $P $$; kill $P; wait 2> /dev/null; \
         python3 -c 'import json\n\
         for found in json.load(open(\"all\"))[\"namespaces\"]:\n\
         \x20   perms = [queue[\"perms\"] for queue in found[\"messages\"]]\n\
         \x20   print(\"JSON\", found[\"namespace\"], *perms, found[\"pid\"], found[\"processes\"], found.get(\"kept_by\"))'"
    ).replace("         for found", "for found"));
    let lines: Vec<&str> = run.output().lines().collect();
    assert_eq!(lines[..2], ["0", "0602"], "{run:?}");
    let [own, process, bound, open] = lines[2..6] else {
        panic!("{run:?}")
    };
    let (pid, shell) = lines[6].split_once(' ').unwrap();
    let found = |inode: &str| {
        let prefix = format!("JSON {inode} ");
        let matching: Vec<&str> = lines
            .iter()
            .filter_map(|line| line.strip_prefix(prefix.as_str()))
            .collect();
        assert_eq!(matching.len(), 1, "{inode}: {run:?}");
        matching[0]
    };
    assert!(found(own).starts_with("0600 "), "{run:?}");
    assert_eq!(found(process), format!("0601 {pid} 1 None"));
    assert_eq!(found(bound), "0602 None 0 /mnt/bound");
    assert_eq!(found(open), format!("0603 None 0 /proc/{shell}/fd/9"));
    let first = lines.iter().find(|line| line.starts_with("JSON")).unwrap();
    assert!(
        first.starts_with(&format!("JSON {own} ")),
        "the caller's own comes first: {run:?}"
    );
}

#[test]
fn namespaces_stand_below_headings_in_the_classic_lists() {
    let sandbox = sandbox_or_skip!("perl");
    let run = sandbox.shell(&format!(
        "{NAMESPACES} ipcs -A -q; echo P $P; kill $P; wait 2> /dev/null"
    ));
    let pid = run
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("P "))
        .unwrap();
    let headings = run
        .stdout
        .lines()
        .filter(|line| line.starts_with("====== IPC namespace "));
    let headings: Vec<&str> = headings.collect();
    let has = |text: &str| headings.iter().any(|line| line.ends_with(text));
    assert!(
        has(&format!(", 1 process, first {pid} sleep ======")),
        "{run:?}"
    );
    assert!(has(", kept by /mnt/bound ======"), "{run:?}");
}

#[test]
fn whoever_owns_a_namespace_may_look_into_it_and_others_are_counted() {
    let sandbox = sandbox_or_skip!("perl", "setpriv");
    if !is_root() {
        return skipped("needs root to be two users");
    }
    let user = "setpriv --reuid 1000 --regid 1000 --clear-groups";
    let run = sandbox.shell(&format!(
        "chmod 777 .; {user} unshare -Uri sh -c \"perl -e 'msgget(7, 01600)'; : > own; exec sleep 30\" & O=$!; \
         touch bound; unshare --ipc=bound true; until [ -e own ]; do sleep .01; done; \
         {user} ipcs -A -q -J; echo $?; {user} ipcs -q --namespace bound; echo $?; kill $O; wait 2> /dev/null"
    ));
    assert!(run.stdout.contains("\"key\": \"0x00000007\""), "{run:?}");
    let statuses: Vec<&str> = run.stdout.lines().filter(|line| line.len() == 1).collect();
    assert_eq!(statuses, ["0", "1"], "{run:?}");
    assert_eq!(
        run.stderr,
        "ipcs: 1 namespace could not be entered: Operation not permitted\n\
         ipcs: cannot enter the IPC namespace bound: Operation not permitted\n"
    );
}

#[test]
fn file_that_is_not_an_ipc_namespace_is_refused() {
    let sandbox = sandbox_or_skip!();
    for file in ["/dev/null", "/proc/self/ns/uts", "fifo", "."] {
        let run = sandbox.shell(&format!(
            "[ -e fifo ] || mkfifo fifo; ipcs --namespace {file}"
        ));
        let told = format!("ipcs: {file} is not an IPC namespace\n");
        assert_eq!((run.status, run.stdout.as_str(), run.stderr), (1, "", told));
    }
    let run = sandbox.run("ipcs", ["--namespace", "nowhere"]);
    assert_eq!(
        run.stderr,
        "ipcs: cannot open nowhere: No such file or directory\n"
    );
}
