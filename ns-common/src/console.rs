//! Standard output and standard error, checked: nothing that could not be written passes for
//! success.

use std::ffi::CStr;
use std::os::fd::BorrowedFd;

use nix::errno::Errno;

use crate::error::{Error, ExitStatus, Failure, Message, Piece, Visible};
use crate::words;

/// Bytes gathered before they are written; as many as a pipe takes at once.
const FULL: usize = 32 * 1024;

/// Standard output, gathered in one buffer and written in large pieces.
#[derive(Debug, Default)]
pub struct Output {
    buffer: Vec<u8>,
    failed: Option<Errno>,
}

impl Output {
    /// Appends `piece`; writes when much has gathered.
    pub fn push(&mut self, piece: &(impl Piece + ?Sized)) {
        piece.append_to(&mut self.buffer);
        self.write_if_full();
    }

    /// The bytes not yet written, to append to; call [`Output::write_if_full`] after a row.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Writes what has gathered once it is worth a system call.
    pub fn write_if_full(&mut self) {
        if self.buffer.len() >= FULL {
            self.write();
        }
    }

    /// Whether an earlier write failed, so that more output serves nobody.
    pub fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Writes everything now. The error is the first one that any write met.
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

/// Where a tool speaks to its caller, and under which name.
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

    /// Tells the user of `error` now; what has gathered for standard output comes later, as with
    /// stdio.
    pub fn report(&mut self, error: &Error) {
        self.say(&error.lines(self.name()));
    }

    /// Tells the user of a cause and its cure, apart from an error.
    pub fn hint(&mut self, hint: &Message) {
        self.say(words![self.name(), ": hint: ", Visible(hint), "\n"].as_bytes());
    }

    /// Tells the user of `failure` and returns its status: 1 in place of any other if the user
    /// could not be told.
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

    /// Ends all output and settles the exit status.
    ///
    /// A reader that went away and an output that was closed from the start are nobody's fault; any
    /// other failed write is an error with status 1.
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

/// The error for output that could not be written.
pub fn write_error(errno: Errno) -> Error {
    Error::caused_by(words!["write error"], errno)
}
