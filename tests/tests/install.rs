//! `make install` installs everything into the given directories, without cargo.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use ns_tests::tool;

fn make(arguments: &[&str]) -> Output {
    Command::new("make")
        .args(["--silent", "CARGO=/nonexistent"])
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap())
        .env_remove("MAKEFLAGS")
        .output()
        .unwrap()
}

#[test]
fn installed_files_bear_the_prefix_and_are_removed_again() {
    let folder = std::env::temp_dir().join(format!("ns-tools-install-{}", std::process::id()));
    let release = format!("RELEASE={}", tool::folder().display());
    let destination = format!("DESTDIR={}", folder.display());
    let settings = [
        release.as_str(),
        &destination,
        "PREFIX=/usr",
        "BINDIR=/opt/bin",
        "PROGRAM_PREFIX=x-",
    ];
    let installed = make(&[&["install"], &settings[..]].concat());
    let exists = |path: String| folder.join(path).exists();
    let read = |path: String| fs::read_to_string(folder.join(path)).unwrap_or_default();
    let complete = tool::TOOLS.map(|name| {
        exists(format!("opt/bin/x-{name}"))
            && read(format!("usr/share/man/man1/x-{name}.1")).contains(&format!(".Nm x-{name}\n"))
            && read(format!("usr/share/bash-completion/completions/x-{name}"))
                .ends_with(&format!(" x-{name}\n"))
            && read(format!("usr/share/zsh/site-functions/_x-{name}"))
                .starts_with(&format!("#compdef x-{name}\n"))
            && read(format!("usr/share/fish/vendor_completions.d/x-{name}.fish"))
                .contains(&format!("\ncomplete -c x-{name} "))
    });
    let documents = [
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "compatibility.md",
        "shared.svg",
    ]
    .map(|name| exists(format!("usr/share/doc/ns-tools/{name}")));
    let overview = exists("usr/share/man/man7/ns-tools.7".to_owned());
    let removed = make(&[&["uninstall"], &settings[..]].concat());
    let left = tool::TOOLS.map(|name| exists(format!("opt/bin/x-{name}")));
    fs::remove_dir_all(&folder).unwrap();
    assert!(installed.status.success(), "{installed:?}");
    assert_eq!(
        (complete, documents, overview),
        ([true; 5], [true; 4], true)
    );
    assert!(removed.status.success(), "{removed:?}");
    assert_eq!(left, [false; 5]);
}

#[test]
fn install_of_what_was_not_built_is_an_error() {
    let output = make(&["install", "DESTDIR=/nonexistent", "RELEASE=/nonexistent"]);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        errors.contains("unshare is not there: run make first"),
        "{errors}"
    );
}
