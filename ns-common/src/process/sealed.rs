//! Executing a program from outside after entering namespaces, as a sealed copy in memory:
//! memfd_create(2).
//!
//! The file itself must not be executed inside: processes there could open it through
//! `/proc/PID/exe` for writing, and so change the caller's system.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, FcntlArg, OFlag, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::unistd::{AccessFlags, execveat, faccessat};

use super::program::failed;
use super::search;
use crate::error::Error;
use crate::hint::Failed;
use crate::procfs::errno;
use crate::sys::descriptor;

/// `MFD_EXEC` and `F_SEAL_EXEC`, since Linux 6.3, where a memfd may be not executable by default.
const EXECUTABLE: MFdFlags = MFdFlags::from_bits_retain(0x10);
const SEAL_EXECUTABLE: SealFlag = SealFlag::from_bits_retain(0x20);

/// Copies into memory the program that execvp(3) would find for `name`.
pub fn copy(name: &CStr) -> Result<OwnedFd, Error> {
    try_copy(name).map_err(|errno| failed(name, errno, Failed::Execute))
}

fn try_copy(name: &CStr) -> nix::Result<OwnedFd> {
    let path = find(OsStr::from_bytes(name.to_bytes()))?;
    let mut program = File::from(descriptor::open(&path, OFlag::O_RDONLY)?);
    let is_regular = program.metadata().map_err(|error| errno(&error))?.is_file();
    if !is_regular {
        return Err(Errno::EACCES);
    }
    let mut memory = File::from(create(name)?);
    transfer(&mut program, &mut memory).map_err(|error| errno(&error))?;
    seal(memory.as_fd())?;
    Ok(memory.into())
}

/// Not std::io::copy, which panics if the kernel refuses one of its fast paths halfway.
fn transfer(from: &mut File, to: &mut File) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => to.write_all(&buffer[..length])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Executes the program in `memory` with the arguments `argv`; returns only on failure.
///
/// A script, or a program whose loader is missing inside, fails with status 127: the interpreter
/// cannot open the copy, which has no path inside.
pub fn execute(memory: &OwnedFd, argv: &[&CStr]) -> Error {
    let pair = |(name, value): (OsString, OsString)| {
        let entry = [name.as_bytes(), b"=", value.as_bytes()].concat();
        CString::new(entry).ok()
    };
    let environment: Vec<CString> = std::env::vars_os().filter_map(pair).collect();
    let flags = AtFlags::AT_EMPTY_PATH;
    let Err(errno) = execveat(memory, c"", argv, &environment, flags);
    let name = argv.first().copied().unwrap_or_default();
    failed(name, errno, |name| Failed::ExecuteCopy(name, memory))
}

fn create(name: &CStr) -> nix::Result<OwnedFd> {
    let base = name
        .to_bytes()
        .rsplit(|byte| *byte == b'/')
        .next()
        .unwrap_or_default();
    // The kernel takes up to 249 bytes, and shows them in `/proc`.
    let base = CString::new(&base[..base.len().min(200)]).map_err(|_| Errno::EINVAL)?;
    let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
    let memory = match memfd_create(base.as_c_str(), flags | EXECUTABLE) {
        Err(Errno::EINVAL) => memfd_create(base.as_c_str(), flags),
        result => result,
    };
    memory.and_then(descriptor::above_standard)
}

fn seal(memory: impl AsFd) -> nix::Result<()> {
    let seals = SealFlag::F_SEAL_WRITE
        | SealFlag::F_SEAL_GROW
        | SealFlag::F_SEAL_SHRINK
        | SealFlag::F_SEAL_SEAL;
    match fcntl(&memory, FcntlArg::F_ADD_SEALS(seals | SEAL_EXECUTABLE)) {
        Err(Errno::EINVAL) => fcntl(&memory, FcntlArg::F_ADD_SEALS(seals)),
        result => result,
    }
    .map(drop)
}

/// The program that execvp(3) would execute.
fn find(name: &OsStr) -> nix::Result<PathBuf> {
    let is_searched = !name.as_bytes().contains(&b'/');
    let mut reason = Errno::ENOENT;
    for place in search::places(name) {
        match executable(&place) {
            Ok(()) => return Ok(place),
            // A match without permission is reported only if no other is found.
            Err(Errno::EACCES) => reason = Errno::EACCES,
            Err(
                Errno::ENOENT | Errno::ENOTDIR | Errno::ESTALE | Errno::ENODEV | Errno::ETIMEDOUT,
            ) if is_searched => {}
            Err(errno) => return Err(errno),
        }
    }
    Err(reason)
}

fn executable(path: &Path) -> nix::Result<()> {
    faccessat(AT_FDCWD, path, AccessFlags::X_OK, AtFlags::AT_EACCESS)?;
    if path.is_dir() {
        return Err(Errno::EACCES);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_is_the_program_and_stays_it() {
        let mut sealed = File::from(copy(c"true").unwrap());
        let mut content = Vec::new();
        io::Seek::rewind(&mut sealed).unwrap();
        sealed.read_to_end(&mut content).unwrap();
        assert_eq!(
            content,
            std::fs::read(find(OsStr::new("true")).unwrap()).unwrap()
        );
        assert!(sealed.write_all(b"x").is_err());
        assert!(sealed.set_len(0).is_err());
    }

    #[test]
    fn non_programs_are_refused_as_by_execvp() {
        for (name, reason) in [
            (c"no such program", Errno::ENOENT),
            (c"", Errno::ENOENT),
            (c"/", Errno::EACCES),
            (c"/dev/null", Errno::EACCES),
            (c"/dev/null/x", Errno::ENOTDIR),
        ] {
            assert_eq!(try_copy(name).unwrap_err(), reason, "{name:?}");
        }
    }
}
