//! Which columns the names in a command line mean.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use ns_common::error::{Error, Message, Visible};
use ns_common::ipc::Resources;
use ns_common::words;

use crate::columns::Column;
use crate::request::{Choice, Subject};

/// The columns that lists of names choose, each of which may add to those before.
pub(crate) fn columns(
    lists: &[OsString],
    subject: Subject,
    resources: Resources,
) -> Result<Choice, Error> {
    let mut choice = Choice::Usual;
    for list in lists {
        let list = list.as_bytes();
        let names = list.strip_prefix(b"+").unwrap_or(list);
        let chosen: Result<Vec<_>, Error> = names
            .split(|byte| *byte == b',')
            .map(|name| column(name, subject, resources))
            .collect();
        choice = match (choice, list.starts_with(b"+")) {
            (_, false) => Choice::Only(chosen?),
            (Choice::Usual, true) => Choice::And(chosen?),
            (Choice::And(before), true) => Choice::And([before, chosen?].concat()),
            (Choice::Only(before), true) => Choice::Only([before, chosen?].concat()),
            (Choice::All, true) => Choice::All,
        };
    }
    Ok(choice)
}

/// The column with this name, which at least one of the kinds must have.
pub(crate) fn column(name: &[u8], subject: Subject, resources: Resources) -> Result<Column, Error> {
    let is_usage = matches!(subject, Subject::Usage(_));
    let table = match is_usage {
        true => Column::USAGE,
        false => Column::OBJECTS,
    };
    let fits = |column: Column| is_usage || !column.of().intersection(resources).is_empty();
    let is_named = |column: &&Column| column.name().as_bytes().eq_ignore_ascii_case(name);
    match table.iter().find(is_named) {
        Some(column) if fits(*column) => Ok(*column),
        Some(column) => Err(Error::new(words![
            "column ",
            column.name(),
            " does not apply to the specified IPC"
        ])),
        None => {
            let fitting = table.iter().filter(|column| fits(**column));
            let hint = fitting.fold(words!["columns:"], |list: Message, column| {
                list.with(" ").with(column.name())
            });
            Err(Error::new(words!["unknown column: ", Visible(name)]).with_hint(hint))
        }
    }
}
