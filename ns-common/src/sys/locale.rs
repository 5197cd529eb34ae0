//! The number format of the user's locale: localeconv(3).
#![allow(unsafe_code)]

use std::ffi::CStr;

/// The text between the integer and the fraction of a number: `.` in many locales.
///
/// Reading the locale costs more than the rest of a small tool: call this only if there is a
/// fraction.
pub fn decimal_point() -> Vec<u8> {
    // SAFETY: no other thread could read the locale at the same time.
    unsafe { libc::setlocale(libc::LC_NUMERIC, c"".as_ptr()) };
    // SAFETY: localeconv cannot fail.
    let conventions = unsafe { libc::localeconv() };
    // SAFETY: the structure stays valid until the locale changes again.
    let point = unsafe { (*conventions).decimal_point };
    // SAFETY: the member is a C string of the same lifetime.
    unsafe { CStr::from_ptr(point) }.to_bytes().to_vec()
}
