//! Checking failures with and without a hint.
//!
//! Each of these functions panics if the result is not as expected.

use crate::sandbox::Sandbox;

/// Runs a command without CAP_SYS_ADMIN.
pub const WITHOUT_ADMIN: &str = "setpriv --bounding-set=-sys_admin";

/// The status and the lines on standard error of a script in a new sandbox.
fn errors(script: &str) -> (i32, Vec<String>) {
    let run = Sandbox::new().shell(script);
    let lines = run.stderr.lines().map(str::to_owned).collect();
    (run.status, lines)
}

/// The script fails with one line that ends with `error`, and one hint that contains `hint`.
#[track_caller]
pub fn explained(script: &str, error: &str, hint: &str) {
    let (status, lines) = errors(script);
    let [first, second] = lines.as_slice() else {
        panic!("{script}: not two lines: {lines:?}");
    };
    assert_ne!(status, 0, "{script}");
    assert!(first.ends_with(error), "{script}: {first}");
    let (_, found) = second.split_once(": hint: ").expect("it is a hint");
    assert!(found.starts_with(hint), "{script}: {found}");
    unexplained(&format!("export NS_HINTS=0; {script}"), error);
}

/// The script fails with one line that ends with `error`, and no hint.
#[track_caller]
pub fn unexplained(script: &str, error: &str) {
    let (status, lines) = errors(script);
    assert_ne!(status, 0, "{script}");
    let [first] = lines.as_slice() else {
        panic!("{script}: not one line: {lines:?}");
    };
    assert!(first.ends_with(error), "{script}: {first}");
}

/// A command prefix that makes a system call fail; `options` may contain `-f` to include child
/// processes.
pub fn failing(call: &str, errno: &str, options: &str) -> String {
    format!("strace {options} -o /dev/null -e inject={call}:error={errno}")
}
