//! Searching for a program as execvp(3) does.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The paths that execvp(3) tries for `name`, in order: the name itself if it contains a slash,
/// else one in each directory of `PATH`.
pub fn places(name: &OsStr) -> Vec<PathBuf> {
    if name.is_empty() {
        return Vec::new();
    }
    if name.as_bytes().contains(&b'/') {
        return vec![name.into()];
    }
    let folders = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/bin:/usr/bin"));
    let folders = folders.as_bytes().split(|byte| *byte == b':');
    folders
        .map(|folder| Path::new(OsStr::from_bytes(folder)).join(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_with_a_slash_is_looked_for_nowhere_else() {
        assert_eq!(places(OsStr::new("./a")), [Path::new("./a")]);
        assert!(places(OsStr::new("")).is_empty());
        assert!(
            places(OsStr::new("a"))
                .iter()
                .all(|place| place.ends_with("a"))
        );
    }
}
