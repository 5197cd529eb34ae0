//! The namespaces that cases run in, and all that could be left behind there.

use std::ffi::{CStr, CString};
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, CpuSet, sched_getaffinity, sched_setaffinity, unshare};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::unistd::Pid;
use ns_common::ipc::Posix;
use ns_common::sys::{ipc, posix_ipc};
use ns_tests::folder::names;
use ns_tests::sandbox::{FOLDER, traced};
use ns_tests::tool;

use crate::tracer::{Fault, Trace, run};
use crate::uses::{Objects, Use};
use crate::watch::Watch;

/// What the kernel has, apart from processes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct State {
    /// Mount points and types of file systems.
    pub(crate) mounts: Vec<String>,
    /// What lies in the working directory.
    pub(crate) files: Vec<String>,
    /// System V objects: their file in `/proc/sysvipc`, id and permissions.
    pub(crate) objects: Vec<String>,
    /// POSIX objects.
    pub(crate) posix: Vec<String>,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) trace: Trace,
    pub(crate) output: String,
    pub(crate) errors: String,
    pub(crate) state: State,
}

/// Where the cases of one use run, one after the other.
pub(crate) struct World {
    wanted: &'static Use,
    /// What its setting has printed: `NAME=VALUE` words.
    values: Vec<(String, String)>,
    probe: String,
    output: File,
    errors: File,
    events: File,
    /// Gives bytes without end.
    zeros: File,
    watch: Watch,
    /// What is there before each case.
    pub(crate) before: State,
}

const KEYS: [i32; 2] = [0x1234, 0x5678];
const POSIX_NAMES: [&CStr; 2] = [c"/before", c"/other"];

impl World {
    /// Makes the world of a use, in namespaces that are ours alone.
    pub(crate) fn new(wanted: &'static Use, probe: &Path, slot: usize) -> Result<Self, String> {
        let none = None::<&str>;
        let flags = MsFlags::empty();
        // New mount namespaces have higher ids than this one then, without a search for a processor
        // on which they do: each run makes the same calls.
        pin(slot).map_err(|errno| format!("no processor can be chosen: {errno}"))?;
        unshare(CloneFlags::CLONE_NEWNS)
            .map_err(|errno| format!("no mount namespace can be made: {errno}"))?;
        mount(
            Some("tmpfs"),
            "/dev/shm",
            Some("tmpfs"),
            flags,
            Some("mode=1777"),
        )
        .map_err(|errno| format!("no file system can be mounted on /dev/shm: {errno}"))?;
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
            .map_err(|errno| format!("mounts cannot be made private: {errno}"))?;
        let mut world = Self {
            wanted,
            values: Vec::new(),
            probe: probe.display().to_string(),
            output: memory(),
            errors: memory(),
            events: memory(),
            zeros: above_few(|| File::open("/dev/zero").map_err(|_| Errno::ENOENT)),
            watch: Watch::start(),
            before: State::default(),
        };
        world.build()?;
        Ok(world)
    }

    /// Makes everything anew.
    pub(crate) fn build(&mut self) -> Result<(), String> {
        while umount2(FOLDER, MntFlags::MNT_DETACH).is_ok() {}
        mount(
            Some("tmpfs"),
            FOLDER,
            Some("tmpfs"),
            MsFlags::empty(),
            Some("mode=0777"),
        )
        .map_err(|errno| format!("no file system can be mounted on {FOLDER}: {errno}"))?;
        std::env::set_current_dir(FOLDER).map_err(|error| error.to_string())?;
        self.new_objects();
        let setting = Command::new("bash")
            .args(["-ec", self.wanted.setting])
            .env_clear()
            .envs(variables())
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("bash: {error}"))?;
        if !setting.status.success() {
            let errors = String::from_utf8_lossy(&setting.stderr);
            return Err(format!("its setting cannot be had: {}", errors.trim_end()));
        }
        let printed = String::from_utf8_lossy(&setting.stdout).into_owned();
        let pair = |word: &str| {
            let (name, value) = word.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        self.values = printed.split_whitespace().filter_map(pair).collect();
        self.prepare();
        self.before = State::now();
        Ok(())
    }

    /// Before each case: objects as they were.
    fn prepare(&self) {
        if self.wanted.objects == Objects::Fresh {
            self.new_objects();
        }
    }

    /// An IPC namespace with some objects in it.
    fn new_objects(&self) {
        // Those of a namespace that is left count against the user's limit for a while.
        for name in queues() {
            let name = CString::new(format!("/{name}")).expect("no name has a zero byte");
            posix_ipc::unlink(Posix::Queue, &name).expect("what we have made is removed");
        }
        unshare(CloneFlags::CLONE_NEWIPC).expect("IPC namespaces can be made");
        for entry in fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
            fs::remove_file(entry.path()).expect("what we have made is removed");
        }
        for key in KEYS {
            ipc::create_queue(key, 0o600).expect("a queue is made");
            ipc::create_segment(key, 4096, ipc::Pages::Ordinary, 0o600).expect("a segment is made");
            ipc::create_semaphore_set(key, 3, 0o600).expect("a set is made");
        }
        posix_ipc::create_queue(POSIX_NAMES[0], 0o600).expect("a queue is made");
        for name in POSIX_NAMES {
            posix_ipc::create_shared_memory(name, 10, 0o600).expect("memory is made");
            posix_ipc::create_semaphore(name, 0o600).expect("a semaphore is made");
        }
        if self.wanted.objects == Objects::Fresh {
            // Objects of a process that has ended.
            let made = Command::new(tool::ours("ipcmk"))
                .args(["-Q", "-M", "9", "-S", "2"])
                .stdout(Stdio::null())
                .status();
            assert!(made.is_ok_and(|status| status.success()));
        }
    }

    /// After a case that has left something: takes it away, or makes everything anew.
    pub(crate) fn tidy(&mut self) -> Result<(), String> {
        let state = State::now();
        for place in &state.mounts {
            let place = place.split(' ').next().unwrap_or_default();
            if place.starts_with("/mnt/")
                && !self
                    .before
                    .mounts
                    .iter()
                    .any(|had| had.starts_with(&format!("{place} ")))
            {
                let _ = umount2(place, MntFlags::MNT_DETACH);
            }
        }
        for name in &state.files {
            if !self.before.files.contains(name) {
                let _ = fs::remove_file(name);
            }
        }
        let state = State::now();
        let is_tidy = state.mounts == self.before.mounts && state.files == self.before.files;
        if is_tidy { Ok(()) } else { self.build() }
    }

    /// Runs one case.
    pub(crate) fn run(&mut self, fault: Option<&Fault>) -> Outcome {
        self.prepare();
        for file in [&mut self.output, &mut self.errors, &mut self.events] {
            file.set_len(0).expect("memory is emptied");
            file.rewind().expect("memory has a beginning");
        }
        let mut command = Command::new(tool::ours(self.wanted.tool()));
        let words = self.wanted.command.split(' ').skip(1);
        command
            .args(words.flat_map(|word| self.fill_in(word)))
            .env_clear()
            .envs(variables())
            .stdin(Stdio::null())
            .stdout(self.output.try_clone().expect("there are descriptors"))
            .stderr(self.errors.try_clone().expect("there are descriptors"));
        let given = [self.events.as_raw_fd(), self.zeros.as_raw_fd()];
        traced(
            &mut command,
            self.wanted.user,
            self.wanted.events.then_some(given),
        );
        let trace = run(&mut command, fault, &self.watch);
        let mut output = content(&mut self.output);
        if self.wanted.events {
            output += &without_numbers(&content(&mut self.events));
        }
        Outcome {
            trace,
            output: without_keys(&output),
            errors: content(&mut self.errors),
            state: State::now(),
        }
    }

    /// `$NAME` is a value of the setting, `$PROBE` the program, and `$LINKS` all our namespaces.
    fn fill_in(&self, word: &str) -> Vec<String> {
        if word == "$LINKS" {
            let links = self
                .values
                .iter()
                .filter(|(name, _)| name.starts_with("LINK_"));
            return links.map(|(_, link)| link.clone()).collect();
        }
        let mut word = word.replace("$PROBE", &self.probe);
        for (name, value) in &self.values {
            word = word.replace(&format!("${name}"), value);
        }
        vec![word]
    }
}

/// What the tools and settings get as their environment.
fn variables() -> [(&'static str, String); 4] {
    let path = format!("{}:{}", tool::folder().display(), tool::SYSTEM_PATH);
    [
        ("PATH", path),
        ("LC_ALL", "C".to_owned()),
        ("SHELL", "/bin/sh".to_owned()),
        ("HOME", "/".to_owned()),
    ]
}

/// Stays on one processor, the one at place `slot`.
fn pin(slot: usize) -> nix::Result<()> {
    let this = Pid::from_raw(0);
    let allowed = sched_getaffinity(this)?;
    let processors: Vec<usize> = (0..CpuSet::count())
        .filter(|processor| allowed.is_set(*processor) == Ok(true))
        .collect();
    let mut one = CpuSet::new();
    one.set(processors[slot % processors.len()])?;
    sched_setaffinity(this, &one)
}

/// A file in memory.
fn memory() -> File {
    above_few(|| memfd_create(c"faults", MFdFlags::MFD_CLOEXEC).map(File::from))
}

/// What is opened, above the numbers under which commands get descriptors.
fn above_few(open: impl Fn() -> nix::Result<File>) -> File {
    let mut below = Vec::new();
    loop {
        let file = open().expect("it can be opened");
        if file.as_raw_fd() > 9 {
            return file;
        }
        below.push(file);
    }
}

fn content(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind().expect("memory has a beginning");
    file.read_to_end(&mut bytes).expect("memory can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Random keys, as `0xHHHHHHHH`, made equal.
fn without_keys(text: &str) -> String {
    let mut parts = text.split("0x");
    let mut all = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        let rest = if digits == 8 { &part[8..] } else { part };
        all += "0x";
        all += rest;
    }
    all
}

/// Numbers of processes and namespaces made equal.
fn without_numbers(text: &str) -> String {
    let mut all = String::new();
    for letter in text.chars() {
        if !letter.is_ascii_digit() {
            all.push(letter);
        } else if !all.ends_with('N') {
            all.push('N');
        }
    }
    all
}

impl State {
    pub(crate) fn now() -> Self {
        let mut state = Self {
            mounts: mounts(),
            files: names(FOLDER),
            objects: Vec::new(),
            posix: names("/dev/shm"),
        };
        for table in ["msg", "shm", "sem"] {
            let text = fs::read_to_string(format!("/proc/sysvipc/{table}"))
                .expect("the kernel tells of objects");
            for line in text.lines().skip(1) {
                let fields: Vec<&str> = line.split_whitespace().collect();
                state
                    .objects
                    .push(format!("{table} {} {}", fields[1], fields[2]));
            }
        }
        state
            .posix
            .extend(queues().into_iter().map(|name| format!("/{name}")));
        state
    }
}

/// The POSIX queues of our IPC namespace.
fn queues() -> Vec<String> {
    let mounted = posix_ipc::mount_queues().expect("queues can be seen");
    names(&format!("/proc/self/fd/{}", mounted.as_raw_fd()))
}

fn mounts() -> Vec<String> {
    let table = fs::read_to_string("/proc/self/mountinfo").expect("the kernel tells of mounts");
    let line = |line: &str| {
        let place = line.split(' ').nth(4)?;
        let file_system = line.split_once(" - ")?.1.split(' ').next()?;
        Some(format!("{place} {file_system}"))
    };
    let mut mounts: Vec<String> = table.lines().filter_map(line).collect();
    mounts.sort();
    mounts
}
