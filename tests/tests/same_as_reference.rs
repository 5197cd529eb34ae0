//! Options alone and in pairs, and listings of prepared scenes, compared with the reference.
//!
//! Only differences in a row of `docs/compatibility.md` are accepted.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use ns_tests::sandbox::{Run, Sandbox, with_own_mounts};
use ns_tests::skip::{has_program, is_root, skipped};
use ns_tests::tool;
use ns_tests::wording::Wordings;

/// Whether there is a reference to compare with; otherwise the test is skipped.
fn can_compare() -> bool {
    let reason = match Sandbox::available() {
        Err(reason) => reason,
        Ok(()) if tool::reference().is_none() => {
            format!("no {} or later in /usr/bin", tool::OLDEST_REFERENCE)
        }
        Ok(()) => return true,
    };
    skipped(&reason);
    false
}

/// The program that prints the state of its process, in a place that everybody can read.
fn probe() -> PathBuf {
    tool::readable("probe", env!("CARGO_BIN_EXE_probe"))
}

/// Removes PIDs in messages, which differ from run to run.
fn without_numbers(text: &str) -> String {
    let mut result = String::new();
    for part in text.split_inclusive('/') {
        let digits = part.trim_end_matches('/');
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        result.push_str(if is_number { "N/" } else { part });
    }
    result
}

fn comparable(run: &Run, wordings: &Wordings) -> (i32, String, String) {
    (
        run.status,
        run.stdout.clone(),
        without_numbers(&wordings.reword(run.error())),
    )
}

/// A sandbox with the files that the scripts use: subuid and subgid, and files to bind namespaces
/// to.
fn setting(ids: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let bound = if is_root() {
        "mount --bind ids /etc/subuid; mount --bind ids /etc/subgid"
    } else {
        "true"
    };
    let made = sandbox.shell(&format!("touch f; mkdir d; printf '{ids}' > ids; {bound}"));
    assert_eq!((made.status, made.stderr.as_str()), (0, ""));
    sandbox
}

/// Ranges of ids delegated to root.
const IDS_OF_ROOT: &str = "0:0:1000\\nroot:0:1000\\n";

/// The start of each script: the namespaces outside, in the form of the probe's arguments.
fn start() -> String {
    format!(
        "links=$(find /proc/self/ns -type l -printf '%f=%l '); probe='{}'; ",
        probe().display()
    )
}

/// Runs each script with both sets of commands and collects the differences.
///
/// The scripts share a sandbox, but each has its own mounts and leaves nothing else behind.
fn compare(sandbox: &Sandbox, scripts: &[String]) {
    let wordings = Wordings::newer();
    let once = |script: &String| {
        let run = |mut command: Command| sandbox.finish(with_own_mounts(&mut command));
        let ours = comparable(&run(sandbox.script(script)), &wordings);
        let reference = comparable(&run(sandbox.reference_script(script)), &wordings);
        (ours != reference).then(|| difference(script, &ours, &reference))
    };
    // The reference starts the program before its namespaces are bound to files, so the program may
    // or may not see those mounts.
    let differs = |script: &String| {
        let mut difference = once(script)?;
        for _ in 0..10 {
            difference = once(script)?;
        }
        Some(difference)
    };
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let parts = scripts.chunks(scripts.len().div_ceil(processors));
    let differences: Vec<String> = thread::scope(|scope| {
        let differs = &differs;
        let running: Vec<_> = parts
            .map(|part| scope.spawn(move || part.iter().filter_map(differs).collect::<Vec<_>>()))
            .collect();
        let ended = running.into_iter();
        ended.flat_map(|part| part.join().unwrap()).collect()
    });
    assert!(
        differences.is_empty(),
        "{} of {} differ:\n{}",
        differences.len(),
        scripts.len(),
        differences.join("\n")
    );
}

fn difference(
    script: &str,
    ours: &(i32, String, String),
    reference: &(i32, String, String),
) -> String {
    let command = script
        .rsplit_once("; unshare")
        .or(script.rsplit_once("; nsenter"))
        .map_or(script, |(_, rest)| rest);
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (mut here, mut there) = (lines(&ours.1), lines(&reference.1));
    here.retain(|line| !reference.1.lines().any(|other| other == line));
    there.retain(|line| !ours.1.lines().any(|other| other == line));
    format!(
        "{command}\n  here:      {} {here:?} {:?}\n  reference: {} {there:?} {:?}",
        ours.0, ours.2, reference.0, reference.2
    )
}

/// Options of `unshare` that both versions have, and that may be given in any order.
const UNSHARE: &[&str] = &[
    "--mount",
    "--uts",
    "--ipc",
    "--net",
    "--pid",
    "--user",
    "--cgroup",
    "--time",
    "--fork",
    "--kill-child",
    "--kill-child=TERM",
    "--mount-proc",
    "--mount-proc=d",
    "--map-user=5",
    "--map-group=6",
    "--map-users=0,0,10",
    "--map-groups=0,0,10",
    "-r",
    "-c",
    "--map-auto",
    "--propagation=slave",
    "--propagation=shared",
    "--propagation=unchanged",
    "--setgroups=allow",
    "--setgroups=deny",
    "--keep-caps",
    "-S0",
    "-S5",
    "-G0",
    "-G6",
    "--root=/",
    "--root=d",
    "--wd=/usr",
    "--wd=d",
    "--wd=/nonexistent",
    "--monotonic=-5",
    "--boottime=7",
    "--uts=f",
    "--ipc=f",
    "--net=f",
    "--cgroup=f",
    "--time=f",
    "--pid=f",
];

/// Pairs for which the two versions differ on purpose, as documented on the compatibility page.
fn differs_on_purpose(first: &str, second: &str) -> bool {
    let pair = [first, second];
    let has = |option: &str| pair.iter().any(|word| word.starts_with(option));
    // A single id costs a delegated range one id in the reference, and is removed from it by
    // different rules.
    let blocks = has("--map-auto") || has("--map-users") || has("--map-groups");
    let single = has("-r") || has("-c") || has("--map-user=") || has("--map-group=");
    (blocks && single)
        // Several ranges: the reference uses the last one.
        || (has("--map-auto") && (has("--map-users") || has("--map-groups")))
        // Binding a namespace to a file with a new user namespace: the reference fails.
        || (pair.iter().any(|word| word.ends_with("=f")) && (has("--user") || blocks || single))
}

/// Whether the two versions can behave the same with an option here.
///
/// In the user namespace of an ordinary user the reference runs newuidmap to map ranges, which
/// refuses; the newer version writes the map itself.
fn is_comparable(option: &&str) -> bool {
    let blocks = ["--map-auto", "--map-users", "--map-groups"];
    is_root() || !blocks.iter().any(|block| option.starts_with(block))
}

/// Each option combined with each later one, except pairs that differ on purpose.
fn pairs(options: &[&str]) -> Vec<String> {
    let mut pairs = Vec::new();
    for (position, first) in options.iter().enumerate() {
        let others = options[position + 1..].iter();
        let comparable = others.filter(|second| !differs_on_purpose(first, second));
        pairs.extend(comparable.map(|second| format!("{first} {second}")));
    }
    pairs
}

#[test]
fn unshare_options_alone_and_in_pairs() {
    if !can_compare() {
        return;
    }
    let start = start();
    let script = |options: &str| format!("{start}unshare {options} $probe $links");
    let options: Vec<&str> = UNSHARE.iter().copied().filter(is_comparable).collect();
    let alone = options.iter().map(|option| script(option));
    let scripts: Vec<String> = alone
        .chain(pairs(&options).iter().map(|pair| script(pair)))
        .collect();
    compare(&setting(IDS_OF_ROOT), &scripts);
}

#[test]
fn unshare_options_as_an_ordinary_user() {
    if !can_compare() {
        return;
    }
    if !is_root() || !has_program("setpriv") || !has_program("newuidmap") {
        return skipped(
            "needs root, setpriv and newuidmap; without root the other test is this one",
        );
    }
    let start = start();
    let user = "setpriv --reuid 1000 --regid 1000 --clear-groups";
    let script = |options: &str| format!("{start}{user} unshare {options} $probe $links");
    let scripts: Vec<String> = UNSHARE
        .iter()
        .filter(|option| **option != "--map-users=0,0,10" && **option != "--map-groups=0,0,10")
        .flat_map(|option| {
            [
                script(option),
                script(&format!("--user {option}")),
                script(&format!("-r {option}")),
            ]
        })
        .filter(|script| !script.contains("-r --map-auto"))
        .chain(
            [
                "-U --map-users=100000,0,10",
                "--map-users=100000,0,10 --map-groups=100000,0,10 -S 0 -G 0",
            ]
            .map(script),
        )
        .collect();
    compare(&setting("1000:100000:1000\\n"), &scripts);
}

/// Options of `nsenter` that both versions have; the target is a process in new namespaces of every
/// kind.
const NSENTER: &[&str] = &[
    "-t $T -m",
    "-t $T -u",
    "-t $T -i",
    "-t $T -n",
    "-t $T -p",
    "-t $T -C",
    "-t $T -T",
    "-t $T -U",
    "-t $T -a",
    "-t $T -p -F",
    "-t $T -m -r",
    "-t $T -m -w",
    "-t $T -m -r -w",
    "-t $T -u -r/mnt/d",
    "-t $T -u -w/mnt/d",
    "-t $T -m --wdns=/usr",
    "-t $T -u -S 5",
    "-t $T -u -G 5",
    "-t $T -u -S 5 -G 6",
    "-t $T -U -S 0 -G 0",
    "-t $T -U -u -i",
    "-t $T -U --preserve-credentials",
    "-t $T -a --preserve-credentials",
    "-t $T -U -S 5",
    "--uts=/proc/$T/ns/uts",
    "--user=/proc/$T/ns/user --uts=/proc/$T/ns/uts",
    "--net=/proc/$T/ns/net --ipc=/proc/$T/ns/ipc",
    "-t $T -a --uts=/proc/self/ns/uts",
    "--uts=/proc/$T/ns/ipc",
    "--uts=/nonexistent",
    "--uts=/etc/passwd",
    "-t 4194304 -u",
    "-t 4194304 -a",
    "-t 4194304 -u -r",
    "-t $T -u -r/nonexistent",
    "-t $T -u -w/nonexistent",
    "-t $T -m -W/nonexistent",
    "-t $T -u -r/etc/passwd",
    "-t $T -u -w/etc/passwd",
    "-t $$ -U",
    "-t $$ -a",
    "-t $$ -u -m",
];

#[test]
fn nsenter_into_targets_of_every_kind() {
    if !can_compare() {
        return;
    }
    let start = start();
    // Both versions enter the same kind of target, created by the reference.
    let target = |options: &str| {
        format!(
            "{start}exec 3< <(exec /usr/bin/unshare {options} --kill-child -f sh -c 'echo; exec sleep 60'); U=$!; \
             read x <&3; exec 3<&-; read T < /proc/$U/task/$U/children; T=${{T%% *}}; "
        )
    };
    let mut scripts = Vec::new();
    for namespaces in ["-muinpCT", "-rmuinpCT", "-ru"] {
        // Without privileges the reference cannot enter a namespace that it is in already, which
        // differs on purpose.
        let comparable = |options: &&&str| is_root() || !options.contains("-a --preserve");
        for options in NSENTER.iter().filter(comparable) {
            scripts.push(format!(
                "{}nsenter {options} $probe $links; r=$?; {{ kill -9 $U; wait $U; }} 2>/dev/null; (exit $r)",
                target(namespaces)
            ));
        }
    }
    compare(&setting(IDS_OF_ROOT), &scripts);
}

/// Scenes of System V objects, created by perl.
const SCENES: &[&str] = &[
    "",
    "msgget(0x1234,01640); msgget(-2,01600); msgget(0,01666); shmget(0x51,1075,01600); shmget(-1,1048525,01000); semget(9,3,01640);",
    "$q=msgget(1,01600); msgsnd($q,pack('l! a1500',1,'x'),0) for 1..5; msgrcv($q,$b,2000,0,0); $s=semget(9,3,01640); semctl($s,1,16,7); semop($s,pack('s3',0,1,0));",
    "msgget($_,01600) for 1..300; shmget($_,4096*$_,01600) for 1..40; semget($_,$_,01600) for 1..40;",
    "@q=map{msgget($_,01600)} 1..400; msgctl($_,0,0) for @q[0..389]; @m=map{shmget($_,1,01600)} 1..5; shmctl($_,0,0) for @m[1..3];",
    "shmget(1,1<<40,011600); $i=shmget(2,8192,01600); shmctl($i,11,0); shmget(3,1,0); semget(0,32000,01600);",
    "$q=msgget(1,01600); $d=\"\\0\"x256; msgctl($q,2,$d); substr($d,4,8)=pack('LL',4242,4294967294); msgctl($q,1,$d);",
];

#[test]
fn ipcs_over_all_views_and_units() {
    if !can_compare() {
        return;
    }
    if !has_program("perl") {
        return skipped("perl is not installed");
    }
    let mut differences = Vec::new();
    for scene in SCENES {
        let sandbox = Sandbox::new();
        let made = sandbox.shell(&format!("perl -e '{}'", scene.replace('\'', "\"")));
        assert_eq!(made.stderr, "", "{scene}");
        let script = one_after_the_other(&ipcs_commands());
        let ours = sandbox.shell(&script);
        let reference = sandbox.reference_shell(&script);
        assert_eq!((ours.status, reference.status), (0, 0), "{ours:?}");
        let pairs = ours.stdout.split(NEXT).zip(reference.stdout.split(NEXT));
        differences.extend(
            pairs
                .filter(|(ours, reference)| ours != reference)
                .map(|(ours, reference)| format!("{ours}--\n{reference}")),
        );
        let last = ours.stdout.rsplit(NEXT).next();
        assert_eq!(last, Some("end\n"), "all have run");
    }
    assert!(
        differences.is_empty(),
        "{} differ:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

/// Separates the output of one command from the next.
const NEXT: &str = "== ";

/// A script that runs `ipcs` with each line of options, and prints output and status.
fn one_after_the_other(lines: &[String]) -> String {
    format!(
        "while read -r line; do echo \"{NEXT}ipcs $line\"; ipcs $line 2> error; rc=$?; \
         read -r error < error; echo \"$rc $error\"; done <<'END'\n{}\nEND\necho '{NEXT}end'",
        lines.join("\n")
    )
}

/// Lines that the C library parses in its own way, before well-formed ones for the same ids.
const ODD_ACCOUNTS: &str = "\
root:x:0:0::/:/bin/sh
fine:x:4200:4200::/:/bin/sh
 blank:x:4201:4201::/:/bin/sh
sign:x:+4202:4202::/:/bin/sh
spaced:x: 4203:4203::/:/bin/sh
two words:x:4204:4204::/:/bin/sh
short:x:4205:4205
#remark:x:4206:4206::/:/bin/sh
+net:x:4207:4207::/:/bin/sh
octal:x:04208:4208::/:/bin/sh
more:x:4209:4209::/:/bin/sh:more
nogid:x:4210:::/:/bin/sh
first:x:4211:4211::/:/bin/sh
second:x:4211:4211::/:/bin/sh
cut:x:42";

#[test]
fn ipcs_names_owners_of_odd_accounts_alike() {
    if !can_compare() {
        return;
    }
    if !is_root() || !has_program("perl") {
        return skipped("needs root and perl");
    }
    let later: Vec<String> = (4200..4240)
        .map(|id| format!("later{id}:x:{id}:{id}::/:/bin/sh"))
        .collect();
    let later = later.join("\n");
    // Above some number of owners we read the file ourselves: both ways must give the same names.
    for owners in [12, 40] {
        for (order, odd) in [
            ("passwd: files\ngroup: files\n", ODD_ACCOUNTS),
            ("passwd: files\n", "fine:x:4200:4200::/:/bin/sh"),
            ("passwd: files\npasswd: db\n", ODD_ACCOUNTS),
            ("passwd: db\npasswd: files\n", ODD_ACCOUNTS),
            ("passwd: files [SUCCESS=continue]\n", ODD_ACCOUNTS),
        ] {
            let sandbox = Sandbox::new();
            let made = sandbox.shell(&format!(
                "cat > order <<'END'\n{order}END\ncat > accounts <<'END'\n{odd}\n{later}\nEND\n\
                 for i in $(seq 4200 {last}); do echo g$i:x:$i:; done > groups\n\
                 mount --bind order /etc/nsswitch.conf; mount --bind accounts /etc/passwd; mount --bind groups /etc/group\n\
                 perl -e 'for (1..{owners}) {{ $q=msgget($_,01600); $d=\"\\0\"x256; msgctl($q,2,$d); \
                 substr($d,4,8)=pack(\"LL\",4200+$_%{owners},4200+$_%{owners}); msgctl($q,1,$d) }}'",
                last = 4200 + owners
            ));
            assert_eq!((made.status, made.stderr.as_str()), (0, ""));
            for view in ["-q", "-q -c"] {
                let ours = sandbox.shell(&format!("ipcs {view}"));
                let reference = sandbox.shell(&format!("/usr/bin/ipcs {view}"));
                assert_eq!(ours, reference, "{owners} owners, {order:?}, {odd:?}");
            }
        }
    }
}

fn ipcs_commands() -> Vec<String> {
    let kinds = ["", "-q", "-m", "-s", "-q -m", "-q -s", "-m -s", "-a"];
    let views = ["", "-t", "-p", "-c", "-l", "-u", "-t -p", "-u -l"];
    let units = ["", "-b", "--human", "-b --human"];
    let mut commands = Vec::new();
    for kind in kinds {
        for view in views {
            commands.extend(units.map(|unit| format!("{kind} {view} {unit}")));
        }
    }
    for kind in ["-q", "-m", "-s"] {
        for id in ["0", "1", "2", "3", "9", "399", "32768"] {
            commands.extend(units.map(|unit| format!("{kind} -i {id} {unit}")));
        }
    }
    commands
}

/// Malformed command lines.
const BAD_LINES: &[&str] = &[
    "--bogus",
    "--bogus=1",
    "-%",
    "-\u{e9}",
    "--",
    "-- nosuch",
    "-",
    "''",
    "--=x",
    "/etc",
    "/etc/passwd",
    "/etc/passwd/x",
    "nosuch",
    "--help=x",
    "--version=x",
    "-V -%",
    "-% -V",
    "--hel >/dev/null",
    "-h >/dev/full",
    "-V >/dev/full",
    "-h >&-",
    "nosuch 2>&-",
];

#[test]
fn bad_command_lines_are_reported_alike() {
    if !can_compare() {
        return;
    }
    let words = BAD_LINES.iter().filter(|words| !words.starts_with("-V -%"));
    let mut scripts = Vec::new();
    for words in words {
        scripts.extend(["unshare", "nsenter -t $$ -u"].map(|tool| format!("{tool} {words}")));
        let is_option = words.starts_with('-') && !words.starts_with("-- ");
        if is_option && *words != "--=x" {
            scripts.extend(
                ["ipcs", "ipcmk", "ipcrm"].map(|tool| {
                    format!("{tool} {words} > /dev/null").replace("> /dev/null > ", "> ")
                }),
            );
        }
    }
    // The texts of help and version are our own, and newer options add candidates.
    scripts.retain(|script| !script.contains("--=x") || script.starts_with("ipcs"));
    compare(&setting(IDS_OF_ROOT), &scripts);
}

#[test]
fn reference_is_not_compared_with_itself() {
    if !can_compare() {
        return;
    }
    let version = |run: Run| fs::canonicalize(run.output().trim()).unwrap();
    let command = "command -v unshare";
    assert_ne!(
        version(Sandbox::new().shell(command)),
        version(Sandbox::new().reference_shell(command))
    );
}
