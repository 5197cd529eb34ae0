//! What parsing and planning need to know about the caller.

use std::path::Path;

use nix::errno::Errno;
use nix::unistd;
use ns_common::error::{Attempt, Error};
use ns_common::idmap::{self, IdExtent, IdKind};
use ns_common::{accounts, procfs, words};

/// What is known about the caller; unit tests have a stub.
pub(crate) trait Caller {
    /// The caller's effective uid or gid.
    fn effective_id(&self, kind: IdKind) -> u32;
    /// The range of ids delegated to the caller, as outer ids: subuid(5), subgid(5).
    fn delegated(&self, kind: IdKind) -> Result<IdExtent, Error>;
    /// All ids of the caller's user namespace, mapped to themselves.
    fn all_ids(&self, kind: IdKind) -> Result<Vec<IdExtent>, Error>;
}

/// The caller of this process.
#[derive(Debug)]
pub(crate) struct Current;

impl Caller for Current {
    fn effective_id(&self, kind: IdKind) -> u32 {
        match kind {
            IdKind::User => unistd::geteuid().as_raw(),
            IdKind::Group => unistd::getegid().as_raw(),
        }
    }

    fn delegated(&self, kind: IdKind) -> Result<IdExtent, Error> {
        let uid = unistd::geteuid().as_raw();
        let name = accounts::user_name(uid)
            .ok_or_else(|| Error::new(words!["you (user ", uid, ") don't exist."]))?;
        let file = kind.subid_file();
        let table = match procfs::read(file) {
            // A directory can be opened, and has no lines.
            Err(Errno::EISDIR) => Vec::new(),
            result => result.attempt(|| words!["could not open '", file, "'"])?,
        };
        idmap::delegated(&table, &name, uid)?
            .ok_or_else(|| Error::new(words!["no line matching user \"", name, "\" in ", file]))
    }

    fn all_ids(&self, kind: IdKind) -> Result<Vec<IdExtent>, Error> {
        let path = Path::new("/proc/self").join(kind.map_file());
        let map = procfs::read(&path).attempt(|| words!["failed to open ", path])?;
        Ok(idmap::inner_identity(&map))
    }
}

/// Callers for unit tests.
#[cfg(test)]
pub(crate) mod stub {
    use super::*;

    /// A caller with this uid and gid, the delegated ids 100000 to 165535, and the ids 0 to 9 in
    /// its user namespace.
    #[derive(Debug)]
    pub(crate) struct Of(/** Its uid and gid. */ pub(crate) u32);

    impl Caller for Of {
        fn effective_id(&self, _: IdKind) -> u32 {
            self.0
        }

        fn delegated(&self, _: IdKind) -> Result<IdExtent, Error> {
            Ok(IdExtent {
                inner: 100_000,
                outer: 100_000,
                count: 65536,
            })
        }

        fn all_ids(&self, _: IdKind) -> Result<Vec<IdExtent>, Error> {
            Ok(vec![IdExtent {
                inner: 0,
                outer: 0,
                count: 10,
            }])
        }
    }
}
