//! The options of `ipcrm`, the source of parser, `--help`, manual page and completions.

use ns_common::cli::table::{Live, Manual, Offer, Order, Takes, Tool, Value};
use ns_common::ipc::{Posix, SystemV};
use ns_common::options;

/// A System V object by its id.
const fn id(kind: SystemV) -> Takes {
    Takes::Required(Value::new("id", Offer::Live(Live::SystemV(kind))))
}
/// A System V object by its key.
const fn key(kind: SystemV) -> Takes {
    Takes::Required(Value::new("key", Offer::Live(Live::Key(kind))))
}
/// A POSIX object by its name.
const fn name(kind: Posix) -> Takes {
    Takes::Required(Value::new("name", Offer::Live(Live::Posix(kind))))
}
const TYPE: Value = Value::new("type", Offer::words("shm pshm sem psem msg pmsg"));

const ORPHAN_TYPE: Value = Value::new("type", Offer::words("shm msg sem"));

options! {
    /// What the parser returns for each option.
    pub enum Id {
        /// A System V object by its id.
        Numbered(SystemV),
        /// A System V object by its key.
        Keyed(SystemV),
        /// A POSIX object by its name.
        Named(Posix),
        ..
    }

    /// Removes a System V shared memory segment by its id. An attached segment is removed when the
    /// last process detaches it.
    Numbered(SystemV::Segment): Some('m'), "shmem-id", id(SystemV::Segment),
        "remove a shared memory segment by its id";

    /// Removes a System V shared memory segment by its key.
    Keyed(SystemV::Segment): Some('M'), "shmem-key", key(SystemV::Segment),
        "remove a shared memory segment by its key";

    /// Removes a POSIX shared memory object by its name.
    Named(Posix::Memory): None, "posix-shmem", name(Posix::Memory),
        "remove a POSIX shared memory object";

    /// Removes a System V message queue by its id.
    Numbered(SystemV::Queue): Some('q'), "queue-id", id(SystemV::Queue),
        "remove a message queue by its id";

    /// Removes a System V message queue by its key.
    Keyed(SystemV::Queue): Some('Q'), "queue-key", key(SystemV::Queue),
        "remove a message queue by its key";

    /// Removes a POSIX message queue by its name.
    Named(Posix::Queue): None, "posix-mqueue", name(Posix::Queue),
        "remove a POSIX message queue";

    /// Removes a System V semaphore set by its id.
    Numbered(SystemV::SemaphoreSet): Some('s'), "semaphore-id", id(SystemV::SemaphoreSet),
        "remove a semaphore set by its id";

    /// Removes a System V semaphore set by its key.
    Keyed(SystemV::SemaphoreSet): Some('S'), "semaphore-key", key(SystemV::SemaphoreSet),
        "remove a semaphore set by its key";

    /// Removes a named POSIX semaphore by its name.
    Named(Posix::Semaphore): None, "posix-semaphore", name(Posix::Semaphore),
        "remove a POSIX semaphore";

    /// Removes, after everything else, all objects of a type: `shm`, `sem` and `msg` are System V
    /// types, `pshm`, `psem` and `pmsg` POSIX types. May be repeated. Without a type, all System V
    /// objects are removed but no POSIX objects, because other programs use their directories too.
    /// POSIX objects are removed only if the caller owns them.
    All: Some('a'), "all", Takes::Optional(TYPE),
        "remove everything of a type (default: all System V objects)";

    /// Announces each removal before it is tried: those of later options, and those of `--all`.
    Verbose: Some('v'), "verbose", Takes::Nothing, "announce each removal of later options";

    section "Orphans";

    /// Removes objects that are not in use and whose last users have ended: shared memory segments
    /// (`shm`, the default), message queues (`msg`) or semaphore sets (`sem`). May be repeated, but
    /// not combined with other removals. See ORPHANS for what counts as one.
    extension Orphans: None, "orphans", Takes::Optional(ORPHAN_TYPE),
        "remove what dead processes have left behind (default: shm)";

    /// Removes only orphans owned by this user, given by name or number.
    extension Owner: None, "owner", Takes::Required(Value::new("user", Offer::User)),
        "remove only orphans of this user";

    /// Removes only orphans that have been unused for this long: a number of seconds, or a number
    /// with the letter `s`, `m`, `h`, `d` or `w` for seconds, minutes, hours, days or weeks.
    /// Required for the types `msg` and `sem`, of which the kernel tells less about their users.
    extension OlderThan: None, "older-than", Takes::Required(Value::new("duration", Offer::Nothing)),
        "remove only orphans unused for this long";

    /// Prints which orphans would be removed, and removes nothing.
    extension DryRun: None, "dry-run", Takes::Nothing, "only print which orphans would be removed";

    version;

    help;
}

/// The description of the tool.
pub static TOOL: Tool<Id> = Tool {
    name: "ipcrm",
    purpose: "Remove IPC objects of the current IPC namespace.",
    usage: &["[options]", "shm|msg|sem <id>..."],
    order: Order::Permute,
    options: OPTIONS,
    headings: HEADINGS,
};

/// What only the manual page contains; the linker leaves it out of the program.
pub static MANUAL: Manual = Manual {
    summary: "remove System V and POSIX IPC objects",
    options: MANUAL_OF_OPTIONS,
    columns: &[],
    description: &[
        "`ipcrm` removes the objects given by its options, in order. The whole command line is \
         checked first: if any part of it is wrong, nothing is removed. An object that cannot be \
         removed is reported, and the others are still removed.",
        "Only the owner, the creator and a privileged user may remove an object. Ids are decimal. \
         Keys may also be hexadecimal, after `0x`, or octal, after `0`; no object has key 0. The \
         leading slash of a POSIX name is optional.",
        "The second form is the traditional one: a type of object, followed by ids.",
    ],
    sections: &[(
        "ORPHANS",
        &[
            "A shared memory segment is an orphan if no process has it attached, and both its \
             creator and the process that last attached or detached it have ended. A message queue \
             is an orphan if it is empty, and both its last sender and its last receiver have \
             ended. A semaphore set is an orphan if no process waits for it, and all processes \
             that last operated on one of its semaphores have ended; a set that is not readable is \
             not considered an orphan.",
            "A process with one of these PIDs that started more than two seconds after the last \
             use of the object is a different process and does not count. If the kernel cannot \
             tell which process it was, because that is in another PID namespace, the object is \
             not an orphan. Neither is one whose last use seems to be before the last boot: the \
             clock has been set since, so start times cannot be compared with it.",
            "Users without CAP_SYS_ADMIN remove only orphans that they own or created. Each object \
             is checked again just before it is removed; one that has changed meanwhile stays. The \
             last line tells how many objects were removed, out of how many.",
            "None of this is proof: a program may keep data in a segment for its next start. \
             `--dry-run` shows what would be removed.",
        ],
    )],
    environment: &[(
        "POSIXLY_CORRECT",
        "If set, the first operand ends the options.",
    )],
    files: &[
        (
            "/proc/PID/stat",
            "whether the processes that used an object still run, and since when",
        ),
        ("/dev/shm", "POSIX shared memory and semaphores"),
        ("/dev/mqueue", "POSIX message queues"),
    ],
    exit_status: &["0 if everything was removed, 1 otherwise."],
    differences: &[
        "The whole command line is checked before anything is removed. Ids and keys out of range \
         are errors; util-linux wraps them around to those of other objects. `--all` without a \
         type never touches POSIX objects, and with a type removes only those that the caller \
         owns. If it is given several times, every type counts, not only the last.",
    ],
    examples: &[
        (
            "A queue by its id and a segment by its key:",
            "ipcrm -q 32768 -M 0x5a3e",
        ),
        ("All semaphore sets of the namespace:", "ipcrm --all=sem"),
        (
            "A user's segments that dead processes left behind a day ago or earlier:",
            "ipcrm --orphans --owner postgres --older-than 1d",
        ),
    ],
    see_also: &[
        ("ipcmk", 1),
        ("ipcs", 1),
        ("mq_overview", 7),
        ("shm_overview", 7),
        ("sysvipc", 7),
    ],
};
