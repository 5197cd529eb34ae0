//! What `--explain` prints: each step of the plan in words.

use std::path::PathBuf;

use nix::mount::MsFlags;
use ns_common::error::Message;
use ns_common::explain::{self, Line, flags, list_of_kinds, quoted};
use ns_common::idmap::{IdExtent, IdKind, IdMap};
use ns_common::namespace::{Kind, KindSet};
use ns_common::process::supervise::Manner;
use ns_common::words;

use crate::plan::{Clock, MapperJob, Plan, Step, Writer};
use crate::request::{Existing, Fork, SetGroups};

/// The process that takes a step, if it is not the first one.
const CHILD: &str = "child";
const INIT: &str = "process 1";

impl Plan {
    /// One or more lines per step, with the process that takes it if the program runs in a child.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let mut process = None;
        let mut is_first = false;
        // What a helper does is printed at the step that tells it to.
        let (mut of_mapper, mut of_binder) = (Vec::new(), Vec::new());
        // The program's process restores the dispositions of forwarded signals.
        let mut of_child = Vec::new();
        let mut lines = Vec::new();
        for step in &self.0 {
            let own = step.lines(is_first).into_iter();
            lines.extend(own.map(|line| Line { process, ..line }));
            match step {
                Step::StartMapper(job) => of_mapper = mapping(job),
                Step::StartBinder(files) => of_binder = binding(files),
                Step::WriteMapsFromOutside => lines.append(&mut of_mapper),
                Step::Bind => lines.append(&mut of_binder),
                Step::Unshare(kinds) => is_first = kinds.contains(Kind::Pid),
                Step::Fork(fork) => {
                    of_child = restoring(fork);
                    if fork.init.is_some() {
                        process = Some(INIT);
                    } else {
                        process = Some(CHILD);
                        lines.append(&mut of_child);
                    }
                }
                Step::StartProgram(_) => {
                    process = Some(CHILD);
                    lines.append(&mut of_child);
                }
                _ => {}
            }
        }
        lines
    }
}

impl Step {
    /// The step in words; a step without words does not compile. `is_first`: a child is process 1
    /// of its PID namespace.
    fn lines(&self, is_first: bool) -> Vec<Line> {
        let (call, purpose) = match self {
            Self::DefaultChildSignal => (
                words!["sigaction(SIGCHLD, SIG_DFL)"],
                words!["children can be waited for"],
            ),
            Self::TakeStatusDescriptor(number) => (
                words!["fcntl(", number, ", F_SETFD, FD_CLOEXEC)"],
                words!["events are written there; the program does not inherit it"],
            ),
            Self::TakeWaitDescriptor(number) => (
                words!["fcntl(", number, ", F_SETFD, FD_CLOEXEC)"],
                words!["a byte is awaited there; the program does not inherit it"],
            ),
            Self::StartPidFile(path) => (
                words!["fork()"],
                words![
                    "a helper outside that writes the program's PID to ",
                    quoted(path)
                ],
            ),
            Self::StartBinder(_) => (
                words!["fork()"],
                words!["a helper outside, the binder, for the files"],
            ),
            Self::StartMapper(_) => (
                words!["fork()"],
                words!["a helper outside, the mapper, for the id maps"],
            ),
            Self::Join(joined) => return joined.iter().map(entered).collect(),
            Self::HoldOuterMounts => (
                words!["open /proc/self/ns/mnt"],
                words!["the mounts that the files are in"],
            ),
            Self::Unshare(kinds) => (words!["unshare(", flags(*kinds), ")"], new(*kinds)),
            Self::OutrankOuterMounts => (
                words!["ioctl(NS_GET_MNTNS_ID)"],
                words!["only a mount namespace with a higher id can be bound"],
            ),
            Self::WriteMapsFromOutside => (words!["release the mapper"], words!["and wait for it"]),
            Self::OffsetClock(clock, seconds) => offset(*clock, *seconds),
            Self::ChangeEnvironment(changes) => {
                return changes.iter().map(explain::change).collect();
            }
            Self::Fork(fork) => return forked(fork, is_first),
            Self::StartProgram(_) => (
                words!["setpgid(0, 0), fork()"],
                words!["process 1 reaps and forwards signals; its child runs the program"],
            ),
            Self::DieWithParent(signal) => (
                words!["prctl(PR_SET_PDEATHSIG, ", signal, ")"],
                words!["the child gets this signal when the parent dies"],
            ),
            Self::MapSingle(kind, extent) => single(*kind, *extent),
            Self::WriteSetGroups(policy, _) => setgroups(*policy),
            Self::SetHostName(name) => (
                words!["sethostname(", quoted(name), ")"],
                words!["the host name inside"],
            ),
            Self::SetDomainName(name) => (
                words!["setdomainname(", quoted(name), ")"],
                words!["the NIS domain name inside"],
            ),
            Self::BringLoopbackUp => (
                words!["ioctl(SIOCSIFFLAGS, \"lo\", IFF_UP)"],
                words!["in a new network namespace, lo is down at first"],
            ),
            Self::Refuse(message) => (words!["stop here"], message.clone()),
            Self::Propagate(flags) => (
                words![
                    "mount(\"none\", \"/\", NULL, ",
                    propagation(*flags),
                    ", NULL)"
                ],
                words!["how mounts spread to other mount namespaces"],
            ),
            Self::MakePrivate(directory) => (
                words![
                    "mount(\"none\", ",
                    quoted(directory),
                    ", NULL, MS_PRIVATE|MS_REC, NULL)"
                ],
                words!["the new proc is not seen outside"],
            ),
            Self::MountProc(directory) => (
                words!["mount(\"proc\", ", quoted(directory), ", \"proc\", …)"],
                words!["the processes of the new PID namespace"],
            ),
            Self::MountBinfmt(directory) => (
                words![
                    "mount(\"binfmt_misc\", ",
                    quoted(directory),
                    ", \"binfmt_misc\", …)"
                ],
                words!["binary formats of this user namespace"],
            ),
            Self::RegisterInterpreter(directory, rule) => (
                words!["write ", directory, "/register ", quoted(rule)],
                words!["a binary format and its interpreter"],
            ),
            Self::MountMqueue(directory) => (
                words!["mount(\"mqueue\", ", quoted(directory), ", \"mqueue\", …)"],
                words!["POSIX message queues of this IPC namespace"],
            ),
            Self::ChangeRoot(directory) => (
                words!["chroot(", quoted(directory), ")"],
                words!["the root directory of the program"],
            ),
            Self::ChangeDirectory(directory) => (
                words!["chdir(", quoted(directory), ")"],
                words!["the working directory of the program"],
            ),
            Self::DropGroups => (
                words!["setgroups(0, NULL)"],
                words!["no supplementary groups"],
            ),
            Self::SetGid(gid) => (
                words!["setgid(", gid, ")"],
                words!["the gid of the program"],
            ),
            Self::SetUid(uid) => (
                words!["setuid(", uid, ")"],
                words!["the uid of the program"],
            ),
            Self::KeepCapabilities => (
                words!["capset(), prctl(PR_CAP_AMBIENT, …)"],
                words!["the program keeps the capabilities"],
            ),
            Self::Bind => (
                words!["tell the binder to bind"],
                words!["the namespaces outlive their processes"],
            ),
            Self::Report => (
                words!["report"],
                words!["supervisors get the program's PID and namespaces"],
            ),
            Self::AwaitByte => (words!["read(N)"], words!["wait until a byte can be read"]),
            Self::Keep => (
                words!["release the binder"],
                words!["from now on the files stay bound"],
            ),
            Self::Execute(program) => return vec![explain::program(program)],
        };
        vec![Line::new(call, purpose)]
    }
}

/// What the mapper does when told to.
fn mapping(job: &MapperJob) -> Vec<Line> {
    let written = |(kind, map): (IdKind, &Option<IdMap>)| {
        let map = map.as_ref().filter(|map| !map.extents().is_empty())?;
        let text = String::from_utf8(map.to_text()).ok()?;
        let purpose = words!["inner ids, outer ids, count"];
        let call = match job.writer {
            Writer::Mapper => words![
                "write /proc/PID/",
                kind.map_file(),
                " ",
                quoted(text.trim_end().replace('\n', ", ").as_str())
            ],
            Writer::SetuidPrograms => {
                let numbers = text.split_whitespace().collect::<Vec<_>>().join(" ");
                words!["execvp(", quoted(kind.helper()), ") PID ", numbers]
            }
        };
        Some(by("mapper", call, purpose))
    };
    job.maps.iter().filter_map(written).collect()
}

/// What the binder does when told to.
fn binding(files: &[(Kind, PathBuf)]) -> Vec<Line> {
    let bound = |(kind, file): &(Kind, PathBuf)| {
        let source = words!["/proc/PID/ns/", kind.file_after_unshare()];
        let call = words![
            "mount(",
            quoted(source.as_bytes()),
            ", ",
            quoted(file),
            ", NULL, MS_BIND, NULL)"
        ];
        by(
            "binder",
            call,
            words!["keeps the ", kind.name(), " namespace"],
        )
    };
    files.iter().map(bound).collect()
}

fn by(process: &'static str, call: Message, purpose: Message) -> Line {
    Line {
        process: Some(process),
        ..Line::new(call, purpose)
    }
}

/// `new user, UTS and IPC namespaces`
fn new(kinds: KindSet) -> Message {
    match kinds.iter().count() {
        0 => words!["nothing new"],
        1 => words!["a new ", list_of_kinds(kinds), " namespace"],
        _ => words!["new ", list_of_kinds(kinds), " namespaces"],
    }
}

fn entered((kind, place): &(Kind, Existing)) -> Line {
    let file = match place {
        Existing::Process(pid) => words!["/proc/", pid.as_raw(), "/ns/", kind.file()],
        Existing::File(file) => words![file],
    };
    Line::new(
        words![
            "setns(",
            quoted(file.as_bytes()),
            ", ",
            kind.flag_name(),
            ")"
        ],
        words!["the existing ", kind.name(), " namespace"],
    )
}

fn offset(clock: Clock, seconds: i64) -> (Message, Message) {
    let name = match clock {
        Clock::Monotonic => "CLOCK_MONOTONIC",
        Clock::Boottime => "CLOCK_BOOTTIME",
    };
    let text = words![clock.number(), " ", seconds, " 0"];
    (
        words!["write /proc/self/timens_offsets ", quoted(text.as_bytes())],
        words![name, " is offset by so many seconds"],
    )
}

fn forked(fork: &Fork, is_first: bool) -> Vec<Line> {
    let child = if is_first {
        "the child becomes process 1"
    } else {
        "a child for the program"
    };
    let parent = match (&fork.signals.forwarded[..], &fork.signals.held_back[..]) {
        ([], []) => "; the parent waits for it",
        ([], _) => "; the parent waits for it and blocks INT and TERM",
        _ => "; the parent waits for it and forwards signals",
    };
    let mut lines = vec![Line::new(words!["fork()"], words![child, parent])];
    if !fork.signals.forwarded.is_empty() {
        let call = words!["sigaction(SIG…, …)"];
        lines.insert(
            0,
            Line::new(call, words!["signals are forwarded to the child"]),
        );
    }
    lines
}

fn restoring(fork: &Fork) -> Vec<Line> {
    if fork.signals.forwarded.is_empty() {
        return Vec::new();
    }
    let purpose = match fork.signals.manner {
        Manner::Once => "the program gets your signal dispositions",
        Manner::Reference => "the program gets the default signal dispositions",
    };
    vec![by(CHILD, words!["sigaction(SIG…, …)"], words![purpose])]
}

fn single(kind: IdKind, extent: IdExtent) -> (Message, Message) {
    let IdExtent { inner, outer, .. } = extent;
    let text = words![inner, " ", outer, " 1"];
    let name = match kind {
        IdKind::User => "uid",
        IdKind::Group => "gid",
    };
    (
        words![
            "write /proc/self/",
            kind.map_file(),
            " ",
            quoted(text.as_bytes())
        ],
        words!["your ", name, " ", outer, " appears as ", inner],
    )
}

fn setgroups(policy: SetGroups) -> (Message, Message) {
    let purpose = match policy {
        SetGroups::Allow => "groups may be changed inside",
        SetGroups::Deny => "groups cannot be dropped inside: required before a gid map",
    };
    (
        words!["write /proc/self/setgroups ", quoted(policy.word())],
        words![purpose],
    )
}

fn propagation(flags: MsFlags) -> Message {
    let names = [
        (MsFlags::MS_PRIVATE, "MS_PRIVATE"),
        (MsFlags::MS_SLAVE, "MS_SLAVE"),
        (MsFlags::MS_SHARED, "MS_SHARED"),
    ];
    let kind = names.iter().find(|(flag, _)| flags.contains(*flag));
    words!["MS_REC|", kind.map_or("0", |(_, name)| name)]
}
