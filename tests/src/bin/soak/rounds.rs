//! What is done in a round.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::mount::umount;
use ns_tests::process::{child_of, start_and_wait_for_a_line};
use ns_tests::tool;

use crate::Failure;

/// Does one round in the name of a worker, and tells how many commands it ran.
pub(crate) fn run(worker: usize, round: usize) -> Result<usize, Failure> {
    let mut commands = Commands { count: 0 };
    match round % 4 {
        0 => kept_by_files(worker, &mut commands)?,
        1 => kept_by_a_process(&mut commands)?,
        2 => rootless(&mut commands)?,
        _ => without_namespaces(worker, round, &mut commands)?,
    }
    Ok(commands.count)
}

/// Runs commands that must succeed in silence on standard error.
struct Commands {
    count: usize,
}

impl Commands {
    fn run(&mut self, words: &str) -> Result<String, Failure> {
        self.count += 1;
        let output = command(words).output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() || !errors.is_empty() {
            return Err(format!("{words}: {}: {errors}", output.status).into());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs a command whose output has so many objects.
    fn list(&mut self, words: &str, expected: usize) -> Result<(), Failure> {
        let output = self.run(words)?;
        let objects = output.lines().filter(|line| line.starts_with("0x")).count();
        if objects == expected {
            Ok(())
        } else {
            Err(format!("{words}: {objects} objects, not {expected}: {output}").into())
        }
    }
}

/// A command of words without blanks in them.
fn command(words: &str) -> Command {
    let mut words = words.split(' ');
    let name = words.next().unwrap_or_default();
    let mut command = Command::new(tool::ours(name));
    command
        .args(words)
        .env_clear()
        .env(
            "PATH",
            format!("{}:{}", tool::folder().display(), tool::SYSTEM_PATH),
        )
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    command
}

/// Namespaces that files hold.
fn kept_by_files(worker: usize, commands: &mut Commands) -> Result<(), Failure> {
    let kinds = ["mount", "uts", "ipc", "net", "pid", "cgroup", "time"];
    let files = kinds.map(|kind| PathBuf::from(format!("{kind}.{worker}")));
    for file in &files {
        fs::write(file, "")?;
    }
    let options: Vec<String> = kinds
        .iter()
        .map(|kind| format!("--{kind}={kind}.{worker}"))
        .collect();
    let options = options.join(" ");
    commands.run(&format!("unshare {options} --fork --hostname inside true"))?;
    let enter = format!("nsenter --ipc=ipc.{worker}");
    commands.run(&format!(
        "{enter} --uts=uts.{worker} --net=net.{worker} ipcmk -Q -M 4096 -S 2"
    ))?;
    commands.list(&format!("{enter} --mount=mount.{worker} ipcs"), 3)?;
    commands.list(&format!("ipcs --namespace ipc.{worker} -m"), 1)?;
    commands.run(&format!("{enter} ipcrm --all"))?;
    commands.list(&format!("{enter} ipcs"), 0)?;
    for file in &files {
        umount(file)?;
        fs::remove_file(file)?;
    }
    Ok(())
}

/// Namespaces of a process that is killed in the end.
fn kept_by_a_process(commands: &mut Commands) -> Result<(), Failure> {
    commands.count += 1;
    let mut target = command("unshare -muinpCT --fork --kill-child --mount-proc sh -c");
    target.arg("echo ready; exec sleep 1000");
    let mut running = start_and_wait_for_a_line(&mut target);
    let pid = child_of(running.id());
    let enter = format!("nsenter --target {pid}");
    commands.run(&format!("{enter} --all ipcmk -Q -S 1"))?;
    commands.list(&format!("ipcs --target {pid}"), 2)?;
    commands.run(&format!("{enter} --pid --mount --ipc ipcrm --all"))?;
    commands.list(&format!("{enter} --ipc ipcs"), 0)?;
    // The child's end is the parent's, and the other way round.
    ns_tests::process::kill(pid, libc::SIGKILL);
    running.wait()?;
    Ok(())
}

/// Everything in one user namespace, which ends with its last process.
fn rootless(commands: &mut Commands) -> Result<(), Failure> {
    commands.count += 4;
    let mut command = command(
        "unshare --user --map-root-user -mip --fork --kill-child --mount-proc --init sh -c",
    );
    command.arg("ipcmk -M 1K -Q && ipcs && nsenter -t $$ -i ipcrm --all && ipcs");
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let objects = text.lines().filter(|line| line.starts_with("0x")).count();
    if output.status.success() && objects == 2 {
        return Ok(());
    }
    Err(format!(
        "rootless: {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    )
    .into())
}

/// Objects of the namespace that all rounds share.
fn without_namespaces(worker: usize, round: usize, commands: &mut Commands) -> Result<(), Failure> {
    let made = commands.run("ipcmk -Q --quiet")?;
    let id = made.trim();
    commands.run(&format!("ipcs -q -i {id} --strict"))?;
    commands.run(&format!("ipcrm -q {id}"))?;
    let name = format!("soak.{worker}.{round}");
    commands.run(&format!("ipcmk --posix-shmem 4096 --name {name}"))?;
    let listed = commands.run("ipcs --posix-shmems --quiet")?;
    if !listed
        .lines()
        .any(|line| line.trim_start_matches('/') == name)
    {
        return Err(format!("{name} is not listed: {listed}").into());
    }
    commands.run(&format!("ipcrm --posix-shmem {name}"))?;
    if Path::new("/dev/shm").join(name).exists() {
        return Err("removed, and still there".into());
    }
    Ok(())
}
