//! The cost of a command in figures that are the same on each run: instructions, system calls, page
//! faults.

use std::fmt;
use std::fs;

use crate::sandbox::Sandbox;
use crate::tool;

/// The programs that the counting needs.
pub const PROGRAMS: [&str; 5] = ["valgrind", "strace", "python3", "perl", "readelf"];

/// A program that exits at once, so that only the tool is measured: an ELF file of 132 bytes that
/// calls exit_group(0).
#[cfg(target_arch = "x86_64")]
pub const EXIT_0: Option<&[u8]> = Some(&[
    0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0x3e, 0, 1, 0, 0, 0, 0x78, 0,
    0x40, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0,
    0x38, 0, 1, 0, 0, 0, 0, 0, 0, 0, // header
    1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0,
    0, 0, 0x84, 0, 0, 0, 0, 0, 0, 0, 0x84, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0,
    0, // one segment
    0x31, 0xff, 0xb8, 0xe7, 0, 0, 0, 0x0f, 0x05, 0, 0,
    0, // xor edi, edi; mov eax, 231; syscall
]);
/// A program that exits at once.
#[cfg(not(target_arch = "x86_64"))]
pub const EXIT_0: Option<&[u8]> = None;

/// The commands whose cost is recorded, each with the number of existing queues. `exit0` is a
/// program that exits at once, `$$` a process in other namespaces.
pub const COMMANDS: [(&str, usize); 12] = [
    ("unshare -iu exit0", 0),
    ("unshare -r exit0", 0),
    ("nsenter -t $$ -u -i exit0", 0),
    ("ipcmk -Q", 0),
    ("ipcrm -a", 0),
    ("ipcs -u", 0),
    ("ipcs -q", 0),
    ("ipcs -q", 1000),
    ("ipcs -q -t", 1000),
    ("ipcs -q -c", 1000),
    ("ipcs -q -r -o id,owner,msgs", 1000),
    ("ipcs -q --json-lines", 1000),
];

/// The cost of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Its own instructions until its execve or end, as counted by callgrind.
    pub instructions: u64,
    /// System calls until its execve or end, including the execve that started it.
    pub calls: u64,
    /// Page faults until the end, including the program it executes.
    pub faults: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            instructions,
            calls,
            faults,
        } = self;
        write!(formatter, "{instructions} | {calls} | {faults}")
    }
}

/// Whose commands are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The tools under test.
    Ours,
    /// The installed ones.
    Reference,
}

/// Counts the cost of a command in a locale, in a new sandbox with this number of queues.
///
/// # Panics
/// If the command or a counting program fails.
pub fn count(whose: Whose, command: &str, queues: usize, locale: &str) -> Counts {
    let sandbox = Sandbox::new();
    let bytes = EXIT_0.unwrap_or_default().iter();
    let exit_0: Vec<String> = bytes.map(|byte| format!("\\{byte:03o}")).collect();
    let script = SCRIPT
        .replace("EXIT_0", &exit_0.concat())
        .replace("QUEUES", &queues.to_string())
        .replace("LOCALE", locale)
        .replace("COMMAND", command);
    let run = match whose {
        Whose::Ours => sandbox.shell(&script),
        Whose::Reference => sandbox.reference_shell(&script),
    };
    let counted: Vec<u64> = run
        .output()
        .split_whitespace()
        .map(|word| word.parse().unwrap_or_else(|_| panic!("{run:?}")))
        .collect();
    match counted[..] {
        [instructions, calls, faults] => Counts {
            instructions,
            calls,
            faults,
        },
        _ => panic!("{command}: {run:?}"),
    }
}

/// The environment affects the cost of a start, so it is always the same.
const SCRIPT: &str = r#"
if [ -n 'EXIT_0' ]; then printf 'EXIT_0' > exit0; else cp /bin/true exit0; fi
chmod +x exit0
queues() { perl -e 'msgget($_, 01600) // die $! for 1 .. QUEUES'; }
echo 32000 > /proc/sys/kernel/msgmni
queues
set -- COMMAND
tool=$(command -v "$1"); shift
if [ "${!#}" = exit0 ]; then set -- "${@:1:$#-1}" /mnt/exit0; fi
plain="env -i LC_ALL=LOCALE"
$plain valgrind --tool=callgrind --vgdb=no --dump-before=execve --callgrind-out-file=graph \
    "$tool" "$@" > log 2>&1 || { cat log; exit 1; }
# What is dumped before the execve is the first part; without one there is the whole alone.
sed -n 's/^totals: //p' $(ls graph.1 2> /dev/null || echo graph)
queues
$plain strace -o trace "$tool" "$@" > log 2>&1 || { cat log; exit 1; }
awk '/^execve/ && started++ { exit } /^[a-z_0-9]+\(/ { calls++ } END { print calls }' trace
queues
python3 -c '
import os, sys
quiet = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]
def faults():
    pid = os.posix_spawn(sys.argv[1], sys.argv[1:], {"LC_ALL": "LOCALE"}, file_actions=quiet)
    return os.wait4(pid, 0)[2].ru_minflt
print(min(faults() for _ in range(150)))' "$tool" "$@"
"#;

/// What else the figures depend on: C library, processor, kernel, compiler.
///
/// # Panics
/// If the system does not tell.
pub fn machine() -> String {
    let sandbox = Sandbox::new();
    let run = sandbox.shell("getconf GNU_LIBC_VERSION; uname -m; uname -r | cut -d . -f 1,2");
    let lines: Vec<&str> = run.output().lines().collect();
    let [library, processor, kernel] = lines[..] else {
        panic!("{run:?}");
    };
    let program = tool::ours("unshare").display().to_string();
    let run = sandbox.shell(&format!("readelf -p .comment '{program}'"));
    let mut words = run.output().split_whitespace();
    words.find(|word| *word == "rustc");
    let compiler = words.nth(1).unwrap_or("unknown");
    format!("{library}, {processor}, Linux {kernel}, rustc {compiler}")
}

/// Whether the programs under test are release builds, as made by `make`.
///
/// # Panics
/// If one cannot be read.
pub fn is_release() -> bool {
    let sandbox = Sandbox::new();
    let program = tool::ours("unshare").display().to_string();
    let run = sandbox.shell(&format!("readelf -SW '{program}'"));
    !run.output().contains(" .symtab ")
}

/// The sizes of the programs under test.
///
/// # Panics
/// If one is missing.
pub fn sizes() -> Vec<(&'static str, u64)> {
    let size = |name| {
        let status =
            fs::metadata(tool::ours(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, status.len())
    };
    tool::TOOLS.map(size).to_vec()
}
