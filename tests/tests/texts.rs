//! Properties of every text in the source tree: the options that it mentions exist, and its lines
//! are not too wide.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use ns_common::cli::help;
use ns_common::cli::table::{Manual, Tool};
use ns_tests::with_each_tool;

/// Long options of the commands that our pages tell the reader to type, beyond our own.
const FOREIGN: [&str; 6] = [
    "manifest-path",
    "no-default-features",
    "release",
    "test",
    "workspace",
    "locked",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Directories of build output, and of crates in a source archive.
const NOT_OURS: [&str; 3] = ["target", "vendor", "test-crates"];

/// Our files below `folder` with this extension.
fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_str().unwrap_or_default();
        if entry.file_type().unwrap().is_dir() {
            if !NOT_OURS.contains(&name) && !name.starts_with('.') {
                files(&path, ending, found);
            }
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
}

/// The long options that a text mentions.
fn mentioned(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("--") {
        let inside = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        let rest = &text[at + 2..];
        let name = rest.split(|letter| !inside(letter)).next().unwrap();
        let begins = !text[..at].ends_with(inside);
        let is_name = name.starts_with(|letter: char| letter.is_ascii_lowercase());
        // `--map-*` stands for several options.
        if begins && is_name && !rest[name.len()..].starts_with('*') {
            found.insert(name.to_owned());
        }
    }
    found
}

#[test]
fn long_options_are_found_in_a_text() {
    let found = mentioned("`--json`, --map-users=auto; ---- a--b `--map-*` --UPPER (--x-y)");
    assert_eq!(Vec::from_iter(found), ["json", "map-users", "x-y"]);
}

fn check_own_texts<Id>(tool: &Tool<Id>, manual: &Manual) {
    let help = String::from_utf8(help::render(tool, tool.name.as_bytes())).unwrap();
    let sections = manual.sections.iter().flat_map(|(_, text)| *text);
    let own = manual.options.iter().chain(manual.description);
    let own = own.chain(manual.exit_status).chain(manual.differences);
    let text = Vec::from_iter(own.chain(sections).copied()).join("\n");
    for name in mentioned(&help).union(&mentioned(&text)) {
        let exists = tool.options.iter().any(|option| *option.long == *name);
        assert!(exists, "{} has no --{name}, but its texts do", tool.name);
    }
}

#[test]
fn a_tools_texts_mention_its_own_options_only() {
    with_each_tool!(check_own_texts);
}

#[test]
fn options_that_pages_mention_exist() {
    let mut known = BTreeSet::from(FOREIGN.map(str::to_owned));
    macro_rules! add {
        ($tool:ident) => {
            known.extend($tool::TOOL.options.iter().map(|it| it.long.to_string()));
        };
    }
    add!(ns_unshare);
    add!(ns_enter);
    add!(ns_ipcmk);
    add!(ns_ipcs);
    add!(ns_ipcrm);
    let mut pages = Vec::new();
    files(root(), ".md", &mut pages);
    assert!(pages.len() >= 4, "{pages:?}");
    let mut unknown = BTreeMap::new();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        let names: Vec<_> = mentioned(&text).difference(&known).cloned().collect();
        if !names.is_empty() {
            unknown.insert(page, names);
        }
    }
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn comments_fit_100_columns() {
    let mut wide = Vec::new();
    let mut sources = Vec::new();
    for (ending, mark) in [
        (".rs", "//"),
        (".toml", "#"),
        (".sh", "#"),
        ("Makefile", "#"),
    ] {
        sources.clear();
        files(root(), ending, &mut sources);
        assert!(!sources.is_empty(), "no {ending}");
        for path in &sources {
            let text = fs::read_to_string(path).unwrap();
            for (number, line) in text.lines().enumerate() {
                if line.trim_start().starts_with(mark) && line.chars().count() > 100 {
                    wide.push(format!("{}:{}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(wide.is_empty(), "wider than that:\n{}", wide.join("\n"));
}
