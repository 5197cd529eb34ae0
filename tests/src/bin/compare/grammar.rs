//! Command lines made up from the option tables: sound ones, bad ones, and those in between.

use ns_common::cli::table::{Takes, Tool};
use ns_tests::random::Random;

/// A command line and what is around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) tool: &'static str,
    pub(crate) words: Vec<String>,
    /// Variables that are set, or taken away.
    pub(crate) environment: Vec<(&'static str, Option<&'static str>)>,
    pub(crate) caller: Caller,
    pub(crate) setting: Setting,
    /// Which of the prepared scenes of objects.
    pub(crate) scene: usize,
}

/// Who runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Root of the enclosing user namespace.
    Root,
    /// The user with number 1000, who may map ids.
    User,
}

/// What is unusual around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    Usual,
    /// The working directory's mount has shared propagation.
    SharedMount,
    /// There are no tables of System V objects in /proc.
    NoTables,
}

/// Stands in words for the number of a process that can be entered; a digit follows.
pub(crate) const TARGET: &str = "@t";
/// Stands in words for the program that shows where it runs.
pub(crate) const PROBE: &str = "@probe";
/// How many processes there are to enter.
pub(crate) const TARGETS: usize = 5;

/// An option that the installed reference has.
struct Classic {
    short: Option<char>,
    long: &'static str,
    takes: Takes,
}

/// The options of each tool that both sides have.
pub(crate) struct Grammar {
    tools: Vec<(&'static str, Vec<Classic>)>,
    all_ids: bool,
}

impl Grammar {
    /// `has` tells whether the reference of a tool has an option. Without `all_ids`, the options
    /// for blocks of ids are left out: an ordinary user has no ids to map.
    pub(crate) fn new(has: &dyn Fn(&str, &str) -> bool, all_ids: bool) -> Self {
        fn classic<Id>(
            tool: &'static Tool<Id>,
            has: &dyn Fn(&str, &str) -> bool,
        ) -> (&'static str, Vec<Classic>) {
            let options = tool.options.iter();
            let known = options.filter(|option| !option.extension && has(tool.name, &option.long));
            let classic = known.map(|option| Classic {
                short: option.short,
                long: &option.long,
                takes: option.takes,
            });
            (tool.name, classic.collect())
        }
        Self {
            tools: vec![
                classic(&ns_unshare::TOOL, has),
                classic(&ns_enter::TOOL, has),
                classic(&ns_ipcs::TOOL, has),
                classic(&ns_ipcmk::TOOL, has),
                classic(&ns_ipcrm::TOOL, has),
            ],
            all_ids,
        }
    }

    /// The case with this number of a seed.
    pub(crate) fn case(&self, seed: u64, number: u64) -> Case {
        let random = &mut Random::new(seed, number);
        let (tool, options) = random.pick(&self.tools);
        let mut words = Vec::new();
        if *tool == "nsenter" && random.happens(75) {
            let target = format!("{TARGET}{}", random.below(TARGETS));
            words.extend(["-t".to_owned(), target]);
            if random.happens(70) {
                let kind = random.pick(&[
                    "-m", "-u", "-i", "-n", "-p", "-U", "-C", "-T", "-a", "-U", "-m",
                ]);
                words.push((*kind).to_owned());
            }
        }
        for _ in 0..*random.pick(&[0, 1, 1, 2, 2, 3, 3, 4]) {
            let option = random.pick(options);
            if !self.all_ids && BLOCKS.contains(&option.long) {
                continue;
            }
            add_option(tool, option, &mut words, random);
        }
        if random.happens(8) {
            let place = random.below(words.len() + 1);
            words.insert(place, (*random.pick(ODD_WORDS)).to_owned());
        }
        add_operands(tool, &mut words, random);
        Case {
            tool,
            words,
            environment: environment(random),
            caller: if self.all_ids && random.happens(25) {
                Caller::User
            } else {
                Caller::Root
            },
            setting: match random.below(20) {
                0 => Setting::SharedMount,
                1 => Setting::NoTables,
                _ => Setting::Usual,
            },
            scene: random.below(1000),
        }
    }
}

/// Options that an ordinary user cannot use.
const BLOCKS: &[&str] = &["map-users", "map-groups", "map-auto"];

/// Words that no option of a table gives.
const ODD_WORDS: &[&str] = &[
    "--bogus",
    "--bogus=1",
    "-9",
    "-%",
    "--fork=1",
    "--help=x",
    "--",
    "-",
    "--he",
    "--ver",
    "--m",
    "--human=",
    "-\u{e9}",
    "--keep-caps=x",
    "--all=x",
    "-Vh",
    "-hV",
    "",
    "--=x",
    "---",
    "-=",
    "-:",
    "-?",
    "-W",
];

fn environment(random: &mut Random) -> Vec<(&'static str, Option<&'static str>)> {
    match random.below(16) {
        0 => vec![("POSIXLY_CORRECT", Some("1"))],
        1 => vec![("SHELL", None)],
        2 => vec![("SHELL", Some(""))],
        3 => vec![("LC_ALL", Some("C.UTF-8"))],
        4 => vec![("NS_HINTS", Some("0"))],
        5 => vec![("PATH", None)],
        6 => vec![("SHELL", Some("./noshebang"))],
        _ => Vec::new(),
    }
}

/// Adds an option in one of its spellings, with a value where it takes one.
fn add_option(tool: &str, option: &Classic, words: &mut Vec<String>, random: &mut Random) {
    let long = format!("--{}", cut(option.long, random));
    let short = option.short.map(|letter| format!("-{letter}"));
    let short = short.filter(|_| random.happens(50));
    let value = random.pick(values(tool, option.long));
    match (option.takes, short) {
        (Takes::Nothing | Takes::OptionalLong(_), Some(short)) => bundle(short, words, random),
        (Takes::Nothing, None) => words.push(long),
        (Takes::Required(_), Some(short)) if random.happens(50) => {
            words.push(format!("{short}{value}"));
        }
        (Takes::Optional(_), Some(short)) if random.happens(50) => {
            words.push(format!("{short}{value}"));
        }
        (Takes::Optional(_), Some(short)) => bundle(short, words, random),
        (Takes::Required(_), Some(short)) => words.extend([short, (*value).to_owned()]),
        (Takes::Required(_), None) if random.happens(50) => {
            words.extend([long, (*value).to_owned()]);
        }
        (Takes::Optional(_) | Takes::OptionalLong(_), None) if random.happens(40) => {
            words.push(long);
        }
        (_, None) => words.push(format!("{long}={value}")),
    }
}

/// Often the beginning of a name in place of the whole.
fn cut<'a>(name: &'a str, random: &mut Random) -> &'a str {
    if random.happens(12) {
        &name[..=random.below(name.len())]
    } else {
        name
    }
}

/// Adds a letter as a word of its own or to letters that stand there already.
fn bundle(short: String, words: &mut Vec<String>, random: &mut Random) {
    let is_bundle = |word: &&mut String| {
        word.len() > 1
            && word.starts_with('-')
            && word[1..].bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    match words.last_mut().filter(is_bundle) {
        Some(last) if random.happens(50) => last.push_str(&short[1..]),
        _ => words.push(short),
    }
}

/// Programs, as words.
const PROGRAMS: &[&[&str]] = &[
    &[PROBE],
    &[PROBE],
    &[PROBE],
    &[PROBE],
    &[PROBE],
    &[PROBE],
    &["--", PROBE],
    &["true"],
    &["false"],
    &["sh", "-c", "exit 7"],
    &["sh", "-c", "kill -TERM $$"],
    &["sh", "-c", "kill -KILL $$"],
    &["sh", "-c", "echo out; echo err >&2"],
    &["pwd"],
    &["nosuch"],
    &["/etc"],
    &["/etc/passwd"],
    &["/etc/passwd/x"],
    &[""],
    &["./noshebang"],
    &["./badint"],
    &["./plain"],
    &[],
    &["env", "-u", "PATH", "-u", "_"],
];

fn add_operands(tool: &str, words: &mut Vec<String>, random: &mut Random) {
    let mut add = |more: &[&str]| words.extend(more.iter().map(|word| (*word).to_owned()));
    match tool {
        "unshare" | "nsenter" => {
            let program: &&[&str] = random.pick(PROGRAMS);
            add(program);
        }
        "ipcrm" if random.happens(20) => {
            add(&[*random.pick(&["shm", "msg", "sem", "foo"])]);
            for _ in 0..random.below(4) {
                add(&[*random.pick(IDS)]);
            }
        }
        _ if random.happens(10) => add(&[*random.pick(&["junk", "shm", "0", "-"])]),
        _ => {}
    }
}

/// Values of an option: some good, some bad, some at the edge.
///
/// # Panics
/// For an option that takes a value and has none here.
fn values(tool: &str, option: &str) -> &'static [&'static str] {
    match (tool, option) {
        ("unshare", "mount" | "uts" | "ipc" | "net" | "pid" | "user" | "cgroup" | "time") => FILES,
        ("unshare", "kill-child") => SIGNALS,
        ("unshare", "mount-proc" | "mount-binfmt") => DIRECTORIES,
        ("unshare", "map-user" | "map-group") => ACCOUNTS,
        ("unshare", "map-users" | "map-groups") => RANGES,
        ("unshare", "propagation") => &[
            "private",
            "slave",
            "shared",
            "unchanged",
            "foo",
            "priv",
            "",
            "PRIVATE",
        ],
        ("unshare", "setgroups") => &["allow", "deny", "foo", "", "ALLOW", "den"],
        ("unshare" | "nsenter", "setuid" | "setgid") => NUMBERS,
        ("unshare" | "nsenter", "root" | "wd" | "wdns") => DIRECTORIES,
        ("unshare", "monotonic" | "boottime") => OFFSETS,
        ("nsenter", "target") => PROCESSES,
        ("nsenter", "mount" | "uts" | "ipc" | "net" | "pid" | "user" | "cgroup" | "time") => {
            NAMESPACES
        }
        ("ipcs", "id") | ("ipcrm", "shmem-id" | "queue-id" | "semaphore-id") => IDS,
        ("ipcrm", "shmem-key" | "queue-key" | "semaphore-key") => KEYS,
        ("ipcrm", "all") => &[
            "shm", "msg", "sem", "foo", "", "=shm", "=msg", "SHM", "shmx", "==sem",
        ],
        ("ipcmk", "shmem") => SIZES,
        ("ipcmk", "semaphore") => COUNTS,
        ("ipcmk", "mode") => MODES,
        _ => NAMES,
    }
}

const FILES: &[&str] = &[
    "f", "g", "f", "g", "nosuch", "d", "", "./f", "plain/x", "/mnt/f",
];
const SIGNALS: &[&str] = &[
    "TERM",
    "KILL",
    "sigterm",
    "SIGINT",
    "9",
    "FOO",
    "RTMIN+1",
    "RTMAX-3",
    "RTMIN",
    "",
    "rtmin+30",
    "RTMIN+31",
    "IOT",
    "CLD",
    "UNUSED",
    "chld",
    "EXIT",
    "SIG",
    "RTMIN+",
    "RTMAX-0",
    "RTMIN-1",
    "sigrtmin+2",
    " TERM",
    "TERM ",
];
const DIRECTORIES: &[&str] = &[
    "/", "d", "r", "nosuch", "/usr", "plain", ".", "", "/mnt", "..", "/proc", "/mnt/d",
];
const ACCOUNTS: &[&str] = &[
    "0",
    "1",
    "1000",
    "root",
    "nobody",
    "nosuchuser",
    "4294967294",
    " 5",
    "+5",
    "5x",
    "",
    "0x10",
    "010",
    "daemon",
    "games",
    "5 ",
    "65534",
];
const RANGES: &[&str] = &[
    "0,0,1",
    "1000,0,5",
    "5,0,1",
    "100000,0,10",
    "0,0,4294967295",
    "a,b,c",
    "0,0,0",
    "",
    "1,2",
    "0,5,3",
];
const NUMBERS: &[&str] = &[
    "0",
    "5",
    "1000",
    "abc",
    "",
    "4294967295",
    "0x10",
    " 5",
    "+5",
    "5 ",
    "007",
    "99999999999999999999",
    "65534",
    "5x",
    "4294967294",
    "- 1",
    "\t7",
];
const OFFSETS: &[&str] = &[
    "0",
    "1000",
    "-5",
    "5x",
    "",
    "-1",
    "99999999999999999999",
    "1e3",
    " 7",
    "+7",
    "9223372036",
    "4611686018",
    "-99999999",
    "0x5",
];
const PROCESSES: &[&str] = &[
    "@t0", "@t1", "@t2", "@t3", "@t4", "@t0", "1", "abc", "", "4194304", "999999", " 1", "+1",
    "0x1", "1e3", "01", "1 ",
];
const NAMESPACES: &[&str] = &[
    "nosuch",
    "/proc/@t0/ns/uts",
    "/proc/@t0/ns/net",
    "/proc/@t0/ns/ipc",
    "/proc/@t0/ns/mnt",
    "/proc/@t1/ns/user",
    "/proc/@t0/ns/pid",
    "/proc/@t0/ns/cgroup",
    "/proc/@t0/ns/time",
    "/proc/self/ns/uts",
    "/proc/self/ns/ipc",
    "/proc/self/ns/user",
    "/proc/self/ns/net",
    "plain",
    "d",
    "/etc/passwd",
    "/proc/@t3/ns/uts",
    "/proc/@t1/ns/mnt",
];
const NAMES: &[&str] = &["/x", "/y", "/nosuch", "/x", "x"];
const IDS: &[&str] = &[
    "0",
    "1",
    "2",
    "3",
    "32769",
    "99999",
    "abc",
    "",
    "5x",
    "5 ",
    " 5",
    "+0",
    "00",
    "010",
    "0x1",
    "2147483647",
    "2147483648",
    "9223372036854775808x",
    "2147483648x",
    "32768",
    "0 ",
];
const KEYS: &[&str] = &[
    "0",
    "1",
    "0x1",
    "01",
    "2",
    "0xabc",
    "-2",
    "0xfffffffe",
    "4294967294",
    "-5",
    "abc",
    "",
    "08",
    "0x",
    "5 ",
    " 1",
    "+1",
    "7",
    "-2147483648",
    "4294967295",
    "3",
    "0X2",
];
const SIZES: &[&str] = &[
    "1",
    "5",
    "100",
    "4096",
    "0",
    "1K",
    "1k",
    "1.5K",
    "1KB",
    "1kb",
    "1KiB",
    "1.K",
    ".5K",
    "0x10",
    "010",
    "08",
    "-1",
    "abc",
    "",
    "16E",
    "1Z",
    "5 ",
    " 5",
    "+5",
    "1B",
    "1e",
    "1,5K",
    "18446744073709551616",
    "1M",
    "1.25MiB",
    "8E",
    "0x1K",
    "18446744073709551616x",
    "1.0",
    "1KIB",
    "1iB",
    "3G",
    "1.5",
    "1kIb",
    "0.5M",
    "K",
];
const COUNTS: &[&str] = &[
    "1",
    "3",
    "0",
    "-1",
    "32000",
    "32001",
    "010",
    "+3",
    " 4",
    "abc",
    "",
    "0x10",
    "1k",
    "2147483647",
    "2147483648",
    "-2147483649",
    "3 ",
    "9223372036854775808x",
];
const MODES: &[&str] = &[
    "600", "0", "777", "0777", "644", "-1", "abc", "", "8", "644x", "u+r", "+644", " 644", "99999",
    "01", "222", "0644", "7", "600 ",
];
