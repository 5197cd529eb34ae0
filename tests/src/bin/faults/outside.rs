//! Hands the uses out, one after the other, to as many processes as there are processors.

use std::io::{self, Write};
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use ns_tests::skip::{has_program, is_root, note};
use ns_tests::tool;

use crate::inside::{PROBLEM, UNAVAILABLE, WORD};
use crate::uses::USES;

/// What begins the line that says what must be installed for a use.
const MISSING: &str = "missing: ";

/// What the command line asks for.
struct Request {
    sample: String,
    kills: String,
    seed: String,
    text: String,
    names: Vec<String>,
}

impl Request {
    fn new(arguments: &[String]) -> Self {
        let mut request = Self {
            sample: "all".to_owned(),
            kills: "0".to_owned(),
            seed: "1".to_owned(),
            text: String::new(),
            names: Vec::new(),
        };
        let mut words = arguments.iter().cloned();
        while let Some(word) = words.next() {
            let place = match word.as_str() {
                "--sample" => &mut request.sample,
                "--kills" => &mut request.kills,
                "--seed" => &mut request.seed,
                "--case" => &mut request.text,
                _ => {
                    request.names.push(word);
                    continue;
                }
            };
            *place = words.next().expect("the option has a value");
        }
        request
    }

    fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|start| name.starts_with(start))
    }
}

/// What became of one use.
struct Report {
    name: &'static str,
    text: String,
    seconds: f64,
}

/// Runs all uses that are asked for, and tells of each.
pub(crate) fn run(arguments: &[String]) -> ExitCode {
    let request = Request::new(arguments);
    let begin = Instant::now();
    let wanted: Vec<usize> = (0..USES.len())
        .rev()
        .filter(|position| request.wants(USES[*position].name))
        .collect();
    let count = wanted.len();
    let queue = Mutex::new(wanted);
    let reports = Mutex::new(Vec::new());
    let processors = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for slot in 0..processors.min(count) {
            let (queue, reports, request) = (&queue, &reports, &request);
            scope.spawn(move || {
                while let Some(position) = take(queue) {
                    let report = one(position, slot, request);
                    reports.lock().unwrap().push(report);
                }
            });
        }
    });
    let mut reports = reports.into_inner().unwrap();
    reports.sort_by_key(|report| USES.iter().position(|used| used.name == report.name));
    let (mut cases, mut happened, mut problems) = (0, 0, 0);
    for report in &reports {
        let (these, came, wrong) = tell(report);
        (cases, happened, problems) = (cases + these, happened + came, problems + wrong);
    }
    print(&format!(
        "{count} uses, {cases} cases, of which {happened} came to pass, in {:.0} seconds with seed {}: {problems} problems",
        begin.elapsed().as_secs_f64(),
        request.seed
    ));
    if problems == 0 && cases > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn take(queue: &Mutex<Vec<usize>>) -> Option<usize> {
    queue.lock().unwrap().pop()
}

/// Runs the cases of one use in namespaces of its own.
fn one(position: usize, slot: usize, request: &Request) -> Report {
    let used = &USES[position];
    let begin = Instant::now();
    let missing = used.needs.filter(|program| !has_program(program));
    let text = if used.for_root && !is_root() {
        format!("{UNAVAILABLE}it takes root\n")
    } else if let Some(program) = missing {
        format!("{MISSING}{program} is not installed\n")
    } else {
        let mut command = Command::new(tool::ours("unshare"));
        command
            .env_remove("RUST_BACKTRACE")
            .args(["-imuCnpf", "--kill-child", "--mount-proc"]);
        if !is_root() {
            command.arg("-r");
        }
        command
            .arg(std::env::current_exe().unwrap())
            .args([
                WORD,
                &position.to_string(),
                &slot.to_string(),
                &request.sample,
                &request.kills,
                &request.seed,
                &request.text,
            ])
            .arg(std::env::current_exe().unwrap().with_file_name("probe"));
        let output = command.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            String::from_utf8_lossy(&output.stdout).into_owned()
        } else {
            format!(
                "{PROBLEM}the test itself: {}\n",
                errors.trim_end().replace('\n', "\\n")
            )
        }
    };
    Report {
        name: used.name,
        text,
        seconds: begin.elapsed().as_secs_f64(),
    }
}

/// Prints what a use has told, and returns its cases, those in which the fault came to pass, and
/// the problems.
fn tell(report: &Report) -> (usize, usize, usize) {
    let (mut cases, mut happened, mut problems) = (0, 0, 0);
    for line in report.text.lines() {
        if let Some(reason) = line.strip_prefix(MISSING) {
            note(report.name, reason);
            continue;
        }
        if let Some(reason) = line.strip_prefix(UNAVAILABLE) {
            // As root everything is to be had.
            if is_root() {
                print(&format!("{}: {reason}", report.name));
                problems += 1;
            } else {
                note(report.name, reason);
            }
        } else if let Some(problem) = line.strip_prefix(PROBLEM) {
            print(&format!("{}: {problem}", report.name));
            problems += 1;
        } else if let Some((these, came)) = line.split_once(' ') {
            cases = these.parse().unwrap();
            happened = came.parse().unwrap();
        }
    }
    print(&format!(
        "{}: {cases} cases, {happened} came to pass, {problems} problems, {:.1} s",
        report.name, report.seconds
    ));
    (cases, happened, problems)
}

fn print(line: &str) {
    // Without a reader the status still tells.
    let _ = writeln!(io::stdout(), "{line}");
}
