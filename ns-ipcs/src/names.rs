//! Names of owners, each looked up once.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::Range;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use ns_common::accounts::{self, Database, Line};
use ns_common::procfs;
use ns_common::sorting::sort_by;

/// From this many owners on the file of accounts is read once, where the name service would read it
/// for each of them.
const MANY: usize = 16;
/// Where the daemon that answers in place of the file listens: nscd(8).
const NAME_SERVICE_CACHE: &str = "/var/run/nscd/socket";

/// Names by number, of users or of groups.
#[derive(Debug)]
pub(crate) struct Names {
    database: Database,
    known: BTreeMap<u32, Option<Vec<u8>>>,
    /// What was asked for last: rows with the same owner often follow each other.
    last: Option<(u32, Option<Vec<u8>>)>,
    file: Option<File>,
}

impl Names {
    /// Names of users.
    pub(crate) fn of_users() -> Self {
        Self::of(Database::Passwd)
    }

    /// Names of groups.
    pub(crate) fn of_groups() -> Self {
        Self::of(Database::Group)
    }

    fn of(database: Database) -> Self {
        Self {
            database,
            known: BTreeMap::new(),
            last: None,
            file: None,
        }
    }

    /// The name that belongs to `id`, if any.
    #[inline]
    pub(crate) fn name(&mut self, id: u32) -> Option<&[u8]> {
        if self.last.as_ref().is_none_or(|(last, _)| *last != id) {
            self.last = Some((id, self.known(id)));
        }
        self.last.as_ref()?.1.as_deref()
    }

    #[inline(never)] // Out of the way of rows with the same owner.
    fn known(&mut self, id: u32) -> Option<Vec<u8>> {
        if let Some(name) = self.known.get(&id) {
            return name.clone();
        }
        let name = self.look_up(id);
        self.known.insert(id, name.clone());
        name
    }

    fn look_up(&mut self, id: u32) -> Option<Vec<u8>> {
        if self.known.len() >= MANY {
            let file = self.file.get_or_insert_with(|| File::read(self.database));
            if let Some(name) = file.name(id) {
                return Some(name.to_vec());
            }
        }
        match self.database {
            Database::Passwd => accounts::user_name(id),
            Database::Group => accounts::group_name(id),
        }
        .map(OsString::into_vec)
    }
}

/// The names that the C library's name service would take from the file, whatever else it may ask.
#[derive(Debug, Default)]
struct File {
    text: Vec<u8>,
    /// Numbers in ascending order, each with the place of its name in the text.
    names: Vec<(u32, Range<usize>)>,
}

impl File {
    /// Reads the file, if the name service looks there first: nsswitch.conf(5).
    fn read(database: Database) -> Self {
        let order = procfs::read(Path::new("/etc/nsswitch.conf")).unwrap_or_default();
        if !files_come_first(&order, database.name()) || Path::new(NAME_SERVICE_CACHE).exists() {
            return Self::default();
        }
        Self::new(
            procfs::read(Path::new(database.path())).unwrap_or_default(),
            database,
        )
    }

    /// Takes the lines up to the first that is not well-formed: that might be an entry to the C
    /// library, for any number.
    fn new(text: Vec<u8>, database: Database) -> Self {
        let mut names = Vec::new();
        let mut start = 0;
        for (line, length) in accounts::lines(&text, database).zip(lengths(&text)) {
            match line {
                Line::Entry(entry) => {
                    names.push((entry.number, start..start + entry.name.len()));
                }
                Line::Empty => {}
                Line::Unclear => break,
            }
            start += length + 1;
        }
        // This keeps the order of entries for one number, of which the first counts.
        sort_by(&mut names, |(one, _), (other, _)| one.cmp(other));
        Self { text, names }
    }

    fn name(&self, id: u32) -> Option<&[u8]> {
        let first = self.names.partition_point(|(number, _)| *number < id);
        let (number, place) = self.names.get(first)?;
        (*number == id).then(|| &self.text[place.clone()])
    }
}

fn lengths(text: &[u8]) -> impl Iterator<Item = usize> {
    text.split(|byte| *byte == b'\n').map(<[u8]>::len)
}

/// Whether every line for `database` begins with `files` and has no action for it; C libraries
/// differ in which of two lines counts. Remarks are left to the name service.
fn files_come_first(order: &[u8], database: &str) -> bool {
    let mut lines = order
        .split(|byte| *byte == b'\n')
        .filter_map(|line| {
            line.trim_ascii()
                .strip_prefix(database.as_bytes())?
                .trim_ascii()
                .strip_prefix(b":")
        })
        .peekable();
    let begins_with_files = |services: &[u8]| {
        let mut words = services
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        let is_service = |word: &[u8]| word.first().is_some_and(u8::is_ascii_alphanumeric);
        words.next() == Some(b"files") && words.next().is_none_or(is_service)
    };
    lines.peek().is_some() && lines.all(begins_with_files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_count_only_where_they_come_first_without_an_action() {
        let first = |order: &str| files_come_first(order.as_bytes(), "passwd");
        assert!(first("# x\npasswd:         files systemd\n"));
        assert!(first("passwd: files\ngroup: sss\npasswd: files systemd"));
        assert!(!first("passwd: files\npasswd: sss files"));
        assert!(!first("passwd: sss\npasswd: files"));
        assert!(!first("passwd: files#x"));
        assert!(!first("passwd: files # [NOTFOUND=return]"));
        assert!(!first("passwd: sss files"));
        assert!(!first("passwd: files [SUCCESS=merge] sss"));
        assert!(!first("passwdx: files"));
        assert!(!first(""));
    }

    #[test]
    fn nothing_is_taken_from_behind_an_unclear_line() {
        let text =
            b"root:x:0:0:::\n#x\ntoor:x:0:0:::\nann:x:7:7:::/bin/sh\n x:x:8:8:::\nben:x:9:9:::\n";
        let file = File::new(text.to_vec(), Database::Passwd);
        assert_eq!(file.name(0), Some(b"root".as_slice()));
        assert_eq!(file.name(7), Some(b"ann".as_slice()));
        assert_eq!((file.name(8), file.name(9)), (None, None));
    }
}
