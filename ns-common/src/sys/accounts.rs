//! Users and groups in the name service, with texts that need not be UTF-8: getpwnam(3),
//! getpwuid(3), getgrnam(3), getgrgid(3).
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char};
use std::mem::MaybeUninit;
use std::ptr;

/// The fields of a user's entry that we need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id.
    pub uid: u32,
    /// The name.
    pub name: CString,
    /// The login shell, empty for the default one.
    pub shell: CString,
}

/// The fields of a group's entry that we need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The id.
    pub gid: u32,
    /// The name.
    pub name: CString,
}

/// How an entry is looked up.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// By its name.
    Name(&'a CStr),
    /// By its uid or gid.
    Number(u32),
}

/// An entry larger than this is considered damaged.
const LARGEST: usize = 1 << 20;

/// The entry of a user; `None` if there is none or the name service cannot be reached.
pub fn user(key: By<'_>) -> Option<User> {
    entry(key, libc::getpwnam_r, libc::getpwuid_r).map(|(entry, _buffer)| User {
        uid: entry.pw_uid,
        name: text(entry.pw_name),
        shell: text(entry.pw_shell),
    })
}

/// The entry of a group; `None` if there is none or the name service cannot be reached.
pub fn group(key: By<'_>) -> Option<Group> {
    entry(key, libc::getgrnam_r, libc::getgrgid_r).map(|(entry, _buffer)| Group {
        gid: entry.gr_gid,
        name: text(entry.gr_name),
    })
}

/// A function like getpwnam_r(3): it fills in an entry `T`, puts its texts into a buffer, and
/// stores a pointer to the entry, or null if there is none.
type LookUp<K, T> =
    unsafe extern "C" fn(K, *mut T, *mut c_char, libc::size_t, *mut *mut T) -> libc::c_int;

/// Calls the function with larger and larger buffers until the entry fits. The entry points into
/// the returned buffer.
fn entry<T: Copy>(
    key: By<'_>,
    by_name: LookUp<*const c_char, T>,
    by_number: LookUp<u32, T>,
) -> Option<(T, Vec<c_char>)> {
    let mut buffer = vec![0; 1024];
    loop {
        let mut entry = MaybeUninit::<T>::uninit();
        let mut found = ptr::null_mut();
        let (at, length) = (buffer.as_mut_ptr(), buffer.len());
        let result = match key {
            // SAFETY: all pointers are valid, and the length is that of the buffer.
            By::Name(name) => unsafe {
                by_name(
                    name.as_ptr(),
                    entry.as_mut_ptr(),
                    at,
                    length,
                    &raw mut found,
                )
            },
            // SAFETY: all pointers are valid, and the length is that of the buffer.
            By::Number(number) => unsafe {
                by_number(number, entry.as_mut_ptr(), at, length, &raw mut found)
            },
        };
        match result {
            libc::ERANGE if length < LARGEST => buffer.resize(length * 4, 0),
            libc::EINTR => {}
            0 if !found.is_null() => {
                // SAFETY: the call has filled the entry in, and says so by `found`.
                return Some((unsafe { entry.assume_init() }, buffer));
            }
            _ => return None,
        }
    }
}

fn text(pointer: *const c_char) -> CString {
    if pointer.is_null() {
        return CString::default();
    }
    // SAFETY: the texts of an entry are C strings in its buffer, which the caller still holds.
    unsafe { CStr::from_ptr(pointer) }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known_by_name_and_number() {
        let root = user(By::Number(0)).unwrap();
        assert_eq!(root.name.as_c_str(), c"root");
        assert_eq!(user(By::Name(c"root")), Some(root));
        assert_eq!(group(By::Name(c"root")).map(|group| group.gid), Some(0));
        assert_eq!(user(By::Name(c"no such user")), None);
    }
}
