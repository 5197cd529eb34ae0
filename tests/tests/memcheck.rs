//! The tools' main uses under valgrind's memcheck: no read of what was never written, no access
//! beyond an allocation, nothing lost. `make sanitised` runs it.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::path::Path;

use ns_tests::sandbox::Sandbox;
use ns_tests::sandbox_or_skip;
use ns_tests::skip::is_root;

/// Runs the tool `$1` under memcheck, and its children too; each process has a log of its own.
const FUNCTIONS: &str = r#"
    v() {
        valgrind -q --leak-check=full --show-leak-kinds=definite,indirect --child-silent-after-fork=no \
            --suppressions="$SUPPRESSIONS" --log-file=log.%p "$(command -v $1)" "${@:2}" 2> errors
        local r=$?
        [ $r = ${expect:-0} ] || { echo "$* has status $r, not ${expect:-0}"; cat errors; }
    }
    target() {
        exec 3< <(exec unshare -muin --kill-child -f sh -c 'echo; exec sleep 60')
        U=$!; read x <&3; exec 3<&-; read T < /proc/$U/task/$U/children; T=${T%% *}
    }
"#;

/// What is in the logs but for what memcheck itself cannot do: calls of newer kernels, which fail
/// for the tools then.
const RESULT: &str = r"
    sleep .1
    grep -hv -e 'WARNING: unhandled' -e 'You may be able to write' -e 'Read the file README' \
        -e 'Nevertheless we consider' -e 'it at http' -e 'Warning: noted but unhandled' \
        -e 'This could cause spurious' -e 'See README_MISSING' log.* /dev/null
    exit 0
";

/// The main uses, each in a sandbox of its own.
const USES: &[&str] = &[
    "v unshare -iu true",
    "v unshare --fork --kill-child --pid --mount --mount-proc true",
    "v unshare -r -m --propagation slave true",
    "v unshare --user --map-users=0:0:1 --map-groups=0:0:1 true",
    "v unshare -c --keep-caps true",
    "touch f; v unshare --uts=f --hostname inside true; umount f",
    "touch f g; v unshare --ipc=f --net=g --fork --loopback true; umount f g",
    "mkdir d; v unshare -m --root=/ --wd=/usr pwd > out",
    "v unshare -T --monotonic=5 --boottime=-5 true",
    "expect=3 v unshare --fork --forward-signals sh -c 'exit 3'",
    "expect=127 v unshare -u nosuch",
    "expect=1 v unshare --uts=nosuch true",
    "expect=1 v unshare --propagation=foo true",
    "v unshare --clear-env --set-env A=1 /usr/bin/env > out",
    "v unshare --whitelist-env=PATH --unset-env HOME true",
    "v unshare -pf --pid-file p --status-fd 3 true 3> events",
    "v unshare --explain -r -mpf --mount-proc true > out",
    "v unshare --probe > out",
    "v unshare --help > out; v unshare --version > out",
    "target; v nsenter -t $T -m -u -i -n true; kill -9 $U",
    "target; v nsenter -t $T -a -r -w true; kill -9 $U",
    "target; v nsenter --uts=/proc/$T/ns/uts hostname > out; kill -9 $U",
    "target; v nsenter -t $T -u --env --set-env A=1 true; kill -9 $U",
    "target; v nsenter -t $T -m --wdns=/usr -S 0 -G 0 true; kill -9 $U",
    "target; v nsenter -t $T --explain -a true > out; kill -9 $U",
    "expect=1 v nsenter -t 4194304 -u true",
    "v ipcmk -Q -M 1.5K -S 3 -p 600 > out; v ipcs > out; v ipcrm -a",
    "v ipcmk -Q --key 7 --json > out; v ipcs -q --json > out; v ipcrm -Q 7",
    "v ipcmk --posix-shmem 5 --posix-semaphore -n x > out; v ipcs --posix > out; v ipcrm --posix-shmem x --posix-semaphore x",
    "for i in $(seq 40); do ipcmk -Q -M 1 -S 1 > out; done; v ipcs -t > out; v ipcs -p > out; v ipcs -c > out; v ipcrm -v -a > out",
    "ipcmk -Q -M 4K -S 2 > out; v ipcs -q -i 0 > out; v ipcs -m -i 0 > out; v ipcs -s -i 0 > out; v ipcs -l > out; v ipcs -u > out",
    "ipcmk -Q -M 4K > out; v ipcs --output-all -m > out; v ipcs --raw -q > out; v ipcs --sort -KEY -q > out; v ipcs --human -b -m > out",
    "ipcmk -M 4K > out; v ipcs --usage > out; v ipcs --attached -m > out 2> out2; v ipcs -A > out",
    "target; v ipcs --target $T > out; kill -9 $U",
    "v ipcrm --orphans > out; expect=1 v ipcrm -q 99; expect=1 v ipcrm -Q x; expect=1 v ipcrm shm ''",
    "expect=1 v ipcmk -M 1Z; expect=1 v ipcmk -p 9 -Q; expect=1 v ipcs --bogus; v ipcs --help > out",
];

#[test]
#[ignore = "takes a minute: make sanitised runs it"]
fn memcheck_has_nothing_to_say_about_the_main_uses() {
    drop(sandbox_or_skip!("valgrind"));
    let suppressions = Path::new(env!("CARGO_MANIFEST_DIR")).join("memcheck.supp");
    let mut problems = Vec::new();
    for lines in USES {
        // Clocks can be set by who is root of the system only.
        if lines.contains("--boottime") && !is_root() {
            continue;
        }
        let sandbox = Sandbox::new();
        let setting = format!("SUPPRESSIONS='{}'", suppressions.display());
        let run = sandbox.shell(&format!("{setting}\n{FUNCTIONS}\n{lines}\n{RESULT}"));
        if !run.stdout.is_empty() || run.status != 0 {
            problems.push(format!(
                "{lines}: {}\n{}{}",
                run.status, run.stdout, run.stderr
            ));
        }
    }
    assert!(
        problems.is_empty(),
        "{} of {}:\n{}",
        problems.len(),
        USES.len(),
        problems.join("\n")
    );
}
