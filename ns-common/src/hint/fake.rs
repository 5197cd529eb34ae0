//! A fake system made of files, for tests of states that this system cannot be put into.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::errno::Errno;

use super::system::{Owner, System};
use super::{Failed, find};
use crate::idmap::{Hole, IdExtent, IdMap};

/// A directory with a `proc` and a `sys`, removed at the end of the test.
pub(super) struct Fake {
    folder: PathBuf,
    pub(super) system: System,
}

impl Fake {
    /// A system with these files, where every attempt succeeds.
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ns-tools-hints-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(folder.join("proc/self/ns")).unwrap();
        for (file, text) in files {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let system = System {
            proc: folder.join("proc"),
            sys: folder.join("sys"),
            etc: folder.join("etc"),
            try_to_unshare: |_| Ok(()),
            is_root_changed: || Some(false),
            try_to_write: |_, _| Ok(()),
            is_setns_filtered: || false,
            is_dumpable: || Some(true),
            user_name: |_| Some("ann".into()),
            owner: |_| Some(Owner::Ours),
        };
        Self { folder, system }
    }

    /// The path of a file in it.
    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    /// The hint for a failure in this system.
    pub(super) fn hint(&self, failed: &Failed<'_>, errno: Errno) -> Option<String> {
        let hint = find(failed, Some(errno), &self.system)?;
        Some(String::from_utf8(hint.as_bytes().to_vec()).unwrap())
    }

    /// The hint for a failure in this system that another program has reported.
    pub(super) fn hint_after(&self, failed: &Failed<'_>) -> Option<String> {
        let hint = find(failed, None, &self.system)?;
        Some(String::from_utf8(hint.as_bytes().to_vec()).unwrap())
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The map with these extents.
pub(super) fn map_of(extents: &[(u32, u32, u32)]) -> IdMap {
    let range = |(inner, outer, count): &(u32, u32, u32)| {
        let (inner, outer, count) = (*inner, *outer, *count);
        (
            IdExtent {
                inner,
                outer,
                count,
            },
            Hole::Free,
        )
    };
    IdMap::new(None, &extents.iter().map(range).collect::<Vec<_>>())
}
