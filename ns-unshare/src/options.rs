//! The options of `unshare`, the source of parser, `--help`, manual page and completions.

use ns_common::cli::table::{Live, Manual, Offer, Order, Takes, Tool, Value};
use ns_common::namespace::Kind;
use ns_common::options;

const FILE: Value = Value::new("file", Offer::File);
const DIRECTORY: Value = Value::new("dir", Offer::Directory);
const RANGE: Value = Value::new("range", Offer::words("auto subids all"));
const UID: Value = Value::new("uid", Offer::Nothing);
const GID: Value = Value::new("gid", Offer::Nothing);
const SECONDS: Value = Value::new("seconds", Offer::Nothing);
const PROPAGATION: Value = Value::new("mode", Offer::words("private slave shared unchanged"));
const POLICY: Value = Value::new("policy", Offer::words("allow deny"));
/// The optional file to which the new namespace is bound.
const NAMESPACE: Takes = Takes::OptionalLong(FILE);

options! {
    /// What the parser returns for each option.
    pub enum Id {
        /// A kind of namespace.
        Namespace(Kind),
        ..
    }

    help;

    version;

    section "Namespaces";

    /// Creates a mount namespace. By default the mounts that the program makes are not seen
    /// outside; see `--propagation`. The file must not be on a mount with shared propagation.
    Namespace(Kind::Mount): Some('m'), "mount", NAMESPACE, "new mount namespace";

    /// Creates a UTS namespace: the host name and NIS domain name can be changed without affecting
    /// the rest of the system.
    Namespace(Kind::Uts): Some('u'), "uts", NAMESPACE,
        "new UTS namespace: host and domain name";

    /// Creates an IPC namespace, which has its own System V message queues, semaphore sets and
    /// shared memory segments and its own POSIX message queues. At first there are none.
    Namespace(Kind::Ipc): Some('i'), "ipc", NAMESPACE,
        "new IPC namespace: System V IPC, POSIX queues";

    /// Creates a network namespace, which contains only a loopback device that is down.
    Namespace(Kind::Net): Some('n'), "net", NAMESPACE, "new network namespace";

    /// Creates a PID namespace. Only children are placed in it: without `--fork` the program stays
    /// outside, its first child becomes process 1, and once that has ended no more processes can be
    /// created. The namespace can be bound to a file only with `--fork`, and is of no use once its
    /// process 1 has ended.
    Namespace(Kind::Pid): Some('p'), "pid", NAMESPACE, "new PID namespace, for children";

    /// Creates a user namespace, in which the program may have all capabilities. Ids that no option
    /// below maps appear as the overflow id.
    Namespace(Kind::User): Some('U'), "user", NAMESPACE, "new user namespace";

    /// Creates a cgroup namespace, in which the current cgroup appears as the root of the
    /// hierarchy.
    Namespace(Kind::Cgroup): Some('C'), "cgroup", NAMESPACE, "new cgroup namespace";

    /// Creates a time namespace; see `--monotonic` and `--boottime`.
    Namespace(Kind::Time): Some('T'), "time", NAMESPACE, "new time namespace";

    section "Child process";

    /// Runs the program in a child and waits for it. Meanwhile `unshare` blocks INT and TERM. With
    /// `--pid` the program is process 1, to which the kernel delivers only signals that it has a
    /// handler for, even from the terminal. `unshare` then ends as the child did: with the same
    /// status, or killed by the same signal.
    Fork: Some('f'), "fork", Takes::Nothing, "run the program in a child and wait for it";

    /// Asks the kernel to send the child a signal, by default `KILL`, when `unshare` dies. Implies
    /// `--fork`. The signal must be given by name, not by number. This still works if `--setuid` or
    /// `--setgid` changes the ids.
    KillChild: None, "kill-child", Takes::Optional(Value::new("signal", Offer::Signal)),
        "send the child a signal when unshare dies (implies --fork; default KILL)";

    /// Forwards signals to the child instead of blocking them: INT and TERM or, with a
    /// comma-separated list of names, those. `all` stands for every signal that can be caught,
    /// except those of job control. With a list, a signal that the terminal has sent to the whole
    /// job is not forwarded again. Implies `--fork`. A program that is process 1 of a PID namespace
    /// gets only signals that it has a handler for.
    ForwardSignals: None, "forward-signals", Takes::Optional(Value::new("list", Offer::Signal)),
        "forward INT and TERM, or these, to the child (implies --fork)";

    section "File systems";

    /// Mounts a new proc file system, by default on `/proc`, so that tools such as `ps` show the
    /// new PID namespace. Implies `--mount`. An unprivileged caller needs `--pid` and `--fork` too.
    MountProc: None, "mount-proc", Takes::Optional(DIRECTORY),
        "mount a new proc (implies --mount; default /proc)";

    /// Mounts a new binfmt_misc file system; since Linux 6.7 each user namespace can have its own.
    /// Implies `--mount` and `--user`. Without a directory it is mounted on
    /// `/proc/sys/fs/binfmt_misc`, and `--mount-proc` is implied too.
    MountBinfmt: None, "mount-binfmt", Takes::Optional(DIRECTORY),
        "mount a new binfmt_misc (implies --mount, --user)";

    section "Users and groups";

    /// Maps the caller's effective uid to this uid, given by number or name. Implies `--user`.
    MapUser: None, "map-user", Takes::Required(Value::new("user", Offer::User)),
        "map the caller to this user (implies --user)";

    /// Maps a range of uids; may be repeated. The range is written `inner:outer:count`, or with
    /// commas `outer,inner,count`. `auto` maps the caller's first range in subuid(5) to the uids
    /// from 0; `subids` maps that range to the same uids; `all` maps every uid to itself. A uid
    /// that is mapped separately, for example with `--map-user`, is removed from the ranges. A
    /// caller other than root needs newuidmap(1). Implies `--user`.
    MapUsers: None, "map-users", Takes::Required(RANGE),
        "map a range of uids: <inner>:<outer>:<count>, auto, subids or all (implies --user)";

    /// Maps the caller's effective gid to this gid, given by number or name. Implies `--user`, and
    /// `--setgroups=deny` unless `--map-groups` or an `--owner` with a gid is given.
    MapGroup: None, "map-group", Takes::Required(Value::new("group", Offer::Group)),
        "map the caller's group to this group (implies --user)";

    /// Maps a range of gids, as `--map-users` does for uids. The range of `auto` and `subids` is
    /// the one that subgid(5) delegates to the user, not to the group.
    MapGroups: None, "map-groups", Takes::Required(RANGE),
        "map a range of gids, like --map-users (implies --user)";

    /// Maps the caller's uid and gid to 0: the same as `--map-user=0 --map-group=0`.
    MapRootUser: Some('r'), "map-root-user", Takes::Nothing,
        "map the caller to root (implies --user)";

    /// Maps the caller's uid and gid to themselves. The program has no capabilities unless
    /// `--keep-caps` is given.
    MapCurrentUser: Some('c'), "map-current-user", Takes::Nothing,
        "keep the caller's uid and gid (implies --user)";

    /// The same as `--map-users=auto --map-groups=auto`.
    MapAuto: None, "map-auto", Takes::Nothing, "the same as --map-users=auto --map-groups=auto";

    /// The same as `--map-users=subids --map-groups=subids`.
    MapSubids: None, "map-subids", Takes::Nothing,
        "the same as --map-users=subids --map-groups=subids";

    /// Changes the uid and gid before creating the user namespace, so that they own it; changing
    /// the gid also drops all supplementary groups. This needs privileges. An id of -1 is not
    /// changed. Maps still refer to the caller's former ids: add `--setuid` and `--setgid` to run
    /// the program under mapped ids. Implies `--user`.
    Owner: None, "owner", Takes::Required(Value::new("uid:gid", Offer::Nothing)),
        "set the owner of the user namespace (implies --user)";

    section "File systems";

    /// Sets the propagation of all mounts in a new mount namespace: `private` (the default),
    /// `slave`, `shared`, or `unchanged`.
    Propagation: None, "propagation", Takes::Required(PROPAGATION),
        "mount propagation: private (default), slave, shared or unchanged";

    section "Users and groups";

    /// Allows or denies setgroups(2) in the new user namespace. Once gids are mapped the kernel
    /// accepts no change: `deny` fails together with any option that maps gids, and `allow`
    /// together with one that maps the caller's own gid.
    SetGroups: None, "setgroups", Takes::Required(POLICY),
        "allow or deny setgroups in the user namespace";

    section "Program";

    /// Makes all permitted capabilities ambient, so that the program keeps them whatever its uid;
    /// but they are cleared if `--setuid` changes the uid from 0 to another. The option has no
    /// effect without a new user namespace.
    KeepCaps: None, "keep-caps", Takes::Nothing,
        "keep the capabilities in the user namespace for the program";

    /// Sets the program's uid, as seen inside.
    SetUid: Some('S'), "setuid", Takes::Required(UID), "uid of the program";

    /// Sets the program's gid, as seen inside, and drops all supplementary groups.
    SetGid: Some('G'), "setgid", Takes::Required(GID), "gid of the program; drops other groups";

    /// Changes the root directory. The working directory becomes the new root unless `--wd` is
    /// given.
    Root: Some('R'), "root", Takes::Required(DIRECTORY), "root directory of the program";

    /// Changes the working directory, after the root directory. A relative path starts at the
    /// caller's working directory.
    WorkingDirectory: Some('w'), "wd", Takes::Required(DIRECTORY),
        "working directory of the program";

    section "Clocks";

    /// Sets the offset of CLOCK_MONOTONIC in the new time namespace, in seconds; it may be
    /// negative.
    Monotonic: None, "monotonic", Takes::Required(SECONDS),
        "offset of the monotonic clock (needs --time)";

    /// Sets the offset of CLOCK_BOOTTIME in the new time namespace, in seconds; it may be negative.
    Boottime: None, "boottime", Takes::Required(SECONDS),
        "offset of the boot-time clock (needs --time)";

    section "File systems";

    /// Registers an interpreter in the new binfmt_misc file system. The string has the form
    /// `:name:type:offset:magic:mask:interpreter:flags`. With `--root` and the flag `F`, the
    /// interpreter is opened before the root directory changes. Implies `--mount-binfmt`.
    LoadInterp: Some('l'), "load-interp", Takes::Required(Value::new("string", Offer::Nothing)),
        "register an interpreter in a new binfmt_misc (implies --mount-binfmt)";

    section "Program";

    /// Starts the program with an empty environment.
    ClearEnv: None, "clear-env", Takes::Nothing, "start the program with an empty environment";

    /// Starts the program with only those of the named variables that are set. The names are
    /// separated by commas; the option may be repeated. The program is searched for in the
    /// remaining `PATH`.
    WhitelistEnv: None, "whitelist-env", Takes::Required(Value::new("names", Offer::Nothing)),
        "start the program with these variables only";

    /// Sets a variable in the program's environment; may be repeated. `--set-env` and `--unset-env`
    /// apply in the order given, after `--clear-env` and `--whitelist-env`.
    extension SetEnv: None, "set-env", Takes::Required(Value::new("name=value", Offer::Nothing)),
        "set a variable in the program's environment";

    /// Removes a variable from the program's environment; may be repeated.
    extension UnsetEnv: None, "unset-env", Takes::Required(Value::new("name", Offer::Nothing)),
        "remove a variable from the program's environment";

    section "Child process";

    /// Runs our own process 1, which starts the program as its child, reaps orphaned processes,
    /// forwards signals to the program, and ends when the program has ended; the kernel then kills
    /// all other processes of the PID namespace. With `wait`, process 1 first sends them TERM and
    /// waits for them; with a number of seconds, it waits no longer than that. The exit status is
    /// that of the program. Implies `--fork`, `--pid` and, if `--forward-signals` is not given,
    /// `--forward-signals=all`.
    extension Init: None, "init", Takes::Optional(Value::new("wait[:seconds]", Offer::words("wait"))),
        "run a process 1 that reaps (implies --fork, --pid)";

    section "For supervisors";

    /// Writes the program's PID, as seen outside, to this file before the program starts. The file
    /// is replaced atomically. If `unshare` waits for the program, it removes the file when the
    /// program has ended. It is an error if something other than a regular file, such as a device,
    /// has that name.
    extension PidFile: None, "pid-file", Takes::Required(FILE), "write the PID of the program to a file";

    /// Writes events to this descriptor, each as one line of JSON: `ready`, with the PID and
    /// namespaces, when only the execution of the program is left; `failed`, if the program cannot
    /// be executed; and, if `unshare` waits for the program, `exited` or `killed`. The program does
    /// not inherit the descriptor.
    extension StatusFd: None, "status-fd", Takes::Required(Value::new("fd", Offer::Nothing)),
        "write events as lines of JSON to a descriptor";

    /// When everything is ready, waits until a byte can be read from this descriptor before running
    /// the program. If the end of file comes first, nothing is run, and what was done is undone.
    /// The program does not inherit the descriptor.
    extension WaitFd: None, "wait-fd", Takes::Required(Value::new("fd", Offer::Nothing)),
        "run the program only once a byte can be read from a descriptor";

    section "Inside";

    /// Enters an existing namespace before creating new ones: that of the process with this PID, or
    /// the one bound to a file. Each kind has the name of its option. May be repeated, once for
    /// each kind. A file whose name is all digits must be written as `./NAME`.
    extension Join: None, "join", Takes::Required(Value::new("kind=where", Offer::Live(Live::Joined))),
        "enter the namespace of a PID or a file first";

    /// Sets the host name inside, at most 64 bytes long. Implies `--uts` unless a UTS namespace is
    /// joined.
    extension HostName: None, "hostname", Takes::Required(Value::new("name", Offer::Nothing)),
        "set the host name (implies --uts)";

    /// Sets the NIS domain name inside, at most 64 bytes long. Implies `--uts` unless a UTS
    /// namespace is joined.
    extension DomainName: None, "domainname", Takes::Required(Value::new("name", Offer::Nothing)),
        "set the NIS domain name (implies --uts)";

    /// Brings up the loopback device in the new network namespace. Implies `--net` unless a network
    /// namespace is joined.
    extension Loopback: None, "loopback", Takes::Nothing,
        "bring the loopback device up (implies --net)";

    /// Mounts an mqueue file system, by default on `/dev/mqueue`, which shows the POSIX message
    /// queues of the IPC namespace: mq_overview(7). Implies `--mount` and, unless an IPC namespace
    /// is joined, `--ipc`. The directory must exist.
    extension Mqueue: None, "mqueue", Takes::Optional(DIRECTORY),
        "show POSIX message queues (implies --ipc, --mount)";

    section "Looking first";

    /// Prints the steps that would be taken, one a line, and takes none of them: each system call,
    /// what it is for and, if there are several processes, which process makes it.
    extension Explain: None, "explain", Takes::Nothing, "print the steps and take none of them";

    /// Tries everything that is asked for in a child, without running a program or binding a file.
    /// Prints for each kind of namespace whether it works, then for `maps`, `proc`, `mqueue` and
    /// `loopback` if they are asked for: `yes`, or `no` with the reason. The exit status is 0 if
    /// everything works. If no kind is given, each is tried, alone and then together with a user
    /// namespace.
    extension Probe: None, "probe", Takes::Nothing, "print what of this works here, and run nothing";
}

/// The description of the tool.
pub static TOOL: Tool<Id> = Tool {
    name: "unshare",
    purpose: "Run a program in new namespaces.",
    usage: &["[options] [<program> [<argument>...]]"],
    order: Order::StopAtOperand,
    options: OPTIONS,
    headings: HEADINGS,
};

/// What only the manual page contains; the linker leaves it out of the program.
pub static MANUAL: Manual = Manual {
    summary: "run a program in new namespaces",
    options: MANUAL_OF_OPTIONS,
    columns: &[],
    description: &[
        "`unshare` creates new namespaces of the given kinds and runs a program in them. Without a \
         program it starts a login shell: the one that `SHELL` names, else that of the user's \
         account, else `/bin/sh`.",
        "A namespace disappears with its last process unless it is bound to a file. The long \
         option of a kind accepts an existing file, to which the new namespace is bound until the \
         file is unmounted; this needs privileges outside. `nsenter` enters the namespace through \
         the file.",
        "All namespaces are created in one step, so that the others are owned by the new user \
         namespace, if there is one. An ordinary user needs a user namespace; `--map-root-user` is \
         the usual way to get one.",
    ],
    sections: &[],
    environment: &[
        ("SHELL", "The shell that is started if no program is named."),
        (
            "PATH",
            "Where the program is searched for, after all changes of the environment.",
        ),
    ],
    files: &[
        ("/proc/self/ns/", "the current namespaces"),
        ("/proc/sys/user/", "the limits on namespaces of each kind"),
        (
            "/etc/subuid, /etc/subgid",
            "the ranges of ids that may be mapped, for `--map-auto` and similar options",
        ),
        ("/dev/mqueue", "the default directory of `--mqueue`"),
    ],
    exit_status: &[
        "That of the program. 1 for a usage error or a step that failed, 126 if the program was \
         found but could not be executed, 127 if the program, or newuidmap(1) if needed, was not \
         found. With `--fork`, if a signal killed the program, the same signal kills `unshare`.",
    ],
    differences: &[
        "Ids and ranges that are out of range are errors; util-linux wraps them around, so that \
         4294967296 is root. With `--fork`, namespaces are bound to files after all other steps of \
         the child and before the program starts; if binding fails, it does not start. With \
         `--fork`, `unshare` stops and continues together with the program. If no variable named \
         by `--whitelist-env` is set, the environment is empty.",
    ],
    examples: &[
        (
            "A separate host name and separate System V IPC objects, as an ordinary user:",
            "unshare -r -u -i sh",
        ),
        (
            "A separate process tree that ends with the shell:",
            "unshare -r --pid --fork --mount-proc --kill-child sh",
        ),
        (
            "A persistent network namespace, as root:",
            "touch /run/netns-a && unshare --net=/run/netns-a true",
        ),
        (
            "A network with a working loopback device, and another host name:",
            "unshare -r --hostname box --loopback sh",
        ),
        (
            "A process tree with a process 1 that reaps orphans and gives the rest ten seconds to end:",
            "unshare -r --init=wait:10 --mount-proc ./server",
        ),
        (
            "The steps of that command:",
            "unshare -r --init=wait:10 --mount-proc --explain ./server",
        ),
        (
            "Whether an ordinary user can create a network namespace here:",
            "unshare --probe -r -n",
        ),
    ],
    see_also: &[
        ("nsenter", 1),
        ("unshare", 2),
        ("cgroup_namespaces", 7),
        ("ipc_namespaces", 7),
        ("mount_namespaces", 7),
        ("namespaces", 7),
        ("pid_namespaces", 7),
        ("time_namespaces", 7),
        ("user_namespaces", 7),
    ],
};
