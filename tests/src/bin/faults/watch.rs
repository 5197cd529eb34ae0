//! A thread that kills what hangs, and what is to be killed at a moment.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::calls;
use crate::tracer::Fault;

/// A case that has not ended by then hangs.
const LIMIT: Duration = Duration::from_secs(20);

/// The processes by name that a timer may kill.
type Living = Arc<Mutex<BTreeMap<String, Pid>>>;

/// Kills what hangs, and what is to be killed at a moment.
#[derive(Debug)]
pub(crate) struct Watch {
    orders: Sender<Order>,
    /// By name.
    pub(crate) living: Living,
    pub(crate) hung: Arc<Mutex<Option<String>>>,
    pub(crate) killed: Arc<AtomicBool>,
}

#[derive(Debug)]
enum Order {
    Begin(Option<(String, Duration)>),
    End,
}

impl Watch {
    pub(crate) fn start() -> Self {
        let (orders, received) = mpsc::channel();
        let living = Living::default();
        let hung = Arc::<Mutex<Option<String>>>::default();
        let killed = Arc::<AtomicBool>::default();
        let watch = Self {
            orders,
            living: Arc::clone(&living),
            hung: Arc::clone(&hung),
            killed: Arc::clone(&killed),
        };
        thread::spawn(move || {
            while let Ok(order) = received.recv() {
                let Order::Begin(victim) = order else {
                    continue;
                };
                if let Some((name, after)) = victim {
                    match received.recv_timeout(after) {
                        Err(RecvTimeoutError::Timeout) => {
                            let living = living.lock().map(|living| living.get(&name).copied());
                            if let Ok(Some(pid)) = living {
                                let done = kill(pid, Signal::SIGKILL).is_ok();
                                killed.store(done, Ordering::SeqCst);
                            }
                        }
                        _ => continue,
                    }
                }
                if let Err(RecvTimeoutError::Timeout) = received.recv_timeout(LIMIT) {
                    *hung.lock().expect("no thread panics") = Some(processes());
                    // We are process 1 and spared.
                    let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
                }
            }
        });
        watch
    }

    /// Begins a case.
    pub(crate) fn begin(&self, fault: Option<&Fault>) {
        *self.hung.lock().expect("no thread panics") = None;
        self.killed.store(false, Ordering::SeqCst);
        let victim = match fault {
            Some(Fault::Killed { process, after }) => Some((process.clone(), *after)),
            _ => None,
        };
        self.orders
            .send(Order::Begin(victim))
            .expect("the thread waits for orders");
    }

    /// Ends it.
    pub(crate) fn end(&self) {
        self.orders
            .send(Order::End)
            .expect("the thread waits for orders");
    }
}

/// All processes that are traced, with the calls that they are in.
fn processes() -> String {
    let mut found = String::new();
    for pid in traced_processes() {
        let read = |file: &str| {
            let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
            text.split(' ')
                .next()
                .unwrap_or_default()
                .trim_end()
                .to_owned()
        };
        let call = read("syscall").parse();
        let call = call.map_or_else(|_| "?".to_owned(), calls::name);
        found += &format!("{pid} {} in {call}; ", read("comm"));
    }
    found
}

/// The processes that are traced, which we alone do here.
pub(crate) fn traced_processes() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.map(Pid::from_raw)
        .filter(|pid| field(*pid, "TracerPid:").is_some_and(|tracer| tracer.as_raw() != 0))
}

/// A number in the status of a process: proc_pid_status(5).
pub(crate) fn field(pid: Pid, name: &str) -> Option<Pid> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().parse().ok().map(Pid::from_raw)
}
