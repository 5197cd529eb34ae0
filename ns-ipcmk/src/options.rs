//! The options of `ipcmk`, the source of parser, `--help`, manual page and completions.

use ns_common::cli::table::{Manual, Offer, Order, Takes, Tool, Value};
use ns_common::options;

const SIZE: Value = Value::new("size", Offer::Nothing);
const HUGE: Value = Value::new("size", Offer::words("2M 1G"));

options! {
    /// What the parser returns for each option.
    pub enum Id { .. }

    /// Creates a System V shared memory segment. The size is in bytes, or has a suffix: `K`, `M`,
    /// `G` and so on, alone or with `iB`, are powers of 1024; `KB`, `MB`, `GB` and so on are powers
    /// of 1000. A size with a suffix may have a fraction.
    Segment: Some('M'), "shmem", Takes::Required(SIZE),
        "create a System V shared memory segment of <size>";

    /// Creates a POSIX shared memory object. The size is written as for `--shmem`. Needs `--name`.
    PosixSharedMemory: Some('m'), "posix-shmem", Takes::Required(SIZE),
        "create a POSIX shared memory object of <size>";

    /// Creates a System V set of this number of semaphores.
    SemaphoreSet: Some('S'), "semaphore", Takes::Required(Value::new("number", Offer::Nothing)),
        "create a System V set of <number> semaphores";

    /// Creates a named POSIX semaphore with the value 0. Needs `--name`.
    PosixSemaphore: Some('s'), "posix-semaphore", Takes::Nothing, "create a POSIX semaphore";

    /// Creates a System V message queue.
    Queue: Some('Q'), "queue", Takes::Nothing, "create a System V message queue";

    /// Creates a POSIX message queue with the default attributes of the IPC namespace. Needs
    /// `--name`.
    PosixQueue: Some('q'), "posix-mqueue", Takes::Nothing, "create a POSIX message queue";

    /// Sets the permissions of everything that is created, in octal; the default is 0644. Bits
    /// above the nine permission bits, up to 07777, are ignored. The umask applies to POSIX objects
    /// only.
    Mode: Some('p'), "mode", Takes::Required(Value::new("mode", Offer::Nothing)),
        "permissions in octal (default: 0644)";

    /// Names the POSIX objects, which all get the same name; a leading slash is optional. It is an
    /// error if the name is taken; the existing object stays unchanged.
    Name: Some('n'), "name", Takes::Required(Value::new("name", Offer::Nothing)),
        "name of the POSIX objects";

    /// Creates the System V objects with this key instead of a random one: decimal, hexadecimal
    /// after `0x`, or octal after `0`. Each kind has its own keys, so several objects can get the
    /// same one. It is an error if the key is taken; the existing object stays unchanged. Key 0,
    /// which stands for private objects, is refused.
    extension Key: None, "key", Takes::Required(Value::new("key", Offer::Nothing)),
        "key of the System V objects (default: random)";

    /// Creates the segment of `--shmem` in huge pages, of the default size or of this size, written
    /// as for `--shmem`. The kernel takes whole pages from the pool that `vm.nr_hugepages` sets up.
    extension Huge: None, "huge", Takes::Optional(HUGE),
        "create the segment in huge pages";

    /// Prints only the id or, for a POSIX object, the name.
    extension Quiet: None, "quiet", Takes::Nothing, "print only the id or name";

    /// Prints a JSON object for each created object, on a line of its own: `kind`, and `id` and
    /// `key`, or `name`, which begins with a slash.
    extension Json: None, "json", Takes::Nothing, "print JSON";

    version;

    help;
}

/// The description of the tool.
pub static TOOL: Tool<Id> = Tool {
    name: "ipcmk",
    purpose: "Create IPC objects in the current IPC namespace and print their IDs.",
    usage: &["[options]"],
    order: Order::Permute,
    options: OPTIONS,
    headings: HEADINGS,
};

/// What only the manual page contains; the linker leaves it out of the program.
pub static MANUAL: Manual = Manual {
    summary: "create System V and POSIX IPC objects",
    options: MANUAL_OF_OPTIONS,
    columns: &[],
    description: &[
        "`ipcmk` creates the given objects, in the order shared memory, queue, semaphores, and \
         prints the id of each or, for a POSIX object, the name. System V objects get random, \
         unused keys unless `--key` is given. Operands are ignored.",
        "System V objects and POSIX queues belong to the IPC namespace and exist until they are \
         removed. POSIX shared memory and semaphores are files in `/dev/shm`.",
        "If an object cannot be created, those created before it stay, and their ids have been \
         printed. An object whose id cannot be printed is removed again.",
    ],
    sections: &[],
    environment: &[
        (
            "LC_ALL, LC_NUMERIC, LANG",
            "The decimal point in sizes, in addition to `.`.",
        ),
        (
            "POSIXLY_CORRECT",
            "If set, the first operand ends the options.",
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
        "Fractions of sizes are exact and rounded down. Bits of the mode above the permission bits \
         are ignored; util-linux takes 4600 as a request for huge pages. An existing object is \
         never reported as created, nor truncated.",
    ],
    examples: &[
        (
            "A queue that only its owner may use:",
            "ipcmk --queue --mode 600",
        ),
        ("A segment of 1.5 MiB:", "ipcmk --shmem 1.5M"),
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
