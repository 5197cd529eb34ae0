//! Errors: their messages and the exit status they lead to.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::output::digits::{append_decimal, append_signed};
use crate::visible::append_visible;

/// The exit status of a process, 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExitStatus(u8);

impl ExitStatus {
    /// Success.
    pub const SUCCESS: Self = Self(0);
    /// A usage error or a step that failed.
    pub const FAILURE: Self = Self(1);
    /// The program was found but could not be executed.
    pub const CANNOT_EXECUTE: Self = Self(126);
    /// The program was not found.
    pub const NOT_FOUND: Self = Self(127);

    /// The status with the given number.
    pub const fn new(code: u8) -> Self {
        Self(code)
    }

    /// The status as an argument for exit(3).
    pub fn code(self) -> libc::c_int {
        self.0.into()
    }
}

/// Text for the user, as bytes, because file names in it need not be UTF-8.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Message(Vec<u8>);

impl Message {
    /// An empty message.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The message with `piece` appended.
    #[must_use]
    pub fn with(mut self, piece: &(impl Piece + ?Sized)) -> Self {
        self.push(piece);
        self
    }

    /// Appends `piece`.
    #[inline(never)] // Messages are many and rarely used: inlining this at each piece would bloat the programs.
    pub fn push(&mut self, piece: &(impl Piece + ?Sized)) {
        piece.append_to(&mut self.0);
    }

    /// A count and a noun, in the singular (`one`) or plural (`several`).
    pub fn counted(count: u64, one: &str, several: &str) -> Self {
        let word = if count == 1 { one } else { several };
        Self::default().with(&count).with(" ").with(word)
    }

    /// The bytes to print.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", String::from_utf8_lossy(&self.0))
    }
}

/// Something that can be part of a [`Message`]; text appears as the user typed it.
pub trait Piece {
    /// Appends `self` as text.
    fn append_to(&self, text: &mut Vec<u8>);
}

impl<T: Piece + ?Sized> Piece for &T {
    fn append_to(&self, text: &mut Vec<u8>) {
        (**self).append_to(text);
    }
}

macro_rules! piece {
    ($($type:ty: $this:ident => $append:ident($value:expr)),+ $(,)?) => {$(
        impl Piece for $type {
            fn append_to(&self, text: &mut Vec<u8>) {
                let $this = self;
                $append($value, text);
            }
        }
    )+};
}

/// The code that builds messages is a good part of each program but rarely runs: it is kept small.
#[cold]
#[inline(never)]
fn append(bytes: &[u8], text: &mut Vec<u8>) {
    text.extend_from_slice(bytes);
}

piece! {
    str: text => append(text.as_bytes()),
    String: text => append(text.as_bytes()),
    [u8]: bytes => append(bytes),
    OsStr: text => append(text.as_bytes()),
    OsString: text => append(text.as_bytes()),
    CStr: text => append(text.to_bytes()),
    CString: text => append(text.to_bytes()),
    Path: path => append(path.as_os_str().as_bytes()),
    PathBuf: path => append(path.as_os_str().as_bytes()),
    Message: message => append(message.as_bytes()),
    i32: number => append_signed((*number).into()),
    u32: number => append_decimal((*number).into()),
    i64: number => append_signed(*number),
    u64: number => append_decimal(*number),
    usize: number => append_decimal(*number as u64),
}

/// A name with its control bytes made visible, for messages of our own, since somebody else may
/// have chosen the name. Messages that the reference has too contain names unchanged.
#[derive(Debug, Clone, Copy)]
pub struct Visible<T>(pub T);

impl<T: Piece> Piece for Visible<T> {
    fn append_to(&self, text: &mut Vec<u8>) {
        append_visible(Message::new().with(&self.0).as_bytes(), text);
    }
}

/// Builds a [`Message`] from [`Piece`]s.
#[macro_export]
macro_rules! words {
    ($($piece:expr),+ $(,)?) => {{
        let mut message = $crate::error::Message::new();
        $(message.push(&$piece);)+
        message
    }};
}

/// An errno by number, because the kernel or a seccomp filter may return one without a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cause(i32);

impl From<Errno> for Cause {
    fn from(errno: Errno) -> Self {
        match errno {
            // nix has dropped the number, but the C library still has it.
            Errno::UnknownErrno => Self(Errno::last_raw()),
            errno => Self(errno as i32),
        }
    }
}

/// A failed step: what was tried, on what, and the errno.
///
/// It is boxed because nearly every function returns a `Result` with one: a pointer costs least
/// where nothing fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Details>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Details {
    what: Message,
    cause: Option<Cause>,
    hint: Option<Message>,
    status: ExitStatus,
}

impl Error {
    /// An error without an errno; its status is 1.
    #[cold]
    #[inline(never)]
    pub fn new(what: Message) -> Self {
        Self(Box::new(Details {
            what,
            cause: None,
            hint: None,
            status: ExitStatus::FAILURE,
        }))
    }

    /// An error with an errno; its status is 1.
    pub fn caused_by(what: Message, cause: Errno) -> Self {
        Self::with_cause(Cause::from(cause), what)
    }

    #[cold]
    #[inline(never)]
    fn with_cause(cause: Cause, what: Message) -> Self {
        let mut error = Self::new(what);
        error.0.cause = Some(cause);
        error
    }

    /// The same error with another exit status.
    #[must_use]
    pub fn with_status(mut self, status: ExitStatus) -> Self {
        self.0.status = status;
        self
    }

    /// The same error with a hint, if there is one. The hint goes on a line of its own, so that the
    /// first line stays as the reference words it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<Option<Message>>) -> Self {
        if let Some(hint) = hint.into() {
            self.0.hint = Some(hint);
        }
        self
    }

    /// What was tried, on what.
    pub fn what(&self) -> &Message {
        &self.0.what
    }

    /// Why it failed: the text of the errno or, if there is none, the whole message.
    pub fn reason(&self) -> Message {
        match self.0.cause {
            Some(Cause(number)) => words![crate::sys::text::errno(number)],
            None => self.0.what.clone(),
        }
    }

    /// The cause and remedy, if a check has found them.
    pub fn hint(&self) -> Option<&Message> {
        self.0.hint.as_ref()
    }

    /// The errno, if a system call reported one.
    pub fn cause(&self) -> Option<Errno> {
        self.0.cause.map(|Cause(number)| Errno::from_raw(number))
    }

    /// The exit status that this error leads to.
    pub fn status(&self) -> ExitStatus {
        self.0.status
    }

    /// The whole text for standard error; each line begins with the tool's `name` and ends with a
    /// newline.
    pub fn lines(&self, name: &[u8]) -> Vec<u8> {
        let mut text = words![name, ": ", self.0.what];
        if let Some(Cause(number)) = self.0.cause {
            text = text.with(": ").with(&crate::sys::text::errno(number));
        }
        text = text.with("\n");
        if let Some(hint) = &self.0.hint {
            text = text
                .with(name)
                .with(": hint: ")
                .with(&Visible(hint))
                .with("\n");
        }
        text.0
    }
}

/// Adds to the errno of a failed system call what was tried.
pub trait Attempt<T> {
    /// Turns a failure into an [`Error`] that begins with `what`.
    fn attempt(self, what: impl FnOnce() -> Message) -> Result<T, Error>;
}

impl<T> Attempt<T> for nix::Result<T> {
    fn attempt(self, what: impl FnOnce() -> Message) -> Result<T, Error> {
        self.map_err(|errno| {
            // Taken first, before any other call overwrites the C library's errno.
            let cause = Cause::from(errno);
            Error::with_cause(cause, what())
        })
    }
}

impl<T> Attempt<T> for std::io::Result<T> {
    fn attempt(self, what: impl FnOnce() -> Message) -> Result<T, Error> {
        self.map_err(|error| match error.raw_os_error() {
            Some(number) => Error::with_cause(Cause(number), what()),
            None => Error::new(what().with(": ").with(&error.to_string())),
        })
    }
}

/// Why a tool did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The command line breaks the rules of getopt_long(3). The message names the tool by
    /// `argv[0]`.
    Getopt(Error),
    /// The command line is well formed but makes no sense to this tool.
    Usage(Error),
    /// A step failed.
    Step(Error),
    /// Another process, or an earlier message, has already told the user.
    Told(ExitStatus),
}

impl Failure {
    /// A command line that breaks the rules of getopt_long(3).
    #[cold]
    pub fn getopt(what: Message) -> Self {
        Self::Getopt(Error::new(what))
    }

    /// A command line that makes no sense.
    #[cold]
    pub fn usage(what: Message) -> Self {
        Self::Usage(Error::new(what))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Step(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errno_without_a_name_is_printed_by_number() {
        let expected = b"tool: open: Unknown error 524\n";
        Errno::set_raw(524);
        let result: nix::Result<()> = Errno::result(-1).map(drop);
        let error = result.attempt(|| words!["open"]).unwrap_err();
        assert_eq!(error.lines(b"tool"), expected);
        let result: std::io::Result<()> = Err(std::io::Error::from_raw_os_error(524));
        let error = result.attempt(|| words!["open"]).unwrap_err();
        assert_eq!(error.lines(b"tool"), expected);
    }
}
