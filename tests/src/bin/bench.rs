//! Times the tools against the reference: whole processes, in turn, in one run, as ratios.
//!
//! Usage: `bench [ROUNDS]`. Prints a table for each of two locales; the reference is 1.00 in each
//! row.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use ns_common::ipc::SystemV;
use ns_common::sys::ipc;
use ns_tests::tool;

type Failure = Box<dyn std::error::Error>;

/// A program that ends at once, so that the tool and not its child is measured: an ELF file of 132
/// bytes that calls exit_group(0).
#[cfg(target_arch = "x86_64")]
const PAYLOAD: &[u8] = &[
    0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0x3e, 0, 1, 0, 0, 0, 0x78, 0,
    0x40, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0,
    0x38, 0, 1, 0, 0, 0, 0, 0, 0, 0, // header
    1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0,
    0, 0, 0x84, 0, 0, 0, 0, 0, 0, 0, 0x84, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0,
    0, // one segment
    0x31, 0xff, 0xb8, 0xe7, 0, 0, 0, 0x0f, 0x05, 0, 0,
    0, // xor edi, edi; mov eax, 231; syscall
];

/// What is timed, and how often in relation to the others.
struct Scene {
    name: String,
    command: Vec<String>,
    rounds: usize,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to be told when standard error is gone.
            let _ = writeln!(io::stderr(), "bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Failure> {
    let rounds = std::env::args()
        .nth(1)
        .map_or(Ok(200), |rounds| rounds.parse())?;
    if tool::reference().is_none() {
        return Err(format!(
            "nothing to compare with: no {} or later in /usr/bin",
            tool::OLDEST_REFERENCE
        )
        .into());
    }
    let tools = tool::folder().to_owned();
    if !nix::unistd::geteuid().is_root() {
        return Err(
            "run it as root: the scenes need owners, limits and a private /etc/passwd".into(),
        );
    }
    unshare(CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWNS)?;
    mount(
        None::<&str>,
        "/",
        None::<&str>,
        MsFlags::MS_REC | MsFlags::MS_PRIVATE,
        None::<&str>,
    )?;
    mount(
        Some("tmpfs"),
        "/mnt",
        Some("tmpfs"),
        MsFlags::empty(),
        None::<&str>,
    )?;
    let payload = payload()?;
    let mut page = String::new();
    for locale in ["C", "C.UTF-8"] {
        writeln!(
            page,
            "\nLC_ALL={locale}\n\n| scene | minimum | median |\n|---|---|---|"
        )?;
        let timed = |scenes: &[Scene], page: &mut String| -> Result<(), Failure> {
            for scene in scenes {
                let (minimum, median) = compare(scene, &tools, locale)?;
                writeln!(page, "| `{}` | {minimum:.3} | {median:.3} |", scene.name)?;
                writeln!(
                    io::stderr(),
                    "{locale} {}: {minimum:.3} {median:.3}",
                    scene.name
                )?;
            }
            Ok(())
        };
        timed(&start_up(&payload, rounds), &mut page)?;
        timed(
            &[
                scene("ipcs -u", "ipcs -u", rounds),
                scene("ipcs -q, no queues", "ipcs -q", rounds),
            ],
            &mut page,
        )?;
        for objects in [10, 100, 1000, 10_000, 20_000, 32_000] {
            make_queues(objects)?;
            let rounds = (20_000 / objects).clamp(8, rounds);
            timed(
                &[scene(
                    &format!("ipcs -q, {objects} queues"),
                    "ipcs -q",
                    rounds,
                )],
                &mut page,
            )?;
            if objects == 32_000 {
                timed(
                    &[scene("ipcs -q -i ID, 32000 queues", "ipcs -q -i 100", 8)],
                    &mut page,
                )?;
                remove_queues_but_the_last(10)?;
                timed(
                    &[scene(
                        "ipcs -q, 10 queues at the top of 32000 slots",
                        "ipcs -q",
                        rounds,
                    )],
                    &mut page,
                )?;
            }
            remove_queues_but_the_last(0)?;
        }
        if let Some(known) = make_owners()? {
            timed(
                &[scene(
                    "ipcs -q, 20000 queues of 5000 users without names",
                    "ipcs -q",
                    3,
                )],
                &mut page,
            )?;
            mount(
                Some(known.as_str()),
                "/etc/passwd",
                None::<&str>,
                MsFlags::MS_BIND,
                None::<&str>,
            )?;
            timed(
                &[scene(
                    "ipcs -q, 20000 queues of 5000 users with names",
                    "ipcs -q",
                    3,
                )],
                &mut page,
            )?;
            nix::mount::umount("/etc/passwd")?;
            remove_queues_but_the_last(0)?;
        }
    }
    writeln!(io::stdout(), "{page}")?;
    Ok(())
}

fn payload() -> Result<PathBuf, Failure> {
    #[cfg(target_arch = "x86_64")]
    {
        let path = Path::new("/mnt/exit0");
        fs::write(path, PAYLOAD)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        Ok(path.to_owned())
    }
    #[cfg(not(target_arch = "x86_64"))]
    Ok(PathBuf::from("/bin/true"))
}

fn scene(name: &str, command: &str, rounds: usize) -> Scene {
    Scene {
        name: name.to_owned(),
        command: command.split_whitespace().map(str::to_owned).collect(),
        rounds,
    }
}

fn start_up(payload: &Path, rounds: usize) -> Vec<Scene> {
    let payload = payload.display();
    let this = std::process::id();
    let plain = |tool: &str| {
        scene(
            &format!("{tool} exit0"),
            &format!("{tool} {payload}"),
            rounds,
        )
    };
    let mut scenes = Vec::from(["unshare -iu", "unshare -fp", "unshare -r"].map(plain));
    scenes.push(scene(
        "unshare -iu /bin/true",
        "unshare -iu /bin/true",
        rounds,
    ));
    scenes.push(scene(
        "nsenter -t P -i -u exit0",
        &format!("nsenter -t {this} -i -u {payload}"),
        rounds,
    ));
    scenes
}

/// Times both sides in turn; the ratios of the least and of the middle times.
fn compare(scene: &Scene, tools: &Path, locale: &str) -> Result<(f64, f64), Failure> {
    let (name, arguments) = scene
        .command
        .split_first()
        .ok_or("a scene needs a command")?;
    let sides = [tools.join(name), Path::new("/usr/bin").join(name)];
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..=scene.rounds {
        for (side, times) in sides.iter().zip(&mut times) {
            let mut command = Command::new(side);
            command
                .args(arguments)
                .env("LC_ALL", locale)
                .stdin(Stdio::null())
                .stdout(Stdio::null());
            let start = Instant::now();
            let status = command.status()?;
            let time = start.elapsed();
            if !status.success() {
                return Err(format!("{} {arguments:?}: {status}", side.display()).into());
            }
            // The first round warms up.
            if round > 0 {
                times.push(time);
            }
        }
    }
    let [ours, reference] = times.map(|mut times| {
        times.sort_unstable();
        (times[0], times[times.len() / 2])
    });
    let ratio = |ours: Duration, reference: Duration| ours.as_secs_f64() / reference.as_secs_f64();
    Ok((ratio(ours.0, reference.0), ratio(ours.1, reference.1)))
}

fn make_queues(count: usize) -> Result<(), Failure> {
    for key in 1..=i32::try_from(count)? {
        ipc::create_queue(key, 0o600)?;
    }
    Ok(())
}

fn remove_queues_but_the_last(left: usize) -> Result<(), Failure> {
    let ids = |line: &str| {
        line.split_whitespace()
            .nth(1)
            .and_then(|id| id.parse::<i32>().ok())
    };
    let table = fs::read_to_string("/proc/sysvipc/msg")?;
    let ids: Vec<i32> = table.lines().skip(1).filter_map(ids).collect();
    for id in &ids[..ids.len().saturating_sub(left)] {
        ipc::remove(SystemV::Queue, *id)?;
    }
    Ok(())
}

/// Makes 20000 queues of 5000 users, and a passwd file that knows them; `None` without perl.
fn make_owners() -> Result<Option<String>, Failure> {
    let script = r#"for (0 .. 19999) { $q = msgget($_ + 1, 01600); $d = "\0" x 256; msgctl($q, 2, $d);
        substr($d, 4, 8) = pack("LL", 100000 + $_ % 5000, 0); msgctl($q, 1, $d); }"#;
    match Command::new("perl").args(["-e", script]).status() {
        Ok(status) if status.success() => {}
        _ => {
            writeln!(
                io::stderr(),
                "bench: without perl there are no scenes of many owners"
            )?;
            return Ok(None);
        }
    }
    let mut known = fs::read_to_string("/etc/passwd")?;
    for number in 0..5000 {
        writeln!(known, "user{number}:x:{}:0::/:/bin/sh", 100_000 + number)?;
    }
    fs::write("/mnt/passwd", known)?;
    Ok(Some("/mnt/passwd".to_owned()))
}
