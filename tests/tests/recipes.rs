//! Runs the recipes in README.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use ns_tests::sandbox_or_skip;
use ns_tests::skip::{has_program, skipped};

const README: &str = include_str!("../../README.md");

/// The recipes: each title below "For scripts" and the commands below it.
fn recipes() -> Vec<(&'static str, String)> {
    let (_, rest) = README.split_once("\n## For scripts\n").unwrap();
    let section = rest.split("\n## ").next().unwrap();
    let recipe = |text: &'static str| {
        let (title, text) = text.split_once('\n').unwrap();
        let blocks: String = text.split("```\n").skip(1).step_by(2).collect();
        (title, blocks)
    };
    section.split("\n### ").skip(1).map(recipe).collect()
}

#[track_caller]
fn recipe(title: &str) -> String {
    let found = recipes().into_iter().find(|(known, _)| *known == title);
    found.unwrap_or_else(|| panic!("no recipe {title}")).1
}

#[test]
fn every_recipe_is_tested() {
    let own_text = include_str!("recipes.rs");
    for (title, commands) in recipes() {
        assert!(!commands.is_empty(), "{title}");
        let call = format!("recipe(\"{title}\")");
        assert!(own_text.contains(&call), "no test calls {call}");
    }
}

#[test]
fn ids_come_into_variables_and_go_with_the_script() {
    let sandbox = sandbox_or_skip!();
    let commands = recipe("Ids into variables");
    let run = sandbox.shell(&format!(
        "{commands}\n[ $(ipcs -q | grep -c \" $queue \") = 1 ]; echo $?; ipcs -m -i $segment | grep bytes"
    ));
    let lines: Vec<&str> = run.output().lines().collect();
    assert_eq!(lines[0], "0");
    assert!(lines[1].starts_with("bytes=67108864\t"), "{run:?}");
    let left = sandbox.shell("tail -qn +2 /proc/sysvipc/msg /proc/sysvipc/shm");
    assert_eq!(left.output(), "");
}

#[test]
fn orphans_are_shown_and_cleaned_up() {
    let sandbox = sandbox_or_skip!();
    sandbox.shell("ipcmk -M 4096; ipcmk -M 4096").output();
    let commands = recipe("Orphan clean-up");
    // A new object is not a day old, and the account may not exist here.
    let run = sandbox.shell(&commands.replace("postgres", "0").replace("1d", "0"));
    assert_eq!(
        run.output(),
        "would remove shared memory segment id `0'\n\
         would remove shared memory segment id `1'\n\
         would remove 2 of 2 shared memory segments (8192 bytes)\n\
         removing shared memory segment id `0'\n\
         removing shared memory segment id `1'\n\
         removed 2 of 2 shared memory segments (8192 bytes)\n"
    );
}

#[test]
fn containers_are_entered_as_they_are() {
    let sandbox = sandbox_or_skip!("ldconfig");
    let commands = recipe("Into a container");
    let run = sandbox.shell(&format!(
        "tool='ldconfig --version'; PATH=$PATH:/sbin:/usr/sbin
         unshare -mu env -C /usr sleep 60 & container=$!
         until grep -qs sleep /proc/$container/comm; do sleep .01; done
         {commands}
         kill $container"
    ));
    let lines: Vec<&str> = run.output().lines().collect();
    assert_eq!(lines[..2], ["0", "/usr"], "{run:?}");
    assert!(lines[2].starts_with("ldconfig "), "{run:?}");
    let explained = run
        .stdout
        .contains("setns(pidfd, CLONE_NEWUTS|CLONE_NEWNS)")
        && run.stdout.contains("the uid of user \"nobody\" inside");
    assert!(explained, "{run:?}");
}

#[test]
fn monitoring_check_has_its_status() {
    let sandbox = sandbox_or_skip!();
    let commands = recipe("A monitoring check");
    let run = sandbox.shell(&commands);
    assert_eq!(run.output(), "");
    let run = sandbox.shell(&format!(
        "ipcmk -Q > /dev/null; {}",
        commands.replace("90", "0")
    ));
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:?}");
    assert!(run.stderr.starts_with("ipcs: MSGMNI: 1 of "), "{run:?}");
}

#[test]
fn segment_and_its_processes_are_shown() {
    let sandbox = sandbox_or_skip!();
    let commands = recipe("Who has this segment").replace("0x5a3e", "$key");
    let run = sandbox.shell(&format!(
        "ipcmk -M 10 -M 20 > /dev/null; key=$(ipcs -m -o key --noheadings | head -n 1); {commands}"
    ));
    assert_eq!(run.output().lines().count(), 2, "{run:?}");
}

#[test]
fn namespaces_of_a_node_are_lines_of_json() {
    let sandbox = sandbox_or_skip!("python3");
    let commands = recipe("All namespaces of a node").replace('\n', " >> lines\n");
    let run = sandbox.shell(&format!(
        "ipcmk -Q > /dev/null; {commands} python3 -c 'import json
kinds = [json.loads(line)[\"kind\"] for line in open(\"lines\")]
print(\"messages\" in kinds, \"usage\" in kinds)'"
    ));
    assert_eq!(run.stdout, "True True\n", "{run:?}");
}

#[test]
fn other_programs_read_the_json() {
    let sandbox = sandbox_or_skip!();
    let commands = recipe("JSON for other programs");
    let lines: Vec<&str> = commands.lines().collect();
    let made = "ipcmk -M 10 > /dev/null; ipcmk -M 4096 > /dev/null;";
    for (program, script, expected) in [
        ("jq", lines[0].to_owned(), "1 4096 root\n0 10 root\n"),
        ("duckdb", lines[1..].join("\n"), "sharedmemory"),
    ] {
        if has_program(program) {
            let run = sandbox.shell(&format!("{made} {script}; ipcrm --all"));
            assert!(run.output().contains(expected), "{run:?}");
        } else {
            skipped(&format!("{program} is not installed"));
        }
    }
}
