//! What can be told of an object: a row a column. Who prints columns knows their types and none of
//! their names.

use ns_common::ipc::system_v::{DESTROYED, LOCKED, Permissions, Queue, Segment, SemaphoreSet};

/// An object of any kind.
#[derive(Debug, Clone)]
pub(crate) enum Object {
    Queue(Queue),
    Segment(Segment),
    SemaphoreSet(SemaphoreSet),
}

impl Object {
    fn permissions(&self) -> &Permissions {
        match self {
            Self::Queue(queue) => &queue.permissions,
            Self::Segment(segment) => &segment.permissions,
            Self::SemaphoreSet(set) => &set.permissions,
        }
    }
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

/// What a column says of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
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
    /// A word of ours.
    Word(&'static str),
}

/// One thing that can be told.
#[derive(Debug)]
pub(crate) struct Column {
    /// What it says of an object.
    pub(crate) value: fn(&Object) -> Value,
}

/// A column that every System V object has.
macro_rules! of_all {
    ($permissions:ident => $value:expr) => {
        Column {
            value: |object| {
                let $permissions = object.permissions();
                $value
            },
        }
    };
}

/// A column of one kind of object.
macro_rules! of {
    ($kind:ident, $object:ident => $value:expr) => {
        Column {
            value: |object| match object {
                Object::$kind($object) => $value,
                _ => Value::Missing,
            },
        }
    };
}

pub(crate) static KEY: Column = of_all!(permissions => Value::Key(permissions.key));
pub(crate) static ID: Column = of_all!(permissions => Value::Signed(permissions.id.into()));
pub(crate) static PERMS: Column = of_all!(permissions => Value::Mode(permissions.mode & 0o777));
pub(crate) static USER: Column = of_all!(permissions => Value::User(permissions.uid));
pub(crate) static GROUP: Column = of_all!(permissions => Value::Group(permissions.gid));
pub(crate) static CUSER: Column = of_all!(permissions => Value::User(permissions.cuid));
pub(crate) static CGROUP: Column = of_all!(permissions => Value::Group(permissions.cgid));
pub(crate) static UID: Column = of_all!(permissions => Value::Number(permissions.uid.into()));
pub(crate) static GID: Column = of_all!(permissions => Value::Number(permissions.gid.into()));
pub(crate) static CUID: Column = of_all!(permissions => Value::Number(permissions.cuid.into()));
pub(crate) static CGID: Column = of_all!(permissions => Value::Number(permissions.cgid.into()));
/// The whole mode; only details show it.
pub(crate) static MODE: Column = of_all!(permissions => Value::Mode(permissions.mode));
pub(crate) static CTIME: Column = Column {
    value: |object| {
        Value::Time(match object {
            Object::Queue(queue) => queue.changed,
            Object::Segment(segment) => segment.changed,
            Object::SemaphoreSet(set) => set.changed,
        })
    },
};
pub(crate) static USEDBYTES: Column = of!(Queue, queue => Value::Size(queue.bytes));
pub(crate) static MSGS: Column = of!(Queue, queue => Value::Number(queue.messages));
pub(crate) static QBYTES: Column = of!(Queue, queue => Value::Size(queue.capacity.unwrap_or(0)));
pub(crate) static LSPID: Column = of!(Queue, queue => Value::Signed(queue.last_sender.into()));
pub(crate) static LRPID: Column = of!(Queue, queue => Value::Signed(queue.last_receiver.into()));
pub(crate) static SEND: Column = of!(Queue, queue => Value::Time(queue.sent));
pub(crate) static RECV: Column = of!(Queue, queue => Value::Time(queue.received));
pub(crate) static SIZE: Column = of!(Segment, segment => Value::Size(segment.size));
pub(crate) static NATTCH: Column = of!(Segment, segment => Value::Number(segment.attached));
/// The first word of a segment's status; the classic list has a place for each.
pub(crate) static DEST: Column = of!(Segment, segment => flag(segment, DESTROYED, "dest"));
pub(crate) static LOCK: Column = of!(Segment, segment => flag(segment, LOCKED, "locked"));
pub(crate) static ATTACH: Column = of!(Segment, segment => Value::Time(segment.attach_time));
pub(crate) static DETACH: Column = of!(Segment, segment => Value::Time(segment.detach_time));
pub(crate) static CPID: Column = of!(Segment, segment => Value::Signed(segment.creator.into()));
pub(crate) static LPID: Column = of!(Segment, segment => Value::Signed(segment.last_user.into()));
pub(crate) static NSEMS: Column = of!(SemaphoreSet, set => Value::Number(set.count));
pub(crate) static OTIME: Column = of!(SemaphoreSet, set => Value::Time(set.operated));

fn flag(segment: &Segment, flag: u32, word: &'static str) -> Value {
    if segment.permissions.mode & flag == 0 {
        Value::Missing
    } else {
        Value::Word(word)
    }
}
