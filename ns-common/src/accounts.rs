//! Looking up users and groups by name or number, through the system's name service.

use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use nix::unistd::Uid;

use crate::sys::accounts::{self, By};

/// The uid of the user `name`; `None` if there is no such user or the name service cannot be
/// reached.
pub fn user_id(name: &OsStr) -> Option<u32> {
    let name = CString::new(name.as_bytes()).ok()?;
    accounts::user(By::Name(&name)).map(|user| user.uid)
}

/// The gid of the group `name`; `None` if there is no such group or the name service cannot be
/// reached.
pub fn group_id(name: &OsStr) -> Option<u32> {
    let name = CString::new(name.as_bytes()).ok()?;
    accounts::group(By::Name(&name)).map(|group| group.gid)
}

/// The name of the user `uid`.
pub fn user_name(uid: u32) -> Option<OsString> {
    accounts::user(By::Number(uid)).map(|user| OsString::from_vec(user.name.into_bytes()))
}

/// The name of the group `gid`.
pub fn group_name(gid: u32) -> Option<OsString> {
    accounts::group(By::Number(gid)).map(|group| OsString::from_vec(group.name.into_bytes()))
}

/// The login shell of the user `uid`, if the account has one.
pub fn login_shell(uid: Uid) -> Option<CString> {
    let shell = accounts::user(By::Number(uid.as_raw()))?.shell;
    (!shell.is_empty()).then_some(shell)
}

/// A file of accounts, which fixes the format of its lines: passwd(5), group(5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// Users.
    Passwd,
    /// Groups.
    Group,
}

impl Database {
    /// Its name in nsswitch.conf(5).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passwd => "passwd",
            Self::Group => "group",
        }
    }

    /// The path of the file.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Passwd => "/etc/passwd",
            Self::Group => "/etc/group",
        }
    }
}

/// A line of an account file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line<'a> {
    /// A well-formed entry.
    Entry(Entry<'a>),
    /// An empty line or a comment.
    Empty,
    /// Anything else; only the C library can say what it means.
    Unclear,
}

/// The account on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The user or group name.
    pub name: &'a [u8],
    /// The uid or gid.
    pub number: u32,
    /// A user's login shell, empty for the default one; always empty for a group.
    pub shell: &'a [u8],
}

/// Reads the text of an account file line by line. If several entries share a name or number, the
/// first counts.
pub fn lines(text: &[u8], database: Database) -> impl Iterator<Item = Line<'_>> {
    text.split(|byte| *byte == b'\n')
        .map(move |line| read_line(line, database))
}

/// The first entry in `text` for which `is_wanted` holds; unclear lines are skipped.
pub fn find(
    text: &[u8],
    database: Database,
    is_wanted: impl Fn(&Entry<'_>) -> bool,
) -> Option<Entry<'_>> {
    lines(text, database).find_map(|line| match line {
        Line::Entry(entry) => Some(entry).filter(|entry| is_wanted(entry)),
        Line::Empty | Line::Unclear => None,
    })
}

fn read_line(line: &[u8], database: Database) -> Line<'_> {
    if line.is_empty() || line[0] == b'#' {
        return Line::Empty;
    }
    let entry = || {
        if line.contains(&0) {
            return None;
        }
        let mut fields = line.split(|byte| *byte == b':');
        let name = fields.next().filter(|name| is_plain_name(name))?;
        let _password = fields.next()?;
        let number = plain_number(fields.next()?)?;
        let mut shell: &[u8] = b"";
        match database {
            Database::Passwd => {
                plain_number(fields.next()?)?;
                let (_gecos, _home) = (fields.next()?, fields.next()?);
                shell = fields.next()?;
            }
            Database::Group => {
                let _members = fields.next()?;
            }
        }
        fields.next().is_none().then_some(Entry {
            name,
            number,
            shell,
        })
    };
    entry().map_or(Line::Unclear, Line::Entry)
}

/// A leading `+` or `-` used to include the accounts of a network (NIS); blanks are never valid.
fn is_plain_name(name: &[u8]) -> bool {
    let begins_well = name.first().is_some_and(|first| !b"+-".contains(first));
    begins_well && name.iter().all(|byte| *byte > b' ')
}

fn plain_number(field: &[u8]) -> Option<u32> {
    if !field.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(field).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(text: &[u8], database: Database, number: u32) -> Option<(&[u8], &[u8])> {
        find(text, database, |entry| entry.number == number).map(|entry| (entry.name, entry.shell))
    }

    #[test]
    fn first_entry_for_a_number_counts() {
        let text = b"root:x:0:0:::/bin/sh\ntoor:x:0:0:::\n";
        let root = numbered(text, Database::Passwd, 0);
        assert_eq!(root, Some((b"root".as_slice(), b"/bin/sh".as_slice())));
        let text = b"# groups\n\nroot:x:0:\nusers:x:100:ann,ben\n";
        let users = numbered(text, Database::Group, 100);
        assert_eq!(users, Some((b"users".as_slice(), b"".as_slice())));
    }

    #[test]
    fn lines_of_another_form_are_unclear() {
        for line in [
            "+nis:x:7:7:::",
            "-nis:x:7:7:::",
            " ann:x:7:7:::",
            "an n:x:7:7:::",
            "ann:x: 7:7:::",
            "ann:x:+7:7:::",
            "ann:x:-1:7:::",
            "ann:x:4294967296:7:::",
            "ann:x::7:::",
            "ann:x:7::::",
            "ann:x:7x:7:::",
            "ann:x:7:7::",
            "ann:x:7:7::::",
            "an\0n:x:7:7:::",
            ":x:7:7:::",
            "ann",
            " ",
        ] {
            let read: Vec<Line<'_>> = lines(line.as_bytes(), Database::Passwd).collect();
            assert_eq!(read, [Line::Unclear], "{line}");
        }
    }
}
