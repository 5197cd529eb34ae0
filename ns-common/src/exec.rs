//! Becoming the program: execvp(3), and the shell when no program is named.

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStringExt;

use nix::errno::Errno;
use nix::unistd::{self, Uid};

use crate::error::{Error, ExitStatus};
use crate::words;
use crate::{name_service, passwd};

/// Replaces this process by the program `argv[0]` with the arguments `argv`, or by a shell when `argv` is empty.
///
/// Returns only on failure. Not found is status 127, any other reason 126.
pub fn program(argv: &[&CStr]) -> Error {
    program_or(argv, name_service::login_shell)
}

/// The same in a file system that others may own: no code of theirs runs in this process.
pub fn program_inside(argv: &[&CStr]) -> Error {
    program_or(argv, passwd::login_shell)
}

fn program_or(argv: &[&CStr], login_shell: fn(Uid) -> Option<CString>) -> Error {
    let Some(name) = argv.first() else {
        return shell(login_shell);
    };
    let Err(errno) = unistd::execvp(name, argv);
    failed(name, errno)
}

/// Replaces this process by a login shell: `$SHELL`, else the shell of the real user's account, else `/bin/sh`.
///
/// The path is not searched for. Returns only on failure.
fn shell(login_shell: fn(Uid) -> Option<CString>) -> Error {
    let path = std::env::var_os("SHELL")
        .filter(|shell| !shell.is_empty())
        .and_then(|shell| CString::new(shell.into_vec()).ok())
        .or_else(|| login_shell(unistd::getuid()))
        .unwrap_or_else(|| c"/bin/sh".to_owned());
    let base = path
        .to_bytes()
        .rsplit(|byte| *byte == b'/')
        .next()
        .unwrap_or_default();
    let mut login_name = Vec::with_capacity(base.len() + 1);
    login_name.push(b'-');
    login_name.extend_from_slice(base);
    let login_name = CString::new(login_name).expect("a part of a C string has no NUL");
    let Err(errno) = unistd::execv(&path, &[login_name]);
    failed(&path, errno)
}

fn failed(name: &CStr, errno: Errno) -> Error {
    let status = if errno == Errno::ENOENT {
        ExitStatus::NOT_FOUND
    } else {
        ExitStatus::CANNOT_EXECUTE
    };
    Error::caused_by(words!["failed to execute ", name], errno).with_status(status)
}
