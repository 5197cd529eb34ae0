//! What a column says of an object.

use crate::objects::Attachment;

/// What a column says of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value<'a> {
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
    Hundredths(u64),
}

impl Value<'_> {
    /// Whether there is nothing to show.
    pub(crate) const fn is_empty(&self) -> bool {
        matches!(self, Self::Time(0) | Self::Processes([]))
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
