//! A place that nothing gets out of, for programs that run whatever chance makes up.
//!
//! It has user, mount, PID, IPC, UTS, network and cgroup namespaces of its own. Root has all ids in
//! it and is still nobody outside; process 1 is the program itself, and when that ends so does all
//! that it has left behind.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::skip::is_root;

/// Waits until its ids are mapped, and has the rest made then.
const START: &str = "echo ready; read -r go; unshare=$1; shift; exec \"$unshare\" \
    --mount --uts --ipc --net --pid --cgroup --fork --kill-child --mount-proc \
    --propagation private \"$@\" < /dev/null";

/// A program in such a place.
#[derive(Debug)]
pub struct Enclosed {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Enclosed {
    /// Starts a program with what stands in `command`. `unshare` makes the namespaces.
    ///
    /// # Errors
    /// The kernel refuses, or there is no such program.
    pub fn start(unshare: &Path, command: &Command) -> io::Result<Self> {
        let mut outer = Command::new(unshare);
        outer
            .args(["--user", "sh", "-c", START, "sh"])
            .arg(unshare)
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => outer.env(name, value),
                None => outer.env_remove(name),
            };
        }
        let mut child = outer.spawn()?;
        let missing = || io::Error::other("no pipe");
        let mut output = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        let mut ready = String::new();
        output.read_line(&mut ready)?;
        if ready != "ready\n" {
            return Err(io::Error::other("the kernel refuses namespaces"));
        }
        let directory = format!("/proc/{}", child.id());
        if is_root() {
            fs::write(format!("{directory}/uid_map"), "0 0 4294967295")?;
            fs::write(format!("{directory}/gid_map"), "0 0 4294967295")?;
        } else {
            fs::write(format!("{directory}/setgroups"), "deny")?;
            let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
            fs::write(format!("{directory}/uid_map"), format!("0 {uid} 1"))?;
            fs::write(format!("{directory}/gid_map"), format!("0 {gid} 1"))?;
        }
        child.stdin.take().ok_or_else(missing)?.write_all(b"go\n")?;
        Ok(Self { child, output })
    }

    /// All that it prints, and whether it has succeeded.
    ///
    /// # Errors
    /// It cannot be read or waited for.
    pub fn finish(mut self) -> io::Result<(String, bool)> {
        let mut output = Vec::new();
        self.output.read_to_end(&mut output)?;
        let status = self.child.wait()?;
        let output = String::from_utf8_lossy(&output).into_owned();
        Ok((output, status.success()))
    }
}
