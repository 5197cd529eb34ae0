//! The options of `unshare`: parser, `--help`, manual page and completions come from this table.

use ns_common::cli::table::{Manual, Offer, Order, Takes, Tool, Value};
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
/// A kind of namespace, and the file that keeps it.
const NAMESPACE: Takes = Takes::OptionalLong(FILE);

options! {
    /// The options, as the parser hands them on.
    pub enum Id {
        /// A kind of namespace.
        Namespace(Kind),
        ..
    }

    help;

    version;

    section "Namespaces";

    /// Creates a mount namespace: mounts made by the program stay its own, see `--propagation`. The
    /// file must not lie on a mount with shared propagation.
    Namespace(Kind::Mount): Some('m'), "mount", NAMESPACE, "new mount namespace";

    /// Creates a UTS namespace: the host name and the NIS domain name can be changed without the
    /// rest of the system seeing it.
    Namespace(Kind::Uts): Some('u'), "uts", NAMESPACE,
        "new UTS namespace: host and domain name";

    /// Creates an IPC namespace, which has System V message queues, semaphore sets, shared memory
    /// segments and POSIX message queues of its own, and none of them at first.
    Namespace(Kind::Ipc): Some('i'), "ipc", NAMESPACE,
        "new IPC namespace: System V IPC, POSIX queues";

    /// Creates a network namespace with nothing in it but a loopback device that is down.
    Namespace(Kind::Net): Some('n'), "net", NAMESPACE, "new network namespace";

    /// Creates a PID namespace. It holds the children only: without `--fork` the program stays
    /// outside, its first child becomes process 1, and when that ends no further process can be
    /// made. A file can keep it only with `--fork`, and it is of no use once its process 1 has
    /// ended.
    Namespace(Kind::Pid): Some('p'), "pid", NAMESPACE, "new PID namespace, for children";

    /// Creates a user namespace, in which the program may have all capabilities. No id is mapped
    /// unless an option below maps it, so that all appear as the overflow id.
    Namespace(Kind::User): Some('U'), "user", NAMESPACE, "new user namespace";

    /// Creates a cgroup namespace: the current cgroup appears as the root of the hierarchy.
    Namespace(Kind::Cgroup): Some('C'), "cgroup", NAMESPACE, "new cgroup namespace";

    /// Creates a time namespace, see `--monotonic` and `--boottime`.
    Namespace(Kind::Time): Some('T'), "time", NAMESPACE, "new time namespace";

    section "Child process";

    /// Runs the program in a child and waits for it. Meanwhile INT and TERM are held back from the
    /// waiting process. With `--pid` the program is process 1, which the kernel spares all signals
    /// it has no handler for, those of the terminal among them. It ends as the child did: with its
    /// status, or killed by its signal.
    Fork: Some('f'), "fork", Takes::Nothing, "run the program in a child and wait for it";

    /// Has the kernel send the child a signal, by default `KILL`, when the waiting process dies.
    /// Implies `--fork`. The signal is given by name; numbers are not accepted. It stays armed when
    /// `--setuid` or `--setgid` changes the ids.
    KillChild: None, "kill-child", Takes::Optional(Value::new("signal", Offer::Signal)),
        "send the child a signal when unshare dies (implies --fork; default KILL)";

    /// Passes signals on to the child instead of holding them back: INT and TERM or, with a list of
    /// names separated by commas, those. `all` is every signal that can be caught and is none of
    /// job control. Of a list, one that the terminal has sent to the whole job is not passed on
    /// once more. Implies `--fork`. A program that is process 1 of a PID namespace gets only
    /// signals for which it has a handler.
    ForwardSignals: None, "forward-signals", Takes::Optional(Value::new("list", Offer::Signal)),
        "pass INT and TERM, or these, on to the child (implies --fork)";

    section "File systems";

    /// Mounts a new proc file system, by default on `/proc`, so that tools such as `ps` see the new
    /// PID namespace. Implies `--mount`. The kernel allows it only together with `--pid` and
    /// `--fork`, or to a privileged caller.
    MountProc: None, "mount-proc", Takes::Optional(DIRECTORY),
        "mount a new proc (implies --mount; default /proc)";

    /// Mounts a new binfmt_misc file system, which the user namespace has for itself since Linux
    /// 6.7. Implies `--mount` and `--user`. Without a directory it is mounted on
    /// `/proc/sys/fs/binfmt_misc`, and `--mount-proc` is implied too.
    MountBinfmt: None, "mount-binfmt", Takes::Optional(DIRECTORY),
        "mount a new binfmt_misc (implies --mount, --user)";

    section "Users and groups";

    /// Maps the caller's effective uid to a uid, given by number or by name. Implies `--user`.
    MapUser: None, "map-user", Takes::Required(Value::new("user", Offer::User)),
        "map the caller to this user (implies --user)";

    /// Maps a block of uids; may be repeated. The block is written `inner:outer:count`, or with
    /// commas `outer,inner,count`. `auto` stands for the caller's first block in subuid(5), from 0
    /// on inside; `subids` for the same block under the same ids; `all` for every id there is. A
    /// uid mapped alone, as by `--map-user`, is cut out of the blocks. A caller other than root
    /// needs newuidmap(1). Implies `--user`.
    MapUsers: None, "map-users", Takes::Required(RANGE),
        "map a block of uids: <inner>:<outer>:<count>, auto, subids or all (implies --user)";

    /// Maps the caller's effective gid to a gid, given by number or by name. Implies `--user`, and
    /// `--setgroups=deny` unless `--map-groups` or an `--owner` with a gid is given.
    MapGroup: None, "map-group", Takes::Required(Value::new("group", Offer::Group)),
        "map the caller's group to this group (implies --user)";

    /// Maps a block of gids, as `--map-users` does for uids. The block of `auto` and `subids` is
    /// the one that subgid(5) has for the user, not for the group.
    MapGroups: None, "map-groups", Takes::Required(RANGE),
        "map a block of gids, written like that of --map-users (implies --user)";

    /// Maps the caller's uid and gid to 0: the same as `--map-user=0 --map-group=0`.
    MapRootUser: Some('r'), "map-root-user", Takes::Nothing,
        "map the caller to root (implies --user)";

    /// Maps the caller's uid and gid to themselves. The capabilities are lost when the program
    /// starts, unless `--keep-caps` is given.
    MapCurrentUser: Some('c'), "map-current-user", Takes::Nothing,
        "keep the caller's uid and gid (implies --user)";

    /// The same as `--map-users=auto --map-groups=auto`.
    MapAuto: None, "map-auto", Takes::Nothing, "the same as --map-users=auto --map-groups=auto";

    /// The same as `--map-users=subids --map-groups=subids`.
    MapSubids: None, "map-subids", Takes::Nothing,
        "the same as --map-users=subids --map-groups=subids";

    /// Takes on a uid and a gid before the user namespace is made, so that they own it, and drops
    /// all supplementary groups with the gid; that takes privileges. A half that is -1 is left
    /// alone. Maps are still made for the ids from before: add `--setuid` and `--setgid` to run the
    /// program under mapped ones. Implies `--user`.
    Owner: None, "owner", Takes::Required(Value::new("uid:gid", Offer::Nothing)),
        "set the owner of the user namespace (implies --user)";

    section "File systems";

    /// Sets the propagation of all mounts in a new mount namespace: `private`, which is the
    /// default, `slave`, `shared`, or `unchanged` to leave it as it is.
    Propagation: None, "propagation", Takes::Required(PROPAGATION),
        "mount propagation: private (default), slave, shared or unchanged";

    section "Users and groups";

    /// Allows or denies the system call setgroups(2) in the new user namespace. Once gids are
    /// mapped the kernel refuses any change, so that `deny` fails together with an option that maps
    /// groups, and either word with one that maps the caller's own.
    SetGroups: None, "setgroups", Takes::Required(POLICY),
        "allow or deny setgroups in the user namespace";

    section "Program";

    /// Makes all permitted capabilities ambient, so that the program has them whatever its uid,
    /// unless `--setuid` changes it from 0, which clears them. Without a new user namespace the
    /// option has no effect.
    KeepCaps: None, "keep-caps", Takes::Nothing,
        "keep the capabilities in the user namespace for the program";

    /// Sets the uid of the program, as seen inside.
    SetUid: Some('S'), "setuid", Takes::Required(UID), "uid of the program";

    /// Sets the gid of the program, as seen inside, and drops all supplementary groups.
    SetGid: Some('G'), "setgid", Takes::Required(GID), "gid of the program; drops other groups";

    /// Changes the root directory, and the working directory to the new root unless `--wd` is
    /// given.
    Root: Some('R'), "root", Takes::Required(DIRECTORY), "root directory of the program";

    /// Changes the working directory, after the root directory. A relative path starts at the
    /// directory the caller was in.
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
    /// `:name:type:offset:magic:mask:interpreter:flags`. With the flag `F` and `--root` the
    /// interpreter is looked up before the root directory changes. Implies `--mount-binfmt`.
    LoadInterp: Some('l'), "load-interp", Takes::Required(Value::new("string", Offer::Nothing)),
        "register an interpreter in a new binfmt_misc (implies --mount-binfmt)";

    section "Program";

    /// Starts the program with an empty environment.
    ClearEnv: None, "clear-env", Takes::Nothing, "start the program with an empty environment";

    /// Starts the program with the named variables only, those of them that are set. The names are
    /// separated by commas; the option may be repeated. The program is searched in the `PATH` that
    /// remains.
    WhitelistEnv: None, "whitelist-env", Takes::Required(Value::new("names", Offer::Nothing)),
        "start the program with these variables only";

    /// Sets a variable of the program's environment; may be repeated. Such changes are made in
    /// their order, after `--clear-env` and `--whitelist-env`.
    extension SetEnv: None, "set-env", Takes::Required(Value::new("name=value", Offer::Nothing)),
        "set a variable for the program";

    /// Takes a variable out of the program's environment.
    extension UnsetEnv: None, "unset-env", Takes::Required(Value::new("name", Offer::Nothing)),
        "take a variable away from the program";

    section "Child process";

    /// Runs a process 1 of our own, which stays: it starts the program as its child, reaps every
    /// process that loses its parent, passes signals on to the program, and ends when that has
    /// ended, and the kernel then ends all other processes of the namespace. With `wait` it asks
    /// them to end and waits for them first; with a number of seconds it ends them when that time
    /// is over. The exit status is that of the program. Implies `--fork`, `--pid` and, unless that
    /// option is given, `--forward-signals=all`.
    extension Init: None, "init", Takes::Optional(Value::new("wait[:seconds]", Offer::words("wait"))),
        "run a process 1 that reaps (implies --fork, --pid)";

    section "For supervisors";

    /// Writes the number of the program's process, as it is seen outside, to a new file that takes
    /// the place of this one in one step, before the program starts. It is removed when the program
    /// has ended, if `unshare` waits for that. What is no regular file, such as a device, keeps its
    /// place, and that is an error.
    extension PidFile: None, "pid-file", Takes::Required(FILE), "write the PID of the program to a file";

    /// Writes events to this descriptor, as one line of JSON each: `ready`, with PID and
    /// namespaces, once all is done but to run the program; `failed`, if that cannot be executed;
    /// and, if `unshare` waits for it, `exited` or `killed`. The program does not get the
    /// descriptor.
    extension StatusFd: None, "status-fd", Takes::Required(Value::new("fd", Offer::Nothing)),
        "write events as lines of JSON to a descriptor";

    /// Once all is ready, holds the program back until a byte can be read from this descriptor. If
    /// its end comes first nothing is run, and what was made is undone. The program does not get
    /// the descriptor.
    extension WaitFd: None, "wait-fd", Takes::Required(Value::new("fd", Offer::Nothing)),
        "hold the program back until a byte comes from a descriptor";

    section "Inside";

    /// Enters an existing namespace before the others are made: of the process with this PID, or
    /// the one that a file is bound to. The kind is written like its option. May be repeated, once
    /// for a kind. A file whose name is all digits is reached as `./NAME`.
    extension Join: None, "join", Takes::Required(Value::new("kind=where", Offer::Joined)),
        "enter the namespace of a PID or a file first";

    /// Sets the host name inside, of at most 64 bytes. Implies `--uts` unless a UTS namespace is
    /// joined.
    extension HostName: None, "hostname", Takes::Required(Value::new("name", Offer::Nothing)),
        "set the host name (implies --uts)";

    /// Sets the NIS domain name inside, of at most 64 bytes. Implies `--uts` unless a UTS namespace
    /// is joined.
    extension DomainName: None, "domainname", Takes::Required(Value::new("name", Offer::Nothing)),
        "set the NIS domain name (implies --uts)";

    /// Brings the loopback device up in the new network namespace. Implies `--net` unless a network
    /// namespace is joined.
    extension Loopback: None, "loopback", Takes::Nothing,
        "bring the loopback device up (implies --net)";

    /// Mounts an mqueue file system, by default on `/dev/mqueue`, in which the POSIX message queues
    /// of the IPC namespace can be seen: mq_overview(7). Implies `--ipc` unless an IPC namespace is
    /// joined, and `--mount`. The directory must exist.
    extension Mqueue: None, "mqueue", Takes::Optional(DIRECTORY),
        "show POSIX message queues (implies --ipc, --mount)";

    section "Looking first";

    /// Prints what would be done, a step a line, and does none of it: each system call in the
    /// kernel's notation, what it is for and, where there are several processes, which of them
    /// makes it.
    extension Explain: None, "explain", Takes::Nothing, "print the steps and do none of them";

    /// Tries all that is asked for in a child, runs nothing, and says of each kind of namespace
    /// whether it works, then of `maps`, `proc`, `mqueue` and `loopback` where they are asked for:
    /// `yes`, or `no` with the reason. The exit status is 0 if all works. No file is bound. Without
    /// any kind it tries each, alone and then along with a user namespace.
    extension Probe: None, "probe", Takes::Nothing, "say what of this works here, and run nothing";
}

/// All that is known of the tool.
pub static TOOL: Tool<Id> = Tool {
    name: "unshare",
    purpose: "Run a program in namespaces of its own, apart from those of the caller.",
    usage: &["[options] [<program> [<argument>...]]"],
    order: Order::StopAtOperand,
    options: OPTIONS,
    headings: HEADINGS,
};

/// What only the manual page says; no program has it in it.
pub static MANUAL: Manual = Manual {
    summary: "run a program in new namespaces",
    options: MANUAL_OF_OPTIONS,
    columns: &[],
    description: &[
        "`unshare` leaves the namespaces of its caller for new ones of the kinds asked for, and \
         runs a program there. Without a program it starts the shell that `SHELL` names, or that \
         of the user's account, or `/bin/sh`, as a login shell.",
        "A new namespace ends with its last process, unless it is kept: the long option of a kind \
         takes a file that exists already, and the namespace is bound to it until the file is \
         unmounted; that takes privileges outside. `nsenter` enters it there.",
        "All namespaces are made at once, so those of an ordinary user belong to the user \
         namespace made along with them. An ordinary user needs one; `--map-root-user` is the \
         usual way.",
    ],
    sections: &[],
    environment: &[
        ("SHELL", "The shell that is started without a program."),
        (
            "PATH",
            "Where the program is searched for: the one that the program will have.",
        ),
    ],
    files: &[
        ("/proc/self/ns/", "the current namespaces"),
        (
            "/proc/sys/user/",
            "how many namespaces of each kind there may be",
        ),
        (
            "/etc/subuid, /etc/subgid",
            "the blocks of ids that `--map-auto` and its like may map",
        ),
        ("/dev/mqueue", "where `--mqueue` mounts without a directory"),
    ],
    exit_status: &[
        "That of the program. 1 for a usage error or a step that failed, 126 if the program \
         was found and could not be executed, 127 if it, or newuidmap(1) where that is \
         needed, was not found. With `--fork`, if a signal killed the program, the same \
         signal kills `unshare`.",
    ],
    differences: &[
        "Ids and ranges that do not fit are errors; util-linux wraps them, so that \
         4294967296 is root. With `--fork`, namespaces are bound to files when the child \
         has done all its steps, and the program starts afterwards, not at all if that \
         fails. The waiting parent of `--fork` stops and continues with its program. With \
         `--whitelist-env` and no name that is set, the environment is empty.",
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
            "A network with a loopback device that works, under another host name:",
            "unshare -r --hostname box --loopback sh",
        ),
        (
            "A process tree whose process 1 reaps, and that is given ten seconds to end:",
            "unshare -r --init=wait:10 --mount-proc ./server",
        ),
        (
            "What that does, step by step:",
            "unshare -r --init=wait:10 --mount-proc --explain ./server",
        ),
        (
            "Whether an ordinary user can make a network namespace here:",
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
