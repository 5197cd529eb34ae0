//! Who has objects mapped.

use ns_common::error::{Error, Message};
use ns_common::ipc::{Posix, Resource};
use ns_common::words;

use crate::columns::Column;
use crate::json::Extra;
use crate::objects::Listed;
use crate::report::Report;
use crate::request::Form;
use crate::views::{self, List};

/// Who has the objects of a kind mapped: in a document a member of each, else a row for each.
pub(super) fn show(report: &mut Report<'_>, kind: Resource) -> Result<(), Error> {
    let mut needed = report.columns(kind, List::Usual);
    let columns = needed.clone();
    needed.push(Column::Pids);
    let rows = views::of_attachments(kind);
    let is_document = report.request.form == Form::Json;
    let block = match report.request.form {
        Form::Json => report.block(Form::Json, Some(kind), &columns, Extra::Attached),
        Form::Raw => report.block(Form::Raw, Some(kind), rows, Extra::Nothing),
        _ => report.block(Form::Table, Some(kind), rows, Extra::Nothing),
    };
    let mut missing = Vec::new();
    let result = report.list(kind, &needed, block, |block, listed, writer, console| {
        missing.extend(missing_from(listed));
        if is_document {
            return block.row(listed, writer, &mut console.output);
        }
        let mut one = listed.clone();
        if listed.attachments.is_empty() {
            block.row(&one, writer, &mut console.output);
        }
        for process in &listed.attachments {
            one.attachment = Some(process.clone());
            block.row(&one, writer, &mut console.output);
        }
    });
    for text in missing {
        report.console.report(&text);
    }
    let unreadable = report.finder.maps().unreadable;
    if kind == Resource::Posix(Posix::Memory) && unreadable > 0 {
        let text = Message::counted(unreadable, "process", "processes");
        let text = text.with(" could not be read");
        report.console.report(&Error::new(text));
    }
    result
}

/// What is said of a segment that is mapped in more pieces than were found.
fn missing_from(listed: &Listed) -> Option<Error> {
    let segment = listed.segment()?;
    let found: u64 = listed.attachments.iter().map(|one| one.pieces).sum();
    let missing = segment.attached.saturating_sub(found);
    let text = words![
        "segment ",
        segment.permissions.id,
        ": ",
        Message::counted(missing, "more attachment", "more attachments"),
        " by processes that could not be read or are in other PID namespaces"
    ];
    (missing > 0).then(|| Error::new(text))
}
