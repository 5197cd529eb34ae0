//! What a plan asks of the system.

use std::path::Path;

use nix::unistd;
use ns_common::error::{Attempt, Error};
use ns_common::idmap::{self, IdExtent, Side};
use ns_common::{name_service, procfs, words};

use crate::plan::World;

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
        let table = procfs::read(file).attempt(|| words!["could not open '", file, "'"])?;
        idmap::delegated(&table, &name, uid)?
            .ok_or_else(|| Error::new(words!["no line matching user \"", name, "\" in ", file]))
    }

    fn all_ids(&self, side: Side) -> Result<Vec<IdExtent>, Error> {
        let path = Path::new("/proc/self").join(side.map_file());
        let map = procfs::read(&path).attempt(|| words!["failed to open ", path])?;
        Ok(idmap::inner_identity(&map))
    }
}
