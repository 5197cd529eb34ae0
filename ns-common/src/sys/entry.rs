//! The C entry point, which passes signals, descriptors and masks on to the program exactly as
//! inherited.
//!
//! Rust's own start-up ignores SIGPIPE, which the program would inherit, installs signal handlers
//! and opens `/dev/null` over closed descriptors.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int};

/// Defines the C `main` of a tool. `$run` takes the words of the command line, `argv[0]` first, and
/// returns an [`ExitStatus`](crate::error::ExitStatus).
#[macro_export]
macro_rules! tool_main {
    ($run:path) => {
        #[expect(
            unsafe_code,
            reason = "the C library calls a symbol of this name; Rust's own start-up is not wanted"
        )]
        #[unsafe(no_mangle)]
        extern "C" fn main(
            argc: core::ffi::c_int,
            argv: *const *const core::ffi::c_char,
        ) -> core::ffi::c_int {
            // SAFETY: the C library calls `main` with the argument vector of this process.
            let arguments = unsafe { $crate::sys::entry::arguments(argc, argv) };
            $run(&arguments).code()
        }
    };
}

/// The words of the command line, `argv[0]` first.
///
/// # Safety
/// `argv` must point to `argc` C strings that stay as they are until the process ends.
pub unsafe fn arguments(argc: c_int, argv: *const *const c_char) -> Vec<&'static CStr> {
    let count = usize::try_from(argc).unwrap_or(0);
    if count == 0 {
        return Vec::new();
    }
    // SAFETY: the caller vouches for `argc` pointers at `argv`.
    let pointers = unsafe { std::slice::from_raw_parts(argv, count) };
    let words = pointers.iter().map(|pointer| {
        // SAFETY: the caller vouches for each of them being a C string that lives as long as the
        // process.
        unsafe { CStr::from_ptr(*pointer) }
    });
    words.collect()
}
