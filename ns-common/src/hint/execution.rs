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

/// What a name stands for: the first place that has something.
fn place(name: &CStr) -> Option<PathBuf> {
    let mut places = search::places(OsStr::from_bytes(name.to_bytes())).into_iter();
    places.find(|place| status_of(place.as_path()).is_ok())
}

/// Opens what is executed; whatever it is, that does not wait.
fn open(place: &Path) -> Option<File> {
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = File::from(descriptor::open(place, flags).ok()?);
    file.metadata().ok()?.is_file().then_some(file)
}

fn is_missing(path: &Path) -> bool {
    status_of(path) == Err(Errno::ENOENT)
}

/// What executing a file takes beside it.
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

/// The interpreter of a script may be a script in its turn; the kernel follows no more than five.
const LONGEST_CHAIN: usize = 5;

/// A script without its interpreter, a program without its loader.
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

/// A directory, which is often meant to be the value of an option.
pub(super) fn program_is_a_directory(failed: &Failed<'_>, _: &System) -> Option<Message> {
    let Failed::Execute(name) = failed else {
        return None;
    };
    let place = place(name)?;
    let text = " is a directory and no program; a value that an option may do without is attached to it: --option=";
    place.is_dir().then(|| words![place, text, place])
}

/// A file system without executable files, a file without the permission; the file may be the
/// interpreter as well.
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
            " lies on a file system that is mounted noexec: copy it to another one",
        ));
    }
    let mode = status_of(file).ok()?.mode;
    let text = " has no execute permission: chmod +x gives it";
    Some((mode & 0o111 == 0).then_some(text))
}

/// A program for another kind of machine.
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
    let text = " is a program for another kind of machine: an emulator such as qemu-user runs it";
    (own != its).then(|| words![**name, text])
}
