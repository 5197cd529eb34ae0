//! Failures with a hint and without one.
//!
//! What is not as expected fails the test: each of these functions panics then.

use crate::sandbox::Sandbox;

/// Takes CAP_SYS_ADMIN from what it runs.
pub const WITHOUT_ADMIN: &str = "setpriv --bounding-set=-sys_admin";

/// The status and the lines on standard error after a script in a sandbox of its own.
fn errors(script: &str) -> (i32, Vec<String>) {
    let run = Sandbox::new().shell(script);
    let lines = run.stderr.lines().map(str::to_owned).collect();
    (run.status, lines)
}

/// A failure is told in one line that ends so, and explained in another one.
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

/// A failure is told in one line that ends so, and that is all.
#[track_caller]
pub fn unexplained(script: &str, error: &str) {
    let (status, lines) = errors(script);
    assert_ne!(status, 0, "{script}");
    let [first] = lines.as_slice() else {
        panic!("{script}: not one line: {lines:?}");
    };
    assert!(first.ends_with(error), "{script}: {first}");
}

/// Has a system call fail, in the processes of which there is an option `-f` or not.
pub fn failing(call: &str, errno: &str, options: &str) -> String {
    format!("strace {options} -o /dev/null -e inject={call}:error={errno}")
}
