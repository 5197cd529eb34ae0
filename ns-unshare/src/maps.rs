//! Writing id maps: user_namespaces(7). The caller's own id can be mapped from inside, more ids
//! only from outside.

use std::ffi::{CStr, CString};
use std::path::Path;

use nix::errno::Errno;
use nix::unistd::Pid;
use ns_common::console::Console;
use ns_common::error::{Attempt, Error, ExitStatus, Failure};
use ns_common::hint::{self, Failed};
use ns_common::idmap::{IdExtent, IdKind, IdMap};
use ns_common::process::helper::{Helper, await_success};
use ns_common::process::program;
use ns_common::procfs::{self, OwnDirectory, WriteFailure};
use ns_common::sys::fork;
use ns_common::words;

use crate::plan::{MapperJob, Missing, Writer};
use crate::request::SetGroups;

/// The longest map that the kernel accepts, in bytes.
const LONGEST_MAP: usize = 4096;

/// A helper that writes this process's maps from outside the new user namespace.
#[derive(Debug)]
pub(crate) struct Mapper {
    helper: Helper,
    job: MapperJob,
}

impl Mapper {
    /// Starts the helper; `own` is this process's directory in `/proc`.
    pub(crate) fn start(
        console: &mut Console,
        own: &OwnDirectory,
        job: &MapperJob,
    ) -> Result<Self, Error> {
        let pid = Pid::this();
        let helper = Helper::start(console, |channel, console| match channel.receive()? {
            Some(_) => write_maps(own, pid, job, console),
            None => Ok(ExitStatus::SUCCESS),
        })?;
        let job = job.clone();
        Ok(Self { helper, job })
    }

    /// Tells the helper to write the maps, and waits for it.
    pub(crate) fn write(self, console: &mut Console) -> Result<(), Failure> {
        let written = self.helper.release(b"write");
        let has_told = matches!(&written, Err(Failure::Told(ExitStatus::FAILURE)));
        if has_told && self.job.writer == Writer::SetuidPrograms {
            let hint = hint::after(&Failed::RunMapPrograms(&self.job.maps));
            hint.iter().for_each(|hint| console.hint(hint));
        }
        written
    }
}

fn write_maps(
    own: &OwnDirectory,
    pid: Pid,
    job: &MapperJob,
    console: &mut Console,
) -> Result<ExitStatus, Failure> {
    let maps: Vec<(IdKind, &IdMap)> = job
        .maps
        .iter()
        .filter_map(|(kind, map)| Some((kind, map.as_ref()?)))
        .filter(|(_, map)| !map.extents().is_empty())
        .collect();
    for (position, (kind, map)) in maps.iter().enumerate() {
        match job.writer {
            Writer::Mapper => write_map(own, pid, *kind, map)?,
            Writer::SetuidPrograms if position + 1 == maps.len() => {
                return Err(run_program(own, pid, *kind, map).into());
            }
            Writer::SetuidPrograms => {
                let work = |_: &mut Console| Err(run_program(own, pid, *kind, map).into());
                let started = fork::spawn(console, (), work);
                let (child, ()) = started.attempt(|| words!["fork failed"])?;
                await_success(child, words![kind.helper()])?;
            }
        }
    }
    Ok(ExitStatus::SUCCESS)
}

/// Writes a map of the process with the directory `own` and the PID `pid`.
fn write_map(own: &OwnDirectory, pid: Pid, kind: IdKind, map: &IdMap) -> Result<(), Error> {
    let path = format!("/proc/{pid}/{}", kind.map_file());
    let text = map.to_text();
    if text.len() > LONGEST_MAP {
        return Err(Error::new(words![path, " too large for kernel 4k limit"]));
    }
    own.write(kind.map_file(), &text)
        .map_err(|failure| {
            failure.into_error(
                words!["failed to open ", path],
                words!["failed to write ", path],
            )
        })
        .map_err(|error| hint::explain(error, &Failed::WriteMapFromOutside(kind, map)))
}

/// Executes newuidmap(1) or newgidmap(1), which expect the PID that `/proc` shows. Returns only on
/// failure.
fn run_program(own: &OwnDirectory, pid: Pid, kind: IdKind, map: &IdMap) -> Error {
    let number = own.number().map_or_else(|| pid.to_string(), str::to_owned);
    let extents = map.extents().iter();
    let ids = extents.flat_map(|extent| [extent.inner, extent.outer, extent.count]);
    let words: Vec<CString> = std::iter::once(number)
        .chain(ids.map(|id| id.to_string()))
        .filter_map(|word| CString::new(word).ok())
        .collect();
    let argv: Vec<&CStr> = std::iter::once(kind.helper())
        .chain(words.iter().map(CString::as_c_str))
        .collect();
    hint::explain(program::command(&argv), &Failed::ExecuteMapProgram(kind))
}

/// Writes a map of one extent for this process, from inside.
pub(crate) fn map_single(kind: IdKind, extent: IdExtent) -> Result<(), Error> {
    let path = Path::new("/proc/self").join(kind.map_file());
    let map = IdMap::single(extent);
    procfs::write(&path, &map.to_text())
        .map_err(|failure| write_failed(&path, failure))
        .map_err(|error| hint::explain(error, &Failed::WriteMap(kind, &map)))
}

/// Writes `/proc/self/setgroups`.
pub(crate) fn write_setgroups(policy: SetGroups, missing: Missing) -> Result<(), Error> {
    let path = Path::new("/proc/self/setgroups");
    match procfs::write(path, policy.word().as_bytes()) {
        Err(WriteFailure::Open(Errno::ENOENT)) if missing == Missing::Tolerated => Ok(()),
        result => result
            .map_err(|failure| write_failed(path, failure))
            .map_err(|error| hint::explain(error, &Failed::WriteSetGroups(policy.word()))),
    }
}

fn write_failed(path: &Path, failure: WriteFailure) -> Error {
    failure.into_error(words!["cannot open ", path], words!["write failed ", path])
}
