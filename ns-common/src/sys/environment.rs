//! Replacing the environment: the program is searched in the new `PATH`, and inherits what is there.
#![allow(unsafe_code)]

use std::ffi::CStr;

use nix::errno::Errno;

/// Makes `variables`, each a name and a value, the whole environment; an earlier one comes first in it.
///
/// # Errors
/// EINVAL for a name that is empty or contains `=`, ENOMEM.
pub fn replace(variables: &[(&CStr, &CStr)]) -> nix::Result<()> {
    // SAFETY: no thread exists that could read the environment at the same time.
    if unsafe { libc::clearenv() } != 0 {
        return Err(Errno::ENOMEM);
    }
    for (name, value) in variables {
        // SAFETY: both are C strings, which setenv copies, and no other thread exists.
        Errno::result(unsafe { libc::setenv(name.as_ptr(), value.as_ptr(), 1) })?;
    }
    Ok(())
}
