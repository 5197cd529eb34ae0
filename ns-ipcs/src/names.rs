//! Names of owners, each looked up once.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use ns_common::name_service;
use ns_common::procfs;

/// Names by number, of users or of groups.
#[derive(Debug)]
pub struct Names {
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
    ask: fn(u32) -> Option<OsString>,
}

static USERS: Database = Database {
    name: "passwd",
    file: "/etc/passwd",
    ask: name_service::user_name,
};
static GROUPS: Database = Database {
    name: "group",
    file: "/etc/group",
    ask: name_service::group_name,
};

impl Names {
    /// Names of users.
    pub fn of_users() -> Self {
        Self {
            database: &USERS,
            file: None,
            asked: BTreeMap::new(),
        }
    }

    /// Names of groups.
    pub fn of_groups() -> Self {
        Self {
            database: &GROUPS,
            file: None,
            asked: BTreeMap::new(),
        }
    }

    /// The name that belongs to `id`, if any.
    pub fn name(&mut self, id: u32) -> Option<&[u8]> {
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
        procfs::read(Path::new(self.file)).map_or_else(|_| BTreeMap::new(), |table| names(&table))
    }
}

/// Whether the line for `database` begins with `files` and has no action for it.
fn files_come_first(order: &[u8], database: &str) -> bool {
    let lines = order
        .split(|byte| *byte == b'\n')
        .map(|line| line.split(|byte| *byte == b'#').next().unwrap_or(line));
    let mut services = lines.filter_map(|line| {
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
    words.next() == Some(b"files") && words.next().is_none_or(|next| !next.starts_with(b"["))
}

/// Reads the first field and, as a number, the third of each line; the first line for a number counts.
///
/// Lines of any other form are left to the name service.
fn names(table: &[u8]) -> BTreeMap<u32, Vec<u8>> {
    let mut names = BTreeMap::new();
    for line in table.split(|byte| *byte == b'\n') {
        let mut fields = line.split(|byte| *byte == b':');
        let (Some(name), Some(_), Some(id), Some(_)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        let plain = name
            .first()
            .is_some_and(|byte| !b"+-#".contains(byte) && !byte.is_ascii_whitespace());
        if !plain || id.is_empty() || !id.iter().all(u8::is_ascii_digit) {
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
        assert!(first("passwd: files # [NOTFOUND=return]"));
        assert!(!first("passwd: sss files"));
        assert!(!first("passwd: files [SUCCESS=merge] sss"));
        assert!(!first("passwdx: files"));
        assert!(!first(""));
    }

    #[test]
    fn first_line_for_a_number_counts() {
        let names = names(b"root:x:0:0:::\ntoor:x:0:0:::\n+nis:x:7:7\n#no:x:8:8\nbad:x:1x:1\nshort:x:5\nann:x:1000:1000:::/bin/sh");
        assert_eq!(names.get(&0).map(Vec::as_slice), Some(b"root".as_slice()));
        assert_eq!(names.get(&1000).map(Vec::as_slice), Some(b"ann".as_slice()));
        assert_eq!(names.len(), 2);
    }
}
