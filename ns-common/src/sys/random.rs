//! Numbers from the kernel's random source: getrandom(2).
#![allow(unsafe_code)]

use nix::errno::Errno;

/// An unpredictable number.
pub fn number() -> nix::Result<i32> {
    let mut bytes = [0; 4];
    loop {
        // SAFETY: getrandom writes at most `bytes.len()` bytes to the buffer.
        let written = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
        match Errno::result(written) {
            // Up to 256 bytes are returned whole or not at all.
            Ok(_) => return Ok(i32::from_ne_bytes(bytes)),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}
