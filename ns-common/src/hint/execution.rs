//! Why a program could not be executed.

use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::statfs::statfs;
use nix::sys::statvfs::FsFlags;

use super::Failed;
use super::system::System;
use crate::error::Message;
use crate::interpreter::{self, Format};
use crate::process::search;
use crate::sys::descriptor;
use crate::sys::file::status_of;
use crate::words;

/// The file that a program name refers to: the first match in the search path.
fn place(name: &CStr) -> Option<PathBuf> {
    let mut places = search::places(OsStr::from_bytes(name.to_bytes())).into_iter();
    places.find(|place| status_of(place.as_path()).is_ok())
}

/// Opens the file to be executed. It may be anything, a FIFO for instance, so opening must not
/// block.
fn open(place: &Path) -> Option<File> {
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = File::from(descriptor::open(place, flags).ok()?);
    file.metadata().ok()?.is_file().then_some(file)
}

fn is_missing(path: &Path) -> bool {
    status_of(path) == Err(Errno::ENOENT)
}

/// Another file that executing a file requires.
struct Need {
    what: &'static str,
    path: PathBuf,
}

fn need(place: &Path) -> Option<Need> {
    let (what, path) = match interpreter::format(&open(place)?) {
        Format::Script(interpreter) => ("the interpreter ", interpreter),
        Format::Program { loader, .. } => ("the loader ", loader?),
        Format::Unknown => return None,
    };
    Some(Need { what, path })
}

/// The interpreter of a script may itself be a script; the kernel follows at most five: execve(2).
const LONGEST_CHAIN: usize = 5;

/// The interpreter of a script, or the loader of a program, is missing.
pub(super) fn interpreter_is_missing(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let Failed::Execute(name) = failed else {
        return None;
    };
    let mut place = place(name)?;
    for _ in 0..LONGEST_CHAIN {
        let Need { what, path } = need(&place)?;
        if is_missing(&path) {
            return Some(words![what, path, " of ", place, " is missing"]);
        }
        place = path;
    }
    None
}

/// The copy in memory is a script, or its loader is missing inside.
pub(super) fn copy_needs_a_file(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let Failed::ExecuteCopy(name, copy) = failed else {
        return None;
    };
    match interpreter::format(&File::from(copy.try_clone().ok()?)) {
        Format::Script(_) => {
            let text = " is a script, and its interpreter cannot open the copy: give the interpreter as the program";
            Some(words![*name, text])
        }
        Format::Program { loader, .. } => {
            let loader = loader?;
            let text = " is missing inside: use a statically linked program, which needs none";
            is_missing(&loader).then(|| words!["the loader ", loader, " of ", *name, text])
        }
        Format::Unknown => None,
    }
}

/// The program is a directory, which was often meant as the value of an option.
pub(super) fn program_is_a_directory(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let Failed::Execute(name) = failed else {
        return None;
    };
    let place = place(name)?;
    let text = " is a directory, not a program; an optional value must be attached to its option: --option=";
    place.is_dir().then(|| words![place, text, place])
}

/// The file system is mounted noexec or the file is not executable; the file may also be the
/// interpreter.
pub(super) fn execution_is_forbidden(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let Failed::Execute(name) = failed else {
        return None;
    };
    let mut place = place(name).filter(|place| place.is_file())?;
    for _ in 0..LONGEST_CHAIN {
        if let Some(text) = forbidden(&place)? {
            return Some(words![place, text]);
        }
        place = need(&place)?.path;
    }
    None
}

fn forbidden(file: &Path) -> Option<Option<&'static str>> {
    if statfs(file).ok()?.flags().contains(FsFlags::ST_NOEXEC) {
        return Some(Some(
            " is on a file system mounted noexec: copy it to another one",
        ));
    }
    let mode = status_of(file).ok()?.mode;
    let text = " has no execute permission: chmod +x adds it";
    Some((mode & 0o111 == 0).then_some(text))
}

/// The program is for another architecture.
pub(super) fn machine_is_another(failed: &Failed<'_>, system: &System) -> Option<Message> {
    let (name, file) = match failed {
        Failed::Execute(name) => (name, open(&place(name)?)?),
        Failed::ExecuteCopy(name, copy) => (name, File::from(copy.try_clone().ok()?)),
        _ => return None,
    };
    let machine_of = |file: &File| match interpreter::format(file) {
        Format::Program { machine, .. } => Some(machine),
        _ => None,
    };
    let own = descriptor::open(&system.path("self/exe"), OFlag::O_RDONLY).ok()?;
    let (own, its) = (machine_of(&own.into())?, machine_of(&file)?);
    let text = " is a program for another architecture: run it with an emulator such as qemu-user";
    (own != its).then(|| words![**name, text])
}
