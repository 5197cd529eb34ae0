//! Finding the programs under test.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The programs under test.
pub const TOOLS: [&str; 5] = ["unshare", "nsenter", "ipcmk", "ipcs", "ipcrm"];
/// The search path of the system's commands, including the reference.
pub const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The oldest reference that can be compared with, as named in messages.
pub const OLDEST_REFERENCE: &str = "util-linux 2.38";

/// The directory of the programs under test: `NS_TESTS_BIN_DIR`, or the release build, built once.
///
/// # Panics
/// If they cannot be built.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = env::var_os("NS_TESTS_BIN_DIR").map_or_else(build, PathBuf::from);
        // If one were missing, the system's command of that name would be tested.
        for name in TOOLS {
            assert!(folder.join(name).exists(), "{name} is in {folder:?}");
        }
        folder
    })
}

/// Builds the tools with the flags of `make`.
fn build() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests lie in the tools' workspace");
    let status = Command::new("make")
        .args(["--silent", "build"])
        .current_dir(workspace)
        .status();
    assert!(status.expect("make runs").success(), "the tools must build");
    // A relative path is relative to the workspace, where cargo was started.
    let target = ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"]
        .into_iter()
        .find_map(env::var_os)
        .unwrap_or_else(|| "target".into());
    let triple = env::var_os("CARGO_BUILD_TARGET").unwrap_or_default();
    workspace.join(target).join(triple).join("release")
}

/// The test program `name`, built as `built`, or a copy of it that everybody can read.
pub fn readable(name: &str, built: &str) -> PathBuf {
    let copied = folder().join(name);
    if copied.exists() {
        copied
    } else {
        built.into()
    }
}

/// The program `name` under test.
pub fn ours(name: &str) -> PathBuf {
    folder().join(name)
}

/// The release of the installed util-linux, if the tools can be compared with it.
pub fn reference() -> Option<(u32, u32)> {
    static RELEASE: OnceLock<Option<(u32, u32)>> = OnceLock::new();
    *RELEASE.get_or_init(|| {
        let output = Command::new("/usr/bin/unshare").arg("--version").output();
        release(&String::from_utf8_lossy(&output.ok()?.stdout)).filter(|known| *known >= (2, 38))
    })
}

/// The release in a line of `--version`; `None` for our own tools, which may be installed in place
/// of the reference.
fn release(line: &str) -> Option<(u32, u32)> {
    let version = line.trim_end().split_once(" from util-linux ")?.1;
    let mut numbers = version.split(|letter: char| !letter.is_ascii_digit());
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers.next()?.parse().ok()?;
    (!version.ends_with("+ns-tools")).then_some((major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn release_is_that_of_the_reference() {
        assert_eq!(release("unshare from util-linux 2.38.1\n"), Some((2, 38)));
        assert_eq!(
            release("unshare from util-linux 2.43-devel\n"),
            Some((2, 43))
        );
        assert_eq!(release("unshare from util-linux 2.43.0+ns-tools\n"), None);
        assert_eq!(release("BusyBox v1.35\n"), None);
    }
}
