//! Executing a request: it is explained, probed or carried out.

use ns_common::console::Console;
use ns_common::error::{ExitStatus, Failure};
use ns_common::explain;

use crate::caller::Current;
use crate::plan::Plan;
use crate::probe;
use crate::process::{Flow, Process};
use crate::request::{Preview, Request};

/// Carries out the request. Returns only in a process that does not execute the program.
pub(crate) fn execute(request: Request, console: &mut Console) -> Result<ExitStatus, Failure> {
    if request.preview == Some(Preview::Probe) {
        return probe::execute(&request, console);
    }
    let plan = Plan::new(&request, &Current)?;
    if request.preview == Some(Preview::Explain) {
        console
            .output
            .push(explain::render(&plan.lines()).as_slice());
        return Ok(ExitStatus::SUCCESS);
    }
    let mut process = Process::default();
    for step in &plan.0 {
        if let Flow::End(status) = process.carry_out(step, console)? {
            return Ok(status);
        }
    }
    Ok(ExitStatus::SUCCESS)
}
