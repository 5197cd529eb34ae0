//! Prints the state of this process in the kernel, for comparing two tools.
//!
//! Usage: `probe [KIND=LINK[@NAME]...]`, the namespaces to compare with and their names, by default
//! `as outside`; numbers that differ from run to run are not printed.

use std::fs;
use std::io::Write;
use std::path::Path;

use ns_tests::folder::names;

/// Lines of `/proc/self/status` that do not depend on the run.
const STATUS: &[&str] = &[
    "Uid",
    "Gid",
    "Groups",
    "CapInh",
    "CapPrm",
    "CapEff",
    "CapBnd",
    "CapAmb",
    "SigBlk",
    "SigCgt",
    "NoNewPrivs",
    "Umask",
    "Seccomp",
];
const NAMESPACES: &[&str] = &[
    "cgroup",
    "ipc",
    "mnt",
    "net",
    "pid",
    "pid_for_children",
    "time",
    "time_for_children",
    "user",
    "uts",
];

fn main() {
    let known: Vec<String> = std::env::args().skip(1).collect();
    let name = |kind: &str, link: &Path| {
        let known = known
            .iter()
            .find_map(|known| known.strip_prefix(&format!("{kind}={}", link.display())))?;
        Some(known.strip_prefix('@').unwrap_or("as outside").to_owned())
    };
    let mut page = Vec::new();
    for kind in NAMESPACES {
        let link = fs::read_link(format!("/proc/self/ns/{kind}")).map_err(|error| error.kind());
        let relation = match link {
            Ok(link) => name(kind, &link).unwrap_or_else(|| "new".to_owned()),
            Err(kind) => format!("{kind:?}"),
        };
        push(&mut page, kind, &relation);
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in status
        .lines()
        .filter(|line| STATUS.iter().any(|name| line.starts_with(name)))
    {
        push(&mut page, "status", line);
    }
    for file in ["uid_map", "gid_map", "setgroups", "timens_offsets"] {
        push(&mut page, file, &content(&format!("/proc/self/{file}")));
    }
    push(&mut page, "host", &content("/proc/sys/kernel/hostname"));
    push(
        &mut page,
        "cwd",
        &format!(
            "{:?}",
            std::env::current_dir().map_err(|error| error.kind())
        ),
    );
    push(&mut page, "root", &format!("{:?}", names("/")));
    push(
        &mut page,
        "devices",
        &format!("{:?}", names("/sys/class/net")),
    );
    push(&mut page, "descriptors", &format!("{:?}", descriptors()));
    push(&mut page, "mounts", &mounts());
    let mut variables: Vec<String> = std::env::vars_os()
        .map(|(name, value)| format!("{name:?}={value:?}"))
        .collect();
    variables
        .retain(|variable| !variable.starts_with("\"PATH\"") && !variable.starts_with("\"_\""));
    push(&mut page, "environment", &format!("{variables:?}"));
    push(
        &mut page,
        "parent",
        if nix::unistd::getppid().as_raw() == 0 {
            "outside"
        } else {
            "seen"
        },
    );
    push(
        &mut page,
        "init",
        if std::process::id() == 1 { "yes" } else { "no" },
    );
    // It does not matter if the reader has gone.
    let _ = std::io::stdout().write_all(&page);
}

fn push(page: &mut Vec<u8>, name: &str, value: &str) {
    page.extend_from_slice(format!("{name}: {value}\n").as_bytes());
}

fn content(path: &str) -> String {
    fs::read_to_string(path).map_or_else(
        |error| format!("{:?}", error.kind()),
        |text| format!("{text:?}"),
    )
}

/// The open descriptors, except the one used for listing them.
fn descriptors() -> Vec<String> {
    let open = names("/proc/self/fd");
    open.into_iter()
        .filter(|number| Path::new(&format!("/proc/self/fd/{number}")).exists())
        .collect()
}

/// The mounts and their propagation; the ids of peer groups differ from run to run.
fn mounts() -> String {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let line = |line: &str| {
        let (before, after) = line.split_once(" - ")?;
        let mut fields = before.split(' ').skip(4);
        let (place, flags) = (fields.next()?, fields.next()?);
        let kinds: Vec<&str> = fields
            .map(|field| field.split(':').next().unwrap_or(field))
            .collect();
        let system = after.split(' ').next()?;
        Some(format!("{place} {flags} {} {system}", kinds.join(",")))
    };
    table
        .lines()
        .filter_map(line)
        .collect::<Vec<_>>()
        .join("; ")
}
