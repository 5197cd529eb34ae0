//! What the command line and the plan ask of the system.

use std::path::Path;

use nix::errno::Errno;
use nix::unistd;
use ns_common::error::{Attempt, Error};
use ns_common::idmap::{self, IdExtent, Side};
use ns_common::{name_service, procfs, words};

/// What there is to know of the caller and of the system.
pub trait World {
    /// The effective id of the caller on that side.
    fn effective_id(&self, side: Side) -> u32;
    /// The block of ids delegated to the caller, as outer ids.
    fn delegated(&self, side: Side) -> Result<IdExtent, Error>;
    /// All ids of the caller's user namespace, mapped to themselves.
    fn all_ids(&self, side: Side) -> Result<Vec<IdExtent>, Error>;
}

/// The world as it is.
#[derive(Debug)]
pub struct System;

impl World for System {
    fn effective_id(&self, side: Side) -> u32 {
        match side {
            Side::User => unistd::geteuid().as_raw(),
            Side::Group => unistd::getegid().as_raw(),
        }
    }

    fn delegated(&self, side: Side) -> Result<IdExtent, Error> {
        let uid = unistd::geteuid().as_raw();
        let name = name_service::user_name(uid)
            .ok_or_else(|| Error::new(words!["you (user ", uid, ") don't exist."]))?;
        let file = side.subid_file();
        let table = match procfs::read(file) {
            // It can be opened, and has no lines.
            Err(Errno::EISDIR) => Vec::new(),
            result => result.attempt(|| words!["could not open '", file, "'"])?,
        };
        idmap::delegated(&table, &name, uid)?
            .ok_or_else(|| Error::new(words!["no line matching user \"", name, "\" in ", file]))
    }

    fn all_ids(&self, side: Side) -> Result<Vec<IdExtent>, Error> {
        let path = Path::new("/proc/self").join(side.map_file());
        let map = procfs::read(&path).attempt(|| words!["failed to open ", path])?;
        Ok(idmap::inner_identity(&map))
    }
}

/// A world for unit tests.
#[cfg(test)]
pub mod stub {
    use super::*;

    /// A caller with this uid and gid, 65536 delegated ids from 100000 on, and the ids 0 to 9 in its namespace.
    #[derive(Debug)]
    pub struct Caller(/** Its uid and gid. */ pub u32);

    impl World for Caller {
        fn effective_id(&self, _: Side) -> u32 {
            self.0
        }

        fn delegated(&self, _: Side) -> Result<IdExtent, Error> {
            Ok(IdExtent {
                inner: 100_000,
                outer: 100_000,
                count: 65536,
            })
        }

        fn all_ids(&self, _: Side) -> Result<Vec<IdExtent>, Error> {
            Ok(vec![IdExtent {
                inner: 0,
                outer: 0,
                count: 10,
            }])
        }
    }
}
