//! Which process's namespaces are entered.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use ns_tests::process::{child_of, start_and_wait_for_a_line};
use ns_tests::sandbox_or_skip;
use ns_tests::skip::{is_root, skipped};
use ns_tests::tool;

#[test]
fn process_that_takes_over_the_pid_is_never_entered() {
    let sandbox = sandbox_or_skip!("strace", "hostname");
    if !is_root() {
        return skipped("needs root, to give a PID away again");
    }
    // In a new PID namespace the next PID can be chosen. nsenter is delayed after the call with
    // which it opens its target, or after the last one before it enters; meanwhile the target ends,
    // and a process with another host name gets the same PID.
    for call in ["pidfd_open", "prctl"] {
        let script = format!(
            r#"
            await() {{ until "$@" 2> /dev/null; do sleep .01; done; }}
            named() {{ [ "$(nsenter -t $1 -u hostname)" = $2 ]; }}
            unshare -u sh -c 'hostname first; exec sleep 60' & T=$!
            await named $T first
            rm -f trace; strace -o trace -e trace={call} -e inject={call}:signal=STOP:when=1 nsenter -t $T -u hostname > out 2> err & N=$!
            await grep -q 'stopped by SIGSTOP' trace
            kill -9 $T; wait $T 2> /dev/null
            echo $((T - 1)) > /proc/sys/kernel/ns_last_pid
            unshare -u sh -c 'hostname second; exec sleep 60' & S=$!
            echo same $((S == T))
            await named $S second
            read P < /proc/$N/task/$N/children; kill -CONT $P
            wait $N; echo status $?
            cat out err
            kill -9 $S
        "#
        );
        let run = sandbox.shell(&format!(
            "unshare -p -f --mount-proc bash -c '{}'",
            script.replace('\'', "'\\''")
        ));
        assert_eq!(
            run.stdout,
            "same 1\nstatus 1\nnsenter: reassociate to namespaces failed: No such process\n",
            "{call}: {run:?}"
        );
    }
}

#[test]
fn target_may_be_named_by_the_inode_of_its_pidfd() {
    let sandbox = sandbox_or_skip!("python3");
    let inode =
        "python3 -c 'import os,sys; print(os.fstat(os.pidfd_open(int(sys.argv[1]))).st_ino)' $T";
    let run = sandbox.shell(&format!("sleep 60 & T=$!; nsenter -t $T:$({inode}) -u echo entered; nsenter -t $T:1 -u true; echo $?; kill $T"));
    assert_eq!(run.stdout, "entered\n1\n");
    assert!(run.error().ends_with(": No such process"), "{run:?}");
}

#[test]
fn waiting_nsenter_cannot_be_looked_into_from_inside() {
    let sandbox = sandbox_or_skip!();
    let mut target = sandbox.command(tool::ours("unshare"));
    target.args([
        "-r",
        "-p",
        "--kill-child",
        "-f",
        "sh",
        "-c",
        "echo ready; exec sleep 60",
    ]);
    let target = start_and_wait_for_a_line(&mut target);
    let pid = child_of(target.id()).to_string();
    let enter = ["-t", &pid, "-U", "--preserve-credentials"];
    let mut waiting = sandbox.command(tool::ours("nsenter"));
    waiting
        .args(enter)
        .args(["-p", "sh", "-c", "echo ready; exec sleep 60"]);
    let waiting = start_and_wait_for_a_line(&mut waiting);
    // The superuser of the entered user namespace tries to find out which file outside we run from.
    let mut look = sandbox.command(tool::ours("nsenter"));
    look.args(enter)
        .args(["readlink", &format!("/proc/{}/exe", waiting.id())]);
    assert_eq!(sandbox.finish(&mut look).status, 1);
}

#[test]
fn zombies_and_threads_are_targets_as_the_kernel_has_them() {
    let sandbox = sandbox_or_skip!("python3");
    let zombie = "import os,subprocess as s\np=os.fork()\nif p==0: os._exit(0)\nos.waitid(os.P_PID,p,os.WEXITED|os.WNOWAIT)\ns.call(['nsenter','-t',str(p),'-u','true'])\n";
    let run = sandbox.shell(&format!("python3 -c \"{zombie}\""));
    assert_eq!(
        run.stderr,
        "nsenter: reassociate to namespaces failed: No such process\n"
    );
    let thread = "import threading as t,subprocess as s\nx=t.Thread(target=lambda:s.call(['nsenter','-t',str(t.get_native_id()),'-u','echo','entered']))\nx.start()\nx.join()\n";
    assert_eq!(
        sandbox.shell(&format!("python3 -c \"{thread}\"")).output(),
        "entered\n"
    );
}

#[test]
fn cgroup_of_the_target_is_joined() {
    let sandbox = sandbox_or_skip!();
    let mount = sandbox.shell("mount -t cgroup2 cgroup2 /sys/fs/cgroup && mkdir /sys/fs/cgroup/$$ && rmdir /sys/fs/cgroup/$$");
    if mount.status != 0 {
        return skipped(&format!("no cgroup can be made: {}", mount.error()));
    }
    let run = sandbox.shell(
        "C=/ns-tools-test-$$; D=/sys/fs/cgroup$C; mkdir $D; trap 'rmdir $D' EXIT
         sleep 60 & T=$!
         echo $T > $D/cgroup.procs
         for options in -u '-u --join-cgroup' --like-target; do
             nsenter -t $T $options sed -n s/^0:://p /proc/self/cgroup
         done | sed s,^$C$,joined,
         kill $T; wait $T",
    );
    assert_eq!(run.stdout, "/\njoined\njoined\n", "{run:?}");
}

#[test]
fn ids_of_a_target_that_has_ended_are_never_taken() {
    let sandbox = sandbox_or_skip!("strace", "setpriv");
    if !is_root() {
        return skipped("needs root, to run a target as somebody else");
    }
    // nsenter is delayed after its last call before it enters; meanwhile the target ends, and is
    // waited for by the shell or, if its parent is a `sleep`, never. The namespace to enter is not
    // the target's, so that entering it succeeds.
    let user = "setpriv --reuid 1000 --regid 1000 --clear-groups";
    let reaped = format!("{user} sleep 60 & T=$!");
    let zombie = format!(
        "sh -c '{user} sleep 60 & exec sleep 60' & P=$!; await grep -q sleep /proc/$P/comm
         read T < /proc/$P/task/$P/children; T=${{T%% *}}"
    );
    for (target, gone) in [
        (reaped, "wait $T 2> /dev/null"),
        (zombie, "await grep -q State:.Z /proc/$T/status"),
    ] {
        let script = format!(
            "await() {{ until \"$@\" 2> /dev/null; do sleep .01; done; }}
             {target}
             await grep -q sleep /proc/$T/comm
             rm -f trace; strace -o trace -e trace=prctl -e inject=prctl:signal=STOP \
                 nsenter -t $T --uts=/proc/self/ns/uts -S follow -G follow id -u > out 2> err & N=$!
             await grep -q 'stopped by SIGSTOP' trace
             kill -9 $T; {gone}
             read C < /proc/$N/task/$N/children; kill -CONT $C
             wait $N; echo status $?
             cat out; sed 's/[0-9][0-9]*/N/; s/cannot open/cannot read/' err
             [ -z \"$P\" ] || kill $P"
        );
        let run = sandbox.shell(&script);
        assert_eq!(
            run.stdout, "status 1\nnsenter: cannot read /proc/N/status: No such process\n",
            "{target}: {run:?}"
        );
    }
}

#[test]
fn ids_of_the_target_are_those_that_the_entered_user_namespace_shows() {
    let sandbox = sandbox_or_skip!("perl");
    if !is_root() {
        return skipped("needs root, to map several ids");
    }
    let run = sandbox.shell(
        "asleep() { until grep -q sleep /proc/$1/comm 2> /dev/null; do sleep .01; done; }
         unshare --map-users=0:100000:1000 --map-groups=0:200000:1000 -S5 -G6 sleep 60 & T=$!
         asleep $T
         nsenter -t $T -u -S follow -G follow sh -c 'id -u; id -g'
         nsenter -t $T -U -S follow -G follow sh -c 'id -u; id -g; cat /proc/self/uid_map'
         kill $T
         # The effective ids count, as they do for the owner of a process's directory.
         perl -e '$) = 8; $> = 7; sleep 60' & T=$!
         until grep -q '^Uid:.0.7' /proc/$T/status; do sleep .01; done
         nsenter -t $T -u -S follow -G follow sh -c 'id -u; id -g'
         kill $T",
    );
    let map = "         0     100000       1000\n";
    assert_eq!(run.output(), format!("100005\n200006\n5\n6\n{map}7\n8\n"));
}

#[test]
fn proc_of_an_outer_pid_namespace_does_not_mix_two_processes() {
    let sandbox = sandbox_or_skip!("strace");
    // The shell and its child are processes 1 and 2 here, but have other PIDs there.
    let run = sandbox.shell(
        "mkdir in; mkfifo ready; unshare -u -p -f bash -c '
             cd in; MARK=target sh -c \"echo > ../ready; exec sleep 60\" & T=$!; read x < /mnt/ready
             cd /
             nsenter -t $T -u -w pwd
             nsenter -t $T -u -e /usr/bin/env | grep MARK
             # Without a pidfd nobody can tell which one is meant.
             strace -o /dev/null -e inject=pidfd_open:error=ENOSYS nsenter -t $T -u true
             kill $T'",
    );
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str()),
        (
            "/mnt/in\nMARK=target\n",
            "nsenter: cannot open /proc/2/ns/uts: No such file or directory\n\
             nsenter: hint: /proc belongs to another PID namespace: mount one for the caller's\n"
        )
    );
}

#[test]
fn interrupted_open_is_tried_again() {
    let sandbox = sandbox_or_skip!("strace");
    let run = sandbox.shell(
        "mkdir d; strace -o /dev/null -P /mnt/d -e inject=openat:error=EINTR:when=1 \
             nsenter --uts=/proc/self/ns/uts -w/mnt/d pwd",
    );
    assert_eq!(run.output(), "/mnt/d\n");
}

#[test]
fn namespace_that_was_not_entered_is_noticed() {
    let sandbox = sandbox_or_skip!("strace");
    // A seccomp filter may return success without doing anything. Before Linux 6.11 no ioctl tells
    // which namespaces we are in.
    let (faked, old) = ("inject=setns:retval=0", "inject=ioctl:error=ENOTTY");
    let run = |options: &str, faults: &str| {
        sandbox.shell(&format!(
            "unshare -iup -f --kill-child sleep 60 & U=$!
             until read T < /proc/$U/task/$U/children; grep -q sleep /proc/${{T%% *}}/comm; do sleep .01; done 2> /dev/null
             T=${{T%% *}}; strace -f -o /dev/null {faults} nsenter {options} echo run
             r=$?; {{ kill -9 $U; wait $U; }} 2> /dev/null; exit $r"
        ))
    };
    for (options, file) in [
        ("-t $T -u", "uts"),
        ("--ipc=/proc/$T/ns/ipc", "ipc"),
        ("-t $T -p", "pid"),
    ] {
        for faults in [format!("-e {faked}"), format!("-e {faked} -e {old}")] {
            let run = run(options, &faults);
            let expected =
                format!("nsenter: ns/{file} is not the intended namespace after entering\n");
            assert_eq!(
                (run.status, run.stdout.as_str(), run.stderr),
                (1, "", expected),
                "{faults}"
            );
        }
        assert_eq!(
            run(options, &format!("-e {old}")).output(),
            "run\n",
            "{options}"
        );
    }
}
