//! The options of `ipcs`: parser, `--help`, manual page and completions come from this table.

use ns_common::cli::table::{Manual, Offer, Order, Takes, Tool, Value};
use ns_common::options;

use crate::request::{List, Unit, View};

options! {
    /// The options, as the parser hands them on.
    pub enum Id {
        /// What is shown.
        View(View),
        /// The unit of sizes.
        Unit(Unit),
        ..
    }

    /// Shows all details of one object. Exactly one kind must be selected. An id that does not
    /// exist is reported on standard error, and the exit status stays 0.
    Object: Some('i'), "id", Takes::Required(Value::new("id", Offer::Nothing)),
        "show all details of the one object with this id";

    /// Selects message queues.
    Queues: Some('q'), "queues", Takes::Nothing, "select message queues";

    /// Selects shared memory segments.
    Segments: Some('m'), "shmems", Takes::Nothing, "select shared memory segments";

    /// Selects semaphore sets.
    SemaphoreSets: Some('s'), "semaphores", Takes::Nothing, "select semaphore sets";

    /// Selects all three kinds, as if none were named.
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

    /// Shows sizes with a unit letter, each unit being 1024 of the one before. It affects lists,
    /// limits, the summary and the details of an object.
    Unit(Unit::Human): None, "human", Takes::Nothing, "show sizes with a unit letter";

    /// Shows sizes in bytes, also in the limits.
    Unit(Unit::Bytes): Some('b'), "bytes", Takes::Nothing, "show sizes in bytes";

    version;

    help;
}

/// All that is known of the tool.
pub static TOOL: Tool<Id> = Tool {
    name: "ipcs",
    purpose: "Show the System V IPC objects of the current IPC namespace.",
    usage: &["[options]", "-m|-q|-s -i <id>"],
    order: Order::Permute,
    options: OPTIONS,
    headings: HEADINGS,
};

/// What only the manual page says; no program has it in it.
pub static MANUAL: Manual = Manual {
    summary: "show System V IPC objects",
    options: MANUAL_OF_OPTIONS,
    description: &[
        "`ipcs` lists the message queues, shared memory segments and semaphore sets of the IPC \
         namespace it runs in, whoever may read them. Of several views the last one named counts, \
         and of `--bytes` and `--human` too. Operands are ignored.",
        "The columns are those that scripts have relied on for decades. The owner column is cut \
         to ten bytes; with `--creator` names are shown in full and may shift what follows. A \
         user or group without a name is shown by number.",
    ],
    sections: &[(
        "EXIT STATUS",
        &[
            "0, also for an id that does not exist. 1 for a usage error, for semaphores that may \
             not be read, for a table that could not be read to its end, and for output that \
             could not be written.",
        ],
    )],
    examples: &[
        (
            "The ids of all queues:",
            "ipcs -q | awk '/^0x/ { print $2 }'",
        ),
        (
            "The segments that wait for their last mapping to go:",
            "ipcs -m | grep dest",
        ),
    ],
    see_also: &[
        ("ipcmk", 1),
        ("ipcrm", 1),
        ("ipc_namespaces", 7),
        ("sysvipc", 7),
    ],
};
