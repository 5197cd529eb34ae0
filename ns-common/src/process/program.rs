//! Executing the program with execvp(3), or a shell if no program is named.

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStringExt;

use nix::errno::Errno;
use nix::unistd;

use crate::error::{Error, ExitStatus};
use crate::hint::{self, Failed};
use crate::words;
use crate::{accounts, passwd};

/// What this process executes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// A command and its arguments, the name first. It is searched for in the `PATH` of the changed
    /// environment.
    Command(Vec<&'static CStr>),
    /// A login shell: `$SHELL`, else the shell of the real user's account, else `/bin/sh`.
    Shell(Accounts),
}

/// Where the user's account is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accounts {
    /// In the name service, which may load modules from the file system.
    NameService,
    /// In `/etc/passwd` only, because the file system is the target's and its modules must not be
    /// loaded.
    EnteredFile,
}

impl Program {
    /// The program that the operands of a command line name, or the shell if there are none.
    pub fn new(operands: Vec<&'static CStr>, accounts: Accounts) -> Self {
        if operands.is_empty() {
            Self::Shell(accounts)
        } else {
            Self::Command(operands)
        }
    }

    /// Replaces this process. Returns only on failure, with status 127 if the program is not found
    /// and 126 otherwise.
    pub fn execute(&self) -> Error {
        match self {
            Self::Command(argv) => command(argv),
            Self::Shell(accounts) => shell(*accounts),
        }
    }
}

/// Replaces this process by the command `argv[0]` with the arguments `argv`; returns only on
/// failure.
pub fn command(argv: &[&CStr]) -> Error {
    let name = argv.first().copied().unwrap_or_default();
    let Err(errno) = unistd::execvp(name, argv);
    failed(name, errno, Failed::Execute)
}

/// `PATH` is not searched for the shell.
fn shell(accounts: Accounts) -> Error {
    let of_account = || {
        let uid = unistd::getuid();
        match accounts {
            Accounts::NameService => accounts::login_shell(uid),
            Accounts::EnteredFile => passwd::login_shell(uid),
        }
    };
    let path = std::env::var_os("SHELL")
        .filter(|shell| !shell.is_empty())
        .and_then(|shell| CString::new(shell.into_vec()).ok())
        .or_else(of_account)
        .unwrap_or_else(|| c"/bin/sh".to_owned());
    let base = path
        .to_bytes()
        .rsplit(|byte| *byte == b'/')
        .next()
        .unwrap_or_default();
    let login_name = CString::new([b"-", base].concat()).expect("a part of a C string has no NUL");
    let Err(errno) = unistd::execv(&path, &[login_name]);
    failed(&path, errno, Failed::Execute)
}

/// The error for a program `name` that could not be executed; `what` selects the hints.
pub(super) fn failed<'a>(
    name: &'a CStr,
    errno: Errno,
    what: impl FnOnce(&'a CStr) -> Failed<'a>,
) -> Error {
    let status = if errno == Errno::ENOENT {
        ExitStatus::NOT_FOUND
    } else {
        ExitStatus::CANNOT_EXECUTE
    };
    let error = Error::caused_by(words!["failed to execute ", name], errno).with_status(status);
    hint::explain(error, &what(name))
}
