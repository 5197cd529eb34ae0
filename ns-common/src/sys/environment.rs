//! Replacing the environment: the program is searched in the new `PATH`, and inherits what is there.
#![allow(unsafe_code)]

use std::ffi::{CString, c_char};
use std::ptr;

use nix::errno::Errno;

unsafe extern "C" {
    /// environ(7)
    static mut environ: *const *const c_char;
}

/// Makes `variables`, each a name and a value, the whole environment, in this order.
///
/// It takes one pass, where setenv(3) would look through all of them for each.
///
/// # Errors
/// EINVAL for a name that is empty or contains `=`.
pub fn replace(variables: &[(CString, CString)]) -> nix::Result<()> {
    let mut block = Vec::with_capacity(variables.len() + 1);
    for (name, value) in variables {
        if name.is_empty() || name.to_bytes().contains(&b'=') {
            return Err(Errno::EINVAL);
        }
        let entry = [name.to_bytes(), b"=", value.to_bytes()].concat();
        let entry = CString::new(entry).map_err(|_| Errno::EINVAL)?;
        block.push(entry.into_raw().cast_const());
    }
    block.push(ptr::null());
    let block = block.leak().as_ptr();
    // SAFETY: no other thread reads the environment, and the block and its strings live as long as the process.
    unsafe { environ = block };
    Ok(())
}

/// Overwrites the variables that this process was started with, which others can read in `/proc/PID/environ`.
///
/// Afterwards this process has no environment.
pub fn erase() {
    // SAFETY: no other thread changes the pointer.
    let mut entry = unsafe { environ };
    let start = entry;
    while !entry.is_null() {
        // SAFETY: `entry` is in the array, which a null pointer ends.
        let variable = unsafe { *entry };
        if variable.is_null() {
            break;
        }
        // SAFETY: each entry is a C string.
        let length = unsafe { libc::strlen(variable) };
        // SAFETY: the strings lie on the stack, where the kernel put them, and may be written to.
        unsafe { ptr::write_bytes(variable.cast_mut(), 0, length) };
        // SAFETY: the null pointer that ends the array has not been reached.
        entry = unsafe { entry.add(1) };
    }
    if !start.is_null() {
        // SAFETY: the array has at least the null pointer that ends it, and nothing else uses it.
        unsafe { *start.cast_mut() = ptr::null() };
    }
}
