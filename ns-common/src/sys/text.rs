//! The C library's text for an errno: strerror(3).
#![allow(unsafe_code)]

use std::ffi::CStr;

/// The C library's text for errno `number`; some of nix's texts differ from it.
pub fn errno(number: i32) -> String {
    let mut text = [0; 256];
    // For an unknown number the text says so; the result, which then is an error with glibc, is not
    // needed. SAFETY: strerror_r writes at most `text.len()` bytes to the buffer it is given.
    unsafe { libc::strerror_r(number, text.as_mut_ptr(), text.len()) };
    // SAFETY: the buffer was all NUL, and what strerror_r writes ends with one.
    unsafe { CStr::from_ptr(text.as_ptr()) }
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_the_c_library() {
        assert_eq!(errno(libc::ERANGE), "Numerical result out of range");
        assert_eq!(errno(libc::ENOENT), "No such file or directory");
        // ENOTSUPP, which is internal to the kernel but does leak.
        assert_eq!(errno(524), "Unknown error 524");
    }
}
