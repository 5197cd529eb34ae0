//! Changing ids and keeping capabilities, with the error messages that `unshare` and `nsenter`
//! share.

use nix::unistd::{self, Gid, Uid};

use crate::error::{Attempt, Error};
use crate::hint::{self, Failed};
use crate::idmap::IdKind;
use crate::sys::capability;
use crate::words;

/// Drops all supplementary groups: setgroups(2).
pub fn drop_groups() -> Result<(), Error> {
    unistd::setgroups(&[]).attempt(|| words!["setgroups failed"])
}

/// Sets the real, effective and saved group id: setgid(2).
pub fn set_gid(gid: u32) -> Result<(), Error> {
    unistd::setgid(Gid::from_raw(gid))
        .attempt(|| words!["setgid() failed"])
        .map_err(|error| hint::explain(error, &Failed::SetId(IdKind::Group, gid)))
}

/// Sets the real, effective and saved user id: setuid(2).
pub fn set_uid(uid: u32) -> Result<(), Error> {
    unistd::setuid(Uid::from_raw(uid))
        .attempt(|| words!["setuid() failed"])
        .map_err(|error| hint::explain(error, &Failed::SetId(IdKind::User, uid)))
}

/// Makes all effective capabilities ambient, so that they survive the coming execve(2):
/// capabilities(7).
pub fn keep_capabilities() -> Result<(), Error> {
    let mut sets = capability::get().attempt(|| words!["capget failed"])?;
    sets.inheritable = sets.permitted;
    capability::set(sets).attempt(|| words!["capset failed"])?;
    for number in (0..u64::BITS).filter(|number| sets.effective & (1 << number) != 0) {
        capability::raise_ambient(number).attempt(|| words!["prctl(PR_CAP_AMBIENT) failed"])?;
    }
    Ok(())
}
