//! The options of `ipcrm`: parser, `--help`, manual page and completions come from this table.

use ns_common::cli::table::{Manual, Offer, Order, Takes, Tool, Value};
use ns_common::ipc::{Posix, SystemV};
use ns_common::options;

/// A System V object by its id.
const fn id(kind: SystemV) -> Takes {
    Takes::Required(Value::new("id", Offer::SystemV(kind)))
}
/// A System V object by its key.
const fn key(kind: SystemV) -> Takes {
    Takes::Required(Value::new("key", Offer::Key(kind)))
}
/// A POSIX object by its name.
const fn name(kind: Posix) -> Takes {
    Takes::Required(Value::new("name", Offer::Posix(kind)))
}
const TYPE: Value = Value::new("type", Offer::words("shm pshm sem psem msg pmsg"));

const ORPHAN_TYPE: Value = Value::new("type", Offer::words("shm msg sem"));

options! {
    /// The options, as the parser hands them on.
    pub enum Id {
        /// A System V object by its id.
        Numbered(SystemV),
        /// A System V object by its key.
        Keyed(SystemV),
        /// A POSIX object by its name.
        Named(Posix),
        ..
    }

    /// Removes a System V shared memory segment by its id. One that is attached goes away with its
    /// last mapping.
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
    /// objects, `pshm`, `psem` and `pmsg` POSIX ones. It may be repeated for several types. Without
    /// a type it removes all System V objects, and no POSIX ones, whose directories other programs
    /// use too. Of POSIX objects only those that the caller owns are removed.
    All: Some('a'), "all", Takes::Optional(TYPE),
        "remove everything of a type (default: all System V objects)";

    /// Announces each removal that follows on the line, and those of `--all`, before it is tried.
    Verbose: Some('v'), "verbose", Takes::Nothing, "announce each removal that follows on the line";

    section "Orphans";

    /// Removes objects that nobody uses and whose users have ended: of shared memory segments
    /// (`shm`, the default), message queues (`msg`) or semaphore sets (`sem`). It may be repeated
    /// for several types, and is combined with no other removal. ORPHANS tells which objects are
    /// meant.
    extension Orphans: None, "orphans", Takes::Optional(ORPHAN_TYPE),
        "remove what dead processes have left behind (default: shm)";

    /// Of the orphans, removes those that this user owns, given by name or number.
    extension Owner: None, "owner", Takes::Required(Value::new("user", Offer::User)),
        "of the orphans, only those of this user";

    /// Of the orphans, removes those to which nothing has happened for so long: a number of
    /// seconds, which may have the letter `s`, or of minutes, hours, days or weeks, with the letter
    /// `m`, `h`, `d` or `w`. Required with the types `msg` and `sem`, which show less of who uses
    /// them.
    extension OlderThan: None, "older-than", Takes::Required(Value::new("duration", Offer::Nothing)),
        "of the orphans, only those unused for so long";

    /// Tells which orphans would be removed, and removes nothing.
    extension DryRun: None, "dry-run", Takes::Nothing, "remove no orphan, tell what would go";

    version;

    help;
}

/// All that is known of the tool.
pub static TOOL: Tool<Id> = Tool {
    name: "ipcrm",
    purpose: "Remove IPC objects of the current IPC namespace.",
    usage: &["[options]", "shm|msg|sem <id>..."],
    order: Order::Permute,
    options: OPTIONS,
    headings: HEADINGS,
};

/// What only the manual page says; no program has it in it.
pub static MANUAL: Manual = Manual {
    summary: "remove System V and POSIX IPC objects",
    options: MANUAL_OF_OPTIONS,
    columns: &[],
    description: &[
        "`ipcrm` removes the objects named by its options, in their order. The whole command line \
         is checked first: if any of it is wrong, nothing is removed. An object that cannot be \
         removed is reported, and the others are removed all the same.",
        "Only the owner, the creator and a privileged user may remove an object. Ids are decimal. \
         Keys may also be hexadecimal, after `0x`, or octal, after `0`; key 0 leads to no object. \
         The leading slash of a POSIX name may be given or not.",
        "The second form is the traditional one: a type of object, and ids.",
    ],
    sections: &[(
        "ORPHANS",
        &[
            "A shared memory segment is an orphan if it is attached nowhere, and neither its \
                 creator nor the process that attached or detached it last lives. A message queue \
                 is one if it is empty, and neither its last sender nor its last receiver lives. A \
                 semaphore set is one if no process waits for it, and none lives that operated on \
                 one of its semaphores last; one that may not be read is none.",
            "A process with the number of one of these, but born more than two seconds after \
                 the last use of the object, is another one and does not count. Where the kernel \
                 cannot say which process it was, since it is one of another PID namespace, the \
                 object is no orphan. Nor is it one whose last use \
                 seems to be before the last boot: the clock has been set since, and births cannot \
                 be compared with it.",
            "Users without CAP_SYS_ADMIN remove orphans that they own or have created. \
                 Each object is looked at again right before it is removed; one that has changed \
                 meanwhile stays. A last line tells how many of how many objects were removed.",
            "No sign is proof: a program may keep data in a segment for its next start. \
                 `--dry-run` shows what would go.",
        ],
    )],
    environment: &[(
        "POSIXLY_CORRECT",
        "When set, the first operand ends the options.",
    )],
    files: &[
        (
            "/proc/PID/stat",
            "whether the processes that used an object live, and since when",
        ),
        ("/dev/shm", "POSIX shared memory and semaphores"),
        ("/dev/mqueue", "POSIX message queues"),
    ],
    exit_status: &["0 if everything was removed, 1 otherwise."],
    differences: &[
        "The whole line is checked before anything is removed. Ids and keys that do not fit \
         are errors; util-linux wraps them to those of other objects. `--all` without a \
         type never touches POSIX objects, and with one removes only the caller's own. Of \
         several types all count, not the last alone.",
    ],
    examples: &[
        (
            "A queue by its id and a segment by its key:",
            "ipcrm -q 32768 -M 0x5a3e",
        ),
        ("All semaphore sets of the namespace:", "ipcrm --all=sem"),
        (
            "Segments of a user that dead processes left behind a day ago or earlier:",
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
