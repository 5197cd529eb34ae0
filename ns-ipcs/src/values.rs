//! Values as the classic lists, details and totals have them.

use ns_common::output::columns::Digits;
use ns_common::output::units::{Clock, TimeShape, append_human_size};

use crate::columns::Value;
use crate::names::Names;
use crate::request::Unit;

/// How a value is written where its type leaves a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// As it is; modes in octal.
    Plain,
    /// A name is cut to this many bytes; a number that stands for one is not.
    Cut(usize),
    /// A mode begins with a zero, which a mode of zero is by itself.
    LeadingZero,
    /// A time in this shape.
    Time(TimeShape),
}

/// Writes values.
#[derive(Debug)]
pub(crate) struct Writer {
    unit: Unit,
    users: Names,
    groups: Names,
    clock: Clock,
}

impl Writer {
    /// A writer that shows sizes in `unit`.
    pub(crate) fn new(unit: Unit) -> Self {
        Self {
            unit,
            users: Names::of_users(),
            groups: Names::of_groups(),
            clock: Clock::default(),
        }
    }

    /// Appends a value.
    pub(crate) fn append(&mut self, value: Value, style: Style, to: &mut Vec<u8>) {
        match value {
            Value::Missing => {}
            Value::Number(number) => to.extend_from_slice(Digits::decimal(number).as_bytes()),
            Value::Signed(number) => to.extend_from_slice(Digits::signed(number).as_bytes()),
            Value::Size(size) => match self.unit {
                Unit::Human => append_human_size(size, to),
                Unit::Usual | Unit::Bytes => {
                    to.extend_from_slice(Digits::decimal(size).as_bytes());
                }
            },
            Value::Time(seconds) => {
                let shape = match style {
                    Style::Time(shape) => shape,
                    Style::Plain | Style::Cut(_) | Style::LeadingZero => TimeShape::Full,
                };
                self.clock.append(seconds, shape, to);
            }
            Value::Key(key) => to.extend_from_slice(Digits::key(key).as_bytes()),
            Value::Mode(mode) => {
                if style == Style::LeadingZero && mode != 0 {
                    to.push(b'0');
                }
                to.extend_from_slice(Digits::octal(mode).as_bytes());
            }
            Value::User(uid) => append_name(&mut self.users, uid, style, to),
            Value::Group(gid) => append_name(&mut self.groups, gid, style, to),
            Value::Word(word) => to.extend_from_slice(word.as_bytes()),
        }
    }
}

fn append_name(names: &mut Names, id: u32, style: Style, to: &mut Vec<u8>) {
    match (names.name(id), style) {
        (Some(name), Style::Cut(width)) => to.extend_from_slice(&name[..name.len().min(width)]),
        (Some(name), _) => to.extend_from_slice(name),
        (None, _) => to.extend_from_slice(Digits::decimal(id.into()).as_bytes()),
    }
}
