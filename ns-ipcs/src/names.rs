//! Names of owners, each looked up once.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use ns_common::name_service;
use ns_common::procfs;

/// Names by number, of users or of groups.
#[derive(Debug)]
pub(crate) struct Names {
    database: &'static Database,
    /// What the file says; read at the first look-up.
    file: Option<BTreeMap<u32, Vec<u8>>>,
    /// What the name service said; `None` where it knows no name.
    asked: BTreeMap<u32, Option<Vec<u8>>>,
}

/// Where the names of a kind are.
#[derive(Debug)]
struct Database {
    name: &'static str,
    file: &'static str,
    /// How many fields of a line are numbers, from the third on.
    numbers: usize,
    ask: fn(u32) -> Option<OsString>,
}

static USERS: Database = Database {
    name: "passwd",
    file: "/etc/passwd",
    numbers: 2,
    ask: name_service::user_name,
};
static GROUPS: Database = Database {
    name: "group",
    file: "/etc/group",
    numbers: 1,
    ask: name_service::group_name,
};

impl Names {
    /// Names of users.
    pub(crate) fn of_users() -> Self {
        Self {
            database: &USERS,
            file: None,
            asked: BTreeMap::new(),
        }
    }

    /// Names of groups.
    pub(crate) fn of_groups() -> Self {
        Self {
            database: &GROUPS,
            file: None,
            asked: BTreeMap::new(),
        }
    }

    /// The name that belongs to `id`, if any.
    pub(crate) fn name(&mut self, id: u32) -> Option<&[u8]> {
        let file = self.file.get_or_insert_with(|| self.database.read());
        if let Some(name) = file.get(&id) {
            return Some(name);
        }
        self.asked
            .entry(id)
            .or_insert_with(|| (self.database.ask)(id).map(OsString::into_vec))
            .as_deref()
    }
}

impl Database {
    /// Reads the names from the file, if the name service would take those first: nsswitch.conf(5).
    ///
    /// An id found there has that name whatever comes after `files`. Asking the name service instead
    /// makes it read the file anew for each id.
    fn read(&self) -> BTreeMap<u32, Vec<u8>> {
        let order = procfs::read(Path::new("/etc/nsswitch.conf")).unwrap_or_default();
        if !files_come_first(&order, self.name) {
            return BTreeMap::new();
        }
        let table = procfs::read(Path::new(self.file)).unwrap_or_default();
        names(&table, self.numbers)
    }
}

/// Whether the line for `database` begins with `files` and has no action for it. Remarks are left to the name service.
fn files_come_first(order: &[u8], database: &str) -> bool {
    let mut services = order.split(|byte| *byte == b'\n').filter_map(|line| {
        line.trim_ascii()
            .strip_prefix(database.as_bytes())?
            .trim_ascii()
            .strip_prefix(b":")
    });
    let Some(services) = services.next() else {
        return false;
    };
    let mut words = services
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    let is_service = |word: &[u8]| word.first().is_some_and(u8::is_ascii_alphanumeric);
    words.next() == Some(b"files") && words.next().is_none_or(is_service)
}

/// Reads the first field and, as a number, the third of each line; the first line for a number counts.
///
/// From the third on, as many fields as `numbers` says must be numbers. Lines of any other form are left to the name
/// service.
fn names(table: &[u8], numbers: usize) -> BTreeMap<u32, Vec<u8>> {
    let is_number = |field: &&[u8]| !field.is_empty() && field.iter().all(u8::is_ascii_digit);
    let mut names = BTreeMap::new();
    for line in table.split(|byte| *byte == b'\n') {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
        let &[name, _, id, _, ..] = fields.as_slice() else {
            continue;
        };
        let plain = name
            .first()
            .is_some_and(|byte| !b"+-#".contains(byte) && !byte.is_ascii_whitespace());
        if !plain || line.contains(&0) || !fields[2..].iter().take(numbers).all(is_number) {
            continue;
        }
        if let Some(id) = std::str::from_utf8(id).ok().and_then(|id| id.parse().ok()) {
            names.entry(id).or_insert_with(|| name.to_vec());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_count_only_where_they_come_first_without_an_action() {
        let first = |order: &str| files_come_first(order.as_bytes(), "passwd");
        assert!(first("# x\npasswd:         files systemd\n"));
        assert!(!first("passwd: files#x"));
        assert!(!first("passwd: files # [NOTFOUND=return]"));
        assert!(!first("passwd: sss files"));
        assert!(!first("passwd: files [SUCCESS=merge] sss"));
        assert!(!first("passwdx: files"));
        assert!(!first(""));
    }

    #[test]
    fn first_line_for_a_number_counts() {
        let names = names(b"root:x:0:0:::\ntoor:x:0:0:::\n+nis:x:7:7\n#no:x:8:8\nbad:x:1x:1\nshort:x:5\nann:x:1000:1000:::/bin/sh\nnul\0:x:9:9::\nnone:x:10:::", 2);
        assert_eq!(names.get(&0).map(Vec::as_slice), Some(b"root".as_slice()));
        assert_eq!(names.get(&1000).map(Vec::as_slice), Some(b"ann".as_slice()));
        assert_eq!(names.len(), 2);
    }
}
