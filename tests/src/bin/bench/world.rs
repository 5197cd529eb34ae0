//! What the scenes need: objects, owners, processes, namespaces.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ns_common::ipc::SystemV;
use ns_common::sys::ipc;
use ns_tests::counts::EXIT_0;
use ns_tests::tool;

use crate::Failure;

/// A program that exits at once.
pub(crate) fn payload() -> Result<PathBuf, Failure> {
    let Some(bytes) = EXIT_0 else {
        return Ok(PathBuf::from("/bin/true"));
    };
    let path = Path::new("/mnt/exit0");
    fs::write(path, bytes)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(path.to_owned())
}

pub(crate) fn make_queues(count: usize) -> Result<(), Failure> {
    for key in 1..=i32::try_from(count)? {
        ipc::create_queue(key, 0o600)?;
    }
    Ok(())
}

pub(crate) fn remove_queues_but_the_last(left: usize) -> Result<(), Failure> {
    let ids = |line: &str| {
        line.split_whitespace()
            .nth(1)
            .and_then(|id| id.parse::<i32>().ok())
    };
    let table = fs::read_to_string("/proc/sysvipc/msg")?;
    let ids: Vec<i32> = table.lines().skip(1).filter_map(ids).collect();
    for id in &ids[..ids.len().saturating_sub(left)] {
        ipc::remove(SystemV::Queue, *id)?;
    }
    Ok(())
}

/// Creates 20000 queues owned by 5000 users, and returns a passwd file with these users.
pub(crate) fn make_owners() -> Result<&'static str, Failure> {
    let script = r#"for (0 .. 19999) { $q = msgget($_ + 1, 01600); $d = "\0" x 256; msgctl($q, 2, $d);
        substr($d, 4, 8) = pack("LL", 100000 + $_ % 5000, 0); msgctl($q, 1, $d); }"#;
    let status = Command::new("perl").args(["-e", script]).status()?;
    if !status.success() {
        return Err(format!("perl: {status}").into());
    }
    let mut known = fs::read_to_string("/etc/passwd")?;
    for number in 0..5000 {
        writeln!(known, "user{number}:x:{}:0::/:/bin/sh", 100_000 + number)?;
    }
    fs::write("/mnt/passwd", known)?;
    Ok("/mnt/passwd")
}

/// Processes that do nothing until they are dropped.
#[derive(Debug, Default)]
pub(crate) struct Crowd(Vec<Child>);

impl Crowd {
    /// Starts these numbers of processes: in all, in IPC namespaces of their own, and of segments
    /// that one further process has mapped.
    pub(crate) fn new(
        processes: usize,
        namespaces: usize,
        segments: usize,
    ) -> Result<Self, Failure> {
        let mut crowd = Self::default();
        for number in 0..processes {
            let mut command = if number < namespaces {
                let mut command = Command::new(tool::ours("unshare"));
                command.args(["--ipc", "sleep", "1000"]);
                command
            } else {
                let mut command = Command::new("sleep");
                command.arg("1000");
                command
            };
            crowd.0.push(command.stdin(Stdio::null()).spawn()?);
        }
        let script = format!(
            "import ctypes, time\nc = ctypes.CDLL(None)\nc.shmat.restype = ctypes.c_void_p\n\
             for key in range(1, {segments} + 1): c.shmat(c.shmget(key, 8192, 0o1600), None, 0)\n\
             print(flush=True)\ntime.sleep(1000)"
        );
        let mut holder = Command::new("python3")
            .args(["-c", &script])
            .stdout(Stdio::piped())
            .spawn()?;
        let output = holder.stdout.take();
        crowd.0.push(holder);
        if let Some(output) = output {
            BufReader::new(output).read_line(&mut String::new())?;
        }
        for child in &crowd.0[..processes] {
            let comm = format!("/proc/{}/comm", child.id());
            while fs::read_to_string(&comm)?.trim_end() != "sleep" {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        Ok(crowd)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // It does not matter if it has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Reads the link of every open descriptor of every process.
pub(crate) fn read_links() {
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let descriptors = fs::read_dir(process.path().join("fd"));
        for descriptor in descriptors.into_iter().flatten().flatten() {
            // Processes may end meanwhile.
            let _ = fs::read_link(descriptor.path());
        }
    }
}
