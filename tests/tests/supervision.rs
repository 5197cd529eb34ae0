//! Our own process 1, and reports to supervisors: none is missed, and nothing is left behind.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use ns_tests::sandbox_or_skip;

#[test]
fn process_1_outlasts_a_storm_of_orphans_and_signals() {
    let sandbox = sandbox_or_skip!();
    let run = sandbox.shell(
        "unshare --init --mount-proc bash -c '
             trap : USR1; touch up
             for round in {1..1000}; do (: &); done
             until [ -e stop ]; do sleep .02; done 2> /dev/null
             while grep -qs ^State:.Z /proc/[0-9]*/status; do :; done
             echo $$; exit 42' & U=$!
         until [ -e up ]; do :; done
         for round in {1..1000}; do kill -USR1 $U; done; touch stop; wait $U; echo $?",
    );
    assert_eq!(run.output(), "2\n42\n");
}

#[test]
fn exit_is_distinguished_from_a_signal() {
    let sandbox = sandbox_or_skip!();
    for (program, status) in [("exit 143", 143), ("kill $$", 143), ("kill -KILL $$", 137)] {
        let run = sandbox.shell(&format!(
            "unshare --init --status-fd 3 sh -c '{program}' 3> events 2> /dev/null; echo $?; tail -n 1 events"
        ));
        let event = match program {
            "exit 143" => r#"{"event": "exited", "status": 143}"#,
            "kill $$" => r#"{"event": "killed", "signal": 15, "core": false}"#,
            _ => r#"{"event": "killed", "signal": 9, "core": false}"#,
        };
        assert_eq!(run.stdout, format!("{status}\n{event}\n"), "{program}");
    }
}

#[test]
fn every_signal_of_the_list_reaches_the_program() {
    let sandbox = sandbox_or_skip!();
    for options in [
        "--init",
        "--forward-signals=all",
        "--forward-signals=HUP,USR1,rtmin+3",
    ] {
        for signal in ["HUP", "USR1", "RTMIN+3"] {
            let run = sandbox.shell(&format!(
                "rm -f up; unshare {options} bash -c 'trap \"exit 9\" {signal}; touch up; while :; do sleep .02; done' & U=$!
                 until [ -e up ]; do :; done; kill -{signal} $U; wait $U; echo $?"
            ));
            assert_eq!(run.stdout, "9\n", "{options} {signal}: {run:?}");
        }
    }
}

#[test]
fn end_that_follows_a_signal_at_once_is_not_missed() {
    let sandbox = sandbox_or_skip!("strace");
    let run = sandbox.shell(
        "strace -f -o /dev/null -e inject=kill:delay_exit=300000 \
             unshare --init bash -c 'trap \"exit 9\" USR1; echo $PPID > up; while :; do sleep .02; done' & U=$!
         until [ -s up ]; do :; done
         read -r T < /proc/$U/task/$U/children; kill -USR1 ${T%% *}; wait $U; echo $?",
    );
    assert_eq!(run.stdout, "9\n", "{run:?}");
}

#[test]
fn process_1_waits_for_the_others_or_ends_them() {
    let sandbox = sandbox_or_skip!();
    let other = |handler: &str| {
        format!(
            "(trap \"{handler}\" TERM; touch up; while :; do sleep .01; done) & until [ -e up ]; do :; done; exit 3"
        )
    };
    let told = sandbox.shell(&format!(
        "unshare --init=wait sh -c '{}'; echo $?; cat told",
        other("echo yes > told; exit")
    ));
    assert_eq!(told.stdout, "3\nyes\n");
    let ended = sandbox.shell(&format!(
        "unshare --init=wait:0 sh -c '{}'; echo $?",
        other("")
    ));
    assert_eq!(ended.stdout, "3\n");
}

#[test]
fn number_is_in_its_file_before_the_program_runs_and_gone_afterwards() {
    let sandbox = sandbox_or_skip!();
    let run = sandbox.shell(
        "for round in {1..1000}; do
             unshare -f --pid-file p sh -c '[ $(cat p) = $$ ]' || echo early
             [ -e p ] && echo left
         done
         unshare --init -u --pid-file p sh -c 'cp p q'; read inside < q
         unshare --pid-file p sh -c 'echo $$' > own; diff p own && rm p
         echo stays > p; ln -s p link; unshare -f --pid-file link true; cat p; ls -A",
    );
    assert_eq!(run.output(), "stays\nown\np\nq\n");
}

#[test]
fn pid_file_that_cannot_be_written_is_an_error_before_anything_is_done() {
    let sandbox = sandbox_or_skip!();
    for (place, reason) in [
        ("none/p", "No such file or directory"),
        ("d", "Is a directory"),
        ("f/p", "Not a directory"),
    ] {
        let run = sandbox.shell(&format!(
            "mkdir -p d; touch f; unshare --pid-file {place} touch ran; echo $?; ls"
        ));
        assert_eq!(run.stdout, "1\nd\nf\n", "{place}");
        assert_eq!(
            run.stderr,
            format!("unshare: cannot write {place}: {reason}\n")
        );
    }
}

#[test]
fn pid_file_replaces_only_regular_files() {
    let sandbox = sandbox_or_skip!();
    let run = sandbox.shell(
        "mkfifo fifo; ln -s fifo to-fifo; ln -s /dev/null to-null; mkdir d; ln -s d to-d
         for place in fifo to-fifo to-null to-d; do
             unshare -f --pid-file $place touch ran; echo $?
         done
         stat -c '%n %F' *",
    );
    assert_eq!(
        run.stdout,
        "1\n1\n1\n1\nd directory\nfifo fifo\n\
         to-d symbolic link\nto-fifo symbolic link\nto-null symbolic link\n"
    );
    let refused = |place| format!("unshare: cannot write {place}: Invalid argument\n");
    let places = ["fifo", "to-fifo", "to-null", "to-d"];
    assert_eq!(run.stderr, places.map(refused).concat());
}

#[test]
fn program_waits_for_its_byte_and_no_event_is_missed() {
    let sandbox = sandbox_or_skip!();
    let run = sandbox.shell(
        "mkfifo w
         for round in {1..1000}; do
             unshare -f --status-fd 3 --wait-fd 4 touch ran 3>&1 4<> w | {
                 read ready; [ -e ran ] && echo early; echo > w; cat
             }
             [ -e ran ] && rm ran || echo missed
         done | sort | uniq -c",
    );
    let counted = format!("{:7} {}\n", 1000, r#"{"event": "exited", "status": 0}"#);
    assert_eq!(run.output(), counted);
}

#[test]
fn end_without_a_byte_undoes_what_was_made() {
    let sandbox = sandbox_or_skip!();
    for options in ["", "-f", "--init"] {
        let run = sandbox.shell(&format!(
            "touch f; unshare {options} --uts=f --pid-file p --wait-fd 3 touch ran 3< /dev/null
             echo $?; ls; grep -c ' /mnt/f ' /proc/self/mountinfo"
        ));
        assert_eq!(run.stdout, "1\nf\n0\n", "{options}");
        assert_eq!(
            run.stderr, "unshare: --wait-fd: end of file without a byte\n",
            "{options}"
        );
    }
}

#[test]
fn events_tell_the_namespaces_of_the_program() {
    let sandbox = sandbox_or_skip!("python3");
    for options in ["-f -uinm", "--init -uT", "-u", "-f -pT"] {
        let run = sandbox.shell(&format!(
            "unshare {options} --status-fd 3 sh -c 'stat -L -c %i /proc/self/ns/uts > uts; stat -L -c %i /proc/self/ns/time > time' 3> events
             python3 -c '
import json
ready = json.loads(open(\"events\").readline())
spaces = ready[\"namespaces\"]
assert list(spaces) == [\"user\", \"cgroup\", \"ipc\", \"uts\", \"net\", \"pid\", \"mnt\", \"time\"]
assert spaces[\"uts\"] == int(open(\"uts\").read()), \"uts\"
assert spaces[\"time\"] == int(open(\"time\").read()), \"time\"
'"
        ));
        assert_eq!(run.output(), "", "{options}");
    }
}

#[test]
fn reader_that_has_gone_is_an_error_before_the_program_and_none_after_it() {
    let sandbox = sandbox_or_skip!();
    let run = sandbox.shell(
        "mkfifo s; unshare -f --status-fd 3 touch ran 3> s & read nothing < /dev/null; exec 9< s; exec 9<&-; wait $!; echo $?
         unshare -f --status-fd 3 sh -c 'read x < s; exit 5' 3> >(read ready; exec <&-; echo > s); echo $?",
    );
    // The reader may close before the event is written, or after the program has run.
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.last(), Some(&"5"), "{run:?}");
}

#[test]
fn descriptors_must_be_open_and_are_not_inherited() {
    let sandbox = sandbox_or_skip!();
    for (options, status, error) in [
        (
            "--status-fd 7",
            1,
            "unshare: --status-fd: 7: Bad file descriptor",
        ),
        (
            "--wait-fd 8",
            1,
            "unshare: --wait-fd: 8: Bad file descriptor",
        ),
        (
            "--status-fd 2",
            1,
            "unshare: --status-fd takes the number of a descriptor above 2, not '2'",
        ),
        (
            "--wait-fd x",
            1,
            "unshare: --wait-fd takes the number of a descriptor above 2, not 'x'",
        ),
    ] {
        let run = sandbox.shell(&format!("unshare {options} touch ran; echo $?; ls"));
        assert_eq!(
            (run.stdout, run.stderr.lines().next()),
            (format!("{status}\n"), Some(error))
        );
    }
    let run =
        sandbox.shell("unshare -f --status-fd 5 sh -c '[ -e /proc/self/fd/5 ]; echo $?' 5> events");
    assert_eq!(run.output(), "1\n");
}

#[test]
fn nothing_is_left_whenever_the_waiting_process_is_killed() {
    let sandbox = sandbox_or_skip!();
    for options in ["-f", "--init"] {
        // A namespace may stay bound if the program has run.
        let run = sandbox.shell(&format!(
            "touch f; for round in {{1..60}}; do
                 unshare {options} --kill-child --uts=f --pid-file p --status-fd 3 sleep 60$$ 3> /dev/null & U=$!
                 for ((spin = 0; spin < RANDOM % 8000; spin++)); do :; done
                 kill -KILL $U; wait $U
                 until [ ! -e p ]; do sleep .02; done
                 umount f
                 for name in .[!.]*; do [ -e \"$name\" ] && echo $name; done
             done 2> /dev/null
             while grep -qs ^sleep.60$$ /proc/[0-9]*/cmdline; do sleep .02; done 2> /dev/null
             ls -A"
        ));
        assert_eq!(run.stdout, "f\n", "{options}: {run:?}");
    }
}
