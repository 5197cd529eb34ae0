//! Checked standard output and standard error: a failed write never passes for success.

use std::ffi::CStr;
use std::os::fd::BorrowedFd;

use nix::errno::Errno;

use crate::error::{Error, ExitStatus, Failure, Message, Piece, Visible};
use crate::words;

/// How many bytes are buffered before they are written.
const FULL: usize = 32 * 1024;

/// Buffered standard output, written in large pieces.
#[derive(Debug, Default)]
pub struct Output {
    buffer: Vec<u8>,
    failed: Option<Errno>,
}

impl Output {
    /// Appends `piece`, and writes the buffer once it is full.
    pub fn push(&mut self, piece: &(impl Piece + ?Sized)) {
        piece.append_to(&mut self.buffer);
        self.write_if_full();
    }

    /// The buffer, to append to; call [`Output::write_if_full`] after each row.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Writes the buffer if it is full.
    pub fn write_if_full(&mut self) {
        if self.buffer.len() >= FULL {
            self.write();
        }
    }

    /// Whether a write has failed, so that producing more output is pointless.
    pub fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Writes the buffer now. Returns the first error of any write so far.
    pub fn flush(&mut self) -> Result<(), Errno> {
        self.write();
        self.failed.map_or(Ok(()), Err)
    }

    fn write(&mut self) {
        if self.failed.is_none() {
            self.failed = write_all(crate::sys::descriptor::standard_output(), &self.buffer).err();
        }
        self.buffer.clear();
    }
}

fn write_all(to: BorrowedFd<'_>, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match nix::unistd::write(to, bytes) {
            Ok(0) => return Err(Errno::EIO),
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// A tool's standard output and standard error, and the name that begins its messages.
#[derive(Debug)]
pub struct Console {
    invoked_as: &'static CStr,
    unheard: bool,
    /// Standard output.
    pub output: Output,
}

impl Console {
    /// A console for a tool whose `argv[0]` is `invoked_as`.
    pub fn new(invoked_as: &'static CStr) -> Self {
        Self {
            invoked_as,
            unheard: false,
            output: Output::default(),
        }
    }

    /// The base name of `argv[0]`, which begins every message.
    pub fn name(&self) -> &'static [u8] {
        let path = self.invoked_as.to_bytes();
        path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
    }

    /// Prints `error` now; buffered standard output comes later, as with stdio.
    pub fn report(&mut self, error: &Error) {
        self.say(&error.lines(self.name()));
    }

    /// Prints a hint without an error before it.
    pub fn hint(&mut self, hint: &Message) {
        self.say(words![self.name(), ": hint: ", Visible(hint), "\n"].as_bytes());
    }

    /// Prints `failure` and returns its status, or 1 if it could not be printed.
    pub fn fail(&mut self, failure: &Failure) -> ExitStatus {
        let try_help = words!["Try '", self.name(), " --help' for more information.\n"];
        let status = match failure {
            Failure::Getopt(error) => {
                let what = error.what();
                self.say(words![self.invoked_as, ": ", what, "\n", try_help].as_bytes());
                error.status()
            }
            Failure::Usage(error) => {
                let what = error.what();
                self.say(words![self.name(), ": ", what, "\n", try_help].as_bytes());
                error.hint().into_iter().for_each(|hint| self.hint(hint));
                error.status()
            }
            Failure::Step(error) => {
                self.report(error);
                error.status()
            }
            Failure::Told(status) => *status,
        };
        if self.unheard {
            ExitStatus::FAILURE
        } else {
            status
        }
    }

    /// Flushes all output and determines the exit status.
    ///
    /// It is not an error if the reader of standard output has gone, or if standard output was
    /// closed from the start. Any other failed write is, with status 1.
    pub fn end(&mut self, outcome: Result<ExitStatus, Failure>) -> ExitStatus {
        let status = match outcome {
            Ok(status) => status,
            Err(failure) => self.fail(&failure),
        };
        match self.output.flush() {
            Err(errno) if errno != Errno::EPIPE && errno != Errno::EBADF => {
                self.report(&write_error(errno));
                ExitStatus::FAILURE
            }
            _ if self.unheard => ExitStatus::FAILURE,
            _ => status,
        }
    }

    fn say(&mut self, text: &[u8]) {
        if write_all(crate::sys::descriptor::standard_error(), text).is_err() {
            self.unheard = true;
        }
    }
}

/// The error for a failed write to standard output.
pub fn write_error(errno: Errno) -> Error {
    Error::caused_by(words!["write error"], errno)
}
