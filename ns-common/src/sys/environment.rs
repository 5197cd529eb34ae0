//! Replacing the environment: the program is searched in the new `PATH`, and inherits what is
//! there.
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
/// The former variables are overwritten: those that a process was started with can be read by
/// others in `/proc/PID/environ` (proc_pid_environ(5)) for as long as it lives, and a waiting
/// parent lives long.
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
    erase();
    // SAFETY: no other thread reads the environment, and the block and its strings live as long as
    // the process.
    unsafe { environ = block };
    Ok(())
}

/// Overwrites, with null bytes, those variables that lie where the kernel has put them at the
/// start.
///
/// Others cannot be read in `/proc/PID/environ`, and may lie in memory that is not to be written
/// to: putenv(3) takes any string.
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
