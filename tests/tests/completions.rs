//! What the real shells offer, for existing objects and processes.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::path::Path;
use std::process::{Command, Stdio};

use ns_tests::sandbox::{FOLDER, Sandbox};
use ns_tests::sandbox_or_skip;
use rexpect::session::{PtySession, spawn_command};

const OBJECTS: &str =
    "for size in 4096 12288; do ipcmk -M $size; done; ipcmk -Q; ipcmk -Q; ipcmk -S 3; ipcmk -S 4";

fn completion(path: &str) -> String {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/completions");
    docs.join(path).display().to_string()
}

/// What fish offers for a command line: one value a line, followed by a tab and its description.
fn fish(sandbox: &Sandbox, tool: &str, line: &str) -> Vec<String> {
    let script = format!(
        "source {}; complete -C '{line}'",
        completion(&format!("fish/{tool}.fish"))
    );
    let mut command = sandbox.command("fish");
    // Directories and histories that shells create stay in the sandbox.
    command.env("HOME", FOLDER);
    let run = sandbox.finish(command.args(["--no-config", "-c", &script]));
    run.output().lines().map(str::to_owned).collect()
}

#[test]
fn fish_offers_what_there_is() {
    let sandbox = sandbox_or_skip!("fish", "awk");
    sandbox.shell(OBJECTS).output();
    let segments = ["0\troot, 4096 bytes", "1\troot, 12288 bytes"];
    assert_eq!(fish(&sandbox, "ipcrm", "ipcrm -m "), segments);
    assert_eq!(fish(&sandbox, "ipcs", "ipcs --shmems -i "), segments);
    assert_eq!(
        fish(&sandbox, "ipcrm", "ipcrm -s "),
        ["0\troot, 3 semaphores", "1\troot, 4 semaphores"]
    );
    assert_eq!(
        fish(&sandbox, "ipcs", "ipcs -q -i "),
        ["0\troot, 0 messages", "1\troot, 0 messages"]
    );
    let keys = sandbox.shell("ipcs -m -o key --noheadings");
    let offered = fish(&sandbox, "ipcrm", "ipcrm -M ");
    for key in keys.output().lines().map(str::trim) {
        let is_key = |line: &String| line.starts_with(&format!("{key}\troot, "));
        assert!(offered.iter().any(is_key), "{key}: {offered:?}");
    }
    let columns = fish(&sandbox, "ipcs", "ipcs -o key,OWN");
    assert!(columns[0].starts_with("key,OWNER\t"), "{columns:?}");
    let pid = sandbox.pid();
    assert_eq!(
        fish(&sandbox, "nsenter", &format!("nsenter -t {pid}")),
        [format!("{pid}\tcat")]
    );
}

#[test]
fn fish_offers_files_that_keep_namespaces() {
    let sandbox = sandbox_or_skip!("fish");
    sandbox
        .shell("touch kept other; unshare --ipc=kept true")
        .output();
    let offered = fish(&sandbox, "ipcs", "ipcs --namespace /mnt/");
    assert!(
        offered.iter().any(|it| it.starts_with("/mnt/kept\tipc:[")),
        "{offered:?}"
    );
    assert!(
        offered.iter().any(|it| it.starts_with("/mnt/other")),
        "{offered:?}"
    );
}

#[test]
fn fish_offers_what_can_be_joined() {
    let sandbox = sandbox_or_skip!("fish");
    sandbox
        .shell("touch kept; unshare --ipc=kept true")
        .output();
    let offered = fish(&sandbox, "unshare", "unshare --join i");
    assert_eq!(offered, ["ipc=\tIPC namespace"]);
    let offered = fish(&sandbox, "unshare", "unshare --join ipc=/mnt/");
    assert!(
        offered[0].starts_with("ipc=/mnt/kept\tipc:["),
        "{offered:?}"
    );
    let pid = sandbox.pid();
    assert_eq!(
        fish(&sandbox, "unshare", &format!("unshare --join mount={pid}")),
        [format!("mount={pid}\tcat")]
    );
    // A namespace can be bound to any file.
    for line in ["unshare --ipc=/mnt/ke", "unshare --pid-file /mnt/ke"] {
        let offered = fish(&sandbox, "unshare", line);
        assert!(
            offered.iter().any(|it| it.contains("/mnt/kept")),
            "{line}: {offered:?}"
        );
    }
    let offered = fish(&sandbox, "unshare", "unshare --root=/m");
    assert!(offered.iter().any(|it| it.contains("/mnt/")), "{offered:?}");
    let offered = fish(&sandbox, "nsenter", "nsenter --ipc=/mnt/");
    assert!(
        offered.iter().any(|it| it.contains("/mnt/kept\tipc:[")),
        "{offered:?}"
    );
}

/// An interactive shell in the sandbox.
fn shell(sandbox: &Sandbox, program: &str, arguments: &[&str]) -> PtySession {
    let mut command: Command = sandbox.command("sh");
    // Without echo the shells do not show what they insert into the line.
    command
        .args(["-c", "stty echo; exec \"$@\"", "sh", program])
        .args(arguments)
        .env("HOME", FOLDER)
        .env("TERM", "dumb")
        .env("PS1", "> ")
        .stdin(Stdio::inherit());
    let mut session = spawn_command(command, Some(20_000)).unwrap();
    // An interactive shell ignores SIGTERM.
    session.process_mut().set_kill_timeout(Some(100));
    session
}

fn all_but_last_digit(sandbox: &Sandbox) -> String {
    format!("nsenter -t {}\t\t", sandbox.pid() / 10)
}

/// Types a line containing tabs, and waits for the offers and for the prompt after a list: input
/// typed before the prompt may get lost.
#[track_caller]
fn offers(session: &mut PtySession, typed: &str, offered: &str) {
    session.send(typed).unwrap();
    session.flush().unwrap();
    if let Err(error) = session.exp_regex(offered) {
        panic!("{typed:?}: no {offered:?}: {error}");
    }
    // Clears the line; after ^C, input could get lost.
    session.send_control('u').unwrap();
}

#[test]
fn bash_offers_what_there_is() {
    let sandbox = sandbox_or_skip!("awk");
    sandbox.shell(OBJECTS).output();
    sandbox
        .shell("touch kept other; unshare --ipc=kept true")
        .output();
    let mut bash = shell(&sandbox, "bash", &["--norc", "--noprofile", "-i"]);
    for tool in ["ipcrm", "ipcs", "nsenter", "unshare"] {
        let source = format!("source {}", completion(&format!("bash/{tool}")));
        bash.send_line(&source).unwrap();
    }
    offers(
        &mut bash,
        "ipcrm -m \t\t",
        "0 +root, 4096 bytes +1 +root, 12288 bytes +\r\n> ipcrm",
    );
    offers(
        &mut bash,
        "ipcs -q -i \t\t",
        "0 +root, 0 messages +1 +root, 0 messages +\r\n> ipcs",
    );
    offers(&mut bash, "ipcs -o key,own\t", "OWNER");
    offers(
        &mut bash,
        &all_but_last_digit(&sandbox),
        &sandbox.pid().to_string(),
    );
    offers(&mut bash, "nsenter --ipc=\t\t", "/mnt/kept");
    offers(&mut bash, "unshare --ipc=/mnt/o\t", "ther");
    offers(&mut bash, "unshare --join ip\t", "c=");
    offers(&mut bash, "unshare --join ipc=/mnt/k\t", "ept");
    offers(
        &mut bash,
        &format!("unshare --join mount={}\t\t", sandbox.pid() / 10),
        &sandbox.pid().to_string(),
    );
    offers(&mut bash, "unshare --set-env A=b --host\t", "name");
}

#[test]
fn zsh_offers_what_there_is() {
    let sandbox = sandbox_or_skip!("zsh", "awk");
    sandbox.shell(OBJECTS).output();
    sandbox
        .shell("touch kept other; unshare --ipc=kept true")
        .output();
    let mut zsh = shell(&sandbox, "zsh", &["-f", "-i"]);
    let folder = completion("zsh");
    zsh.send_line(&format!(
        "fpath=({folder} $fpath); autoload -U compinit; compinit -u -D"
    ))
    .unwrap();
    offers(&mut zsh, "ipcrm -m \t\t", "0 +-- root, 4096 bytes");
    offers(&mut zsh, "ipcs -m -i \t\t", "1 +-- root, 12288 bytes");
    offers(&mut zsh, "ipcs -o OWN\t", "OWNER");
    offers(
        &mut zsh,
        &all_but_last_digit(&sandbox),
        &sandbox.pid().to_string(),
    );
    offers(&mut zsh, "nsenter --ipc=/\t", "mnt/kept");
    offers(&mut zsh, "nsenter --ipc=/mnt/o\t", "ther");
    offers(&mut zsh, "unshare --ipc=/mnt/o\t", "ther");
    offers(&mut zsh, "unshare --join ip\t", "c=");
    offers(&mut zsh, "unshare --join ipc=/\t", "mnt/kept");
    offers(&mut zsh, "unshare --join ipc=/mnt/o\t", "ther");
    offers(
        &mut zsh,
        &format!("unshare --join=mount={}\t\t", sandbox.pid() / 10),
        &sandbox.pid().to_string(),
    );
}
