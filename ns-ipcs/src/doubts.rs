//! Errors met while something was looked up: what is merely missing hides none of them.

use std::cell::RefCell;

use nix::errno::Errno;
use ns_common::error::{Error, Message};

/// The first error that stands for no value; it is told when the rest has been shown.
#[derive(Debug, Default)]
pub(crate) struct Doubts(RefCell<Option<Error>>);

impl Doubts {
    /// What was looked up. `None` where that may not be looked at or has gone meanwhile; also after
    /// any other error, which is remembered as one of `what`.
    pub(crate) fn settle<T>(
        &self,
        found: nix::Result<T>,
        what: impl FnOnce() -> Message,
    ) -> Option<T> {
        if_there(found).unwrap_or_else(|errno| {
            self.note(Error::caused_by(what(), errno));
            None
        })
    }

    /// Remembers an error.
    pub(crate) fn note(&self, error: Error) {
        self.0.borrow_mut().get_or_insert(error);
    }

    /// Forgets and returns the error, if there is one.
    pub(crate) fn end(&self) -> Result<(), Error> {
        self.0.take().map_or(Ok(()), Err)
    }
}

/// `None` for what may not be looked at or has gone meanwhile.
pub(crate) fn if_there<T>(found: nix::Result<T>) -> nix::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Errno::EACCES | Errno::EPERM) => Ok(None),
        // Files, processes and objects of System V.
        Err(Errno::ENOENT | Errno::ESRCH | Errno::EIDRM | Errno::EINVAL) => Ok(None),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use ns_common::words;

    use super::*;

    #[test]
    fn only_the_first_unexpected_error_is_told() {
        let doubts = Doubts::default();
        let settle = |found| doubts.settle(found, || words!["x"]);
        assert_eq!(settle(Ok(1)), Some(1));
        assert_eq!(settle(Err(Errno::EACCES)), None);
        assert_eq!(doubts.end(), Ok(()));
        assert_eq!(settle(Err(Errno::EIO)), None);
        assert_eq!(settle(Err(Errno::ENOMEM)), None);
        assert_eq!(doubts.end().unwrap_err().cause(), Some(Errno::EIO));
        assert_eq!(doubts.end(), Ok(()));
    }
}
