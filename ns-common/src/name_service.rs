//! Users and groups by name and by number, as the system's name service knows them.

use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nix::unistd::Uid;

use crate::sys::accounts::{self, Key};

/// The number of the user called `name`; `None` also where the name service cannot be asked.
pub fn user_id(name: &OsStr) -> Option<u32> {
    let name = CString::new(name.as_bytes()).ok()?;
    accounts::user(Key::Name(&name)).map(|user| user.uid)
}

/// The number of the group called `name`; `None` also where the name service cannot be asked.
pub fn group_id(name: &OsStr) -> Option<u32> {
    let name = CString::new(name.as_bytes()).ok()?;
    accounts::group(Key::Name(&name)).map(|group| group.gid)
}

/// The name of the user with number `uid`.
pub fn user_name(uid: u32) -> Option<OsString> {
    accounts::user(Key::Number(uid)).map(|user| OsString::from_vec(user.name.into_bytes()))
}

/// The name of the group with number `gid`.
pub fn group_name(gid: u32) -> Option<OsString> {
    accounts::group(Key::Number(gid)).map(|group| OsString::from_vec(group.name.into_bytes()))
}

/// The login shell of the user with number `uid`, if the account has one.
pub fn login_shell(uid: Uid) -> Option<CString> {
    let shell = accounts::user(Key::Number(uid.as_raw()))?.shell;
    (!shell.is_empty()).then_some(shell)
}
