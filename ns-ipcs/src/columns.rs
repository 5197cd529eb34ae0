//! What can be told of an object: a row a column. Who prints columns knows their types and none of
//! their names.

use ns_common::ipc::system_v::{DESTROYED, LOCKED};
use ns_common::ipc::{Posix, Resource, Resources, SystemV};

use crate::objects::{Listed, Object};
use crate::values::{Type, Value};

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

const QUEUES: Resources = Resources::only(Resource::SystemV(SystemV::Queue));
const SEGMENTS: Resources = Resources::only(Resource::SystemV(SystemV::Segment));
const SETS: Resources = Resources::only(Resource::SystemV(SystemV::SemaphoreSet));
const POSIX_QUEUES: Resources = Resources::only(Resource::Posix(Posix::Queue));
const POSIX_MEMORY: Resources = Resources::only(Resource::Posix(Posix::Memory));
const POSIX_SEMAPHORES: Resources = Resources::only(Resource::Posix(Posix::Semaphore));
const SYSTEM_V: Resources = Resources::SYSTEM_V;
const POSIX: Resources = Resources::POSIX;
const ALL: Resources = SYSTEM_V.union(POSIX);
const NONE: Resources = Resources::NONE;

/// Writes the enum of columns from tables of them. A row is what the manual says of the column, its
/// heading, which kinds have it, its type, what is to be looked up, and how an object yields it;
/// `?` ends that where the object has no such thing.
///
/// Each property becomes a `match` and not a table, which would be full of addresses: the dynamic
/// linker would have to write them all whenever the program starts.
macro_rules! columns {
    ($listed:ident: $(
        $(#[$attribute:meta])*
        $table:ident {
            $($(#[doc = $what:literal])+ $name:ident: $heading:literal, $of:expr, $type:ident, $needs:ident,
                $value:expr;)+
        }
    )+) => {
        /// One thing that can be told.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Column {
            $($($(#[doc = $what])+ $name,)+)+
        }

        impl Column {
            $($(#[$attribute])* pub(crate) const $table: &[Self] = &[$(Self::$name),+];)+

            /// The name that stands above it, and by which it is asked for.
            pub(crate) const fn name(self) -> &'static str {
                match self { $($(Self::$name => $heading,)+)+ }
            }

            /// The kinds of objects that have it.
            pub(crate) const fn of(self) -> Resources {
                match self { $($(Self::$name => $of,)+)+ }
            }

            /// The type of its values.
            pub(crate) const fn kind(self) -> Type {
                match self { $($(Self::$name => Type::$type,)+)+ }
            }

            /// What has to be looked up for it.
            pub(crate) const fn needs(self) -> Needs {
                match self { $($(Self::$name => Needs::$needs,)+)+ }
            }

            /// What it says of an object.
            #[inline(never)] // Inline in a loop, parts of all its arms were done at every turn.
            pub(crate) fn value(self, $listed: &Listed) -> Option<Value<'_>> {
                Some(match self { $($(Self::$name => $value,)+)+ })
            }

            /// The same unless there is nothing to show.
            pub(crate) fn shown(self, $listed: &Listed) -> Option<Value<'_>> {
                self.value($listed).filter(|value| !value.is_empty())
            }

            /// The manual's sentence on it; no program has it in it.
            const fn manual(self) -> &'static str {
                match self { $($(Self::$name => concat!("`", $heading, "`:", $($what),+),)+)+ }
            }
        }
    };
}

columns! { listed:
    /// What objects have, in the order of members in JSON.
    OBJECTS {
        /// the inode of the IPC namespace.
        Namespace: "NAMESPACE", ALL, Number, Nothing,
            Value::Number(listed.namespace);
        /// the key of a System V object, in hexadecimal.
        Key: "KEY", SYSTEM_V, Text, Nothing,
            Value::Key(listed.permissions()?.key);
        /// the id of a System V object.
        Id: "ID", SYSTEM_V, Number, Nothing,
            Value::Signed(listed.permissions()?.id.into());
        /// the name of a POSIX object, with the slash.
        Name: "NAME", POSIX, Text, Nothing,
            Value::Text(&listed.posix()?.name);
        /// the permissions, four octal digits.
        Perms: "PERMS", ALL, Text, Nothing,
            Value::Mode(listed.mode() & 0o777);
        /// the name of the user who owns the object, or its number where there is no name.
        Owner: "OWNER", ALL, Text, Nothing,
            Value::User(listed.uid());
        /// the number of that user.
        Uid: "UID", ALL, Number, Nothing,
            Value::Number(listed.uid().into());
        /// the number of the group that owns the object.
        Gid: "GID", ALL, Number, Nothing,
            Value::Number(listed.gid().into());
        /// the number of the user who made the object.
        Cuid: "CUID", SYSTEM_V, Number, Nothing,
            Value::Number(listed.permissions()?.cuid.into());
        /// the number of the group that made the object.
        Cgid: "CGID", SYSTEM_V, Number, Nothing,
            Value::Number(listed.permissions()?.cgid.into());
        /// the same as `OWNER`.
        User: "USER", ALL, Text, Nothing,
            Value::User(listed.uid());
        /// the name of the group that owns the object.
        Group: "GROUP", ALL, Text, Nothing,
            Value::Group(listed.gid());
        /// the name of the user who made the object.
        Cuser: "CUSER", SYSTEM_V, Text, Nothing,
            Value::User(listed.permissions()?.cuid);
        /// the name of the group that made the object.
        Cgroup: "CGROUP", SYSTEM_V, Text, Nothing,
            Value::Group(listed.permissions()?.cgid);
        /// when the object was made or last changed.
        Ctime: "CTIME", SYSTEM_V, Text, Nothing,
            Value::Time(match &listed.object {
                Object::Queue(queue) => queue.changed,
                Object::Segment(segment) => segment.changed,
                Object::SemaphoreSet(set) => set.changed,
                Object::Posix(_) | Object::Usage(_) => return None,
            });
        /// bytes in the messages of a queue.
        UsedBytes: "USEDBYTES", QUEUES.union(POSIX_QUEUES), Number, Nothing,
            Value::Size(match &listed.object {
                Object::Queue(queue) => queue.bytes,
                _ => listed.posix_queue()?.bytes,
            });
        /// messages in a queue.
        Msgs: "MSGS", QUEUES.union(POSIX_QUEUES), Number, Nothing,
            Value::Number(match &listed.object {
                Object::Queue(queue) => queue.messages,
                _ => listed.posix_queue()?.messages,
            });
        /// the most bytes that the messages of a queue may have.
        QBytes: "QBYTES", QUEUES, Number, Capacity,
            Value::Size(listed.queue()?.capacity?);
        /// the last process that sent a message; 0 for none, or for one of another PID namespace.
        LsPid: "LSPID", QUEUES, Number, Nothing,
            Value::Signed(listed.queue()?.last_sender.into());
        /// the last process that received a message.
        LrPid: "LRPID", QUEUES, Number, Nothing,
            Value::Signed(listed.queue()?.last_receiver.into());
        /// when a message was last sent.
        Send: "SEND", QUEUES, Text, Nothing,
            Value::Time(listed.queue()?.sent);
        /// when a message was last received.
        Recv: "RECV", QUEUES, Text, Nothing,
            Value::Time(listed.queue()?.received);
        /// the size in bytes.
        Size: "SIZE", SEGMENTS.union(POSIX_MEMORY), Number, Nothing,
            Value::Size(match &listed.object {
                Object::Segment(segment) => segment.size,
                _ => listed.posix_memory()?.status.size,
            });
        /// how many mappings of a segment there are.
        Nattch: "NATTCH", SEGMENTS, Number, Nothing,
            Value::Number(listed.segment()?.attached);
        /// `dest` for a segment that goes with its last mapping, `locked` for one that is not
        /// swapped out, or both with a comma between them.
        Status: "STATUS", SEGMENTS, Text, Nothing,
            match listed.segment()?.permissions.mode & (DESTROYED | LOCKED) {
                0 => return None,
                DESTROYED => Value::Text(b"dest"),
                LOCKED => Value::Text(b"locked"),
                _ => Value::Text(b"dest,locked"),
            };
        /// when a segment was last attached.
        Attach: "ATTACH", SEGMENTS, Text, Nothing,
            Value::Time(listed.segment()?.attach_time);
        /// when a segment was last detached.
        Detach: "DETACH", SEGMENTS, Text, Nothing,
            Value::Time(listed.segment()?.detach_time);
        /// the process that made a segment.
        CPid: "CPID", SEGMENTS, Number, Nothing,
            Value::Signed(listed.segment()?.creator.into());
        /// the last process that attached or detached a segment.
        LPid: "LPID", SEGMENTS, Number, Nothing,
            Value::Signed(listed.segment()?.last_user.into());
        /// what the process that made a segment is called, while it lives.
        Command: "COMMAND", SEGMENTS, Text, Command,
            Value::Text(listed.command.as_deref()?);
        /// bytes of it in memory.
        Rss: "RSS", SEGMENTS.union(POSIX_MEMORY), Number, Resident,
            Value::Size(match &listed.object {
                Object::Segment(segment) => segment.resident?,
                _ => listed.posix_memory()?.status.blocks.saturating_mul(512),
            });
        /// bytes of a segment that are swapped out.
        Swap: "SWAP", SEGMENTS, Number, Resident,
            Value::Size(listed.segment()?.swapped?);
        /// the processes that have it mapped now, as far as the caller may look; shown only where
        /// it is named, since every process must be looked at.
        Pids: "PIDS", SEGMENTS.union(POSIX_MEMORY), Text, Maps,
            Value::Processes(match &listed.object {
                Object::Segment(_) => &listed.attachments,
                _ => listed.posix_memory().map(|_| &listed.attachments)?,
            });
        /// how many semaphores a set has.
        Nsems: "NSEMS", SETS, Number, Nothing,
            Value::Number(listed.set()?.count);
        /// when a semaphore of the set was last operated.
        OTime: "OTIME", SETS, Text, Nothing,
            Value::Time(listed.set()?.operated);
        /// how many processes wait for a semaphore of the set to increase; missing where the set
        /// may not be read.
        Ncount: "NCOUNT", SETS, Number, Waiters,
            Value::Number(listed.waiters?.for_increase);
        /// how many processes wait for one to become zero.
        Zcount: "ZCOUNT", SETS, Number, Waiters,
            Value::Number(listed.waiters?.for_zero);
        /// when the file of a POSIX object last changed.
        MTime: "MTIME", POSIX, Text, Nothing,
            Value::Time(listed.posix()?.status.modified);
        /// the most messages that a POSIX queue may have.
        MaxMsg: "MAXMSG", POSIX_QUEUES, Number, Nothing,
            Value::Number(listed.posix_queue()?.most_messages);
        /// the most bytes that a message of it may have.
        MsgSize: "MSGSIZE", POSIX_QUEUES, Number, Nothing,
            Value::Size(listed.posix_queue()?.message_size);
        /// the process that is notified of a message in it, 0 for none.
        NotifyPid: "NOTIFYPID", POSIX_QUEUES, Number, Nothing,
            Value::Signed(listed.posix_queue()?.notified.into());
        /// the value of a POSIX semaphore.
        Sval: "SVAL", POSIX_SEMAPHORES, Number, Nothing,
            Value::Number(listed.posix_semaphore()?);
    }

    /// What the rows of usage have.
    USAGE {
        /// what is limited.
        Resource: "RESOURCE", NONE, Text, Nothing,
            Value::Text(listed.usage()?.resource.as_bytes());
        /// the same in words.
        Description: "DESCRIPTION", NONE, Text, Nothing,
            Value::Text(listed.usage()?.description.as_bytes());
        /// how much is used, where it is used up.
        Used: "USED", NONE, Number, Nothing,
            Value::Number(listed.usage()?.used?);
        /// the limit.
        Limit: "LIMIT", NONE, Number, Nothing,
            Value::Number(listed.usage()?.limit?);
        /// the share that is used, in percent.
        Use: "USE%", NONE, Number, Nothing,
            Value::Hundredths(listed.usage()?.share()?);
    }

    /// What only the rows of attachments have.
    #[expect(dead_code, reason = "they are shown together with others")]
    ATTACHMENTS {
        /// the id of a segment.
        ShmId: "SHMID", SEGMENTS, Number, Nothing,
            Value::Signed(listed.permissions()?.id.into());
        /// a process that has it mapped.
        Pid: "PID", SEGMENTS.union(POSIX_MEMORY), Number, Nothing,
            Value::Signed(listed.attachment.as_ref()?.pid.into());
        /// what that process is called.
        PidCommand: "COMMAND", SEGMENTS.union(POSIX_MEMORY), Text, Nothing,
            Value::Text(&listed.attachment.as_ref()?.command);
        /// where the mapping begins.
        Address: "ADDRESS", SEGMENTS.union(POSIX_MEMORY), Text, Nothing,
            Value::Address(listed.attachment.as_ref()?.address);
    }

    /// What only the classic lists and details have.
    #[expect(dead_code, reason = "they are shown together with others")]
    CLASSIC {
        /// the whole mode.
        Mode: "MODE", ALL, Text, Nothing,
            Value::Mode(listed.mode());
        /// the most bytes in a queue, 0 where that is not known.
        Capacity: "CAPACITY", QUEUES, Text, Nothing,
            Value::Size(listed.queue()?.capacity.unwrap_or(0));
        /// the first word of a segment's status; each has a place of its own.
        Dest: "DEST", SEGMENTS, Text, Nothing,
            flag(listed, DESTROYED, b"dest")?;
        /// the second word.
        Lock: "LOCK", SEGMENTS, Text, Nothing,
            flag(listed, LOCKED, b"locked")?;
    }
}

fn flag(listed: &Listed, flag: u32, word: &'static [u8]) -> Option<Value<'static>> {
    (listed.mode() & flag != 0).then_some(Value::Text(word))
}

/// What shells offer for the name of a column.
pub(crate) const COLUMN_NAMES: &[&str] = &{
    let mut names = [""; Column::OBJECTS.len()];
    let mut place = 0;
    while place < names.len() {
        names[place] = Column::OBJECTS[place].name();
        place += 1;
    }
    names
};

/// The manual's sentences on the columns of objects.
pub(crate) const MANUAL_OF_OBJECTS: &[&str] = &manual::<{ Column::OBJECTS.len() }>(Column::OBJECTS);
/// The same for those of usage.
pub(crate) const MANUAL_OF_USAGE: &[&str] = &manual::<{ Column::USAGE.len() }>(Column::USAGE);

const fn manual<const COUNT: usize>(columns: &[Column]) -> [&'static str; COUNT] {
    let mut sentences = [""; COUNT];
    let mut place = 0;
    while place < COUNT {
        sentences[place] = columns[place].manual();
        place += 1;
    }
    sentences
}
