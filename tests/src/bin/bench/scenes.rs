//! The scenes that are measured.

use std::path::Path;
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount, umount};
use ns_tests::counts::{self, COMMANDS, Counts, Whose};

use crate::memory::{self, Resident};
use crate::timing::{Ratios, Scene, Side, Times};
use crate::world::{self, Crowd};
use crate::{Failure, note};

/// The locales; the reference reads the locale when it starts.
pub(crate) const LOCALES: [&str; 2] = ["C", "C.UTF-8"];

/// The results of a run.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// Our times relative to the reference, in both locales.
    pub(crate) rows: Vec<(String, Vec<Ratios>)>,
    /// The times of other programs relative to the reference.
    pub(crate) others: Vec<(String, Vec<Ratios>)>,
    pub(crate) bounds: Vec<Bound>,
    /// The cost of commands, ours and the reference's.
    pub(crate) counts: Vec<(String, Counts, Option<Counts>)>,
    /// The peak resident size of `ipcs -q` with 32,000 queues, ours and the reference's.
    pub(crate) memory: Option<(u64, u64)>,
    pub(crate) init: Option<(Resident, Option<Resident>)>,
}

/// A figure that must not exceed a limit.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) what: String,
    pub(crate) limit: f64,
    pub(crate) measured: f64,
}

const LENGTHS: [usize; 6] = [10, 100, 1000, 10_000, 20_000, 32_000];

/// Measures everything.
pub(crate) fn measure(rounds: usize) -> Result<Measured, Failure> {
    let mut found = Measured::default();
    for scene in start_up(&world::payload()?, rounds) {
        found.add(&scene)?;
    }
    for length in LENGTHS {
        world::make_queues(length)?;
        let rounds = (40_000 / length).clamp(8, rounds);
        let scene = Scene::of(&format!("ipcs -q, {length} queues"), "ipcs -q", rounds);
        found.add(&scene)?;
        if length == 32_000 {
            let most = |side| memory::most(&side);
            let theirs = most(Side::reference("ipcs -q"))?;
            found.memory = Some((most(Side::ours("ipcs -q"))?, theirs));
            found.add_long_lists()?;
            world::remove_queues_but_the_last(10)?;
            let name = "ipcs -q, 10 queues at the top of 32000 slots";
            found.add(&Scene::of(name, "ipcs -q", rounds.max(100)))?;
        }
        world::remove_queues_but_the_last(0)?;
    }
    found.add_owners()?;
    found.add_crowd()?;
    found.init = Some((memory::of_init()?, memory::of_tini()?));
    for (command, queues) in COMMANDS {
        note(&format!("counting {command}"));
        let ours = counts::count(Whose::Ours, command, queues, "C");
        let classic =
            !command.contains("json") && !command.contains("-r -o") && !command.contains("-a");
        let theirs = classic.then(|| counts::count(Whose::Reference, command, queues, "C"));
        let name = match queues {
            0 => command.to_owned(),
            queues => format!("{command}, {queues} queues"),
        };
        found.counts.push((name, ours, theirs));
    }
    Ok(found)
}

fn start_up(payload: &Path, rounds: usize) -> Vec<Scene> {
    let payload = payload.display();
    let this = std::process::id();
    let plain = |options: &str| {
        Scene::of(
            &format!("{options} exit0"),
            &format!("{options} {payload}"),
            rounds,
        )
    };
    let unshare = plain("unshare -iu")
        .beside("busybox", &format!("busybox unshare -i -u {payload}"))
        .beside("toybox", &format!("toybox unshare -i -u {payload}"))
        .beside(
            "bubblewrap",
            &format!("bwrap --unshare-ipc --unshare-uts --dev-bind / / {payload}"),
        );
    let nsenter = plain(&format!("nsenter -t {this} -i -u"))
        .beside(
            "busybox",
            &format!("busybox nsenter -t {this} -i -u {payload}"),
        )
        .beside(
            "toybox",
            &format!("toybox nsenter -t {this} -i -u {payload}"),
        );
    let nsenter = Scene {
        name: "nsenter -t P -i -u exit0".to_owned(),
        ..nsenter
    };
    let queues = Scene::of("ipcs -q, no queues", "ipcs -q", rounds)
        .beside("busybox", "busybox ipcs -q")
        .beside("lsipc", "lsipc -q");
    Vec::from([
        unshare,
        plain("unshare -fp"),
        plain("unshare -r"),
        Scene::of("unshare -iu /bin/true", "unshare -iu /bin/true", rounds),
        nsenter,
        Scene::of("ipcs -u", "ipcs -u", rounds).beside("lsipc", "lsipc"),
        queues,
    ])
}

impl Measured {
    /// Times a scene in both locales.
    fn add(&mut self, scene: &Scene) -> Result<(), Failure> {
        let mut all = Vec::new();
        for locale in LOCALES {
            all.push(scene.time(locale)?);
        }
        for (place, side) in scene.sides.iter().enumerate() {
            let ratios: Vec<Ratios> = all
                .iter()
                .map(|times| times[place].over(times[1]))
                .collect();
            note(&format!("{}, {}: {ratios:.3?}", scene.name, side.label));
            match side.label {
                "ours" => self.rows.push((scene.name.clone(), ratios)),
                "reference" => {}
                label => self
                    .others
                    .push((format!("{}: {label}", scene.name), ratios)),
            }
        }
        Ok(())
    }

    fn bound(&mut self, what: &str, limit: f64, measured: f64) {
        note(&format!("{what}: {measured:.3}, at most {limit}"));
        self.bounds.push(Bound {
            what: what.to_owned(),
            limit,
            measured,
        });
    }

    /// The output formats of a list of 32,000 queues.
    fn add_long_lists(&mut self) -> Result<(), Failure> {
        self.add(&Scene::of(
            "ipcs -q -i ID, 32000 queues",
            "ipcs -q -i 100",
            8,
        ))?;
        self.add(&Scene::of("ipcs -q -t, 32000 queues", "ipcs -q -t", 8))?;
        self.add(&Scene::of("ipcs -q -c, 32000 queues", "ipcs -q -c", 8))?;
        let raw = "ipcs -q -r -o id,owner,msgs";
        let ours = ["ipcs -q", "ipcs -q --json-lines", raw].map(Side::ours);
        let scene = Scene {
            name: "forms".to_owned(),
            sides: ours
                .into_iter()
                .chain(Side::other("lsipc", "lsipc -q -J"))
                .collect(),
            rounds: 15,
        };
        let times = scene.time("C")?;
        let lines = "`ipcs -q --json-lines`, 32000 queues";
        self.bound(
            &format!("{lines}: over `ipcs -q`"),
            2.0,
            times[1].over(times[0]).median,
        );
        if let Some(lsipc) = times.get(3) {
            self.bound(
                &format!("{lines}: over `lsipc -q -J`"),
                0.28,
                times[1].over(*lsipc).median,
            );
        }
        self.bound(
            &format!("`{raw}`, 32000 queues: over `ipcs -q`"),
            1.5,
            times[2].over(times[0]).median,
        );
        let most = u32::try_from(memory::most(&Side::ours(raw))?)?;
        self.bound("the same: most memory in MB", 3.0, f64::from(most) / 1024.0);
        Ok(())
    }

    fn add_owners(&mut self) -> Result<(), Failure> {
        let known = world::make_owners()?;
        let name = |names| format!("ipcs -q, 20000 queues of 5000 users {names} names");
        self.add(&Scene::of(&name("without"), "ipcs -q", 3))?;
        let none = None::<&str>;
        mount(Some(known), "/etc/passwd", none, MsFlags::MS_BIND, none)?;
        self.add(&Scene::of(&name("with"), "ipcs -q", 3))?;
        umount("/etc/passwd")?;
        world::remove_queues_but_the_last(0)
    }

    /// Commands that read all processes.
    fn add_crowd(&mut self) -> Result<(), Failure> {
        let _crowd = Crowd::new(500, 100, 100)?;
        let cat = Side {
            label: "cat",
            command: ["sh", "-c", "cat /proc/[0-9]*/maps"]
                .map(str::to_owned)
                .to_vec(),
        };
        let scene = Scene {
            name: "attached".to_owned(),
            sides: Vec::from([Side::ours("ipcs -m --attached"), cat]),
            rounds: 15,
        };
        let times = scene.time("C")?;
        self.bound(
            "`ipcs -m --attached`, 100 segments, 500 processes: over `cat /proc/[0-9]*/maps`",
            1.3,
            times[0].over(times[1]).median,
        );
        let scene = Scene {
            name: "namespaces".to_owned(),
            sides: Vec::from([Side::ours("ipcs -A -u"), Side::reference("lsns -t ipc")]),
            rounds: 15,
        };
        let times = scene.time("C")?;
        let links = (0..15).map(|_| {
            let start = Instant::now();
            world::read_links();
            start.elapsed()
        });
        let links = Times::of(links.collect()).median;
        // 0.5 ms for each namespace, of which there are 101.
        let allowed =
            times[1].median.mul_f64(0.5) + links.mul_f64(1.2) + Duration::from_micros(50_500);
        self.bound(
            "`ipcs -A -u`, 100 namespaces, 500 processes: over half of `lsns -t ipc`, 1.2 times a \
             `readlink` of every descriptor and 0.5 ms a namespace together",
            1.0,
            times[0].median.as_secs_f64() / allowed.as_secs_f64(),
        );
        Ok(())
    }
}
