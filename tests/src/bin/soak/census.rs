//! How much there is of all that a command could leave behind.

use std::fmt;
use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use ns_common::namespace::Kind;
use ns_tests::tool;

use crate::Failure;

/// Numbers of things, with their names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Census(Vec<(String, usize)>);

impl Census {
    /// Counts.
    pub(crate) fn take() -> Result<Self, Failure> {
        let mut counts = vec![
            ("processes".to_owned(), processes()?),
            (
                "mounts".to_owned(),
                fs::read_to_string("/proc/self/mountinfo")?.lines().count(),
            ),
            (
                "descriptors".to_owned(),
                fs::read_dir("/proc/self/fd")?.count(),
            ),
            ("files".to_owned(), fs::read_dir("/mnt")?.count()),
            (
                "POSIX objects".to_owned(),
                fs::read_dir("/dev/shm")?.count(),
            ),
        ];
        for (table, name) in [
            ("msg", "queues"),
            ("shm", "segments"),
            ("sem", "semaphore sets"),
        ] {
            let rows = fs::read_to_string(format!("/proc/sysvipc/{table}"))?;
            counts.push((name.to_owned(), rows.lines().count() - 1));
        }
        for kind in Kind::ALL {
            counts.push((format!("{} namespaces", kind.name()), namespaces(kind)?));
        }
        Ok(Self(counts))
    }

    /// Counts until nothing changes any more: the kernel takes namespaces apart in its own time.
    pub(crate) fn at_rest() -> Result<Self, Failure> {
        let mut last = Self::take()?;
        loop {
            thread::sleep(Duration::from_millis(200));
            let next = Self::take()?;
            if next == last {
                return Ok(last);
            }
            last = next;
        }
    }
}

impl fmt::Display for Census {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.0.iter().map(|(name, count)| format!("{count} {name}"));
        formatter.write_str(&counts.collect::<Vec<_>>().join(", "))
    }
}

/// Zombies too.
fn processes() -> Result<usize, Failure> {
    let entries = fs::read_dir("/proc")?.flatten();
    let is_process = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        name.to_str()
            .is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
    };
    Ok(entries.filter(is_process).count())
}

/// How many namespaces of a kind the kernel counts for our user namespace, held by whatever: the
/// lowest limit that allows another one tells.
fn namespaces(kind: Kind) -> Result<usize, Failure> {
    let limit = format!("/proc/sys/user/max_{}_namespaces", kind.file());
    let former = fs::read_to_string(&limit)?;
    let option = if kind == Kind::Mount {
        "--mount"
    } else {
        &format!("--{}", kind.file())
    };
    let mut count = None;
    // Upwards: the one that is made in the end takes its time to go away.
    for others in 0..MANY {
        fs::write(&limit, (others + 1).to_string())?;
        let mut another = Command::new(tool::ours("unshare"));
        another.args([option, "true"]).env("NS_HINTS", "0");
        if another.output()?.status.success() {
            count = Some(others);
            break;
        }
    }
    fs::write(&limit, former.trim())?;
    count.ok_or_else(|| format!("more than {MANY} {} namespaces", kind.name()).into())
}

/// More than there should ever be.
const MANY: usize = 1000;
