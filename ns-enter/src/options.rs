//! The options of `nsenter`, the source of parser, `--help`, manual page and completions.

use ns_common::cli::table::{Live, Manual, Offer, Order, Takes, Tool, Value};
use ns_common::namespace::Kind;
use ns_common::options;

const DIRECTORY: Value = Value::new("dir", Offer::Directory);
/// The optional file of the namespace to enter.
const fn namespace(kind: Kind) -> Takes {
    Takes::Optional(Value::new("file", Offer::Live(Live::Namespace(kind))))
}

options! {
    /// What the parser returns for each option.
    pub enum Id {
        /// A kind of namespace.
        Namespace(Kind),
        ..
    }

    section "Namespaces";

    /// Enters the target's namespaces of all kinds that the kernel has and that no other option
    /// names, except a user namespace that the caller is in already.
    All: Some('a'), "all", Takes::Nothing, "enter all namespaces of the target";

    help;

    version;

    /// Names the process whose namespaces are entered, by PID or as `PID:INODE`. INODE is the inode
    /// number of the process's pidfd, which differs for a later process with the same PID.
    Target: Some('t'), "target", Takes::Required(Value::new("pid", Offer::Live(Live::Process))),
        "process whose namespaces are entered";

    /// Enters a mount namespace. Its root becomes the root directory and the working directory.
    Namespace(Kind::Mount): Some('m'), "mount", namespace(Kind::Mount), "enter a mount namespace";

    /// Enters a UTS namespace: host and domain name.
    Namespace(Kind::Uts): Some('u'), "uts", namespace(Kind::Uts), "enter a UTS namespace";

    /// Enters an IPC namespace: System V IPC objects and POSIX message queues.
    Namespace(Kind::Ipc): Some('i'), "ipc", namespace(Kind::Ipc), "enter an IPC namespace";

    /// Enters a network namespace.
    Namespace(Kind::Net): Some('n'), "net", namespace(Kind::Net), "enter a network namespace";

    /// Enters the network namespace of the socket that is this descriptor of the target. Overrides
    /// `--net`.
    NetSocket: Some('N'), "net-socket", Takes::Required(Value::new("fd", Offer::Nothing)),
        "enter the network namespace of a socket of the target";

    /// Enters a PID namespace. Only children are placed in it, so the program runs in a child
    /// unless `--no-fork` is given.
    Namespace(Kind::Pid): Some('p'), "pid", namespace(Kind::Pid), "enter a PID namespace";

    /// Enters a user namespace, and becomes root in it without supplementary groups, unless
    /// `--setuid`, `--setgid` or `--preserve-credentials` is given.
    Namespace(Kind::User): Some('U'), "user", namespace(Kind::User), "enter a user namespace";

    /// Enters a cgroup namespace.
    Namespace(Kind::Cgroup): Some('C'), "cgroup", namespace(Kind::Cgroup), "enter a cgroup namespace";

    /// Enters a time namespace.
    Namespace(Kind::Time): Some('T'), "time", namespace(Kind::Time), "enter a time namespace";

    section "Program";

    /// Sets the program's uid, as seen inside: a number, a name in the `/etc/passwd` inside, or
    /// `follow` for the target's uid.
    SetUid: Some('S'), "setuid", Takes::Required(Value::new("uid", Offer::words("follow"))),
        "uid of the program; follow for the target's";

    /// Sets the program's gid, as seen inside: a number, a name in the `/etc/group` inside, or
    /// `follow` for the target's gid. Drops all supplementary groups.
    SetGid: Some('G'), "setgid", Takes::Required(Value::new("gid", Offer::words("follow"))),
        "gid of the program; follow for the target's";

    /// Changes the root directory, to a directory that is opened before entering, or to the
    /// target's. The working directory stays the same and may be outside the new root: add `--wd`
    /// or `--wdns`.
    Root: Some('r'), "root", Takes::Optional(DIRECTORY),
        "root directory of the program (default: the target's)";

    /// Changes the working directory, to a directory that is opened before entering, or to the
    /// target's.
    WorkingDirectory: Some('w'), "wd", Takes::Optional(DIRECTORY),
        "working directory of the program (default: the target's)";

    /// Changes the working directory to a path that is resolved after entering, below the new root.
    InnerWorkingDirectory: Some('W'), "wdns", Takes::Optional(DIRECTORY),
        "working directory as seen inside";

    /// Replaces the environment by the one that the target was started with.
    Env: Some('e'), "env", Takes::Nothing, "use the environment of the target";

    /// Executes the program without forking. With `--pid` the program itself then stays in the
    /// caller's PID namespace.
    NoFork: Some('F'), "no-fork", Takes::Nothing, "do not fork, even for a PID namespace";

    /// Moves the program into the target's cgroup. Version 2 must be mounted on `/sys/fs/cgroup`.
    JoinCgroup: Some('c'), "join-cgroup", Takes::Nothing,
        "move into the cgroup of the target (cgroup v2)";

    /// Keeps the uid, gid and supplementary groups when entering a user namespace. Ordinary users
    /// need this option.
    PreserveCredentials: None, "preserve-credentials", Takes::Nothing,
        "keep uid, gid and groups when entering a user namespace";

    /// Makes all permitted capabilities ambient after entering a user namespace, so that the
    /// program keeps them whatever its uid; but they are cleared if the uid changes from 0 to
    /// another.
    KeepCaps: None, "keep-caps", Takes::Nothing,
        "keep the capabilities in the user namespace for the program";

    section "Namespaces";

    /// Enters the parent of the target's user namespace, or of the one given with `--user`.
    UserParent: None, "user-parent", Takes::Nothing,
        "enter the parent of the user namespace instead of it";

    section "Program";

    /// Runs the program in the SELinux context of the target. Has no effect if SELinux is not
    /// enabled.
    FollowContext: Some('Z'), "follow-context", Takes::Nothing,
        "use the SELinux context of the target";

    section "Namespaces";

    /// Makes the program run like the target: in all namespaces where the target differs from the
    /// caller, in its cgroup of every hierarchy, and with its root and working directory,
    /// environment, uid, gid and supplementary groups, capability bounding set, no_new_privs,
    /// resource limits, and AppArmor or SELinux label. Nothing is done about attributes that are
    /// the same already. One that cannot be taken over is named in an error, unless a later option
    /// overrides it. Not taken over are seccomp filters, the other capability sets, securebits,
    /// umask, nice value and OOM score adjustment.
    extension LikeTarget: None, "like-target", Takes::Nothing,
        "run the program like the target in all respects";

    section "Program";

    /// Keeps the caller's resource limits with `--like-target`.
    extension KeepLimits: None, "keep-limits", Takes::Nothing,
        "with --like-target: keep the caller's resource limits";

    /// Sets a variable in the program's environment; may be repeated. `--set-env` and `--unset-env`
    /// apply in the order given, after `--env`; the program is searched for in the resulting
    /// `PATH`.
    extension SetEnv: None, "set-env", Takes::Required(Value::new("name=value", Offer::Nothing)),
        "set a variable in the program's environment";

    /// Removes a variable from the program's environment; may be repeated.
    extension UnsetEnv: None, "unset-env", Takes::Required(Value::new("name", Offer::Nothing)),
        "remove a variable from the program's environment";

    /// Finds and reads the program before entering, and executes that copy after entering, so that
    /// a statically linked tool of the host runs in a container without tools. The copy is in
    /// memory and sealed, so that processes inside cannot write to the original file. A script
    /// cannot be executed this way, nor a program whose loader is missing inside.
    extension OutsideProgram: None, "outside-program", Takes::Nothing,
        "execute a copy of the program from outside";

    section "Looking first";

    /// Prints the steps that would be taken, one a line, and takes none of them: each system call,
    /// what it is for and, if there are several processes, which process makes it. The target must
    /// exist, because the steps depend on it.
    extension Explain: None, "explain", Takes::Nothing, "print the steps and take none of them";
}

/// The description of the tool.
pub static TOOL: Tool<Id> = Tool {
    name: "nsenter",
    purpose: "Run a program in existing namespaces of a process or file.",
    usage: &["[options] [<program> [<argument>...]]"],
    order: Order::StopAtOperand,
    options: OPTIONS,
    headings: HEADINGS,
};

/// What only the manual page contains; the linker leaves it out of the program.
pub static MANUAL: Manual = Manual {
    summary: "run a program in the namespaces of another process",
    options: MANUAL_OF_OPTIONS,
    columns: &[],
    description: &[
        "`nsenter` enters the given namespaces, at least one, and runs a program in them. Without \
         a program it starts a login shell: the one that `SHELL` names, else that of the user's \
         account, else `/bin/sh`.",
        "An option for a kind without a file means the target's namespace of that kind. With a \
         file it means the namespace of that file: `/proc/PID/ns/KIND`, or a file to which \
         `unshare` has bound a namespace. `:ID` instead of a file means the namespace with that \
         id, if the kernel can open it by id. A file must be attached to its option, as in \
         `-uFILE` or `--uts=FILE`: in `-u FILE`, FILE is the program, and in `-ui`, i is a file.",
        "The target is held open from the start, so that a later process with the same PID is \
         never entered. The target's namespaces other than the user namespace are entered first, \
         in one step, with the caller's capabilities outside, then the user namespace; if that is \
         refused, all are entered, the user namespace first.",
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
        ("/proc/PID/ns/", "the namespaces of the target"),
        (
            "/etc/passwd, /etc/group",
            "inside: the names given to `--setuid` and `--setgid`, and the shell of the account",
        ),
        ("/sys/fs/cgroup", "the cgroup hierarchy for `--join-cgroup`"),
    ],
    exit_status: &[
        "That of the program. 1 for a usage error or a step that failed, 126 if the program was \
         found but could not be executed, 127 if it was not found. If `nsenter` had to fork and a \
         signal killed the program, the same signal kills `nsenter`; if the program is stopped, \
         `nsenter` stops too.",
    ],
    differences: &[
        "The target is held by a descriptor, and after entering, each namespace is compared with \
         the intended one. No code from inside is executed before the program, and processes \
         inside cannot reach the outside through `/proc`. `--setuid` and `--setgid` accept names. \
         Without privileges, `--all` with `--preserve-credentials` leaves out namespaces that the \
         caller is in already.",
    ],
    examples: &[
        (
            "A shell with the host name and the IPC objects of process 4711:",
            "nsenter -t 4711 -u -i sh",
        ),
        (
            "The network of a container, with the tools of the host:",
            "nsenter -t 4711 -n ip address",
        ),
        (
            "All namespaces of a rootless container that you own:",
            "nsenter -t 4711 --all --preserve-credentials",
        ),
        (
            "A shell that runs like process 4711 in all respects:",
            "nsenter -t 4711 --like-target sh",
        ),
        (
            "A statically linked tool of the host in a container without programs:",
            "nsenter -t 4711 -m --outside-program busybox ls -l /",
        ),
        (
            "The steps that would be taken:",
            "nsenter -t 4711 -m -u --explain sh",
        ),
    ],
    see_also: &[
        ("unshare", 1),
        ("pidfd_open", 2),
        ("setns", 2),
        ("namespaces", 7),
        ("user_namespaces", 7),
    ],
};
