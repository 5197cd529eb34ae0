//! The options of `ipcs`: parser, `--help`, manual page and completions come from this table.

use ns_common::cli::table::{Live, Manual, Offer, Order, Takes, Tool, Value};
use ns_common::ipc::{Posix, Resource, SystemV};
use ns_common::namespace::Kind;
use ns_common::options;

use crate::columns::{COLUMN_NAMES, MANUAL_OF_OBJECTS, MANUAL_OF_USAGE};
use crate::request::{Unit, View};
use crate::views::List;

options! {
    /// The options, as the parser hands them on.
    pub enum Id {
        /// A kind of object.
        Kind(Resource),
        /// What is shown.
        View(View),
        /// The unit of sizes.
        Unit(Unit),
        ..
    }

    section "What is shown";

    /// Shows all details of one object. Exactly one kind must be selected. An id that does not
    /// exist is reported on standard error, and the exit status stays 0.
    Object: Some('i'), "id", Takes::Required(Value::new("id", Offer::Live(Live::SelectedSystemV))),
        "show all details of the one object with this id";

    /// Selects message queues.
    Kind(Resource::SystemV(SystemV::Queue)): Some('q'), "queues", Takes::Nothing,
        "select message queues";

    /// Selects shared memory segments.
    Kind(Resource::SystemV(SystemV::Segment)): Some('m'), "shmems", Takes::Nothing,
        "select shared memory segments";

    /// Selects semaphore sets.
    Kind(Resource::SystemV(SystemV::SemaphoreSet)): Some('s'), "semaphores", Takes::Nothing,
        "select semaphore sets";

    /// Selects all three System V kinds, as if no kind were named.
    All: Some('a'), "all", Takes::Nothing, "select all three (default)";

    /// Shows when operations were last done and when the object was last changed, in the local time
    /// zone.
    View(View::List(List::Times)): Some('t'), "time", Takes::Nothing,
        "show times of the last operations and changes";

    /// Shows the ids of the processes that made or last used the object. There is nothing to show
    /// for semaphore sets.
    View(View::List(List::Processes)): Some('p'), "pid", Takes::Nothing,
        "show processes: creator and last user";

    /// Shows the user and group of the creator and of the owner.
    View(View::List(List::Creators)): Some('c'), "creator", Takes::Nothing,
        "show creators and owners";

    /// Shows the limits that the IPC namespace sets.
    View(View::Limits): Some('l'), "limits", Takes::Nothing, "show the limits of the namespace";

    /// Shows how much the objects of the IPC namespace use together.
    View(View::Summary): Some('u'), "summary", Takes::Nothing, "show what the namespace uses";

    section "Form";

    /// Shows sizes with a unit letter, each unit being 1024 of the one before. It affects lists,
    /// limits, the summary and the details of an object.
    Unit(Unit::Human): None, "human", Takes::Nothing, "show sizes with a unit letter";

    /// Shows sizes in bytes, also in the limits.
    Unit(Unit::Bytes): Some('b'), "bytes", Takes::Nothing, "show sizes in bytes";

    section "What is shown";

    /// Selects POSIX message queues. Those of the IPC namespace are files of an mqueue file system:
    /// where none of this namespace is mounted, one is mounted out of sight, for which privileges
    /// are needed.
    extension Kind(Resource::Posix(Posix::Queue)): Some('Q'), "posix-mqueues", Takes::Nothing,
        "select POSIX message queues";

    /// Selects POSIX shared memory objects: the regular files in `/dev/shm`.
    extension Kind(Resource::Posix(Posix::Memory)): Some('M'), "posix-shmems", Takes::Nothing,
        "select POSIX shared memory objects";

    /// Selects named POSIX semaphores.
    extension Kind(Resource::Posix(Posix::Semaphore)): Some('S'), "posix-semaphores",
        Takes::Nothing, "select POSIX semaphores";

    /// Selects all three POSIX kinds.
    extension AllPosix: None, "posix", Takes::Nothing, "select all three POSIX kinds";

    /// Shows a table of what is used, what the limit is, and the share of it in percent. Kinds that
    /// are selected leave the rows of the others out.
    extension Usage: None, "usage", Takes::Nothing, "show usage against limits, in percent";

    /// Ends with status 2 if more than this share of any limit is used, and names the row on
    /// standard error. Implies `--usage`.
    extension FailAbove: None, "fail-above",
        Takes::Required(Value::new("percent", Offer::Nothing)),
        "status 2 if more of any limit is used";

    /// With `--id`: an object that does not exist is an error, status 1.
    extension Strict: None, "strict", Takes::Nothing, "an id that does not exist is an error";

    /// Shows the processes that have each segment, or with `--posix-shmems` each object, mapped:
    /// a row for each of them. What the caller may not look at is counted on standard error.
    extension Attached: None, "attached", Takes::Nothing,
        "show who has shared memory mapped";

    section "Form";

    /// Shows a table of these columns, separated by commas, in any case. `+` before the list adds
    /// them to the usual ones. The columns are listed below.
    extension Output: Some('o'), "output",
        Takes::Required(Value::new("columns", Offer::Columns)),
        "show a table of these columns; +LIST adds to it";

    /// Shows a table of all columns of the kind.
    extension OutputAll: None, "output-all", Takes::Nothing, "show a table of all columns";

    /// Shows one JSON document, by default with every column but `NAMESPACE` and `PIDS`. Numbers
    /// are numbers and sizes are bytes; those beyond 2^53 lose digits in readers that use floating
    /// point.
    extension Json: Some('J'), "json", Takes::Nothing, "show a JSON document";

    /// Shows a JSON document for each object, on a line of its own that begins with the namespace
    /// and the kind.
    extension JsonLines: None, "json-lines", Takes::Nothing, "show a line of JSON for each object";

    /// Shows the columns with one blank between them. A blank, a backslash and what is not
    /// printable ASCII become `\\xHH`, and a missing value is `-`.
    extension Raw: Some('r'), "raw", Takes::Nothing, "show columns without alignment";

    /// Shows ids alone, names for POSIX objects. Exactly one kind must be selected.
    extension Quiet: None, "quiet", Takes::Nothing, "show ids or names alone";

    /// Leaves out titles and headers of tables.
    extension NoHeadings: None, "noheadings", Takes::Nothing, "leave out titles and headers";

    /// Sorts the objects of each kind by this column; `-` before its name turns the order round.
    extension Sort: None, "sort", Takes::Required(Value::new("column", Offer::Column)),
        "sort by this column; -COLUMN for descending order";

    /// Shows times as `iso`, which is the form of tables and JSON, or as `epoch`, in seconds.
    extension TimeFormat: None, "time-format",
        Takes::Required(Value::new("format", Offer::words("iso epoch"))),
        "show times as iso or epoch";

    /// Shows users and groups by number; the name service is not asked.
    extension Numeric: Some('n'), "numeric", Takes::Nothing, "show numbers of users and groups";

    section "Filters";

    /// Shows objects that this user owns: a name or else a number.
    extension Owner: None, "owner", Takes::Required(Value::new("user", Offer::User)),
        "show objects that this user owns";

    /// Shows objects with this key: hexadecimal after `0x`, octal after `0`, else decimal. Objects
    /// with key 0 are private or removed.
    extension Key: None, "key", Takes::Required(Value::new("key", Offer::Nothing)),
        "show objects with this key";

    /// Shows what is not in use now: memory that nobody has mapped, queues without messages, sets
    /// at which nobody waits. What may not be looked at is left out. It is no proof that nobody
    /// needs the object.
    extension Unused: None, "unused", Takes::Nothing, "show what is not in use";

    /// Shows objects to which nothing has happened for this long: `90` or `90s`, `15m`, `2h`, `3d`,
    /// `1w`.
    extension OlderThan: None, "older-than", Takes::Required(Value::new("duration", Offer::Nothing)),
        "show objects unused for this long";

    section "Namespaces";

    /// Shows the objects of this process's IPC namespace.
    extension Target: None, "target", Takes::Required(Value::new("pid", Offer::Live(Live::Process))),
        "show the IPC namespace of this process";

    /// Shows the objects of the IPC namespace that is bound to this file.
    extension Namespace: None, "namespace", Takes::Required(Value::new("file", Offer::Live(Live::Namespace(Kind::Ipc)))),
        "show the IPC namespace bound to this file";

    /// Shows the objects of every IPC namespace that can be found: those of the processes of the
    /// caller's PID namespace, those that are bound to files in its mount namespace, and those that
    /// processes hold open. How many may not be entered is said on standard error.
    extension AllNamespaces: Some('A'), "all-namespaces", Takes::Nothing,
        "show every IPC namespace that can be found";

    version;

    help;
}

/// All that is known of the tool.
pub static TOOL: Tool<Id> = Tool {
    name: "ipcs",
    purpose: "Show IPC objects: those of System V and of POSIX.",
    usage: &["[options]", "-m|-q|-s -i <id>"],
    order: Order::Permute,
    options: OPTIONS,
    headings: HEADINGS,
};

/// What only the manual page says; no program has it in it.
pub static MANUAL: Manual = Manual {
    summary: "show System V and POSIX IPC objects",
    options: MANUAL_OF_OPTIONS,
    columns: COLUMN_NAMES,
    description: &[
        "`ipcs` lists the message queues, shared memory segments and semaphore sets of the IPC \
         namespace it runs in, whoever may read them, and on demand POSIX objects. Of several views the last one named counts, \
         and of `--bytes` and `--human` too. Operands are ignored.",
        "The columns are those that scripts have relied on for decades. The owner column is cut \
         to ten bytes; with `--creator` names are shown in full and may shift what follows. A \
         user or group without a name is shown by number.",
    ],
    sections: &[
        ("COLUMNS OF OBJECTS", MANUAL_OF_OBJECTS),
        ("COLUMNS OF USAGE", MANUAL_OF_USAGE),
    ],
    environment: &[
        ("TZ", "The time zone of times, tzset(3)."),
        (
            "POSIXLY_CORRECT",
            "When set, the first operand ends the options.",
        ),
    ],
    files: &[
        (
            "/proc/sysvipc/",
            "the objects of the current namespace, for long lists",
        ),
        ("/proc/sys/kernel/", "the limits of System V objects"),
        ("/dev/mqueue", "POSIX message queues"),
        ("/dev/shm", "POSIX shared memory and semaphores"),
        ("/proc/PID/maps", "the memory that `--attached` looks for"),
    ],
    exit_status: &[
        "0, also for an id that does not exist unless `--strict` is given, and for \
         namespaces that `--all-namespaces` finds and may not enter. 1 for a usage error, \
         for semaphores that may not be read, for objects or a namespace that could not be \
         read, and for output that could not be written. 2 if more than `--fail-above` \
         allows is used of a limit.",
    ],
    differences: &[
        "The letters `-A`, `-J`, `-M`, `-Q`, `-S`, `-n`, `-o` and `-r` are invalid options \
         there. A negative id is never another object. An error in one list does not leave \
         out those behind it, and a list that could not be read to its end is an error.",
    ],
    examples: &[
        (
            "The ids of all queues:",
            "ipcs -q | awk '/^0x/ { print $2 }'",
        ),
        (
            "The segments that wait for their last mapping to go:",
            "ipcs -m | grep dest",
        ),
        (
            "Segments that nobody has had attached for a day, and how large they are:",
            "ipcs -m --unused --older-than 1d -o id,owner,size --sort -size",
        ),
        (
            "A monitoring check that fails when 90 percent of a limit are used:",
            "ipcs --fail-above 90 --quiet",
        ),
        (
            "Who has a segment mapped:",
            "ipcs -m --key 0x5a3e --attached",
        ),
        (
            "A line of JSON for each object of every IPC namespace of a node:",
            "ipcs -A --json-lines",
        ),
    ],
    see_also: &[
        ("ipcmk", 1),
        ("ipcrm", 1),
        ("ipc_namespaces", 7),
        ("sysvipc", 7),
    ],
};
