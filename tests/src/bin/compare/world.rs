//! Where made-up command lines run, and what they leave there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount, umount};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use ns_common::sys::ipc::{self, Pages};
use ns_common::sys::pidfd;
use ns_tests::process::{Running, child_of, start_and_wait_for_a_line};
use ns_tests::tool;

use crate::Failure;
use crate::grammar::{Caller, Case, PROBE, Setting, TARGET, TARGETS};

/// The working directory of every command line, and the only place with files of its own.
const FOLDER: &str = "/mnt";
/// A command line that takes longer is killed.
const LIMIT: Duration = Duration::from_secs(20);

/// Ours or the reference's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Ours,
    Reference,
}

/// What a command line did, as far as it can be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// As a shell shows it.
    pub(crate) status: String,
    pub(crate) output: String,
    /// The first line of standard error.
    pub(crate) error: String,
    /// Mounts, host name, objects and processes that are there afterwards.
    pub(crate) state: String,
}

/// The enclosed place: process 1 is we.
pub(crate) struct World {
    mounts: File,
    objects: File,
    scenes: Vec<File>,
    targets: Vec<(Running, i32)>,
    /// What the probe is told: links of known namespaces.
    links: Vec<String>,
}

impl World {
    /// Makes the files, objects and processes that command lines refer to.
    pub(crate) fn new(all_ids: bool) -> Result<Self, Failure> {
        let none = None::<&str>;
        mount(Some("tmpfs"), FOLDER, Some("tmpfs"), MsFlags::empty(), none)?;
        std::env::set_current_dir(FOLDER)?;
        make_files(all_ids)?;
        let mut links = namespaces("self", "as outside")?;
        let objects = File::open("/proc/self/ns/ipc")?;
        let scenes = make_scenes()?;
        let mut targets = Vec::new();
        for (number, options) in TARGET_OPTIONS.iter().enumerate() {
            let mut command = Command::new("/usr/bin/unshare");
            command
                .args(*options)
                .args([
                    "--kill-child",
                    "--fork",
                    "sh",
                    "-c",
                    "echo ready; exec sleep infinity",
                ])
                .stdin(Stdio::null());
            if number == TARGET_OF_USER && all_ids {
                command.uid(1000).gid(1000);
            }
            let running = start_and_wait_for_a_line(&mut command);
            let pid = child_of(running.id());
            links.extend(namespaces(
                &pid.to_string(),
                &format!("as {TARGET}{number}"),
            )?);
            targets.push((running, pid));
        }
        Ok(Self {
            mounts: File::open("/proc/self/ns/mnt")?,
            objects,
            scenes,
            targets,
            links,
        })
    }

    /// Runs a case on one side, with mounts and objects as they were at first.
    pub(crate) fn run(&self, case: &Case, side: Side) -> Result<Outcome, Failure> {
        setns(&self.mounts, CloneFlags::CLONE_NEWNS)?;
        unshare(CloneFlags::CLONE_NEWNS)?;
        std::env::set_current_dir(FOLDER)?;
        let none = None::<&str>;
        let own = Some("tmpfs");
        // What lies there is the machine's.
        mount(own, "/dev/shm", own, MsFlags::empty(), Some("mode=1777"))?;
        match case.setting {
            Setting::Usual => {}
            Setting::SharedMount => mount(none, FOLDER, none, MsFlags::MS_SHARED, none)?,
            Setting::NoTables => {
                mount(
                    Some("tmpfs"),
                    "/proc/sysvipc",
                    Some("tmpfs"),
                    MsFlags::empty(),
                    none,
                )?;
            }
        }
        match case.tool {
            "ipcs" => {
                let scene = &self.scenes[case.scene % self.scenes.len()];
                setns(scene, CloneFlags::CLONE_NEWIPC)?;
            }
            "ipcmk" | "ipcrm" => {
                unshare(CloneFlags::CLONE_NEWIPC)?;
                make_objects(case.scene)?;
            }
            _ => setns(&self.objects, CloneFlags::CLONE_NEWIPC)?,
        }
        let (mut output, mut errors) = (unnamed_file()?, unnamed_file()?);
        let mut command = self.command(case, side);
        command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(errors.try_clone()?);
        let status = wait(command.spawn()?)?;
        let left = self.await_children()?;
        let error = content(&mut errors)?;
        Ok(Outcome {
            status,
            output: content(&mut output)?,
            error: error.lines().next().unwrap_or_default().to_owned(),
            state: state(case, &left)?,
        })
    }

    fn command(&self, case: &Case, side: Side) -> Command {
        let folder = match side {
            Side::Ours => Path::new(FOLDER).join("ours"),
            Side::Reference => PathBuf::from("/usr/bin"),
        };
        let mut command = Command::new(folder.join(case.tool));
        command.arg0(case.tool).env_clear().envs([
            ("PATH", tool::SYSTEM_PATH),
            ("LC_ALL", "C"),
            ("TZ", "UTC"),
            ("SHELL", "/bin/sh"),
            ("HOME", "/"),
        ]);
        for (name, value) in &case.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        for word in &case.words {
            command.arg(self.filled_in(word));
        }
        if case.words.last().is_some_and(|word| word == PROBE) {
            let mounts = fs::read_link("/proc/self/ns/mnt").unwrap_or_default();
            command.args(&self.links);
            command.arg(format!("mnt={}", mounts.display()));
        }
        if case.caller == Caller::User {
            command.uid(1000).gid(1000);
        }
        command
    }

    /// A word in which processes have their numbers.
    fn filled_in(&self, word: &str) -> String {
        if word == PROBE {
            return format!("{FOLDER}/probe");
        }
        let mut word = word.to_owned();
        for (number, (_, pid)) in self.targets.iter().enumerate() {
            word = word.replace(&format!("{TARGET}{number}"), &pid.to_string());
        }
        word
    }

    /// A message in which processes have the names of the case, or none.
    pub(crate) fn comparable_error(&self, text: &str) -> String {
        let mut result = String::new();
        for part in text.split_inclusive('/') {
            let target = self
                .targets
                .iter()
                .position(|(_, pid)| part == format!("{pid}/"));
            let number = part.trim_end_matches('/');
            let is_number = number
                .parse::<u32>()
                .is_ok_and(|number| number > 1 && number < 1 << 20);
            match target {
                Some(target) => result.push_str(&format!("{TARGET}{target}/")),
                None if is_number && part.ends_with('/') => result.push_str("N/"),
                None => result.push_str(part),
            }
        }
        result
    }

    /// Waits for whatever a command line has left running, and tells what is still there after a
    /// second.
    fn await_children(&self) -> Result<Vec<String>, Failure> {
        let end = Instant::now() + Duration::from_secs(1);
        let ours = |pid: &i32| {
            self.targets
                .iter()
                .any(|(target, _)| ns_tests::process::id(target) == *pid)
        };
        loop {
            let children = fs::read_to_string("/proc/self/task/1/children")?;
            let children = children.split_whitespace().flat_map(str::parse);
            let left: Vec<i32> = children.filter(|pid| !ours(pid)).collect();
            if left.is_empty() {
                return Ok(Vec::new());
            }
            for pid in &left {
                // It may have ended meanwhile, or not yet.
                let _ = waitpid(Pid::from_raw(*pid), Some(WaitPidFlag::WNOHANG));
            }
            if Instant::now() > end {
                let name = |pid: &i32| fs::read_to_string(format!("/proc/{pid}/comm"));
                let names = left.iter().flat_map(name).collect();
                for pid in &left {
                    ns_tests::process::kill(*pid, libc::SIGKILL);
                }
                return Ok(names);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// How the processes that can be entered are made.
const TARGET_OPTIONS: [&[&str]; TARGETS] = [
    &["-muinpCT"],
    &["-Urmuin"],
    &["-Uru"],
    &["-u"],
    &["-rmuinpC"],
];
/// The one that belongs to the ordinary user.
const TARGET_OF_USER: usize = 2;

fn make_files(all_ids: bool) -> Result<(), Failure> {
    for name in ["f", "g"] {
        fs::write(name, "")?;
        fs::set_permissions(name, fs::Permissions::from_mode(0o666))?;
    }
    for name in ["d", "r", "ours"] {
        fs::create_dir(name)?;
    }
    fs::write("plain", "no program\n")?;
    for (name, text) in [("badint", "#!/nonexistent\n"), ("noshebang", "exit 3\n")] {
        fs::write(name, text)?;
        fs::set_permissions(name, fs::Permissions::from_mode(0o755))?;
    }
    for name in tool::TOOLS {
        fs::copy(tool::ours(name), format!("ours/{name}"))?;
    }
    let here = std::env::current_exe()?;
    let built = here.with_file_name("probe");
    fs::copy(built, "probe")?;
    if all_ids {
        fs::write("ids", "root:0:1000\n1000:100000:1000\n")?;
        for path in ["/etc/subuid", "/etc/subgid"] {
            let none = None::<&str>;
            mount(Some("ids"), path, none, MsFlags::MS_BIND, none)?;
        }
    }
    Ok(())
}

/// The namespaces of a process, in the form that the probe takes.
fn namespaces(process: &str, name: &str) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(format!("/proc/{process}/ns"))?;
    let link = |entry: io::Result<fs::DirEntry>| {
        let path = entry?.path();
        let link = fs::read_link(&path)?;
        let kind = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(format!("{kind}={}@{name}", link.display()))
    };
    entries.map(link).collect()
}

/// Objects for `ipcs`, as perl makes them; each scene is an IPC namespace.
const SCENES: &[&str] = &[
    "",
    "msgget(0x1234,01640); msgget(-2,01600); shmget(0x51,1075,01600); shmget(-1,1048525,01000); semget(9,3,01640)",
    "$q=msgget(1,01600); msgsnd($q,pack('l! a1500',1,'x'),0) for 1..5; msgrcv($q,$b,2000,0,0); \
     $s=semget(9,3,01640); semctl($s,1,16,7); semop($s,pack('s3',0,1,0))",
    "msgget($_,01600) for 1..300; shmget($_,4096*$_,01600) for 1..40; semget($_,$_,01600) for 1..40",
    "@q=map{msgget($_,01600)} 1..100; msgctl($_,0,0) for @q[0..89]; @m=map{shmget($_,1,01600)} 1..5; \
     shmctl($_,0,0) for @m[1..3]",
    "shmget(1,1<<40,011600); $i=shmget(2,8192,01600); shmctl($i,11,0); shmget(3,1,0); semget(0,32000,01600)",
    "for(1..3){msgget($_,01600|($_*8&0777)); shmget($_,1000*$_+$_**4,01000|($_&0777)); semget($_,$_,01644)} \
     $q=msgget(1,0); $d=\"\\0\"x256; msgctl($q,2,$d); substr($d,4,8)=pack('LL',1000,4242); msgctl($q,1,$d)",
];

fn make_scenes() -> Result<Vec<File>, Failure> {
    let mut scenes = Vec::new();
    for script in SCENES {
        unshare(CloneFlags::CLONE_NEWIPC)?;
        let status = Command::new("perl").args(["-e", script]).status()?;
        if !status.success() {
            return Err(format!("perl: {status}").into());
        }
        scenes.push(File::open("/proc/self/ns/ipc")?);
    }
    Ok(scenes)
}

/// Objects for `ipcmk` and `ipcrm`.
fn make_objects(scene: usize) -> Result<(), Failure> {
    for key in 1..=i32::try_from(scene % 4)? {
        ipc::create_queue(key, 0o600)?;
        ipc::create_segment(key, 4096, Pages::Ordinary, 0o640)?;
        ipc::create_semaphore_set(key, key, 0o666)?;
    }
    if scene % 3 == 0 {
        ipc::create_queue(-2, 0o600)?;
        ipc::create_semaphore_set(0xabc, 1, 0)?;
    }
    Ok(())
}

/// A file that nobody else sees.
fn unnamed_file() -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_TMPFILE)
        .open(FOLDER)
}

fn content(file: &mut File) -> io::Result<String> {
    let mut content = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut content)?;
    Ok(String::from_utf8_lossy(&content).into_owned())
}

fn wait(mut child: Child) -> Result<String, Failure> {
    let process = pidfd::open(Pid::from_raw(i32::try_from(child.id())?))?;
    let mut ended = [PollFd::new(process.as_fd(), PollFlags::POLLIN)];
    let limit = PollTimeout::try_from(LIMIT)?;
    if poll(&mut ended, limit)? == 0 {
        child.kill()?;
        child.wait()?;
        return Ok(format!("not ended after {LIMIT:?}"));
    }
    let status = child.wait()?;
    Ok(match (status.code(), status.signal()) {
        (Some(code), _) => format!("status {code}"),
        (None, signal) => format!("signal {}", signal.unwrap_or_default()),
    })
}

/// What is there after a command line.
fn state(case: &Case, left: &[String]) -> Result<String, Failure> {
    let table = fs::read_to_string("/proc/self/mountinfo")?;
    let mut state: Vec<String> = table.lines().filter_map(bound).collect();
    state.push(format!("{} mounts", table.lines().count()));
    state.push(format!("host {:?}", nix::sys::utsname::uname()?.nodename()));
    state.extend(left.iter().map(|name| format!("left running: {name}")));
    if matches!(case.tool, "ipcmk" | "ipcrm") {
        for entry in fs::read_dir("/dev/shm")? {
            state.push(format!("{:?} in /dev/shm", entry?.file_name()));
        }
        state.sort();
        if case.setting == Setting::NoTables {
            umount("/proc/sysvipc")?;
        }
        for (table, columns) in TABLES {
            let rows = fs::read_to_string(format!("/proc/sysvipc/{table}"))?;
            let rows = rows.lines().skip(1);
            state.extend(rows.map(|row| format!("{table} {}", object(row, columns))));
        }
    }
    Ok(state.join("\n"))
}

/// A line of the table of mounts that binds a namespace to a file.
fn bound(line: &str) -> Option<String> {
    let mut fields = line.split(' ').skip(3);
    let (root, place) = (fields.next()?, fields.next()?);
    let kind = root.split(':').next()?;
    line.contains(" - nsfs ")
        .then(|| format!("{kind} bound to {place}"))
}

/// The tables of objects, and their columns that do not differ from run to run: neither keys, which
/// may be random, nor numbers of processes, nor times.
const TABLES: [(&str, &[usize]); 3] = [
    ("msg", &[1, 2, 3, 4, 7, 8, 9, 10]),
    ("shm", &[1, 2, 3, 6, 7, 8, 9, 10]),
    ("sem", &[1, 2, 3, 4, 5, 6, 7]),
];

/// A row of a table as it can be compared.
fn object(row: &str, columns: &[usize]) -> String {
    let fields: Vec<&str> = row.split_whitespace().collect();
    let key = fields.first().and_then(|key| key.parse::<i64>().ok());
    let known = key.filter(|key| (-5..0x1000).contains(key));
    let mut row = known.map_or("random".to_owned(), |key| key.to_string());
    for column in columns {
        row.push(' ');
        row.push_str(fields.get(*column).unwrap_or(&"?"));
    }
    row
}
