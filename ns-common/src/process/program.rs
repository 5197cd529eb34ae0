//! Becoming the program: execvp(3), and the shell when no program is named.

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStringExt;

use nix::errno::Errno;
use nix::unistd;

use crate::error::{Error, ExitStatus};
use crate::hint::{self, Failed};
use crate::words;
use crate::{accounts, passwd};

/// What this process becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// A command, searched for in the program's own `PATH`, with its arguments, the name first.
    Command(Vec<&'static CStr>),
    /// A login shell: `$SHELL`, else that of the real user's account, else `/bin/sh`.
    Shell(Accounts),
}

/// Who knows the user's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accounts {
    /// The name service, which loads modules from the file system.
    NameService,
    /// `/etc/passwd`, where the file system is that of the entered side.
    EnteredFile,
}

impl Program {
    /// The program for the operands of a command line.
    pub fn new(operands: Vec<&'static CStr>, accounts: Accounts) -> Self {
        if operands.is_empty() {
            Self::Shell(accounts)
        } else {
            Self::Command(operands)
        }
    }

    /// Replaces this process. Returns only on failure: not found is status 127, any other reason
    /// 126.
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

/// The path is not searched for.
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

/// The error for a program called `name`; `what` says how it was to be executed.
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
