//! Looking up accounts in the file below the current root directory alone: passwd(5).
//!
//! In somebody else's file system the name service would load their modules into this process. The
//! file itself may be anything, so it is opened in a way that cannot block, or give us a
//! controlling terminal.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::Uid;

use crate::accounts::{self, Database};
use crate::procfs::errno;
use crate::sys::descriptor;
use crate::sys::file::{FileType, status};

/// No more bytes than this are read: enough for some hundred thousand accounts.
const LONGEST: u64 = 1 << 24;

/// The login shell of the user `uid`, if the account has one.
pub fn login_shell(uid: Uid) -> Option<CString> {
    let file = read(Path::new("/etc/passwd")).ok()?;
    let shell = shell_of(&file, uid.as_raw())?;
    CString::new(shell).ok().filter(|shell| !shell.is_empty())
}

/// The uid or gid of the user or group `name`.
pub fn number(name: &OsStr, database: Database) -> nix::Result<Option<u32>> {
    let file = match read(Path::new(database.path())) {
        Err(Errno::ENOENT) => return Ok(None),
        result => result?,
    };
    Ok(number_of(&file, database, name.as_bytes()))
}

fn number_of(file: &[u8], database: Database, name: &[u8]) -> Option<u32> {
    accounts::find(file, database, |entry| entry.name == name).map(|entry| entry.number)
}

/// Reads a file that may be anything.
///
/// # Errors
/// EINVAL if it is not a regular file.
fn read(path: &Path) -> nix::Result<Vec<u8>> {
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = descriptor::open(path, flags)?;
    if status(&file)?.file_type != FileType::Regular {
        return Err(Errno::EINVAL);
    }
    let mut content = Vec::new();
    let read = File::from(file).take(LONGEST).read_to_end(&mut content);
    read.map_err(|error| errno(&error))?;
    Ok(content)
}

/// The shell in the first line for `uid`.
fn shell_of(file: &[u8], uid: u32) -> Option<&[u8]> {
    accounts::find(file, Database::Passwd, |entry| entry.number == uid).map(|entry| entry.shell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_whole_line_of_a_user_counts() {
        let file = b"# a comment\nshort:x:5:5\nodd:x:+5:5::/:/a\nlong:x:5:5::/:/b:c\n\
            one:x:5:5:One:/home/one:/bin/one\ntwo:x:5:5::/:/bin/two\nnone:x:6:6::/:\n";
        assert_eq!(shell_of(file, 5), Some(b"/bin/one".as_slice()));
        assert_eq!(shell_of(file, 6), Some(b"".as_slice()));
        assert_eq!(shell_of(file, 7), None);
        assert_eq!(shell_of(b"", 0), None);
    }

    #[test]
    fn first_whole_line_of_a_name_counts() {
        let file = b"ann:x\nann:x:-1:\nann:x:7:\nann:x:8:\nbo:x:9:\n";
        assert_eq!(number_of(file, Database::Group, b"ann"), Some(7));
        assert_eq!(number_of(file, Database::Group, b"an"), None);
        assert_eq!(number_of(file, Database::Passwd, b"ann"), None);
    }

    #[test]
    fn only_regular_files_are_read() {
        assert_eq!(read(Path::new("/dev/null")), Err(Errno::EINVAL));
        assert_eq!(read(Path::new("/")), Err(Errno::EINVAL));
        assert_eq!(read(Path::new("/nonexistent")), Err(Errno::ENOENT));
    }
}
