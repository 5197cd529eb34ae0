//! Files of the system with anything in them: the programs take what they can, or say what is
//! wrong, and never end by a signal. The kernel and `getsubids` judge the maps of ids.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use ns_common::idmap::{self, IdExtent, IdMap};
use ns_tests::fuzz::{keep, kept_inputs};
use ns_tests::random::Random;
use ns_tests::sandbox::Sandbox;
use ns_tests::sandbox_or_skip;
use ns_tests::skip::{is_root, skipped};

/// How many contents each file has in turn.
const CONTENTS: u64 = 20;

/// A file that the commands read: how it comes to have another content, and the commands. `$T` is a
/// process to enter, `$F` has the content.
struct File {
    name: &'static str,
    path: &'static str,
    commands: &'static [&'static str],
}

/// In `path`, `$$` is the process that will be the command.
const FILES: &[File] = &[
    File {
        name: "status",
        path: "/proc/$T/status",
        commands: &[
            "nsenter -t $T -u -S follow -G follow true",
            "nsenter -t $T --like-target true",
        ],
    },
    File {
        name: "own_status",
        path: "/proc/$$/status",
        commands: &["nsenter -t $T -u true", "unshare -r --keep-caps true"],
    },
    File {
        name: "limits",
        path: "/proc/$T/limits",
        commands: &["nsenter -t $T --like-target true"],
    },
    File {
        name: "cgroup",
        path: "/proc/$T/cgroup",
        commands: &[
            "nsenter -t $T -u --join-cgroup true",
            "nsenter -t $T --like-target true",
        ],
    },
    File {
        name: "environ",
        path: "/proc/$T/environ",
        commands: &["nsenter -t $T -u --env /bin/true"],
    },
    File {
        name: "mountinfo",
        path: "/proc/$$/mountinfo",
        commands: &[
            "ipcs -A",
            "unshare -mr --mount-proc=/nonexistent true",
            "nsenter -t $T -u --join-cgroup true",
        ],
    },
    File {
        name: "maps",
        path: "/proc/$T/maps",
        commands: &["ipcs -m --attached", "ipcs -m --attached --json"],
    },
    File {
        name: "stat",
        path: "/proc/$T/stat",
        commands: &[
            "ipcrm --orphans --older-than 0",
            "ipcrm --orphans=shm --older-than 0",
        ],
    },
    File {
        name: "uid_map",
        path: "/proc/$$/uid_map",
        commands: &[
            "unshare --map-users=all true",
            "unshare -r true",
            "unshare --map-users=all --map-user=0 true",
        ],
    },
    File {
        name: "msg",
        path: "/proc/sysvipc/msg",
        commands: &[
            "ipcs -q",
            "ipcs -q -t",
            "ipcs -u",
            "ipcs -q --json",
            "ipcrm -amsg",
        ],
    },
    File {
        name: "shm",
        path: "/proc/sysvipc/shm",
        commands: &[
            "ipcs -m",
            "ipcs -m -p",
            "ipcs -u -m",
            "ipcs -m --output-all",
            "ipcs -m --attached",
        ],
    },
    File {
        name: "sem",
        path: "/proc/sysvipc/sem",
        commands: &["ipcs -s", "ipcs -s -c", "ipcs --usage", "ipcs -s --raw"],
    },
    File {
        name: "sem_limits",
        path: "/proc/sys/kernel/sem",
        commands: &["ipcs -l", "ipcs --usage", "ipcs -l --json"],
    },
    File {
        name: "shmmax",
        path: "/proc/sys/kernel/shmmax",
        commands: &["ipcs -l", "ipcs -l --human", "ipcs --usage"],
    },
    File {
        name: "shmall",
        path: "/proc/sys/kernel/shmall",
        commands: &["ipcs -l", "ipcs -l -b", "ipcs --usage"],
    },
    File {
        name: "subuid",
        path: "/etc/subuid",
        commands: &[
            "unshare --map-users=auto true",
            "unshare --map-auto --map-user=5 true",
            "unshare --map-subids true",
        ],
    },
    File {
        name: "passwd",
        path: "/etc/passwd",
        commands: &[
            "nsenter -t $T -m -S nobody true",
            "unshare --map-user=nobody true",
            "ipcs -m",
            "ipcs --owner nobody",
        ],
    },
    File {
        name: "group",
        path: "/etc/group",
        commands: &[
            "nsenter -t $T -m -G nogroup true",
            "ipcs -c",
            "ipcs -m -o OWNER,GROUP",
        ],
    },
];

/// How many of the pieces are numbers.
const NUMBERS: usize = 6;
/// Pieces that are put into a content.
const PIECES: &[&[u8]] = &[
    b"-1",
    b"4294967295",
    b"4294967296",
    b"18446744073709551616",
    b"99999999999999999999999999999999999999",
    b"99999999999999999999999999999999999999999",
    b"\n",
    b" ",
    b"\t",
    b":",
    b"\0",
    b"\xff",
    b"\\040",
    b"\\9",
    b"-",
    b"/",
    b"0x",
    b"",
    b")",
    b"(",
    b"unlimited",
    b"\n\n",
    b"a",
];

/// The real content with a few faults, or something else altogether.
fn damaged(real: &[u8], random: &mut Random) -> Vec<u8> {
    if random.happens(5) {
        let length = random.below(200);
        return (0..length)
            .map(|_| random.next().to_le_bytes()[0])
            .collect();
    }
    let mut content = real.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(content.len() + 1);
        let end = (at + random.below(12)).min(content.len());
        match random.below(7) {
            0 => content.truncate(at),
            1 => drop(content.drain(at..end)),
            2 => {
                let piece: &&[u8] = random.pick(PIECES);
                content.splice(at..end, piece.iter().copied());
            }
            3 | 4 => replace_number(&mut content, random),
            5 => {
                let piece: &&[u8] = random.pick(PIECES);
                content.splice(at..at, piece.iter().copied());
            }
            _ => {
                let copied = content[at..end].to_vec();
                content.splice(at..at, copied);
            }
        }
    }
    content
}

/// Puts something else in the place of one of the numbers.
fn replace_number(content: &mut Vec<u8>, random: &mut Random) {
    let is_digit = |place: usize| content.get(place).is_some_and(u8::is_ascii_digit);
    let starts = (0..content.len())
        .filter(|place| is_digit(*place) && (*place == 0 || !is_digit(*place - 1)));
    let starts: Vec<usize> = starts.collect();
    if !starts.is_empty() {
        let start = *random.pick(&starts);
        let end = (start..).find(|place| !is_digit(*place)).unwrap();
        let piece: &&[u8] = random.pick(&PIECES[..NUMBERS]);
        content.splice(start..end, piece.iter().copied());
    }
}

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ns-tests-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Objects, more than are asked for one by one, and a process to enter that has made one.
const SETTING: &str = "
    for i in $(seq 40); do ipcmk -Q -M 4096 -S 2 > /dev/null; done
    perl -e '$i = shmget(7, 5000, 01600); shmread($i, $b, 0, 1); print qq(ready\\n); close STDOUT; sleep 300' > ready &
    T=$!; until [ -s ready ]; do sleep .01; done
";

/// Runs the commands with each content, and shows how each ended.
fn script(file: &File, folder: &Path) -> String {
    // What was made in this very second is in use.
    let asks_age = file
        .commands
        .iter()
        .any(|command| command.contains("--older-than"));
    let wait = if asks_age { "sleep 2" } else { "" };
    let mut script = format!("{SETTING}\n{wait}\nfor F in {}/*; do\n", folder.display());
    for command in file.commands {
        script.push_str(&format!(
            "F=$F T=$T timeout -s KILL 20 bash -c 'mount --bind $F {} && exec {command}' > out 2> errors; r=$?\n\
             read -r line < errors; echo \"$r {} ${{F##*/}} $line\"; line=\n\
             umount {} 2> /dev/null\n",
            file.path,
            command.split(' ').next().unwrap(),
            file.path.replace("$$", "self"),
        ));
    }
    script.push_str("done; kill -9 $T\n");
    script
}

/// What is wrong with how a command ended, if anything is.
fn problem(line: &str) -> Option<String> {
    let mut words = line.splitn(4, ' ');
    let (status, tool, _, message) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let status: i32 = status.parse().ok()?;
    let is_said = ["newuidmap", "newgidmap", tool]
        .iter()
        .any(|name| message.starts_with(&format!("{name}: ")));
    let is_fine = status == 0 || status < 124 && is_said || matches!(status, 126 | 127) && is_said;
    (!is_fine).then(|| line.to_owned())
}

fn check(file: &File) -> Vec<String> {
    let target = format!("file_{}", file.name);
    let sandbox = Sandbox::new();
    let real = sandbox.shell(&format!("{SETTING}\ncat {}; kill -9 $T", file.path));
    let mut contents: Vec<Vec<u8>> = kept_inputs(&target).into_iter().flatten().collect();
    contents.push(Vec::new());
    contents.extend(
        (0..CONTENTS).map(|number| damaged(real.stdout.as_bytes(), &mut Random::new(14, number))),
    );
    let folder = Folder::new(file.name);
    for (number, content) in contents.iter().enumerate() {
        fs::write(folder.0.join(format!("{number:04}")), content).unwrap();
    }
    let run = sandbox.shell(&script(file, &folder.0));
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        lines.len(),
        contents.len() * file.commands.len(),
        "{}: {run:?}",
        file.name
    );
    let mut problems = Vec::new();
    for problem in lines.iter().filter_map(|line| problem(line)) {
        let number: usize = problem.split(' ').nth(2).unwrap().parse().unwrap();
        let kept = keep(&target, &vec![contents[number].clone()]);
        problems.push(format!("{}: {problem}: {}", file.name, kept.display()));
    }
    problems
}

#[test]
fn no_content_of_a_file_has_a_program_end_by_a_signal() {
    drop(sandbox_or_skip!("perl"));
    let (some, others) = FILES.split_at(FILES.len() / 2);
    let problems: Vec<String> = thread::scope(|scope| {
        let check_all = |files: &'static [File]| files.iter().flat_map(check).collect::<Vec<_>>();
        let running = [some, others].map(|files| scope.spawn(move || check_all(files)));
        running
            .into_iter()
            .flat_map(|half| half.join().unwrap())
            .collect()
    });
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// A map of a few extents, sound or not.
fn extents(random: &mut Random) -> Vec<IdExtent> {
    let id = |random: &mut Random| {
        let ids = [
            0,
            1,
            5,
            6,
            10,
            1000,
            65_535,
            4_294_967_290,
            4_294_967_294,
            4_294_967_295,
        ];
        *random.pick(&ids)
    };
    let count = 1 + random.below(4);
    (0..count)
        .map(|_| IdExtent {
            inner: id(random),
            outer: id(random),
            count: *random.pick(&[1, 1, 2, 5, 6, 0, 4_294_967_295]),
        })
        .collect()
}

/// Whether the kernel takes such a map: user_namespaces(7).
fn is_sound(extents: &[IdExtent]) -> bool {
    let range = |first: u32, count: u32| u64::from(first)..u64::from(first) + u64::from(count);
    let sound = extents.iter().all(|extent| {
        let end = range(extent.inner, extent.count)
            .end
            .max(range(extent.outer, extent.count).end);
        extent.inner != u32::MAX && extent.outer != u32::MAX && end <= u64::from(u32::MAX)
    });
    let apart = |side: fn(&IdExtent) -> u32| {
        extents.iter().enumerate().all(|(place, one)| {
            extents[..place].iter().all(|other| {
                let (one, other) = (range(side(one), one.count), range(side(other), other.count));
                one.end <= other.start || other.end <= one.start
            })
        })
    };
    sound && apart(|extent| extent.inner) && apart(|extent| extent.outer)
}

#[test]
fn kernel_has_the_map_that_was_asked_for_or_refuses_it() {
    let sandbox = sandbox_or_skip!();
    if !is_root() {
        return skipped("needs root, who may map any id");
    }
    let maps: Vec<Vec<IdExtent>> = (0..200)
        .map(|number| extents(&mut Random::new(15, number)))
        .collect();
    let mut script = String::new();
    for extents in &maps {
        let option = |extent: &IdExtent| {
            format!(
                "--map-users={}:{}:{}",
                extent.inner, extent.outer, extent.count
            )
        };
        let options: Vec<String> = extents.iter().map(option).collect();
        script.push_str(&format!(
            "echo == $(unshare {} cat /proc/self/uid_map 2>&1)\n",
            options.join(" ")
        ));
    }
    let run = sandbox.shell(&script);
    let answers: Vec<&str> = run.output().lines().collect();
    assert_eq!(answers.len(), maps.len());
    for (extents, answer) in maps.iter().zip(answers) {
        let wanted: Vec<(IdExtent, idmap::Hole)> = extents
            .iter()
            .map(|extent| (*extent, idmap::Hole::Free))
            .collect();
        let map = IdMap::new(None, &wanted);
        let text = String::from_utf8(map.to_text()).unwrap();
        let numbers: Vec<&str> = text.split_whitespace().collect();
        if is_sound(map.extents()) {
            assert_eq!(
                answer.split(' ').skip(1).collect::<Vec<_>>(),
                numbers,
                "{extents:?}"
            );
        } else {
            assert!(
                answer.contains("/uid_map: Invalid argument"),
                "{extents:?}: {answer}"
            );
        }
    }
}

#[test]
fn getsubids_delegates_the_same_ids() {
    let sandbox = sandbox_or_skip!("getsubids");
    let random = &mut Random::new(16, 0);
    let names = ["root", "root", "ann", "0", "rooty", "roo", "1000"];
    let numbers = ["100000", "65536", "1", "200000", "1000"];
    let folder = Folder::new("subids");
    let mut tables = Vec::new();
    for number in 0..100 {
        let line = |random: &mut Random| {
            let (name, first, count) = (
                random.pick(&names),
                random.pick(&numbers),
                random.pick(&numbers),
            );
            format!("{name}:{first}:{count}\n")
        };
        let lines = 1 + random.below(5);
        let table: String = (0..lines)
            .map(|_| line(random))
            .collect::<Vec<_>>()
            .concat();
        fs::write(folder.0.join(format!("{number:04}")), &table).unwrap();
        tables.push(table);
    }
    let script = format!(
        "for F in {}/*; do mount --bind $F /etc/subuid; echo $(getsubids root 2>&1 | head -1); umount /etc/subuid; done",
        folder.0.display()
    );
    let run = sandbox.shell(&script);
    let answers: Vec<&str> = run.output().lines().collect();
    assert_eq!(answers.len(), tables.len());
    for (table, answer) in tables.iter().zip(answers) {
        let ours = idmap::delegated(table.as_bytes(), OsStr::new("root"), 0).unwrap();
        // `0: root 100000 65536`
        let theirs: Vec<u32> = answer.split(' ').skip(2).flat_map(str::parse).collect();
        let ours: Vec<u32> = ours
            .iter()
            .flat_map(|extent| [extent.outer, extent.count])
            .collect();
        assert_eq!(ours, theirs, "{table:?}: {answer}");
    }
}
