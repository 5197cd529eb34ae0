//! The C library's words for an errno: strerror(3).
#![allow(unsafe_code)]

use std::ffi::CStr;

use nix::errno::Errno;

/// The text for `errno` as the C library has it; nix's own texts differ from it in places.
pub fn errno(errno: Errno) -> String {
    let mut text = [0; 256];
    // SAFETY: strerror_r writes at most `text.len()` bytes to the buffer it is given.
    let result = unsafe { libc::strerror_r(errno as i32, text.as_mut_ptr(), text.len()) };
    if result != 0 {
        return format!("error {}", errno as i32);
    }
    // SAFETY: strerror_r succeeded and ended the text with a NUL.
    unsafe { CStr::from_ptr(text.as_ptr()) }
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_the_c_library() {
        assert_eq!(errno(Errno::ERANGE), "Numerical result out of range");
        assert_eq!(errno(Errno::ENOENT), "No such file or directory");
    }
}
