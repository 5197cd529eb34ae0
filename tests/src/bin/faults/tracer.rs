//! Runs a command under ptrace(2) and does to one system call of it what a fault says.
//!
//! What counts is made between a program's entry point and its execution of another one: what the
//! loader does is not ours, nor is what the program does that is run at the end.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::watch::{Watch, field, traced_processes};

/// What is done to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It is not made, and fails with this error number.
    Error(Errno),
    /// It reads or writes so many bytes at most.
    Short(u64),
    /// Its process gets this signal when it is made; KILL leaves it unmade.
    Signal(Signal),
}

/// Which calls of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// The one at this position among all calls of the process, if it has the number.
    At(usize, i64),
    /// Every call with this number, of all processes.
    All(i64),
}

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// At a call of a process, which is named for whose child it is: `0`, `0.1`.
    AtCall {
        process: String,
        which: Which,
        effect: Effect,
    },
    /// The process is killed after this time.
    Killed { process: String, after: Duration },
}

/// A call that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) number: i64,
    /// Its first argument.
    pub(crate) first: u64,
    /// It reads a file below `/proc/sys`, which gives all at once or nothing.
    pub(crate) reads_setting: bool,
    /// It is one of those with which the C library's fork(2) holds all signals back; it does not
    /// look whether they worked.
    pub(crate) of_fork: bool,
}

/// What was seen of a command.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// As a shell shows it.
    pub(crate) status: i32,
    /// The calls of each process, in order.
    pub(crate) calls: BTreeMap<String, Vec<Call>>,
    /// The process that has executed the program.
    pub(crate) executor: Option<String>,
    /// The fault has come to pass.
    pub(crate) happened: bool,
    /// What had to be killed in the end: each process, and the call that it was in.
    pub(crate) left: Option<String>,
}

struct Process {
    name: String,
    children: usize,
    calls: Vec<Call>,
    /// Its calls count.
    is_ours: bool,
    /// Its first stop, that of a new child, is still to come.
    is_new: bool,
    in_call: bool,
    /// What to do when the call ends.
    at_exit: Option<AtExit>,
}

#[derive(Clone, Copy)]
enum AtExit {
    Fail(Errno),
    /// Bring the third argument back, on which the caller relies.
    Length(u64),
}

/// Runs a command, which must have asked to be traced, and returns when all that it has started has
/// ended.
pub(crate) fn run(command: &mut Command, fault: Option<&Fault>, watch: &Watch) -> Trace {
    #[expect(clippy::zombie_processes, reason = "the tracer waits for it")]
    let child = command.spawn().expect("the command must start");
    let root = Pid::from_raw(i32::try_from(child.id()).expect("a pid is an i32"));
    let mut tracer = Tracer {
        root,
        fault,
        watch,
        processes: BTreeMap::new(),
        early: Vec::new(),
        trace: Trace::default(),
        // Without a fault all calls are wanted.
        follows_calls: !matches!(fault, Some(Fault::Killed { .. })),
    };
    watch.begin(fault);
    tracer.attend();
    watch.end();
    tracer.trace.happened |= watch.killed.load(Ordering::SeqCst);
    tracer.trace
}

struct Tracer<'a> {
    root: Pid,
    fault: Option<&'a Fault>,
    watch: &'a Watch,
    processes: BTreeMap<Pid, Process>,
    /// Children that have stopped before their parent has told of them.
    early: Vec<Pid>,
    trace: Trace,
    follows_calls: bool,
}

impl Tracer<'_> {
    fn attend(&mut self) {
        self.start();
        while !self.processes.is_empty() || !self.early.is_empty() || self.is_one_untold() {
            match waitpid(None, Some(WaitPidFlag::__WALL)) {
                Ok(WaitStatus::Exited(pid, status)) => self.ended(pid, status),
                Ok(WaitStatus::Signaled(pid, signal, _)) => self.ended(pid, 128 + signal as i32),
                Ok(WaitStatus::PtraceSyscall(pid)) => self.call(pid),
                Ok(WaitStatus::PtraceEvent(pid, _, event)) => self.event(pid, event),
                Ok(WaitStatus::Stopped(pid, signal)) => self.stopped(pid, signal),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(Errno::ECHILD) => break,
                Err(errno) => panic!("waitpid: {errno}"),
            }
        }
        self.trace.left = self.watch.hung.lock().expect("no thread panics").take();
    }

    /// Whether there is a child of which a parent that was killed within fork(2) has not told.
    fn is_one_untold(&self) -> bool {
        let kills = match self.fault {
            Some(Fault::Killed { .. }) => true,
            Some(Fault::AtCall { effect, .. }) => matches!(effect, Effect::Signal(_)),
            None => false,
        };
        kills && traced_processes().next().is_some()
    }

    /// The command has just been executed: it goes on to its entry point.
    fn start(&mut self) {
        let stopped = waitpid(self.root, Some(WaitPidFlag::__WALL));
        assert!(
            matches!(stopped, Ok(WaitStatus::Stopped(_, Signal::SIGTRAP))),
            "{stopped:?}"
        );
        let options = Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACEFORK
            | Options::PTRACE_O_TRACEVFORK
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_TRACEEXEC
            | Options::PTRACE_O_EXITKILL;
        ptrace::setoptions(self.root, options).expect("options are set");
        let entry = entry_point(self.root).expect("the kernel tells the entry point");
        let word = ptrace::read(self.root, entry as _).expect("it is mapped");
        let breakpoint = (word & !0xff) | 0xcc;
        ptrace::write(self.root, entry as _, breakpoint).expect("it can be written");
        ptrace::cont(self.root, None).expect("it is stopped");
        let stopped = waitpid(self.root, Some(WaitPidFlag::__WALL));
        assert!(
            matches!(stopped, Ok(WaitStatus::Stopped(_, Signal::SIGTRAP))),
            "{stopped:?}"
        );
        ptrace::write(self.root, entry as _, word).expect("it can be written");
        let mut registers = ptrace::getregs(self.root).expect("it is stopped");
        registers.rip = entry;
        ptrace::setregs(self.root, registers).expect("it is stopped");
        self.adopt(self.root, "0".to_owned(), true);
        self.resume(self.root, None);
    }

    fn adopt(&mut self, pid: Pid, name: String, is_ours: bool) {
        if is_ours {
            self.living(|living| {
                living.insert(name.clone(), pid);
            });
        }
        self.processes.insert(
            pid,
            Process {
                name,
                children: 0,
                calls: Vec::new(),
                is_ours,
                is_new: false,
                in_call: false,
                at_exit: None,
            },
        );
    }

    fn living(&self, change: impl FnOnce(&mut BTreeMap<String, Pid>)) {
        if matches!(self.fault, None | Some(Fault::Killed { .. })) {
            change(&mut self.watch.living.lock().expect("no thread panics"));
        }
    }

    fn resume(&self, pid: Pid, signal: Option<Signal>) {
        let follows = self.follows_calls
            && self
                .processes
                .get(&pid)
                .is_some_and(|process| process.is_ours);
        // It may have been killed meanwhile, which is told next.
        let _ = if follows {
            ptrace::syscall(pid, signal)
        } else {
            ptrace::cont(pid, signal)
        };
    }

    fn ended(&mut self, pid: Pid, status: i32) {
        if pid == self.root {
            self.trace.status = status;
        }
        self.early.retain(|early| *early != pid);
        if let Some(process) = self.processes.remove(&pid) {
            self.living(|living| {
                living.remove(&process.name);
            });
            if !process.calls.is_empty() {
                self.trace.calls.insert(process.name, process.calls);
            }
        }
        self.adopt_orphans();
    }

    /// A parent that was killed within fork(2) never tells of its child.
    fn adopt_orphans(&mut self) {
        let orphans: Vec<Pid> = self
            .early
            .iter()
            .copied()
            .filter(|pid| parent(*pid).is_none_or(|parent| !self.processes.contains_key(&parent)))
            .collect();
        for pid in orphans {
            self.early.retain(|early| *early != pid);
            self.adopt(pid, format!("orphan {pid}"), true);
            self.resume(pid, None);
        }
    }

    fn event(&mut self, pid: Pid, event: i32) {
        match event {
            libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE => {
                if let Ok(child) = ptrace::getevent(pid) {
                    self.forked(
                        pid,
                        Pid::from_raw(i32::try_from(child).expect("a pid is an i32")),
                    );
                }
            }
            libc::PTRACE_EVENT_EXEC => {
                let executed = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
                let is_program = executed.to_string_lossy().contains("probe");
                if let Some(process) = self.processes.get_mut(&pid) {
                    process.is_ours = false;
                    let name = process.name.clone();
                    if is_program {
                        self.trace.executor = Some(name.clone());
                    }
                    self.living(|living| {
                        living.remove(&name);
                    });
                }
            }
            _ => {}
        }
        self.resume(pid, None);
    }

    fn forked(&mut self, parent: Pid, child: Pid) {
        let Some(process) = self.processes.get_mut(&parent) else {
            return;
        };
        let name = format!("{}.{}", process.name, process.children);
        process.children += 1;
        let is_ours = process.is_ours;
        self.adopt(child, name, is_ours);
        if self.early.contains(&child) {
            self.early.retain(|early| *early != child);
            self.resume(child, None);
        } else if let Some(process) = self.processes.get_mut(&child) {
            process.is_new = true;
        }
    }

    fn stopped(&mut self, pid: Pid, signal: Signal) {
        match self.processes.get_mut(&pid) {
            None if is_traced(pid) => {
                self.early.push(pid);
                self.adopt_orphans();
            }
            None => {}
            Some(process) if process.is_new && signal == Signal::SIGSTOP => {
                process.is_new = false;
                self.resume(pid, None);
            }
            Some(_) => self.resume(pid, Some(signal)),
        }
    }

    fn call(&mut self, pid: Pid) {
        let Some(process) = self.processes.get_mut(&pid) else {
            return;
        };
        process.in_call = !process.in_call;
        let is_entry = process.in_call;
        // Killed meanwhile, it has no registers.
        if let Ok(registers) = ptrace::getregs(pid) {
            if is_entry {
                self.enter(pid, registers);
            } else {
                self.leave(pid, registers);
            }
        }
        self.resume(pid, None);
    }

    fn enter(&mut self, pid: Pid, registers: libc::user_regs_struct) {
        let Some(process) = self.processes.get_mut(&pid) else {
            return;
        };
        let call = process.looks_at(pid, &registers, self.fault.is_none());
        process.calls.push(call);
        let Some(Fault::AtCall {
            process: wanted,
            which,
            effect,
        }) = self.fault
        else {
            return;
        };
        let is_it = match which {
            Which::At(position, number) => {
                process.name == *wanted
                    && process.calls.len() == position + 1
                    && *number == call.number
            }
            Which::All(number) => *number == call.number && !call.of_fork,
        };
        if is_it {
            self.trace.happened = true;
            process.strike(pid, *effect, registers);
            if let Which::At(..) = which {
                // What happens now needs no looking at each call, but for the end of this one.
                self.follows_calls = process.at_exit.is_some();
            }
        }
    }

    fn leave(&mut self, pid: Pid, mut registers: libc::user_regs_struct) {
        let Some(process) = self.processes.get_mut(&pid) else {
            return;
        };
        match process.at_exit.take() {
            None => return,
            Some(AtExit::Fail(errno)) => {
                let number = process.calls.last().map_or(0, |call| call.number);
                registers.rax = match number {
                    // It tells where memory ends, and of an error by an end below that.
                    libc::SYS_brk => 0,
                    _ => u64::MAX - u64::from((errno as i32).unsigned_abs()) + 1,
                };
            }
            Some(AtExit::Length(length)) => registers.rdx = length,
        }
        let _ = ptrace::setregs(pid, registers);
        if let Some(Fault::AtCall {
            which: Which::At(..),
            ..
        }) = self.fault
        {
            self.follows_calls = false;
        }
    }
}

fn parent(pid: Pid) -> Option<Pid> {
    field(pid, "PPid:")
}

/// Whether a process is traced, by us then; others are children of process 1 for other reasons.
fn is_traced(pid: Pid) -> bool {
    field(pid, "TracerPid:").is_some_and(|tracer| tracer.as_raw() != 0)
}

impl Process {
    /// The call that the process is about to make.
    fn looks_at(&self, pid: Pid, registers: &libc::user_regs_struct, is_first_run: bool) -> Call {
        let number = i64::try_from(registers.orig_rax).unwrap_or(-1);
        let is_mask = number == libc::SYS_rt_sigprocmask;
        let reads_setting = || {
            fs::read_link(format!("/proc/{pid}/fd/{}", registers.rdi))
                .is_ok_and(|path| path.starts_with("/proc/sys"))
        };
        Call {
            number,
            first: registers.rdi,
            reads_setting: is_first_run && number == libc::SYS_read && reads_setting(),
            of_fork: is_mask && (blocks_all(pid, registers) || self.has_just_forked()),
        }
    }

    /// Whether this is the parent or the child right after fork(2).
    fn has_just_forked(&self) -> bool {
        let forks = [libc::SYS_clone, libc::SYS_clone3, libc::SYS_fork];
        let mut last = self.calls.iter().rev().take(3);
        let is_parent = last.any(|call| forks.contains(&call.number));
        let is_start = |call: &Call| call.number == libc::SYS_set_robust_list;
        is_parent || self.name.contains('.') && self.calls.iter().all(is_start)
    }

    /// Does to the call what is to be done when it is made. The process may have been killed
    /// meanwhile, which is told next.
    fn strike(&mut self, pid: Pid, effect: Effect, mut registers: libc::user_regs_struct) {
        match effect {
            Effect::Error(errno) => {
                self.at_exit = Some(AtExit::Fail(errno));
                registers.orig_rax = u64::MAX;
                let _ = ptrace::setregs(pid, registers);
            }
            Effect::Short(length) if registers.rdx > length => {
                self.at_exit = Some(AtExit::Length(registers.rdx));
                registers.rdx = length;
                let _ = ptrace::setregs(pid, registers);
            }
            Effect::Short(_) => {}
            Effect::Signal(signal) => {
                let _ = kill(pid, signal);
            }
        }
    }
}

fn blocks_all(pid: Pid, registers: &libc::user_regs_struct) -> bool {
    registers.rsi != 0 && ptrace::read(pid, registers.rsi as _).is_ok_and(|set| set == -1)
}

/// Where the program that has just been executed begins, once the loader is done: auxv, AT_ENTRY.
fn entry_point(pid: Pid) -> Option<u64> {
    let vector = fs::read(format!("/proc/{pid}/auxv")).ok()?;
    let word = |bytes: &[u8]| Some(u64::from_ne_bytes(bytes.try_into().ok()?));
    vector
        .chunks_exact(16)
        .find(|pair| word(&pair[..8]) == Some(libc::AT_ENTRY))
        .and_then(|pair| word(&pair[8..]))
}
