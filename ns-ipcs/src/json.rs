//! JSON: a document for all, or one for each object.

use std::os::unix::ffi::OsStrExt;

use ns_common::ipc::Resource;
use ns_common::ipc::system_v::Semaphore;
use ns_common::output::digits::append_decimal;
use ns_common::output::json;

use crate::columns::Column;
use crate::namespaces::Keeper;
use crate::objects::{Attachment, Listed};
use crate::writer::Writer;

/// What an object has in JSON besides its columns.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Extra<'a> {
    Nothing,
    /// The processes that have it mapped.
    Attached,
    /// The semaphores of a set, and how the process that operated each last is called.
    Elements(&'a [Element]),
}

/// A column, and what stands before its value: `, "name": `.
#[derive(Debug)]
pub(crate) struct Member {
    begin: Vec<u8>,
    column: Column,
}

impl Member {
    /// A member for each of `columns`, called like it in small letters.
    pub(crate) fn of(columns: &[Column]) -> Vec<Self> {
        let member = |column: &Column| {
            let name = column.name().trim_end_matches('%').to_ascii_lowercase();
            let mut begin = b", ".to_vec();
            append_name(&name, &mut begin);
            Self {
                begin,
                column: *column,
            }
        };
        columns.iter().map(member).collect()
    }
}

/// A semaphore of a set, and how the process that operated it last is called.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) semaphore: Semaphore,
    pub(crate) command: Option<Vec<u8>>,
}

/// Appends which namespace it is, which may be unknown.
pub(crate) fn append_namespace(namespace: u64, to: &mut Vec<u8>) {
    append_name("namespace", to);
    match namespace {
        0 => to.extend_from_slice(b"null"),
        namespace => append_decimal(namespace, to),
    }
}

/// Appends what keeps a namespace.
pub(crate) fn append_keeper(keeper: &Keeper, to: &mut Vec<u8>) {
    match keeper {
        Keeper::Processes {
            count,
            first,
            command,
        } => {
            let text = format!(", \"pid\": {first}, \"command\": ");
            to.extend_from_slice(text.as_bytes());
            json::string(command, to);
            to.extend_from_slice(format!(", \"processes\": {count}").as_bytes());
        }
        Keeper::File(path) => {
            let text = b", \"pid\": null, \"command\": null, \"processes\": 0, \"kept_by\": ";
            to.extend_from_slice(text);
            json::string(path.as_os_str().as_bytes(), to);
        }
    }
}

/// Appends `{"member": value, …}`, after what is in `begin`.
pub(crate) fn append_object(
    begin: &[u8],
    members: &[Member],
    listed: &Listed,
    extra: Extra<'_>,
    writer: &mut Writer,
    to: &mut Vec<u8>,
) {
    to.push(b'{');
    to.extend_from_slice(begin);
    for (place, member) in members.iter().enumerate() {
        // The first of all has no comma before it.
        let comma = if place == 0 && begin.is_empty() { 2 } else { 0 };
        to.extend_from_slice(&member.begin[comma..]);
        writer.append_json(member.column.value(listed), to);
    }
    match extra {
        Extra::Nothing => {}
        Extra::Attached => {
            to.extend_from_slice(b", \"attached\": ");
            append_array(&listed.attachments, append_attachment, to);
        }
        Extra::Elements(semaphores) => {
            to.extend_from_slice(b", \"elements\": ");
            let numbered: Vec<_> = (0..).zip(semaphores).collect();
            append_array(
                &numbered,
                |(number, element), to| {
                    append_element(*number, element, to);
                },
                to,
            );
        }
    }
    to.push(b'}');
}

/// Appends `"name": `, where nothing in the name needs escaping.
pub(crate) fn append_name(name: &str, to: &mut Vec<u8>) {
    to.push(b'"');
    to.extend_from_slice(name.as_bytes());
    to.extend_from_slice(b"\": ");
}

/// What a line for an object begins with.
pub(crate) fn line_begins(namespace: u64, kind: &str) -> Vec<u8> {
    let mut begin = Vec::new();
    append_name("namespace", &mut begin);
    append_decimal(namespace, &mut begin);
    begin.extend_from_slice(b", ");
    append_name("kind", &mut begin);
    json::string(kind.as_bytes(), &mut begin);
    begin
}

/// The name of the array for a kind.
pub(crate) const fn member(kind: Option<Resource>) -> &'static str {
    match kind {
        Some(kind) => json::kind(kind),
        None => "usage",
    }
}

fn append_array<T>(elements: &[T], append: impl Fn(&T, &mut Vec<u8>), to: &mut Vec<u8>) {
    to.push(b'[');
    for (place, element) in elements.iter().enumerate() {
        if place > 0 {
            to.extend_from_slice(b", ");
        }
        append(element, to);
    }
    to.push(b']');
}

fn append_attachment(process: &Attachment, to: &mut Vec<u8>) {
    let text = format!("{{\"pid\": {}, \"command\": ", process.pid);
    to.extend_from_slice(text.as_bytes());
    json::string(&process.command, to);
    let text = format!(", \"address\": \"{:#x}\"}}", process.address);
    to.extend_from_slice(text.as_bytes());
}

fn append_element(number: u64, element: &Element, to: &mut Vec<u8>) {
    let Element { semaphore, command } = element;
    let text = format!(
        "{{\"semnum\": {number}, \"value\": {}, \"ncount\": {}, \"zcount\": {}, \"pid\": {}, \"command\": ",
        semaphore.value,
        semaphore.waiting_for_increase,
        semaphore.waiting_for_zero,
        semaphore.last_user,
    );
    to.extend_from_slice(text.as_bytes());
    match command {
        Some(command) => json::string(command, to),
        None => to.extend_from_slice(b"null"),
    }
    to.push(b'}');
}
