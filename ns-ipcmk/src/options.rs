//! The options of `ipcmk`: parser, `--help`, manual page and completions come from this table.

use ns_common::cli::table::{Manual, Offer, Order, Takes, Tool, Value};
use ns_common::options;

const SIZE: Value = Value::new("size", Offer::Nothing);
const HUGE: Value = Value::new("size", Offer::words("2M 1G"));

options! {
    /// The options, as the parser hands them on.
    pub enum Id { .. }

    /// Creates a System V shared memory segment. The size is in bytes, or has a suffix: `K`, `M`,
    /// `G` and so on, also with `iB`, are powers of 1024, `KB`, `MB`, `GB` and so on powers of
    /// 1000. With a suffix it may have a fraction.
    Segment: Some('M'), "shmem", Takes::Required(SIZE),
        "create a System V shared memory segment of <size>";

    /// Creates a POSIX shared memory object of a size written as for `--shmem`. Needs `--name`.
    PosixSharedMemory: Some('m'), "posix-shmem", Takes::Required(SIZE),
        "create a POSIX shared memory object of <size>";

    /// Creates a System V set of so many semaphores.
    SemaphoreSet: Some('S'), "semaphore", Takes::Required(Value::new("number", Offer::Nothing)),
        "create a System V set of <number> semaphores";

    /// Creates a named POSIX semaphore with the value 0. Needs `--name`.
    PosixSemaphore: Some('s'), "posix-semaphore", Takes::Nothing, "create a POSIX semaphore";

    /// Creates a System V message queue.
    Queue: Some('Q'), "queue", Takes::Nothing, "create a System V message queue";

    /// Creates a POSIX message queue with the default attributes of the namespace. Needs `--name`.
    PosixQueue: Some('q'), "posix-mqueue", Takes::Nothing, "create a POSIX message queue";

    /// Sets the permissions of all that is created, in octal; the default is 0644. It may have
    /// twelve bits, of which those above the nine permission bits are ignored. The umask applies to
    /// POSIX objects only.
    Mode: Some('p'), "mode", Takes::Required(Value::new("mode", Offer::Nothing)),
        "permissions in octal (default: 0644)";

    /// Names the POSIX objects, which all have the same name. A leading slash may be given or not.
    /// A name that is taken is an error, and what has it stays as it is.
    Name: Some('n'), "name", Takes::Required(Value::new("name", Offer::Nothing)),
        "name of the POSIX objects";

    /// Creates the System V objects with this key in place of a random one: decimal, hexadecimal
    /// after `0x`, or octal after `0`. Several objects on one line have the same key, each in the
    /// table of its kind. A key that is taken is an error, and what has it stays as it is; key 0,
    /// which is that of all private objects, is refused.
    extension Key: None, "key", Takes::Required(Value::new("key", Offer::Nothing)),
        "key of the System V objects (default: random)";

    /// Creates the segment of `--shmem` in huge pages: of the system's default size, or of this
    /// one, which is written like that of a segment. The kernel takes whole pages from the pool
    /// that `vm.nr_hugepages` sets up.
    extension Huge: None, "huge", Takes::Optional(HUGE),
        "create the segment in huge pages";

    /// Prints the id alone, or the name of a POSIX object.
    extension Quiet: None, "quiet", Takes::Nothing, "print the id or name alone";

    /// Prints one JSON object for each object created, on a line of its own: `kind`, and `id` and
    /// `key`, or `name`, which begins with a slash.
    extension Json: None, "json", Takes::Nothing, "print JSON";

    version;

    help;
}

/// All that is known of the tool.
pub static TOOL: Tool<Id> = Tool {
    name: "ipcmk",
    purpose: "Create IPC objects in the current IPC namespace and print their IDs.",
    usage: &["[options]"],
    order: Order::Permute,
    options: OPTIONS,
    headings: HEADINGS,
};

/// What only the manual page says; no program has it in it.
pub static MANUAL: Manual = Manual {
    summary: "create System V and POSIX IPC objects",
    options: MANUAL_OF_OPTIONS,
    columns: &[],
    description: &[
        "`ipcmk` creates the objects asked for, in the order shared memory, queue, semaphores, \
         and prints the id of each, or the name of a POSIX object. Keys of System V objects are \
         random unless `--key` sets them, lead to no object that existed before, and are never that of private objects. \
         Operands are ignored.",
        "System V objects and POSIX queues belong to the IPC namespace and stay until they are \
         removed. POSIX shared memory and semaphores are files in `/dev/shm`.",
        "If one cannot be created, those created before it stay, and their ids have been printed. \
         An object whose id could not be printed is removed again.",
    ],
    sections: &[],
    environment: &[
        (
            "LC_ALL, LC_NUMERIC, LANG",
            "The decimal point in sizes, besides `.`.",
        ),
        (
            "POSIXLY_CORRECT",
            "When set, the first operand ends the options.",
        ),
    ],
    files: &[
        ("/dev/shm", "POSIX shared memory and semaphores"),
        (
            "/proc/sys/fs/mqueue/",
            "the default attributes of a POSIX queue",
        ),
    ],
    exit_status: &["0 if everything was created, 1 otherwise."],
    differences: &[
        "Fractions of sizes are exact and rounded down. Bits of the mode above the \
         permissions are ignored, where util-linux takes 4600 for huge pages. An object \
         that exists is never announced as new, nor truncated.",
    ],
    examples: &[
        ("A queue for the owner alone:", "ipcmk --queue --mode 600"),
        (
            "A segment of one and a half mebibytes:",
            "ipcmk --shmem 1.5M",
        ),
        (
            "A segment, and its id in a variable:",
            "id=$(ipcmk --shmem 1M --quiet)",
        ),
    ],
    see_also: &[
        ("ipcrm", 1),
        ("ipcs", 1),
        ("mq_overview", 7),
        ("shm_overview", 7),
        ("sysvipc", 7),
    ],
};
