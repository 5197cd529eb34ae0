//! What can be told of an object: a row a column. Who prints columns knows their types and none of
//! their names.

use ns_common::ipc::system_v::{DESTROYED, LOCKED, Permissions, Queue, Segment, SemaphoreSet};
use ns_common::ipc::{Posix, Resource, Resources, SystemV};
use ns_common::sys::file::FileStatus;

/// An object of any kind.
#[derive(Debug, Clone)]
pub(crate) enum Object {
    Queue(Queue),
    Segment(Segment),
    SemaphoreSet(SemaphoreSet),
    Posix(PosixObject),
    /// No object, but a row of the table of limits.
    Usage(Usage),
}

/// How much of a limit is used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) resource: &'static str,
    pub(crate) description: &'static str,
    pub(crate) used: Option<u64>,
    pub(crate) limit: Option<u64>,
}

/// A POSIX object: the file that it is, and what that tells where it may be read.
#[derive(Debug, Clone)]
pub(crate) struct PosixObject {
    pub(crate) kind: Posix,
    /// Its name, with the slash.
    pub(crate) name: Vec<u8>,
    pub(crate) status: FileStatus,
    pub(crate) content: Option<Content>,
}

/// What is in a POSIX object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Queue {
        bytes: u64,
        messages: u64,
        most_messages: u64,
        message_size: u64,
        /// The process that is told of the next message, 0 for none.
        notified: i32,
    },
    Semaphore {
        value: u64,
    },
}

/// An object as it is listed, with what else has been looked up for it.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) object: Object,
    /// The inode of its IPC namespace.
    pub(crate) namespace: u64,
    /// How a segment's creator is called, as long as it lives.
    pub(crate) command: Option<Vec<u8>>,
    /// The processes that have it mapped.
    pub(crate) attachments: Vec<Attachment>,
    /// The one of them that a row is about.
    pub(crate) attachment: Option<Attachment>,
    pub(crate) waiters: Option<Waiters>,
}

/// A process that has shared memory mapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attachment {
    pub(crate) pid: i32,
    pub(crate) command: Vec<u8>,
    /// Where it begins.
    pub(crate) address: u64,
}

/// How many processes wait at the semaphores of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Waiters {
    pub(crate) for_increase: u64,
    pub(crate) for_zero: u64,
}

/// What has to be looked up for a column besides the object itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    /// The most bytes in a queue, which `/proc/sysvipc` does not tell.
    Capacity,
    /// What only `/proc/sysvipc` tells of segments.
    Resident,
    /// The name of the creator.
    Command,
    /// The waiting processes.
    Waiters,
    /// The maps of all processes.
    Maps,
}

impl From<&Queue> for Object {
    fn from(queue: &Queue) -> Self {
        Self::Queue(*queue)
    }
}

impl From<&Segment> for Object {
    fn from(segment: &Segment) -> Self {
        Self::Segment(*segment)
    }
}

impl From<&SemaphoreSet> for Object {
    fn from(set: &SemaphoreSet) -> Self {
        Self::SemaphoreSet(*set)
    }
}

impl Listed {
    /// The object alone.
    pub(crate) fn new(object: Object) -> Self {
        Self {
            object,
            namespace: 0,
            command: None,
            attachments: Vec::new(),
            attachment: None,
            waiters: None,
        }
    }

    /// Drops what has been looked up.
    pub(crate) fn forget(&mut self) {
        if self.command.is_some() || !self.attachments.is_empty() || self.waiters.is_some() {
            self.command = None;
            self.attachments = Vec::new();
            self.waiters = None;
        }
    }

    /// Of a System V object.
    pub(crate) fn permissions(&self) -> Option<&Permissions> {
        match &self.object {
            Object::Queue(queue) => Some(&queue.permissions),
            Object::Segment(segment) => Some(&segment.permissions),
            Object::SemaphoreSet(set) => Some(&set.permissions),
            Object::Posix(_) | Object::Usage(_) => None,
        }
    }

    /// The owner's user.
    pub(crate) fn uid(&self) -> u32 {
        match &self.object {
            Object::Posix(object) => object.status.uid,
            _ => self.permissions().map_or(0, |permissions| permissions.uid),
        }
    }

    fn gid(&self) -> u32 {
        match &self.object {
            Object::Posix(object) => object.status.gid,
            _ => self.permissions().map_or(0, |permissions| permissions.gid),
        }
    }

    fn mode(&self) -> u32 {
        match &self.object {
            Object::Posix(object) => object.status.mode,
            _ => self.permissions().map_or(0, |permissions| permissions.mode),
        }
    }

    /// When something last happened to it.
    pub(crate) fn latest(&self) -> i64 {
        match &self.object {
            Object::Queue(queue) => queue.latest(),
            Object::Segment(segment) => segment.latest(),
            Object::SemaphoreSet(set) => set.latest(),
            Object::Posix(object) => object.status.modified,
            Object::Usage(_) => 0,
        }
    }
}

/// What a column says of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// Nothing, or not of this kind of object.
    Missing,
    /// A count or an id.
    Number(u64),
    /// A number that may be negative.
    Signed(i64),
    /// A number of bytes.
    Size(u64),
    /// Seconds since the epoch; 0 stands for never.
    Time(i64),
    /// The key of a System V object.
    Key(u32),
    /// The permission bits and the flags above them.
    Mode(u32),
    /// A user, by number.
    User(u32),
    /// A group, by number.
    Group(u32),
    /// A text that a process or a file may have chosen.
    Text(&'a [u8]),
    /// Processes.
    Processes(&'a [Attachment]),
    /// Where something is in a process's memory.
    Address(u64),
    /// Hundredths of one.
    Hundredths(u128),
}

impl Value<'_> {
    /// Whether there is nothing to show.
    pub(crate) const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing | Self::Time(0) | Self::Processes([]))
    }
}

/// What kind of value a column has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// A number, also of bytes.
    Number,
    /// Text, also for a time or a list.
    Text,
}

/// One thing that can be told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// The name as JSON has it, with all that stands around it: `, "name": `.
    pub(crate) member: &'static str,
    pub(crate) of: Resources,
    pub(crate) kind: Type,
    pub(crate) needs: Needs,
    pub(crate) value: for<'a> fn(&'a Listed) -> Value<'a>,
}

/// Columns that are the same constant are the same column.
impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Column {}

const QUEUES: Resources = Resources::only(Resource::SystemV(SystemV::Queue));
const SEGMENTS: Resources = Resources::only(Resource::SystemV(SystemV::Segment));
const SETS: Resources = Resources::only(Resource::SystemV(SystemV::SemaphoreSet));
const POSIX_QUEUES: Resources = Resources::only(Resource::Posix(Posix::Queue));
const POSIX_MEMORY: Resources = Resources::only(Resource::Posix(Posix::Memory));
const POSIX_SEMAPHORES: Resources = Resources::only(Resource::Posix(Posix::Semaphore));
const ALL: Resources = Resources::SYSTEM_V.union(Resources::POSIX);

/// Writes a table: name and member, kinds, type, what is to be looked up, what the manual says of
/// it, and how an object yields it.
macro_rules! columns {
    ($table:ident, $manual:ident:
        $($name:ident $heading:literal $member:literal, $of:expr, $kind:ident, $needs:ident,
            $what:literal, $value:expr;)+
    ) => {
        $(pub(crate) const $name: Column = Column {
            name: $heading,
            member: concat!(", \"", $member, "\": "),
            of: $of,
            kind: Type::$kind,
            needs: Needs::$needs,
            value: $value,
        };)+
        /// The columns, in the order of members in JSON.
        pub(crate) const $table: &[Column] = &[$($name),+];
        /// A sentence on each; no program has them in it.
        pub(crate) const $manual: &[&str] = &[$(concat!("`", $heading, "`: ", $what)),+];
    };
}

columns! { COLUMNS, MANUAL_OF_COLUMNS:
    NAMESPACE "NAMESPACE" "namespace", ALL, Number, Nothing, "the inode of the IPC namespace.",
        |listed| Value::Number(listed.namespace);
    KEY "KEY" "key", Resources::SYSTEM_V, Text, Nothing, "the key of a System V object, in hexadecimal.",
        |listed| system_v(listed, |permissions| Value::Key(permissions.key));
    ID "ID" "id", Resources::SYSTEM_V, Number, Nothing, "the id of a System V object.",
        |listed| system_v(listed, |permissions| Value::Signed(permissions.id.into()));
    NAME "NAME" "name", Resources::POSIX, Text, Nothing, "the name of a POSIX object, with the slash.",
        |listed| posix(listed, |object| Value::Text(&object.name));
    PERMS "PERMS" "perms", ALL, Text, Nothing, "the permissions, four octal digits.",
        |listed| Value::Mode(listed.mode() & 0o777);
    OWNER "OWNER" "owner", ALL, Text, Nothing,
        "the name of the user who owns the object, or its number where there is no name.",
        |listed| Value::User(listed.uid());
    UID "UID" "uid", ALL, Number, Nothing, "the number of that user.",
        |listed| Value::Number(listed.uid().into());
    GID "GID" "gid", ALL, Number, Nothing, "the number of the group that owns the object.",
        |listed| Value::Number(listed.gid().into());
    CUID "CUID" "cuid", Resources::SYSTEM_V, Number, Nothing, "the number of the user who made the object.",
        |listed| system_v(listed, |permissions| Value::Number(permissions.cuid.into()));
    CGID "CGID" "cgid", Resources::SYSTEM_V, Number, Nothing, "the number of the group that made the object.",
        |listed| system_v(listed, |permissions| Value::Number(permissions.cgid.into()));
    USER "USER" "user", ALL, Text, Nothing, "the same as `OWNER`.",
        |listed| Value::User(listed.uid());
    GROUP "GROUP" "group", ALL, Text, Nothing, "the name of the group that owns the object.",
        |listed| Value::Group(listed.gid());
    CUSER "CUSER" "cuser", Resources::SYSTEM_V, Text, Nothing, "the name of the user who made the object.",
        |listed| system_v(listed, |permissions| Value::User(permissions.cuid));
    CGROUP "CGROUP" "cgroup", Resources::SYSTEM_V, Text, Nothing, "the name of the group that made the object.",
        |listed| system_v(listed, |permissions| Value::Group(permissions.cgid));
    CTIME "CTIME" "ctime", Resources::SYSTEM_V, Text, Nothing, "when the object was made or last changed.",
        |listed| match &listed.object {
            Object::Queue(queue) => Value::Time(queue.changed),
            Object::Segment(segment) => Value::Time(segment.changed),
            Object::SemaphoreSet(set) => Value::Time(set.changed),
            Object::Posix(_) | Object::Usage(_) => Value::Missing,
        };
    USEDBYTES "USEDBYTES" "usedbytes", QUEUES.union(POSIX_QUEUES), Number, Nothing,
        "bytes in the messages of a queue.",
        |listed| match &listed.object {
            Object::Queue(queue) => Value::Size(queue.bytes),
            _ => content(listed, |content| match content {
                Content::Queue { bytes, .. } => Some(Value::Size(bytes)),
                Content::Semaphore { .. } => None,
            }),
        };
    MSGS "MSGS" "msgs", QUEUES.union(POSIX_QUEUES), Number, Nothing, "messages in a queue.",
        |listed| match &listed.object {
            Object::Queue(queue) => Value::Number(queue.messages),
            _ => content(listed, |content| match content {
                Content::Queue { messages, .. } => Some(Value::Number(messages)),
                Content::Semaphore { .. } => None,
            }),
        };
    QBYTES "QBYTES" "qbytes", QUEUES, Number, Capacity, "the most bytes that the messages of a queue may have.",
        |listed| queue(listed, |queue| queue.capacity.map_or(Value::Missing, Value::Size));
    LSPID "LSPID" "lspid", QUEUES, Number, Nothing,
        "the last process that sent a message; 0 for none, or for one of another PID namespace.",
        |listed| queue(listed, |queue| Value::Signed(queue.last_sender.into()));
    LRPID "LRPID" "lrpid", QUEUES, Number, Nothing, "the last process that received a message.",
        |listed| queue(listed, |queue| Value::Signed(queue.last_receiver.into()));
    SEND "SEND" "send", QUEUES, Text, Nothing, "when a message was last sent.",
        |listed| queue(listed, |queue| Value::Time(queue.sent));
    RECV "RECV" "recv", QUEUES, Text, Nothing, "when a message was last received.",
        |listed| queue(listed, |queue| Value::Time(queue.received));
    SIZE "SIZE" "size", SEGMENTS.union(POSIX_MEMORY), Number, Nothing, "the size in bytes.",
        |listed| match &listed.object {
            Object::Segment(segment) => Value::Size(segment.size),
            _ => memory(listed, |object| Value::Size(object.status.size)),
        };
    NATTCH "NATTCH" "nattch", SEGMENTS, Number, Nothing, "how many mappings of a segment there are.",
        |listed| segment(listed, |segment| Value::Number(segment.attached));
    STATUS "STATUS" "status", SEGMENTS, Text, Nothing,
        "`dest` for a segment that goes with its last mapping, `locked` for one that is not swapped \
         out, or both with a comma between them.",
        |listed| segment(listed, |segment| match segment.permissions.mode & (DESTROYED | LOCKED) {
            0 => Value::Missing,
            DESTROYED => Value::Text(b"dest"),
            LOCKED => Value::Text(b"locked"),
            _ => Value::Text(b"dest,locked"),
        });
    ATTACH "ATTACH" "attach", SEGMENTS, Text, Nothing, "when a segment was last attached.",
        |listed| segment(listed, |segment| Value::Time(segment.attach_time));
    DETACH "DETACH" "detach", SEGMENTS, Text, Nothing, "when a segment was last detached.",
        |listed| segment(listed, |segment| Value::Time(segment.detach_time));
    CPID "CPID" "cpid", SEGMENTS, Number, Nothing, "the process that made a segment.",
        |listed| segment(listed, |segment| Value::Signed(segment.creator.into()));
    LPID "LPID" "lpid", SEGMENTS, Number, Nothing, "the last process that attached or detached a segment.",
        |listed| segment(listed, |segment| Value::Signed(segment.last_user.into()));
    COMMAND "COMMAND" "command", SEGMENTS, Text, Command,
        "what the process that made a segment is called, while it lives.",
        |listed| listed.command.as_deref().map_or(Value::Missing, Value::Text);
    RSS "RSS" "rss", SEGMENTS.union(POSIX_MEMORY), Number, Resident, "bytes of it in memory.",
        |listed| match &listed.object {
            Object::Segment(segment) => segment.resident.map_or(Value::Missing, Value::Size),
            _ => memory(listed, |object| Value::Size(object.status.blocks.saturating_mul(512))),
        };
    SWAP "SWAP" "swap", SEGMENTS, Number, Resident, "bytes of a segment that are swapped out.",
        |listed| segment(listed, |segment| segment.swapped.map_or(Value::Missing, Value::Size));
    PIDS "PIDS" "pids", SEGMENTS.union(POSIX_MEMORY), Text, Maps,
        "the processes that have it mapped now, as far as the caller may look; shown only where it is \
         named, since every process must be looked at.",
        |listed| match &listed.object {
            Object::Segment(_) => Value::Processes(&listed.attachments),
            _ => memory(listed, |_| Value::Processes(&listed.attachments)),
        };
    NSEMS "NSEMS" "nsems", SETS, Number, Nothing, "how many semaphores a set has.",
        |listed| set(listed, |set| Value::Number(set.count));
    OTIME "OTIME" "otime", SETS, Text, Nothing, "when a semaphore of the set was last operated.",
        |listed| set(listed, |set| Value::Time(set.operated));
    NCOUNT "NCOUNT" "ncount", SETS, Number, Waiters,
        "how many processes wait for a semaphore of the set to increase; missing where the set may \
         not be read.",
        |listed| waiters(listed, |waiters| waiters.for_increase);
    ZCOUNT "ZCOUNT" "zcount", SETS, Number, Waiters, "how many processes wait for one to become zero.",
        |listed| waiters(listed, |waiters| waiters.for_zero);
    MTIME "MTIME" "mtime", Resources::POSIX, Text, Nothing, "when the file of a POSIX object last changed.",
        |listed| posix(listed, |object| Value::Time(object.status.modified));
    MAXMSG "MAXMSG" "maxmsg", POSIX_QUEUES, Number, Nothing, "the most messages that a POSIX queue may have.",
        |listed| content(listed, |content| match content {
            Content::Queue { most_messages, .. } => Some(Value::Number(most_messages)),
            Content::Semaphore { .. } => None,
        });
    MSGSIZE "MSGSIZE" "msgsize", POSIX_QUEUES, Number, Nothing, "the most bytes that a message of it may have.",
        |listed| content(listed, |content| match content {
            Content::Queue { message_size, .. } => Some(Value::Size(message_size)),
            Content::Semaphore { .. } => None,
        });
    NOTIFYPID "NOTIFYPID" "notifypid", POSIX_QUEUES, Number, Nothing,
        "the process that is notified of a message in it, 0 for none.",
        |listed| content(listed, |content| match content {
            Content::Queue { notified, .. } => Some(Value::Signed(notified.into())),
            Content::Semaphore { .. } => None,
        });
    SVAL "SVAL" "sval", POSIX_SEMAPHORES, Number, Nothing, "the value of a POSIX semaphore.",
        |listed| content(listed, |content| match content {
            Content::Semaphore { value } => Some(Value::Number(value)),
            Content::Queue { .. } => None,
        });
}

columns! { USAGE_COLUMNS, MANUAL_OF_USAGE:
    RESOURCE "RESOURCE" "resource", Resources::NONE, Text, Nothing, "what is limited.",
        |listed| usage(listed, |usage| Value::Text(usage.resource.as_bytes()));
    DESCRIPTION "DESCRIPTION" "description", Resources::NONE, Text, Nothing, "the same in words.",
        |listed| usage(listed, |usage| Value::Text(usage.description.as_bytes()));
    USED "USED" "used", Resources::NONE, Number, Nothing, "how much is used, where it is used up.",
        |listed| usage(listed, |usage| usage.used.map_or(Value::Missing, Value::Number));
    LIMIT "LIMIT" "limit", Resources::NONE, Number, Nothing, "the limit.",
        |listed| usage(listed, |usage| usage.limit.map_or(Value::Missing, Value::Number));
    USE "USE%" "use", Resources::NONE, Number, Nothing, "the share that is used, in percent.",
        |listed| usage(listed, |usage| usage.share().map_or(Value::Missing, Value::Hundredths));
}

/// What shells offer for the name of a column.
pub(crate) const COLUMN_NAMES: &[&str] = &{
    let mut names = [""; COLUMNS.len()];
    let mut place = 0;
    while place < names.len() {
        names[place] = COLUMNS[place].name;
        place += 1;
    }
    names
};

/// A row for each process that has a segment mapped.
pub(crate) const SEGMENT_ATTACHMENTS: &[Column] = &[
    Column {
        name: "SHMID",
        ..ID
    },
    KEY,
    OWNER,
    SIZE,
    PID,
    ATTACHER,
    ADDRESS,
];
/// The same for POSIX shared memory.
pub(crate) const MEMORY_ATTACHMENTS: &[Column] = &[NAME, OWNER, SIZE, PID, ATTACHER, ADDRESS];
const PID: Column = Column {
    kind: Type::Number,
    ..classic("PID", |listed| {
        attachment(listed, |process| Value::Signed(process.pid.into()))
    })
};
const ATTACHER: Column = classic("COMMAND", |listed| {
    attachment(listed, |process| Value::Text(&process.command))
});
const ADDRESS: Column = classic("ADDRESS", |listed| {
    attachment(listed, |process| Value::Address(process.address))
});

impl Usage {
    /// The share that is used, in hundredths of a percent.
    pub(crate) fn share(&self) -> Option<u128> {
        let (used, limit) = (u128::from(self.used?), u128::from(self.limit?));
        (limit > 0).then(|| (used * 20_000 + limit) / (2 * limit))
    }
}

/// The whole mode; only details show it.
pub(crate) const MODE: Column = classic("MODE", |listed| Value::Mode(listed.mode()));
/// The most bytes in a queue, 0 where that is not known; only details show it so.
pub(crate) const CAPACITY: Column = classic("CAPACITY", |listed| {
    queue(listed, |queue| Value::Size(queue.capacity.unwrap_or(0)))
});
/// The first word of a segment's status; the classic list has a place for each.
pub(crate) const DEST: Column = classic("DEST", |listed| flag(listed, DESTROYED, b"dest"));
/// The second word.
pub(crate) const LOCK: Column = classic("LOCK", |listed| flag(listed, LOCKED, b"locked"));

/// The place of a column in the tables: what has places in it in place of addresses is not touched
/// when the program starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(u8);

/// The columns that only the classic views have.
const CLASSIC: &[Column] = &[MODE, CAPACITY, DEST, LOCK];

impl Place {
    /// The place of a column that is in a table.
    pub(crate) const fn of(column: &Column) -> Self {
        let mut place = 0;
        while place < COLUMNS.len() + CLASSIC.len() {
            let known = if place < COLUMNS.len() {
                &COLUMNS[place]
            } else {
                &CLASSIC[place - COLUMNS.len()]
            };
            if is_same(known.name.as_bytes(), column.name.as_bytes()) {
                assert!(place < 256, "places have eight bits");
                #[expect(clippy::cast_possible_truncation, reason = "checked right above")]
                return Self(place as u8);
            }
            place += 1;
        }
        panic!("a column that is in no table")
    }

    /// The column there.
    pub(crate) fn column(self) -> &'static Column {
        let place = usize::from(self.0);
        COLUMNS
            .get(place)
            .unwrap_or_else(|| &CLASSIC[place - COLUMNS.len()])
    }
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut place = 0;
    while place < one.len() && place < other.len() {
        if one[place] != other[place] {
            return false;
        }
        place += 1;
    }
    one.len() == other.len()
}

/// A column that only the classic views have.
const fn classic(name: &'static str, value: for<'a> fn(&'a Listed) -> Value<'a>) -> Column {
    Column {
        name,
        member: "",
        of: Resources::SYSTEM_V,
        kind: Type::Text,
        needs: Needs::Nothing,
        value,
    }
}

fn flag<'a>(listed: &'a Listed, flag: u32, word: &'static [u8]) -> Value<'a> {
    if listed.mode() & flag == 0 {
        Value::Missing
    } else {
        Value::Text(word)
    }
}

fn system_v(listed: &Listed, tell: impl Fn(&Permissions) -> Value<'_>) -> Value<'_> {
    listed.permissions().map_or(Value::Missing, tell)
}

fn queue(listed: &Listed, tell: impl Fn(&Queue) -> Value<'_>) -> Value<'_> {
    match &listed.object {
        Object::Queue(queue) => tell(queue),
        _ => Value::Missing,
    }
}

fn segment(listed: &Listed, tell: impl Fn(&Segment) -> Value<'_>) -> Value<'_> {
    match &listed.object {
        Object::Segment(segment) => tell(segment),
        _ => Value::Missing,
    }
}

fn set(listed: &Listed, tell: impl Fn(&SemaphoreSet) -> Value<'_>) -> Value<'_> {
    match &listed.object {
        Object::SemaphoreSet(set) => tell(set),
        _ => Value::Missing,
    }
}

fn usage(listed: &Listed, tell: impl Fn(&Usage) -> Value<'static>) -> Value<'_> {
    match &listed.object {
        Object::Usage(usage) => tell(usage),
        _ => Value::Missing,
    }
}

fn attachment<'a>(listed: &'a Listed, tell: impl Fn(&'a Attachment) -> Value<'a>) -> Value<'a> {
    listed.attachment.as_ref().map_or(Value::Missing, tell)
}

fn waiters(listed: &Listed, tell: impl Fn(Waiters) -> u64) -> Value<'_> {
    listed
        .waiters
        .map_or(Value::Missing, |waiters| Value::Number(tell(waiters)))
}

fn posix<'a>(listed: &'a Listed, tell: impl Fn(&'a PosixObject) -> Value<'a>) -> Value<'a> {
    match &listed.object {
        Object::Posix(object) => tell(object),
        _ => Value::Missing,
    }
}

fn memory<'a>(listed: &'a Listed, tell: impl Fn(&'a PosixObject) -> Value<'a>) -> Value<'a> {
    posix(listed, |object| match object.kind {
        Posix::Memory => tell(object),
        Posix::Queue | Posix::Semaphore => Value::Missing,
    })
}

fn content(listed: &Listed, tell: impl Fn(Content) -> Option<Value<'static>>) -> Value<'_> {
    posix(listed, |object| {
        object.content.and_then(&tell).unwrap_or(Value::Missing)
    })
}

/// What a table shows of a kind unless columns are named.
pub(crate) fn usual(kind: Resource) -> &'static [&'static Column] {
    match kind {
        Resource::SystemV(SystemV::Queue) => {
            &[&KEY, &ID, &PERMS, &OWNER, &USEDBYTES, &MSGS, &LSPID, &LRPID]
        }
        Resource::SystemV(SystemV::Segment) => &[
            &KEY, &ID, &PERMS, &OWNER, &SIZE, &NATTCH, &STATUS, &CTIME, &CPID, &LPID, &COMMAND,
        ],
        Resource::SystemV(SystemV::SemaphoreSet) => &[&KEY, &ID, &PERMS, &OWNER, &NSEMS],
        Resource::Posix(Posix::Queue) => &[&NAME, &PERMS, &OWNER, &MTIME, &USEDBYTES, &MSGS],
        Resource::Posix(Posix::Memory) => &[&NAME, &PERMS, &OWNER, &SIZE, &MTIME],
        Resource::Posix(Posix::Semaphore) => &[&NAME, &PERMS, &OWNER, &MTIME, &SVAL],
    }
}

/// What a list tells of each object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Keys, owners, permissions and sizes.
    Usual,
    /// Times.
    Times,
    /// Processes.
    Processes,
    /// Creators and owners.
    Creators,
}

/// What the views of times, processes and creators show in a table.
pub(crate) fn of_view(kind: Resource, list: List) -> &'static [&'static Column] {
    match (list, kind) {
        (List::Usual, kind) => usual(kind),
        (List::Creators, _) => &[&ID, &PERMS, &CUSER, &CGROUP, &USER, &GROUP],
        (List::Times, Resource::SystemV(SystemV::Queue)) => &[&ID, &OWNER, &SEND, &RECV, &CTIME],
        (List::Times, Resource::SystemV(SystemV::Segment)) => {
            &[&ID, &OWNER, &ATTACH, &DETACH, &CTIME]
        }
        (List::Times, Resource::SystemV(SystemV::SemaphoreSet)) => &[&ID, &OWNER, &OTIME, &CTIME],
        (List::Processes, Resource::SystemV(SystemV::Queue)) => &[&ID, &OWNER, &LSPID, &LRPID],
        (List::Processes, Resource::SystemV(SystemV::Segment)) => &[&ID, &OWNER, &CPID, &LPID],
        (List::Processes, Resource::SystemV(SystemV::SemaphoreSet)) => &[&ID, &OWNER],
        (List::Times | List::Processes, Resource::Posix(_)) => usual(kind),
    }
}
