//! All that is shown of one namespace, by what is asked for.

mod attachments;
mod details;

use ns_common::error::{Error, ExitStatus};
use ns_common::ipc::{Resource, SystemV};

use crate::columns::Column;
use crate::forms::Block;
use crate::json::Extra;
use crate::lists::Layout;
use crate::objects::{Listed, Object};
use crate::report::Report;
use crate::request::{Form, Share, Subject};
use crate::totals;
use crate::usage;
use crate::views::List;
use crate::writer::Writer;

/// Shows it all; what a JSON document says of the namespace itself is printed already. What cannot
/// be shown is reported, and the rest goes on.
pub(crate) fn show(report: &mut Report<'_>) -> ExitStatus {
    match report.request.subject {
        Subject::Details { kind, id, absence } => details::show(report, kind, id, absence),
        Subject::Limits => show_totals(report, |kind, writer, to| {
            totals::append_limits(kind, writer, to);
            Ok(())
        }),
        Subject::Summary => show_totals(report, totals::append_usage),
        Subject::Usage(fail_above) => show_usage(report, fail_above),
        Subject::Objects(list) => {
            if report.request.form == Form::Classic {
                report.console.output.push("\n");
            }
            report.each_kind(&|report, kind| show_objects(report, kind, list))
        }
        Subject::Attachments => report.each_kind(&attachments::show),
    }
}

/// All objects of a kind.
fn show_objects(report: &mut Report<'_>, kind: Resource, list: List) -> Result<(), Error> {
    let columns = report.columns(kind, list);
    let block = match report.request.form {
        Form::Classic => Block::Classic(Layout::new(kind, list, report.writer.unit())),
        form => report.block(form, Some(kind), &columns, Extra::Nothing),
    };
    report.list(kind, &columns, block, |block, listed, writer, console| {
        block.row(listed, writer, &mut console.output);
    })
}

/// What is used beside the limits. A row above a share is told, and the status then is 2.
#[inline(never)] // Most runs do not need what it needs: code, and room on the stack.
fn show_usage(report: &mut Report<'_>, fail_above: Option<Share>) -> ExitStatus {
    let (form, all) = (report.request.form, Column::USAGE.to_vec());
    let columns = report.chosen(all.clone(), all, Column::USAGE);
    let mut rows: Vec<Listed> = usage::rows(report.request.resources, &report.finder.doubts)
        .into_iter()
        .map(|row| Listed::new(Object::Usage(row)))
        .collect();
    report.finder.sort(&mut rows, &mut report.writer);
    if form != Form::Quiet {
        let mut block = report.block(form, None, &columns, Extra::Nothing);
        let output = &mut report.console.output;
        block.begin(output);
        for row in &rows {
            block.row(row, &mut report.writer, output);
        }
        block.end(true, output);
    }
    let mut status = ExitStatus::SUCCESS;
    for usage in rows.iter().filter_map(Listed::usage) {
        if fail_above.is_some_and(|share| share.is_exceeded_by(usage)) {
            report.console.report(&usage::exceeded(usage));
            status = ExitStatus::new(2);
        }
    }
    match report.finder.doubts.end() {
        Ok(()) => status,
        Err(error) => {
            report.console.report(&error);
            ExitStatus::FAILURE
        }
    }
}

/// Limits, or what is used of each kind.
fn show_totals(
    report: &mut Report<'_>,
    append: fn(SystemV, &mut Writer, &mut Vec<u8>) -> Result<(), Error>,
) -> ExitStatus {
    report.console.output.push("\n");
    report.each_kind(&|report, kind| {
        let Resource::SystemV(kind) = kind else {
            return Ok(());
        };
        let result = append(kind, &mut report.writer, report.console.output.buffer());
        report.console.output.push("\n");
        result
    })
}
