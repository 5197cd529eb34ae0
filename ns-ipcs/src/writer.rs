//! Writing values: as the classic views have them, as tables do, as JSON does, and in order.

use ns_common::output::digits::{append_decimal, append_key, append_octal, append_signed};
use ns_common::output::json;
use ns_common::output::units::{Clock, TimeShape, append_human_size};
use ns_common::visible::append_visible;

use crate::names::Names;
use crate::objects::Attachment;
use crate::request::{Naming, TimeFormat, Unit, ValueStyle};
use crate::values::Value;

/// How a value is written where its type leaves a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// As the classic views have it.
    Plain,
    /// The same, but a name is cut to this many bytes; a number that stands for one is not.
    Cut(u8),
    /// The same, but a mode begins with a zero, which a mode of zero is by itself.
    LeadingZero,
    /// The same, but a time in this shape.
    Time(TimeShape),
    /// The same, but a text that may have been chosen to confuse: what is not printable is shown
    /// as `\xHH`.
    Visible,
    /// As tables have it, before anything in it is made visible.
    Cell,
    /// As programs read it: sizes are in bytes.
    Raw,
}

/// Writes values.
#[derive(Debug)]
pub(crate) struct Writer {
    style: ValueStyle,
    users: Names,
    groups: Names,
    clock: Clock,
}

/// What a value is sorted by. What is missing comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Missing,
    Number(i128),
    Text(Vec<u8>),
}

impl Writer {
    /// A writer for values in a style.
    pub(crate) fn new(style: ValueStyle) -> Self {
        Self {
            style,
            users: Names::of_users(),
            groups: Names::of_groups(),
            clock: Clock::default(),
        }
    }

    /// The unit of sizes.
    pub(crate) const fn unit(&self) -> Unit {
        self.style.unit
    }

    /// Appends a value in a style.
    pub(crate) fn append(&mut self, value: Value<'_>, style: Style, to: &mut Vec<u8>) {
        self.append_inline(value, style, to);
    }

    /// The same for the rows of the classic lists, in which a call would cost a tenth.
    #[inline(always)]
    pub(crate) fn append_inline(&mut self, value: Value<'_>, style: Style, to: &mut Vec<u8>) {
        match value {
            Value::Number(number) => append_decimal(number, to),
            Value::Signed(number) => append_signed(number, to),
            Value::Size(size) if self.style.unit == Unit::Human && style != Style::Raw => {
                append_human_size(size, to);
            }
            Value::Size(size) => append_decimal(size, to),
            Value::Key(key) => append_key(key, to),
            Value::Mode(mode) => append_mode(mode, style, to),
            Value::User(uid) => match self.name_of_user(uid) {
                Some(name) => to.extend_from_slice(cut(name, style)),
                None => append_decimal(uid.into(), to),
            },
            Value::Group(gid) => match self.name_of_group(gid) {
                Some(name) => to.extend_from_slice(name),
                None => append_decimal(gid.into(), to),
            },
            Value::Time(seconds) => {
                let usual = match style {
                    Style::Time(shape) => shape,
                    _ => TimeShape::Iso,
                };
                let shape = self.style.time.map_or(usual, shape_of);
                self.clock.append(seconds, shape, to);
            }
            Value::Text(text) if style == Style::Visible => append_visible(text, to),
            Value::Text(text) => to.extend_from_slice(text),
            Value::Processes(processes) => append_pids(processes, to),
            Value::Address(address) => append_address(address, to),
            Value::Hundredths(number) => append_hundredths(number, to),
        }
    }

    /// Appends a value as JSON has it.
    pub(crate) fn append_json(&mut self, value: Option<Value<'_>>, to: &mut Vec<u8>) {
        let Some(value) = value else {
            return to.extend_from_slice(b"null");
        };
        match value {
            Value::Processes(processes) => {
                to.push(b'[');
                append_pids(processes, to);
                to.push(b']');
            }
            Value::Time(0) => to.extend_from_slice(b"null"),
            Value::Number(_) | Value::Signed(_) | Value::Size(_) | Value::Hundredths(_) => {
                self.append(value, Style::Raw, to);
            }
            Value::Time(_) if self.style.time == Some(TimeFormat::Epoch) => {
                self.append(value, Style::Raw, to);
            }
            // In these there is nothing to escape.
            Value::Time(_) | Value::Key(_) | Value::Mode(_) | Value::Address(_) => {
                to.push(b'"');
                self.append(value, Style::Raw, to);
                to.push(b'"');
            }
            Value::User(_) | Value::Group(_) | Value::Text(_) => {
                to.push(b'"');
                let start = to.len();
                self.append(value, Style::Raw, to);
                if to[start..].iter().all(|byte| is_plain(*byte)) {
                    to.push(b'"');
                } else {
                    let text = to.split_off(start);
                    to.pop();
                    json::string(&text, to);
                }
            }
        }
    }

    /// What a value is sorted by.
    pub(crate) fn rank(&mut self, value: Option<Value<'_>>) -> Rank {
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            return Rank::Missing;
        };
        match value {
            Value::Number(number)
            | Value::Size(number)
            | Value::Address(number)
            | Value::Hundredths(number) => Rank::Number(number.into()),
            Value::Signed(number) | Value::Time(number) => Rank::Number(number.into()),
            Value::Key(key) => Rank::Number(key.into()),
            Value::Mode(mode) => Rank::Number(mode.into()),
            Value::Processes(processes) => {
                let first = processes.first();
                first.map_or(Rank::Missing, |first| Rank::Number(first.pid.into()))
            }
            Value::User(_) | Value::Group(_) | Value::Text(_) => {
                let mut text = Vec::new();
                self.append(value, Style::Raw, &mut text);
                Rank::Text(text)
            }
        }
    }

    fn name_of_user(&mut self, uid: u32) -> Option<&[u8]> {
        match self.style.naming {
            Naming::Names => self.users.name(uid),
            Naming::Numbers => None,
        }
    }

    fn name_of_group(&mut self, gid: u32) -> Option<&[u8]> {
        match self.style.naming {
            Naming::Names => self.groups.name(gid),
            Naming::Numbers => None,
        }
    }
}

/// A name as a style has it.
fn cut(name: &[u8], style: Style) -> &[u8] {
    match style {
        Style::Cut(width) => name.get(..width.into()).unwrap_or(name),
        _ => name,
    }
}

fn append_mode(mode: u32, style: Style, to: &mut Vec<u8>) {
    let least = match style {
        Style::Cell | Style::Raw => 4,
        _ => 1,
    };
    if style == Style::LeadingZero && mode != 0 {
        to.push(b'0');
    }
    append_octal(mode, least, to);
}

/// Whether a byte stands for itself in a string of JSON.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'"' && byte != b'\\' || byte == b' '
}

const fn shape_of(format: TimeFormat) -> TimeShape {
    match format {
        TimeFormat::Iso => TimeShape::Iso,
        TimeFormat::Epoch => TimeShape::Epoch,
    }
}

fn append_pids(processes: &[Attachment], to: &mut Vec<u8>) {
    for (place, process) in processes.iter().enumerate() {
        if place > 0 {
            to.push(b',');
        }
        append_signed(process.pid.into(), to);
    }
}

fn append_address(address: u64, to: &mut Vec<u8>) {
    to.extend_from_slice(format!("{address:#x}").as_bytes());
}

/// Appends hundredths with two decimals.
pub(crate) fn append_hundredths(number: u64, to: &mut Vec<u8>) {
    to.extend_from_slice(format!("{}.{:02}", number / 100, number % 100).as_bytes());
}
