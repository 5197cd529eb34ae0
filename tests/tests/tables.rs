//! Properties of the option tables of all tools: names, texts, and the meaning of abbreviations.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::collections::BTreeSet;
use std::ffi::{CStr, CString};
use std::fmt::Debug;

use ns_common::cli::getopt::{Parser, Token};
use ns_common::cli::table::{Manual, Opt, Takes, Tool};
use ns_common::cli::{bash, fish, help, man, zsh};
use ns_common::error::Failure;
use ns_tests::with_each_tool;

/// The long options of the reference, in the order in which it lists candidates.
const CLASSIC: [(&str, &str); 5] = [
    (
        "unshare",
        "help version mount uts ipc net pid user cgroup time fork kill-child forward-signals \
         mount-proc mount-binfmt map-user map-users map-group map-groups map-root-user \
         map-current-user map-auto map-subids owner propagation setgroups keep-caps setuid setgid \
         root wd monotonic boottime load-interp clear-env whitelist-env",
    ),
    (
        "nsenter",
        "all help version target mount uts ipc net net-socket pid user cgroup time setuid setgid \
         root wd wdns env no-fork join-cgroup preserve-credentials keep-caps user-parent \
         follow-context",
    ),
    (
        "ipcmk",
        "shmem posix-shmem semaphore posix-semaphore queue posix-mqueue mode name version help",
    ),
    (
        "ipcs",
        "id queues shmems semaphores all time pid creator limits summary human bytes version help",
    ),
    (
        "ipcrm",
        "shmem-id shmem-key posix-shmem queue-id queue-key posix-mqueue semaphore-id \
         semaphore-key posix-semaphore all verbose version help",
    ),
];

fn check_classic<Id>(tool: &Tool<Id>, _: &Manual) {
    let (_, expected) = CLASSIC.iter().find(|(name, _)| *name == tool.name).unwrap();
    let classic = tool.options.iter().filter(|option| !option.extension);
    let classic: Vec<&str> = classic.map(|option| &*option.long).collect();
    let expected: Vec<&str> = expected.split(' ').collect();
    assert_eq!(classic, expected, "{}", tool.name);
}

#[test]
fn classic_options_are_those_of_the_reference() {
    with_each_tool!(check_classic);
}

/// What `--PREFIX` means to the reference, computed from the classic options only.
fn meant<Id: Debug>(classic: &[&Opt<Id>], prefix: &str) -> Result<String, String> {
    let id = |option: &Opt<Id>| format!("{:?}", option.id);
    if let Some(exact) = classic.iter().find(|option| &*option.long == prefix) {
        return Ok(id(exact));
    }
    let starts = |option: &&&Opt<Id>| option.long.starts_with(prefix);
    let candidates: Vec<_> = classic.iter().filter(starts).collect();
    match candidates.as_slice() {
        [option] => Ok(id(option)),
        several => {
            let list = several.iter().map(|option| format!("'--{}'", option.long));
            let list = Vec::from_iter(list).join(" ");
            Err(format!(
                "option '--{prefix}' is ambiguous; possibilities: {list}"
            ))
        }
    }
}

/// A word in the form that the parser needs; tests leak a few kilobytes.
fn word(text: String) -> &'static CStr {
    Box::leak(CString::new(text).unwrap().into_boxed_c_str())
}

fn check_abbreviations<Id: Debug + Copy>(tool: &'static Tool<Id>, _: &Manual) {
    let classic: Vec<_> = tool.options.iter().filter(|it| !it.extension).collect();
    for option in &classic {
        for end in 1..=option.long.len() {
            let prefix = &option.long[..end];
            let words = [word(format!("--{prefix}")), c"value"];
            let read = match Parser::new(tool, &words).token() {
                Ok(Some(Token::Option(id, _))) => Ok(format!("{id:?}")),
                Err(Failure::Getopt(error)) => {
                    Err(String::from_utf8_lossy(error.what().as_bytes()).into_owned())
                }
                other => panic!("{} --{prefix}: {other:?}", tool.name),
            };
            assert_eq!(read, meant(&classic, prefix), "{} --{prefix}", tool.name);
        }
    }
}

#[test]
fn every_abbreviation_of_a_classic_option_means_what_it_means_to_the_reference() {
    with_each_tool!(check_abbreviations);
}

fn check_names<Id: Debug>(tool: &Tool<Id>, _: &Manual) {
    let mut seen = BTreeSet::new();
    let mut once = |what: String| assert!(seen.insert(what.clone()), "{}: {what}", tool.name);
    for option in tool.options {
        once(format!("--{}", option.long));
        once(format!("{:?}", option.id));
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        assert!(option.long.bytes().all(is_letter), "--{}", option.long);
        if let Some(letter) = option.short {
            once(format!("-{letter}"));
            assert!(letter.is_ascii_alphanumeric(), "-{letter}");
        }
        let differs = matches!(option.takes, Takes::OptionalLong(_));
        assert!(
            !differs || option.short.is_some(),
            "--{}: there is no letter that could differ",
            option.long
        );
    }
}

#[test]
fn names_are_well_formed_and_stand_once() {
    with_each_tool!(check_names);
}

fn check_texts<Id>(tool: &Tool<Id>, manual: &Manual) {
    assert_eq!(tool.options.len(), manual.options.len());
    for (option, text) in tool.options.iter().zip(manual.options) {
        let name = format!("{} --{}", tool.name, option.long);
        assert!(!option.summary.ends_with('.'), "{name}: {}", option.summary);
        assert!(!option.summary.contains('`'), "{name}: {}", option.summary);
        assert!(text.trim_end().ends_with('.'), "{name}: {text}");
        assert_eq!(text.matches('`').count() % 2, 0, "{name}: {text}");
    }
    let mut headings = tool.headings.iter();
    assert!(headings.all(|heading| heading.first < tool.options.len()));
}

#[test]
fn sentences_end_with_a_full_stop_and_summaries_do_not() {
    with_each_tool!(check_texts);
}

fn check_help<Id>(tool: &Tool<Id>, _: &Manual) {
    let text = String::from_utf8(help::render(tool, tool.name.as_bytes())).unwrap();
    let wide: Vec<_> = text.lines().filter(|line| line.len() > 80).collect();
    assert!(wide.is_empty(), "{}: {wide:?}", tool.name);
    assert!(text.starts_with("\nUsage:\n "));
    assert!(text.ends_with(&format!("For more details see {}(1).\n", tool.name)));
}

#[test]
fn help_fits_80_columns() {
    with_each_tool!(check_help);
}

/// Checks that every text mentions each long option, whatever form it writes it in.
fn check_everywhere<Id>(tool: &Tool<Id>, manual: &Manual) {
    let help = String::from_utf8(help::render(tool, tool.name.as_bytes())).unwrap();
    let places = [
        ("help", help, "--", "-"),
        ("manual", man::render(tool, manual, ""), "Fl -", "-"),
        ("bash", bash::render(tool, manual), "--", "-"),
        ("zsh", zsh::render(tool, manual), "--", "-"),
        ("fish", fish::render(tool, manual), "-l ", "-"),
    ];
    for option in tool.options {
        for (place, text, before, hyphen) in &places {
            let escaped = if *place == "manual" { "\\-" } else { hyphen };
            let name = format!("{before}{}", option.long.replace('-', escaped));
            let whole = |rest: &str| {
                !rest.starts_with(|next: char| next.is_alphanumeric() || "-\\".contains(next))
            };
            assert!(
                text.match_indices(&name)
                    .any(|(at, _)| whole(&text[at + name.len()..])),
                "{}: no --{} in {place}",
                tool.name,
                option.long
            );
        }
    }
}

#[test]
fn every_option_is_in_help_manual_and_completions() {
    with_each_tool!(check_everywhere);
}

/// The long options in those lines of `text` that begin with `line`, each after `before`.
fn options_in(text: &str, line: &str, before: &str) -> BTreeSet<String> {
    let lines = text.lines().filter(|it| it.starts_with(line));
    let found = lines.flat_map(|it| it.split(before).skip(1));
    let name = |rest: &str| {
        let inside = |letter: char| letter.is_ascii_lowercase() || "-\\".contains(letter);
        let name = rest.split(|letter| !inside(letter)).next().unwrap();
        name.replace('\\', "")
    };
    found.map(name).collect()
}

fn check_nothing_else<Id>(tool: &Tool<Id>, manual: &Manual) {
    let names = tool.options.iter().map(|option| option.long.to_string());
    let names: BTreeSet<String> = names.collect();
    let help = String::from_utf8(help::render(tool, tool.name.as_bytes())).unwrap();
    let bash = bash::render(tool, manual);
    let words = bash.rfind("compgen -W '-").unwrap();
    let words = bash[words..].lines().next().unwrap().replace('\'', " ");
    let places = [
        ("help", options_in(&help, " ", "--")),
        (
            "manual",
            options_in(&man::render(tool, manual, ""), ".It Fl", "Fl -"),
        ),
        ("bash", options_in(&words, "", " --")),
        (
            "zsh",
            options_in(&zsh::render(tool, manual), "  '*--", "'*--"),
        ),
        (
            "fish",
            options_in(&fish::render(tool, manual), "complete ", " -l "),
        ),
    ];
    for (place, found) in places {
        let found: BTreeSet<String> = found.into_iter().filter(|it| !it.is_empty()).collect();
        assert_eq!(found, names, "{} in {place}", tool.name);
    }
}

#[test]
fn help_manual_and_completions_have_no_other_options() {
    with_each_tool!(check_nothing_else);
}
