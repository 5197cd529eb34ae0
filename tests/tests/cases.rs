//! Runs every case of the files in `cases/` as a test of its own, named by its claim.

use libtest_mimic::{Arguments, Trial};
use ns_tests::case;
use ns_tests::sandbox::Sandbox;
use ns_tests::skip::note;

const FILES: &[(&str, &str)] = &[
    ("unshare", include_str!("../cases/unshare.txt")),
    ("nsenter", include_str!("../cases/nsenter.txt")),
    ("ipcs", include_str!("../cases/ipcs.txt")),
    ("ipcmk", include_str!("../cases/ipcmk.txt")),
    ("ipcrm", include_str!("../cases/ipcrm.txt")),
    ("ipcrm", include_str!("../cases/orphans.txt")),
];

fn main() {
    let arguments = Arguments::from_args();
    let no_sandbox = Sandbox::available().err();
    let mut trials = Vec::new();
    for (tool, text) in FILES {
        for case in case::read(text) {
            let name = format!("{tool}: {}", case.claim);
            let unmet = no_sandbox.clone().or_else(|| case.unmet());
            if let Some(reason) = unmet.as_ref().filter(|_| !arguments.list) {
                note(&name, reason);
            }
            trials.push(
                Trial::test(name, move || Ok(case.check()?)).with_ignored_flag(unmet.is_some()),
            );
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}
