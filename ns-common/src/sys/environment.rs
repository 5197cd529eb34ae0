//! Replacing the environment of this process: environ(7). The program is searched for in the new
//! `PATH`, and inherits the new variables.
#![allow(unsafe_code)]

use std::ffi::{CString, c_char};
use std::ptr;

use nix::errno::Errno;

unsafe extern "C" {
    /// environ(7)
    static mut environ: *const *const c_char;
}

/// Replaces the whole environment by `variables`, each a name and a value, in this order.
///
/// The former variables are overwritten. Others could otherwise read the variables that a process
/// was started with in `/proc/PID/environ` (proc_pid_environ(5)) as long as it lives, and a waiting
/// parent lives long.
///
/// Takes one pass; setenv(3) would search the whole environment for each variable.
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
    erase();
    // SAFETY: no other thread reads the environment, and the block and its strings live as long as
    // the process.
    unsafe { environ = block };
    Ok(())
}

/// Overwrites with null bytes the variables that are where the kernel put them at the start.
///
/// Others do not appear in `/proc/PID/environ`, and may be in memory that must not be written to:
/// putenv(3) accepts any string.
pub fn erase() {
    let here = 0_u8;
    let bottom = ptr::addr_of!(here);
    // SAFETY: getauxval takes a number only.
    let top = unsafe { libc::getauxval(libc::AT_EXECFN) };
    let top = ptr::with_exposed_provenance::<u8>(usize::try_from(top).unwrap_or(0));
    // SAFETY: no other thread changes the pointer.
    let mut entry = unsafe { environ };
    while !entry.is_null() {
        // SAFETY: `entry` is in the array, which a null pointer ends.
        let variable = unsafe { *entry };
        if variable.is_null() {
            break;
        }
        if (bottom..top).contains(&variable.cast::<u8>()) {
            // SAFETY: each entry is a C string.
            let length = unsafe { libc::strlen(variable) };
            // SAFETY: between this function's own variable and the file name above the kernel's
            // strings there is only the stack of this process, which has one thread; the string
            // ends below the file name, as that ends in a null byte too; and nothing else refers to
            // variables.
            unsafe { ptr::write_bytes(variable.cast_mut(), 0, length) };
        }
        // SAFETY: the null pointer that ends the array has not been reached.
        entry = unsafe { entry.add(1) };
    }
}
