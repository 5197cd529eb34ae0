//! New namespaces for each test, held by a `cat` that ends with the test.
#![allow(unsafe_code)]

use std::ffi::OsStr;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::{fs, io};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};

use crate::{skip, tool};

/// The working directory of everything in a sandbox: a separate, initially empty file system.
pub const FOLDER: &str = "/mnt";

/// Runs a script; one that hangs is killed with all its children, and its test fails.
const LIMIT: [&str; 5] = ["-s", "KILL", "120", "bash", "-c"];

/// New user, IPC, mount, UTS, network and cgroup namespaces.
///
/// For root there is no new user namespace, so root stays root of the system; an ordinary user
/// appears as root.
#[derive(Debug)]
pub struct Sandbox {
    holder: Child,
    pidfd: Arc<OwnedFd>,
    flags: CloneFlags,
}

/// The result of a program in a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The status as a shell shows it: 128 plus the signal's number if a signal killed the program.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// The result of a finished program. Bytes that are not UTF-8 are replaced.
    pub fn new(output: &Output) -> Self {
        use std::os::unix::process::ExitStatusExt;
        Self {
            status: output
                .status
                .code()
                .unwrap_or_else(|| 128 + output.status.signal().unwrap_or(0)),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Standard output of a program that must have succeeded with nothing on standard error.
    ///
    /// # Panics
    /// If it has not.
    #[track_caller]
    pub fn output(&self) -> &str {
        assert_eq!((self.status, self.stderr.as_str()), (0, ""), "{self:?}");
        &self.stdout
    }

    /// The first line of standard error.
    pub fn error(&self) -> &str {
        self.stderr.lines().next().unwrap_or_default()
    }

    /// The values of the column with this header.
    ///
    /// # Panics
    /// If no line has that word.
    #[track_caller]
    pub fn column(&self, word: &str) -> Vec<&str> {
        let position = |line: &str| line.split_whitespace().position(|field| field == word);
        let mut lines = self.stdout.lines();
        let column = lines
            .find_map(position)
            .unwrap_or_else(|| panic!("no column {word} in {self:?}"));
        lines
            .filter_map(|line| line.split_whitespace().nth(column))
            .collect()
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    /// Makes a sandbox.
    ///
    /// # Panics
    /// If the kernel refuses; check [`Sandbox::available`] first.
    pub fn new() -> Self {
        Self::try_new().unwrap_or_else(|error| panic!("no sandbox: {error}"))
    }

    /// `Ok` if sandboxes work here, or else the reason why not.
    pub fn available() -> Result<(), String> {
        Self::try_new()
            .map(drop)
            .map_err(|error| format!("the kernel refuses namespaces: {error}"))
    }

    /// `Ok` if sandboxes work here and these programs exist, or else the reason why not.
    pub fn available_with(programs: &[&str]) -> Result<(), String> {
        Self::available()?;
        match programs.iter().find(|name| !skip::has_program(name)) {
            Some(name) => Err(format!("{name} is not installed")),
            None => Ok(()),
        }
    }

    fn try_new() -> io::Result<Self> {
        let mut flags = CloneFlags::CLONE_NEWIPC
            | CloneFlags::CLONE_NEWNS
            | CloneFlags::CLONE_NEWUTS
            | CloneFlags::CLONE_NEWNET
            | CloneFlags::CLONE_NEWCGROUP;
        if !skip::is_root() {
            flags |= CloneFlags::CLONE_NEWUSER;
        }
        let uid_map = format!("0 {} 1\n", nix::unistd::geteuid());
        let gid_map = format!("0 {} 1\n", nix::unistd::getegid());
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        // SAFETY: between fork and exec the closure makes system calls only; all strings have been
        // allocated before.
        unsafe {
            command.pre_exec(move || {
                unshare(flags)?;
                if flags.contains(CloneFlags::CLONE_NEWUSER) {
                    fs::write("/proc/self/setgroups", "deny")?;
                    fs::write("/proc/self/uid_map", &uid_map)?;
                    fs::write("/proc/self/gid_map", &gid_map)?;
                }
                let none = None::<&str>;
                mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
                mount(Some("tmpfs"), FOLDER, Some("tmpfs"), MsFlags::empty(), none)?;
                mount(
                    Some("tmpfs"),
                    "/dev/shm",
                    Some("tmpfs"),
                    MsFlags::empty(),
                    Some("mode=1777"),
                )?;
                Ok(())
            });
        }
        let holder = command.spawn()?;
        let pid = i32::try_from(holder.id()).map_err(io::Error::other)?;
        // SAFETY: pidfd_open takes numbers only.
        let number = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        let number = i32::try_from(nix::errno::Errno::result(number)?).map_err(io::Error::other)?;
        // SAFETY: the kernel has just returned it, and nothing else uses it.
        let pidfd = unsafe { OwnedFd::from_raw_fd(number) };
        Ok(Self {
            holder,
            pidfd: Arc::new(pidfd),
            flags,
        })
    }

    /// The process that holds the namespaces.
    pub fn pid(&self) -> u32 {
        self.holder.id()
    }

    /// A command that will run in the sandbox, with empty standard input, a minimal environment and
    /// default signals.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env(
                "PATH",
                format!("{}:{}", tool::folder().display(), tool::SYSTEM_PATH),
            )
            .env("LC_ALL", "C")
            .env("SHELL", "/bin/sh")
            .env("HOME", "/")
            .stdin(Stdio::null());
        let (pidfd, flags) = (Arc::clone(&self.pidfd), self.flags);
        // SAFETY: between fork and exec the closure makes system calls only.
        unsafe {
            command.pre_exec(move || {
                setns(&*pidfd, flags)?;
                close_others()?;
                heed_signals()?;
                nix::unistd::chdir(FOLDER)?;
                Ok(())
            });
        }
        command
    }

    /// Runs one of our tools.
    pub fn run<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, name: &str, arguments: I) -> Run {
        self.finish(self.command(tool::ours(name)).args(arguments))
    }

    /// A command that runs a script with bash; it calls our tools.
    pub fn script(&self, script: &str) -> Command {
        let mut command = self.command("timeout");
        command.args(LIMIT).arg(script);
        command
    }

    /// A command that runs a script with bash; it calls the system's tools.
    pub fn reference_script(&self, script: &str) -> Command {
        let mut command = self.script(script);
        command.env("PATH", tool::SYSTEM_PATH);
        command
    }

    /// Runs a script with bash; it calls our tools.
    pub fn shell(&self, script: &str) -> Run {
        self.finish(&mut self.script(script))
    }

    /// Runs a script with bash; it calls the system's tools.
    pub fn reference_shell(&self, script: &str) -> Run {
        self.finish(&mut self.reference_script(script))
    }

    /// Runs a command and waits for it to end.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn finish(&self, command: &mut Command) -> Run {
        Run::new(
            &command
                .output()
                .unwrap_or_else(|error| panic!("{command:?}: {error}")),
        )
    }
}

/// Runs a command of a sandbox in a new mount namespace, so that its mounts go away with it.
pub fn with_own_mounts(command: &mut Command) -> &mut Command {
    // SAFETY: between fork and exec the closure makes one system call.
    unsafe { command.pre_exec(|| Ok(unshare(CloneFlags::CLONE_NEWNS)?)) }
}

/// A system call, or one operation of it: an argument, by position, with that value.
pub type Call = (i64, Option<(u32, u32)>);

/// Makes the kernel refuse system calls of a command with an errno, as the seccomp filters of
/// containers do: seccomp(2).
pub fn refusing<'a>(command: &'a mut Command, calls: &[Call], errno: i32) -> &'a mut Command {
    let program = filter(calls, errno);
    // SAFETY: between fork and exec the closure makes one system call; the program exists
    // beforehand.
    unsafe { command.pre_exec(move || Ok(install(&program)?)) }
}

/// The filter: refuses each call with this number and argument, and allows everything else.
/// Comparing the lower half of an argument suffices here, on little-endian processors.
fn filter(calls: &[Call], errno: i32) -> Vec<libc::sock_filter> {
    let statement = |code: u32, k: u32, skipped: u8| libc::sock_filter {
        code: u16::try_from(code).expect("codes are small"),
        jt: 0,
        jf: skipped,
        k,
    };
    let load = |offset| statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset, 0);
    let equal = |k, skipped| statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, k, skipped);
    let answer = |k| statement(libc::BPF_RET | libc::BPF_K, k, 0);
    let refusal = answer(libc::SECCOMP_RET_ERRNO | errno.unsigned_abs());
    let mut program = Vec::new();
    for (number, argument) in calls {
        let number = u32::try_from(*number).expect("numbers of calls are small");
        program.push(load(0));
        match argument {
            None => program.push(equal(number, 1)),
            Some((position, value)) => {
                program.extend([equal(number, 3), load(16 + 8 * position), equal(*value, 1)]);
            }
        }
        program.push(refusal);
    }
    program.push(answer(libc::SECCOMP_RET_ALLOW));
    program
}

fn install(program: &[libc::sock_filter]) -> nix::Result<()> {
    let program = libc::sock_fprog {
        len: u16::try_from(program.len()).map_err(|_| nix::errno::Errno::E2BIG)?,
        filter: program.as_ptr().cast_mut(),
    };
    let filter = libc::c_ulong::from(libc::SECCOMP_MODE_FILTER);
    // SAFETY: the program is valid, and the kernel copies it.
    let done = unsafe { libc::prctl(libc::PR_SET_SECCOMP, filter, &raw const program) };
    nix::errno::Errno::result(done).map(drop)
}

/// Has a command traced by its parent from its execution on: ptrace(2). Root can run it as `user`.
/// It gets descriptors, which are above these numbers, under the numbers 3 and 4.
pub fn traced(command: &mut Command, user: Option<u32>, given: Option<[RawFd; 2]>) -> &mut Command {
    let prepare = move || {
        if let Some([third, fourth]) = given {
            give_as(third, 3)?;
            give_as(fourth, 4)?;
        }
        // As root: the kernel remembers who allowed it, and programs with the set-user-ID bit keep
        // their rights only if that one may trace them.
        nix::sys::ptrace::traceme()?;
        if let Some(id) = user {
            nix::unistd::setgroups(&[])?;
            nix::unistd::setgid(id.into())?;
            nix::unistd::setuid(id.into())?;
        }
        Ok(())
    };
    // SAFETY: between fork and exec the closure makes system calls only.
    unsafe { command.pre_exec(prepare) }
}

/// Gives a program that is executed a descriptor under a number.
fn give_as(descriptor: RawFd, number: RawFd) -> nix::Result<()> {
    // SAFETY: the call takes numbers only.
    nix::errno::Errno::result(unsafe { libc::dup2(descriptor, number) }).map(drop)
}

/// Keeps descriptors that we have inherited ourselves from a program that is executed.
fn close_others() -> nix::Result<()> {
    // SAFETY: the call takes numbers only.
    let done = unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
    nix::errno::Errno::result(done).map(drop)
}

/// Restores default dispositions: a shell without job control makes its background jobs ignore
/// these signals.
fn heed_signals() -> nix::Result<()> {
    use nix::sys::signal::{SigHandler, Signal, signal};
    for number in [Signal::SIGINT, Signal::SIGQUIT] {
        // SAFETY: the default action runs no code of ours.
        unsafe { signal(number, SigHandler::SigDfl) }?;
    }
    Ok(())
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

/// A sandbox; otherwise the test is skipped, with the reason why there is none or which required
/// program is missing.
#[macro_export]
macro_rules! sandbox_or_skip {
    ($($program:expr),*) => {
        match $crate::sandbox::Sandbox::available_with(&[$($program),*]) {
            Ok(()) => $crate::sandbox::Sandbox::new(),
            Err(reason) => return $crate::skip::skipped(&reason),
        }
    };
}
