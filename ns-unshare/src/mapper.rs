//! Maps of more than one's own id, written from outside the user namespace.

use std::ffi::{CStr, CString};
use std::path::Path;

use nix::unistd::Pid;
use ns_common::console::Console;
use ns_common::error::{Attempt, Error, ExitStatus, Failure};
use ns_common::exec;
use ns_common::idmap::{IdMap, Side};
use ns_common::procfs;
use ns_common::sys::fork;
use ns_common::words;

use crate::helper::await_success;
use crate::plan::{MapperJob, Writer};

/// The kernel takes no more than this for a map.
const LONGEST_MAP: usize = 4096;

/// The mapper's work: writes the maps of process `pid` from outside its user namespace.
pub fn write_maps(pid: Pid, job: &MapperJob, console: &mut Console) -> Result<ExitStatus, Failure> {
    let sides = [(Side::User, &job.users), (Side::Group, &job.groups)];
    let maps: Vec<_> = sides
        .into_iter()
        .filter_map(|(side, map)| Some((side, map.as_ref()?)))
        .filter(|(_, map)| !map.extents().is_empty())
        .collect();
    for (position, (side, map)) in maps.iter().enumerate() {
        match job.writer {
            Writer::Mapper => write_map(pid, *side, map)?,
            Writer::SetuidPrograms if position + 1 == maps.len() => {
                return Err(run_helper(pid, *side, map).into());
            }
            Writer::SetuidPrograms => {
                let started = fork::spawn(console, (), |_| Err(run_helper(pid, *side, map).into()));
                let (child, ()) = started.attempt(|| words!["fork failed"])?;
                await_success(child, words![side.helper()])?;
            }
        }
    }
    Ok(ExitStatus::SUCCESS)
}

fn write_map(pid: Pid, side: Side, map: &IdMap) -> Result<(), Error> {
    let path = format!("/proc/{pid}/{}", side.map_file());
    let text = map.to_text();
    if text.len() > LONGEST_MAP {
        return Err(Error::new(words![path, " too large for kernel 4k limit"]));
    }
    procfs::write(Path::new(&path), &text).map_err(|failure| {
        failure.into_error(
            words!["failed to open ", path],
            words!["failed to write ", path],
        )
    })
}

/// Becomes newuidmap(1) or newgidmap(1). Returns only on failure.
fn run_helper(pid: Pid, side: Side, map: &IdMap) -> Error {
    let numbers = map
        .extents()
        .iter()
        .flat_map(|extent| [extent.inner, extent.outer, extent.count]);
    let words = std::iter::once(pid.to_string()).chain(numbers.map(|number| number.to_string()));
    let words: Vec<CString> = words
        .map(|word| CString::new(word).expect("digits have no NUL"))
        .collect();
    let argv: Vec<&CStr> = std::iter::once(side.helper())
        .chain(words.iter().map(CString::as_c_str))
        .collect();
    exec::program(&argv)
}
