//! Why a program could not be executed.

use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::stat::stat;
use nix::sys::statvfs::{FsFlags, statvfs};

use super::Failed;
use super::system::System;
use crate::error::Message;
use crate::interpreter::{self, Format};
use crate::process::search;
use crate::sys::descriptor;
use crate::words;

/// The first file that a name stands for; whatever it is, opening it does not wait.
fn file(name: &CStr) -> Option<(PathBuf, File)> {
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let places = search::places(OsStr::from_bytes(name.to_bytes())).into_iter();
    let mut files = places.filter(|place| place.is_file());
    let place = files.next()?;
    let file = File::from(descriptor::open(&place, flags).ok()?);
    file.metadata().ok()?.is_file().then_some((place, file))
}

fn is_missing(path: &Path) -> bool {
    stat(path) == Err(Errno::ENOENT)
}

/// A script without its interpreter, a program without its loader.
pub(super) fn interpreter_is_missing(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let Failed::Execute(name) = failed else {
        return None;
    };
    let (place, file) = file(name)?;
    let (what, needed) = match interpreter::format(&file) {
        Format::Script(interpreter) => ("the interpreter ", interpreter),
        Format::Program { loader, .. } => ("the loader ", loader?),
        Format::Unknown => return None,
    };
    is_missing(&needed).then(|| words![what, needed, " of ", place, " is missing"])
}

/// A copy in memory that is a script, or whose loader is missing.
pub(super) fn copy_needs_a_file(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let Failed::ExecuteCopy(name, copy) = failed else {
        return None;
    };
    match interpreter::format(&File::from(copy.try_clone().ok()?)) {
        Format::Script(_) => {
            let text =
                " is a script, whose interpreter could not open the copy: name the interpreter";
            Some(words![*name, text])
        }
        Format::Program { loader, .. } => {
            let loader = loader?;
            let text = " is missing inside: a statically linked program needs none";
            is_missing(&loader).then(|| words!["the loader ", loader, " of ", *name, text])
        }
        Format::Unknown => None,
    }
}

/// A file system without executable files, a file without the permission.
pub(super) fn execution_is_forbidden(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let Failed::Execute(name) = failed else {
        return None;
    };
    let places = search::places(OsStr::from_bytes(name.to_bytes())).into_iter();
    let place = places.into_iter().find(|place| place.is_file())?;
    if statvfs(&place).ok()?.flags().contains(FsFlags::ST_NOEXEC) {
        let text = " lies on a file system that is mounted noexec";
        return Some(words![place, text]);
    }
    let mode = std::fs::metadata(&place).ok()?.permissions().mode();
    let text = " has no execute permission: chmod +x gives it";
    (mode & 0o111 == 0).then(|| words![place, text])
}

/// A program for another kind of machine.
pub(super) fn machine_is_another(failed: &Failed<'_>, system: &System) -> Option<Message> {
    let (name, file) = match failed {
        Failed::Execute(name) => (name, file(name)?.1),
        Failed::ExecuteCopy(name, copy) => (name, File::from(copy.try_clone().ok()?)),
        _ => return None,
    };
    let machine_of = |file: &File| match interpreter::format(file) {
        Format::Program { machine, .. } => Some(machine),
        _ => None,
    };
    let own = descriptor::open(&system.path("self/exe"), OFlag::O_RDONLY).ok()?;
    let (own, its) = (machine_of(&own.into())?, machine_of(&file)?);
    let text = " is a program for another kind of machine";
    (own != its).then(|| words![**name, text])
}
