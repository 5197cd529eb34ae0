//! The options of `nsenter`: parser, `--help`, manual page and completions come from this table.

use ns_common::cli::table::{Manual, Offer, Order, Takes, Tool, Value};
use ns_common::namespace::Kind;
use ns_common::options;

const DIRECTORY: Value = Value::new("dir", Offer::Directory);
/// A kind of namespace, and the file that keeps it.
const fn namespace(kind: Kind) -> Takes {
    Takes::Optional(Value::new("file", Offer::Namespace(kind)))
}

options! {
    /// The options, as the parser hands them on.
    pub enum Id {
        /// A kind of namespace.
        Namespace(Kind),
        ..
    }

    section "Namespaces";

    /// Enters the target's namespaces of every kind that the kernel has and that no other option
    /// names, except a user namespace that is the caller's own already.
    All: Some('a'), "all", Takes::Nothing, "enter all namespaces of the target";

    help;

    version;

    /// Names the process whose namespaces are entered: a PID, or `PID:INODE` with the inode of the
    /// process's pidfd, which no later process with the same PID has.
    Target: Some('t'), "target", Takes::Required(Value::new("pid", Offer::Process)),
        "process whose namespaces are entered";

    /// Enters a mount namespace. The root and the working directory become its root.
    Namespace(Kind::Mount): Some('m'), "mount", namespace(Kind::Mount), "enter a mount namespace";

    /// Enters a UTS namespace: host and domain name.
    Namespace(Kind::Uts): Some('u'), "uts", namespace(Kind::Uts), "enter a UTS namespace";

    /// Enters an IPC namespace: System V IPC objects and POSIX message queues.
    Namespace(Kind::Ipc): Some('i'), "ipc", namespace(Kind::Ipc), "enter an IPC namespace";

    /// Enters a network namespace.
    Namespace(Kind::Net): Some('n'), "net", namespace(Kind::Net), "enter a network namespace";

    /// Enters the network namespace of a socket that the target holds under this descriptor number,
    /// whatever `--net` says.
    NetSocket: Some('N'), "net-socket", Takes::Required(Value::new("fd", Offer::Nothing)),
        "enter the network namespace of a socket of the target";

    /// Enters a PID namespace. It holds children only, so the program is run in a child unless
    /// `--no-fork` is given.
    Namespace(Kind::Pid): Some('p'), "pid", namespace(Kind::Pid), "enter a PID namespace";

    /// Enters a user namespace and becomes root in it, without supplementary groups, unless
    /// `--setuid`, `--setgid` or `--preserve-credentials` says otherwise.
    Namespace(Kind::User): Some('U'), "user", namespace(Kind::User), "enter a user namespace";

    /// Enters a cgroup namespace.
    Namespace(Kind::Cgroup): Some('C'), "cgroup", namespace(Kind::Cgroup), "enter a cgroup namespace";

    /// Enters a time namespace.
    Namespace(Kind::Time): Some('T'), "time", namespace(Kind::Time), "enter a time namespace";

    section "Program";

    /// Sets the uid of the program as seen inside: a number, a name in the `/etc/passwd` inside, or
    /// `follow` for that of the target.
    SetUid: Some('S'), "setuid", Takes::Required(Value::new("uid", Offer::words("follow"))),
        "uid of the program; follow for the target's";

    /// Sets the gid of the program as seen inside, and drops all supplementary groups: a number, a
    /// name in the `/etc/group` inside, or `follow` for that of the target.
    SetGid: Some('G'), "setgid", Takes::Required(Value::new("gid", Offer::words("follow"))),
        "gid of the program; follow for the target's";

    /// Changes the root directory to one that is opened before anything is entered, or to the
    /// target's. The working directory stays where it was, and may lie outside the new root: add
    /// `--wd` or `--wdns`.
    Root: Some('r'), "root", Takes::Optional(DIRECTORY),
        "root directory of the program (default: the target's)";

    /// Changes the working directory to one that is opened before anything is entered, or to the
    /// target's.
    WorkingDirectory: Some('w'), "wd", Takes::Optional(DIRECTORY),
        "working directory of the program (default: the target's)";

    /// Changes the working directory to a path that is resolved in the entered namespaces, below
    /// the new root.
    InnerWorkingDirectory: Some('W'), "wdns", Takes::Optional(DIRECTORY),
        "working directory as seen inside";

    /// Replaces the environment by the one the target was started with.
    Env: Some('e'), "env", Takes::Nothing, "take the environment of the target";

    /// Replaces `nsenter` by the program in any case. After `--pid` the program itself stays in the
    /// PID namespace of the caller.
    NoFork: Some('F'), "no-fork", Takes::Nothing, "do not fork, even for a PID namespace";

    /// Moves into the cgroup of the target; the hierarchy on `/sys/fs/cgroup` must be version 2.
    JoinCgroup: Some('c'), "join-cgroup", Takes::Nothing,
        "move into the cgroup of the target (cgroup v2)";

    /// Does not touch uid, gid and supplementary groups on entering a user namespace. An ordinary
    /// user needs this.
    PreserveCredentials: None, "preserve-credentials", Takes::Nothing,
        "keep uid, gid and groups when entering a user namespace";

    /// Makes all permitted capabilities ambient after a user namespace was entered, so that the
    /// program has them whatever its uid, unless it is changed from 0, which clears them.
    KeepCaps: None, "keep-caps", Takes::Nothing,
        "keep the capabilities in the user namespace for the program";

    section "Namespaces";

    /// Enters the user namespace that the target's, or the one given by `--user`, was made in.
    UserParent: None, "user-parent", Takes::Nothing,
        "enter the parent of the user namespace instead of it";

    section "Program";

    /// Runs the program in the SELinux context of the target. Where SELinux is not enabled this
    /// does nothing.
    FollowContext: Some('Z'), "follow-context", Takes::Nothing,
        "take the SELinux context of the target";

    section "Namespaces";

    /// Takes on all that being with the target means: every namespace in which it differs from the
    /// caller, its cgroup in every hierarchy, root and working directory, environment, uid, gid and
    /// supplementary groups, capability bounding set, no-new-privileges, resource limits, and its
    /// AppArmor or SELinux label. What is the same already needs nothing; what cannot be taken on
    /// is named, and is an error, unless an option given later says otherwise. Not taken are
    /// seccomp filters, capability sets but the bounding one, securebits, umask, nice value and the
    /// score for running out of memory.
    extension LikeTarget: None, "like-target", Takes::Nothing,
        "be in all respects where the target is";

    section "Program";

    /// Leaves the caller's resource limits in place with `--like-target`.
    extension KeepLimits: None, "keep-limits", Takes::Nothing,
        "with --like-target: keep the caller's resource limits";

    /// Sets a variable of the program's environment. This and `--unset-env` are applied in the
    /// order given, after `--env`, and the program is searched for in the `PATH` that results.
    extension SetEnv: None, "set-env", Takes::Required(Value::new("name=value", Offer::Nothing)),
        "set a variable for the program";

    /// Takes a variable out of the program's environment.
    extension UnsetEnv: None, "unset-env", Takes::Required(Value::new("name", Offer::Nothing)),
        "take a variable away from the program";

    /// Looks the program up and reads it before anything is entered, and executes that afterwards:
    /// a statically linked tool of the host runs where there are no tools. What is executed is a
    /// sealed copy in memory, so that the side that is entered cannot write to the file. A script,
    /// or a program whose loader is missing inside, is not found.
    extension OutsideProgram: None, "outside-program", Takes::Nothing,
        "execute a copy of the program as it is outside";

    section "Looking first";

    /// Prints what would be done, a step a line, and does none of it: each system call in the
    /// kernel's notation, what it is for and, where there are several processes, which of them
    /// makes it. The target is looked up, since what is entered depends on it.
    extension Explain: None, "explain", Takes::Nothing, "print the steps and do none of them";
}

/// All that is known of the tool.
pub static TOOL: Tool<Id> = Tool {
    name: "nsenter",
    purpose: "Run a program in namespaces that another process or a file holds.",
    usage: &["[options] [<program> [<argument>...]]"],
    order: Order::StopAtOperand,
    options: OPTIONS,
    headings: HEADINGS,
};

/// What only the manual page says; no program has it in it.
pub static MANUAL: Manual = Manual {
    summary: "run a program in the namespaces of another process",
    options: MANUAL_OF_OPTIONS,
    columns: &[],
    description: &[
        "`nsenter` enters the namespaces asked for, which must be one at least, and runs a \
         program there. Without a program it starts the shell that `SHELL` names, or that of the \
         user's account, or `/bin/sh`, as a login shell.",
        "A kind without a file is that of the target. With a file it is the namespace the file \
         stands for: `/proc/PID/ns/KIND`, or a file that `unshare` has bound one to. `:ID` in \
         place of a file is the id of a namespace, on kernels that open one by its id. A file \
         must be attached to its option, `-uFILE` or `--uts=FILE`: in `-u FILE` the file is the \
         program, and in `-ui` the letter i is a file.",
        "The target is held from the first moment on, so that another process that comes to have \
         its PID is never entered. Namespaces of the target are entered in one step: first those \
         other than the user namespace, with the rights the caller has outside, then the user \
         namespace; or, if that is refused, all of them beginning with the user namespace.",
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
        ("/proc/PID/ns/", "the namespaces of the target"),
        (
            "/etc/passwd, /etc/group",
            "inside, for names given to `--setuid` and `--setgid`, and for the shell of the account",
        ),
        ("/sys/fs/cgroup", "where `--join-cgroup` moves the program"),
    ],
    exit_status: &[
        "That of the program. 1 for a usage error or a step that failed, 126 if the program \
         was found and could not be executed, 127 if it was not found. If `nsenter` had to \
         fork and a signal killed the program, the same signal kills `nsenter`; if the \
         program is stopped, `nsenter` stops too.",
    ],
    differences: &[
        "The target is held by a descriptor, and after entering each namespace is compared \
         with the one that was meant. Nothing of the side that is entered is executed \
         before the program, and nothing there can look through `/proc` into the outer one. \
         The uid and gid of `--setuid` and `--setgid` may be names. An unprivileged `--all` \
         with `--preserve-credentials` leaves out what is the caller's already.",
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
            "A shell that is in all respects where process 4711 is:",
            "nsenter -t 4711 --like-target sh",
        ),
        (
            "A statically linked tool of the host in a container without programs:",
            "nsenter -t 4711 -m --outside-program busybox ls -l /",
        ),
        ("What would be done:", "nsenter -t 4711 -m -u --explain sh"),
    ],
    see_also: &[
        ("unshare", 1),
        ("pidfd_open", 2),
        ("setns", 2),
        ("namespaces", 7),
        ("user_namespaces", 7),
    ],
};
