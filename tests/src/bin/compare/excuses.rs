//! Where the two sides are meant to differ: each excuse is a row of `docs/compatibility.md`.

use crate::grammar::{Caller, Case, Setting};
use crate::world::Outcome;

/// A wanted difference.
#[derive(Debug)]
pub(crate) struct Excuse {
    /// The heading it stands under.
    pub(crate) section: &'static str,
    /// Words of the row.
    pub(crate) row: &'static str,
    applies: fn(&Pair<'_>) -> bool,
}

/// A case and what came of it on both sides.
#[derive(Debug)]
pub(crate) struct Pair<'a> {
    pub(crate) case: &'a Case,
    pub(crate) ours: &'a Outcome,
    pub(crate) reference: &'a Outcome,
}

impl Pair<'_> {
    fn is(&self, tool: &str) -> bool {
        self.case.tool == tool
    }

    /// Ours fails with a message that begins so, and prints nothing.
    fn ours_refuses(&self, message: &str) -> bool {
        self.ours.refuses() && says(self.case.tool, &self.ours.error, message)
    }

    /// The reference fails with a message that begins so, and prints nothing.
    fn reference_refuses(&self, message: &str) -> bool {
        self.reference.refuses() && says(self.case.tool, &self.reference.error, message)
    }

    /// Both refuse, each with a message that begins so.
    fn both_refuse(&self, ours: &str, reference: &str) -> bool {
        self.ours_refuses(ours) && self.reference_refuses(reference)
    }

    /// Both fail in the same way but for the message.
    fn differs_in_message(&self) -> bool {
        let (ours, reference) = (self.ours, self.reference);
        ours.refuses() && reference.refuses() && ours.state == reference.state
    }

    /// Nothing but the message differs.
    fn differs_in_message_alone(&self) -> bool {
        let (ours, reference) = (self.ours, self.reference);
        (&ours.status, &ours.output, &ours.state)
            == (&reference.status, &reference.output, &reference.state)
    }

    /// Whether one of the words begins so.
    fn has(&self, start: &str) -> bool {
        self.case.words.iter().any(|word| word.starts_with(start))
    }
}

impl Outcome {
    /// Status 1, and nothing was printed.
    fn refuses(&self) -> bool {
        self.status == "status 1" && self.output.is_empty()
    }
}

fn says(tool: &str, line: &str, message: &str) -> bool {
    let text = line
        .strip_prefix(tool)
        .and_then(|rest| rest.strip_prefix(": "));
    text.is_some_and(|text| text.starts_with(message))
}

/// The place in [`EXCUSES`] of the row that a difference rests on.
pub(crate) fn excuse(pair: &Pair<'_>) -> Option<usize> {
    EXCUSES.iter().position(|excuse| (excuse.applies)(pair))
}

/// The rows whose words are not in the page.
pub(crate) fn not_in_page() -> Vec<&'static Excuse> {
    EXCUSES
        .iter()
        .filter(|excuse| row_of(excuse.section, excuse.row).is_none())
        .collect()
}

/// A row of the page that has these words.
fn row_of(section: &str, words: &str) -> Option<&'static str> {
    let page = include_str!("../../../../docs/compatibility.md");
    let mut sections = page.split("\n## ");
    let section = sections.find(|text| text.starts_with(section))?;
    section
        .lines()
        .find(|line| line.starts_with('|') && line.contains(words))
}

const WORDING: &str = "Newer wording";
const NEWER: &str = "Newer behaviour";
const DELIBERATE: &str = "Deliberate differences";

macro_rules! excuses {
    ($($section:ident $row:literal: $applies:expr;)+) => {
        pub(crate) const EXCUSES: &[Excuse] = &[
            $(Excuse { section: $section, row: $row, applies: $applies },)+
        ];
    };
}

// The narrowest first.
excuses! {
    WORDING "`neither filename nor target pid supplied for ns/net`": |pair| {
        pair.is("nsenter")
            && pair.differs_in_message()
            && pair.both_refuse("no target PID specified", "neither filename nor target pid supplied for ")
    };
    WORDING "`mutually exclusive arguments: --wdns --wd`": |pair| {
        pair.is("nsenter")
            && pair.differs_in_message()
            && pair.both_refuse("options --wd", "options --wd and --wdns cannot be combined")
    };
    WORDING "`cannot open /proc/*/ns/net: Permission denied`": |pair| {
        let enters = "reassociate to namespace";
        pair.is("nsenter")
            && pair.differs_in_message()
            && (pair.both_refuse("cannot open /proc/", enters)
                || pair.both_refuse(enters, "cannot open /proc/")
                || pair.both_refuse("cannot open /proc/", "cannot open /proc/"))
    };
    NEWER "at least one namespace must be given; `--target`": |pair| {
        pair.is("nsenter")
            && (pair.ours_refuses("no namespace specified")
                || pair.ours_refuses("option --target may be given only once"))
    };
    NEWER "options `--env`, `--join-cgroup`, `--keep-caps`, `--user-parent`": |pair| {
        pair.is("nsenter") && names_newer_option(pair, "options `--env`")
    };
    NEWER "options `--map-subids`, `--mount-binfmt`, `--load-interp`": |pair| {
        pair.is("unshare") && names_newer_option(pair, "options `--map-subids`")
    };
    NEWER "options `--posix-shmem`, `--posix-semaphore`, `--posix-mqueue`, `--name`; readable": |pair| {
        pair.is("ipcmk")
            && (names_newer_option(pair, "`--posix-mqueue`, `--name`")
                || pair.both_refuse("failed to parse mode: '", "failed to parse mode: "))
    };
    NEWER "types `pshm`, `pmsg`, `psem`; no arguments at all are bad usage": |pair| {
        pair.is("ipcrm")
            && (names_newer_option(pair, "types `pshm`")
                || pair.case.words.is_empty() && pair.ours_refuses("bad usage"))
    };
    NEWER "a namespace given by a file wins over the target's": |pair| {
        pair.is("nsenter") && gives_a_kind_in_both_ways(&pair.case.words)
    };
    NEWER "`--all` with `--user` enters the target's user namespace without comparing it": |pair| {
        pair.is("nsenter")
            && pair.differs_in_message()
            && pair.reference_refuses("stat of /proc/")
            && pair.reference.error.contains("/ns/user failed: ")
            && ["reassociate to namespaces", "no target PID specified", "cannot open /proc/"]
                .iter()
                .any(|message| pair.ours_refuses(message))
    };
    NEWER "the target's namespaces are entered in one call, before those of files": |pair| {
        pair.is("nsenter")
            && pair.differs_in_message()
            && pair.both_refuse("reassociate to namespace", "reassociate to namespace")
    };
    NEWER "`-W DIR` with a blank runs `DIR` as the program": |pair| {
        pair.is("nsenter") && pair.case.words.iter().any(|word| is_bundle_ending_in(word, 'W'))
    };
    NEWER "ranges of ids as `inner:outer:count`": |pair| {
        let blocks = pair.case.words.iter().filter(|word| BLOCKS.iter().any(|start| word.starts_with(start)));
        let of_maps = ["failed to write /proc/N/", "newuidmap: ", "newgidmap: "].iter().any(|text| pair.ours.error.contains(text));
        pair.is("unshare")
            && (pair.ours_refuses("invalid mapping '")
                && (pair.reference.error.contains(" elements") || pair.reference_refuses("could not parse ID: '"))
                || pair.reference_refuses("too many elements for mapping '")
                || pair.reference.refuses() && pair.reference.error.starts_with("new")
                || blocks.count() > 1 && pair.ours.refuses() && of_maps)
    };
    NEWER "`--map-auto` with a single map keeps every delegated id": |pair| {
        pair.is("unshare") && pair.has("--map-a") && pair.ours.output.contains("uid_map: ")
    };
    NEWER "child is killed by KILL, the parent dies of KILL too": |pair| {
        pair.is("unshare")
            && pair.ours.status == "signal 9"
            && pair.reference_refuses("sigprocmask unblock failed: Invalid argument")
    };
    NEWER "PIDs outside 1 to 2147483647 are refused": |pair| {
        pair.is("nsenter")
            && pair.ours_refuses("failed to parse PID argument '")
            && pair.ours.error.ends_with("': Numerical result out of range")
    };
    NEWER "without a program and without `SHELL`, or with an empty one": |pair| {
        let without_shell = |(name, value): &(&str, Option<&str>)| *name == "SHELL" && value.is_none_or(str::is_empty);
        (pair.is("unshare") || pair.is("nsenter"))
            && pair.case.environment.iter().any(without_shell)
            && pair.reference.error.ends_with(": failed to execute : No such file or directory")
    };
    NEWER "`--map-user` and `--map-group` try a number before a name": |pair| {
        pair.is("unshare")
            && (pair.both_refuse("failed to parse uid '", "failed to parse uid: '")
                || pair.both_refuse("failed to parse gid '", "failed to parse gid: '"))
    };
    NEWER "one `=` in front of an attached type is dropped": |pair| {
        pair.is("ipcrm") && (pair.has("-a=") || pair.case.words.iter().any(|word| word.contains("==")))
    };
    DELIBERATE "ids beyond 32 bits wrap": |pair| {
        (pair.ours_refuses("failed to parse uid: '") || pair.ours_refuses("failed to parse gid: '"))
            && pair.ours.error.ends_with("': Numerical result out of range")
    };
    NEWER "`--user=FILE` works": |pair| {
        pair.is("unshare") && pair.case.words.iter().any(|word| word.starts_with("--us") && word.contains('='))
    };
    DELIBERATE "`--KIND=FILE` in a user namespace, or with `--user`, fails": |pair| {
        pair.is("unshare")
            && pair.reference.status == "status 1"
            && pair.reference.error.starts_with("unshare: mount /proc/N/ns/")
            && pair.reference.error.ends_with("failed: Operation not permitted")
    };
    DELIBERATE "files stay bound": |pair| {
        let (ours, reference) = (pair.ours, pair.reference);
        pair.is("unshare")
            && (&ours.status, &ours.output, &ours.error) == (&reference.status, &reference.output, &reference.error)
            && ours.refuses()
            && !ours.state.contains(" bound to ")
    };
    DELIBERATE "with `--fork`, the program starts before its namespaces have been bound to files": |pair| {
        let fails_to_bind = |outcome: &Outcome| outcome.error.starts_with("unshare: mount /proc/");
        pair.is("unshare")
            && pair.ours.refuses()
            && pair.ours.status == pair.reference.status
            && pair.case.words.iter().any(|word| word.starts_with("--") && word.contains('='))
            && (fails_to_bind(pair.ours) || fails_to_bind(pair.reference))
    };
    DELIBERATE "an unprivileged `--all` fails": |pair| {
        pair.is("nsenter")
            && pair.has("--pr")
            && pair.reference_refuses("reassociate to namespaces failed: Operation not permitted")
    };
    DELIBERATE "a uid or gid that is not a number is an error while options are parsed": |pair| {
        let begins_otherwise = |text: &str| !text.starts_with(|first: char| first.is_ascii_digit() || " +-\t".contains(first));
        let name = pair.reference.error.strip_prefix("nsenter: failed to parse ").and_then(|text| text.get("uid: '".len()..));
        pair.is("nsenter") && pair.reference.refuses() && name.is_some_and(begins_otherwise)
    };
    DELIBERATE "without `/proc/sysvipc`, objects that are not readable are missing": |pair| {
        pair.is("ipcs") && pair.case.setting == Setting::NoTables
    };
    DELIBERATE "fractions of sizes are wrong": |pair| {
        pair.is("ipcmk") && pair.case.words.iter().any(|word| word.contains('.'))
    };
    DELIBERATE "bits of the mode above 0777 become flags": |pair| {
        pair.is("ipcmk") && pair.ours_refuses("failed to parse mode: '")
    };
    DELIBERATE "messages about keys show the id": |pair| {
        let names_key = |outcome: &Outcome| outcome.error.starts_with("ipcrm: permission denied for key (");
        pair.is("ipcrm") && pair.differs_in_message_alone() && names_key(pair.ours) && names_key(pair.reference)
    };
    DELIBERATE "`ipcrm msg ''` removes object 0, and ids wrap at 32 bits": |pair| {
        pair.is("ipcrm") && pair.ours_refuses("invalid id: ")
    };
    DELIBERATE "`-a` ignores objects that are not readable, status 0": |pair| {
        pair.is("ipcrm")
            && pair.case.caller == Caller::User
            && pair.ours.status == "status 1"
            && pair.case.words.iter().any(|word| asks_all(word))
    };
    DELIBERATE "a bare `-a` of 2.43 empties `/dev/shm` and stops at a directory": |pair| {
        pair.is("ipcrm") && pair.reference.error.starts_with("ipcrm: /dev/mqueue does not seem to be mounted")
    };
    DELIBERATE "POSIX: a slash is needed for queues; `-v` with `--all` announces each object twice": |pair| {
        pair.is("ipcrm") && pair.reference.error == "ipcrm: name failed: Invalid argument"
    };
    DELIBERATE "POSIX: one size for `-M` and `-m`; a slash needed for queues only": |pair| {
        pair.is("ipcmk")
            && pair.reference.error == "ipcmk: create POSIX message queue failed: Invalid argument"
    };
    DELIBERATE "`qbytes` is shown as 0 to users who may not read the queue": |pair| {
        pair.is("ipcs") && pair.case.caller == Caller::User && pair.reference.output.contains("\tqbytes=0\t")
    };
    DELIBERATE "several types are given, the last one counts": |pair| {
        pair.is("ipcrm")
            && pair.case.words.iter().filter(|word| asks_all(word)).count() > 1
    };
    DELIBERATE "errors later on the line come after removals": |pair| {
        pair.is("ipcrm") && is_read_before_anything_is_done(pair)
    };
}

/// How options for blocks of ids begin.
const BLOCKS: [&str; 3] = ["--map-users", "--map-groups", "--map-a"];

/// A message that names an option which only the row has, as a candidate or as what was meant.
fn names_newer_option(pair: &Pair<'_>, words: &str) -> bool {
    let row = row_of(NEWER, words).unwrap_or_default();
    let mut names = pair
        .ours
        .error
        .split('\'')
        .filter(|name| name.starts_with("--"));
    pair.ours_refuses("option '--") && names.any(|name| row.contains(&format!("`{name}`")))
}

/// Whether some kind of namespace is asked for with a file and without one.
fn gives_a_kind_in_both_ways(words: &[String]) -> bool {
    let kinds = [
        ("-m", "--m"),
        ("-u", "--ut"),
        ("-i", "--i"),
        ("-n", "--n"),
        ("-p", "--pi"),
        ("-U", "--us"),
        ("-C", "--c"),
        ("-T", "--ti"),
    ];
    kinds.iter().any(|(short, long)| {
        let is_file = |word: &&String| {
            word.starts_with(short) && word.len() > 2
                || word.starts_with(long) && word.contains('=')
        };
        let is_plain = |word: &&String| {
            is_bundle_ending_in(word, short.chars().nth(1).unwrap_or_default())
                || word.starts_with(long) && !word.contains('=')
                || word.starts_with("--al")
        };
        words.iter().any(|word| is_file(&word)) && words.iter().any(|word| is_plain(&word))
    })
}

/// Whether a word has the option `--all` of `ipcrm`.
fn asks_all(word: &str) -> bool {
    let letters = word.strip_prefix('-').unwrap_or_default();
    word.starts_with("--a") || letters.trim_start_matches('v').starts_with('a')
}

/// Whether a word is letters after a dash, the last of them this one.
fn is_bundle_ending_in(word: &str, letter: char) -> bool {
    word.starts_with('-')
        && word.ends_with(letter)
        && word[1..].bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// The whole line is read first: where it has an error, or asks for help, nothing is done or said
/// before.
fn is_read_before_anything_is_done(pair: &Pair<'_>) -> bool {
    let (ours, reference) = (pair.ours, pair.reference);
    let helps = ours.status == "status 0"
        && (ours.output == "help" || ours.output.ends_with(" version"))
        && reference.output.ends_with(&ours.output);
    let fails = [
        "failed to parse argument: '",
        "unknown argument: ",
        "invalid option -- '",
        "unrecognized option '",
        "option ",
    ];
    helps || fails.iter().any(|message| pair.ours_refuses(message))
}
