//! Users and groups by name and by number, as the system's name service knows them: getpwnam(3), getgrnam(3).

use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use nix::unistd::{Gid, Group, Uid, User};

/// The number of the user called `name`; `None` also where the name service cannot be asked.
pub fn user_id(name: &OsStr) -> Option<u32> {
    User::from_name(name.to_str()?)
        .ok()
        .flatten()
        .map(|user| user.uid.as_raw())
}

/// The number of the group called `name`; `None` also where the name service cannot be asked.
pub fn group_id(name: &OsStr) -> Option<u32> {
    Group::from_name(name.to_str()?)
        .ok()
        .flatten()
        .map(|group| group.gid.as_raw())
}

/// The name of the user with number `uid`.
pub fn user_name(uid: u32) -> Option<String> {
    User::from_uid(Uid::from_raw(uid))
        .ok()
        .flatten()
        .map(|user| user.name)
}

/// The name of the group with number `gid`.
pub fn group_name(gid: u32) -> Option<String> {
    Group::from_gid(Gid::from_raw(gid))
        .ok()
        .flatten()
        .map(|group| group.name)
}

/// The login shell of the user with number `uid`, if the account has one.
pub fn login_shell(uid: Uid) -> Option<CString> {
    let shell: PathBuf = User::from_uid(uid).ok().flatten()?.shell;
    let shell = CString::new(shell.as_os_str().as_bytes()).ok()?;
    (!shell.is_empty()).then_some(shell)
}
