//! The C library's words for an errno: strerror(3).
#![allow(unsafe_code)]

use std::ffi::CStr;

/// The text for errno `number` as the C library has it; nix's own texts differ from it in places.
pub fn errno(number: i32) -> String {
    let mut text = [0; 256];
    // Of a number that it does not know strerror_r says so in the text, and glibc in its result
    // too. SAFETY: strerror_r writes at most `text.len()` bytes to the buffer it is given.
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
        // ENOTSUPP, which the kernel was never meant to show.
        assert_eq!(errno(524), "Unknown error 524");
    }
}
