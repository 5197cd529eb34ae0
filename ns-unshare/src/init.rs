//! Our own process 1: it reaps orphans, forwards signals, and ends with the program:
//! pid_namespaces(7).
//!
//! The program is its child, in a separate process group. Process 1 can neither stop itself nor
//! give the terminal back; its parent outside does both when process 1 reports that the program has
//! stopped or ended.

use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{Pid, setpgid};
use ns_common::error::{Attempt, Error, ExitStatus, Failure};
use ns_common::process::channel::Channel;
use ns_common::process::supervise::Attended;
use ns_common::process::terminal::Terminal;
use ns_common::sys::fork::{self, Child, Forked, Reaped, StateChange};
use ns_common::sys::signal;
use ns_common::sys::signal_queue::{Received, SignalQueue};
use ns_common::words;

use crate::request::Remaining;

/// For kill(2): all processes of the PID namespace except process 1 itself.
const ALL: Pid = Pid::from_raw(-1);

/// What process 1 gets from its parent.
#[derive(Debug)]
pub(crate) struct Init {
    /// For reporting the program's state changes to the parent.
    pub(crate) channel: Channel,
    /// The terminal, if the parent's process group was in the foreground.
    pub(crate) terminal: Option<Terminal>,
}

impl Init {
    /// Moves process 1 to a new process group, so that it gets no signals from the terminal.
    pub(crate) fn settle(&self) -> Result<SignalQueue, Error> {
        setpgid(Pid::from_raw(0), Pid::from_raw(0)).attempt(|| words!["setpgid failed"])?;
        SignalQueue::of_all().attempt(|| words!["signalfd failed"])
    }

    /// Forks the program's process, and gives it a new process group and the terminal.
    pub(crate) fn fork(&self) -> Result<Forked, Error> {
        let forked = fork::fork().attempt(|| words!["fork failed"])?;
        let group = match &forked {
            Forked::Child(()) => Pid::this(),
            Forked::Parent(child) => child.pid(),
        };
        // Parent and child both do this, because either may run first. The parent's call may fail
        // once the child has executed the program.
        let grouped = setpgid(group, group);
        if let Forked::Child(()) = forked {
            grouped.attempt(|| words!["setpgid failed"])?;
            let terminal = self.terminal.as_ref();
            terminal
                .map_or(Ok(()), |terminal| terminal.give_to(group))
                .attempt(|| words!["tcsetpgrp failed"])?;
        }
        Ok(forked)
    }

    /// Serves the program until it has ended, then ends the remaining processes, and returns the
    /// program's status.
    pub(crate) fn attend(
        self,
        program: Child,
        signals: &SignalQueue,
        remaining: Remaining,
    ) -> Result<ExitStatus, Error> {
        let mut attendance = Attendance {
            program: program.pid(),
            signals,
            channel: Some(self.channel),
            terminal: self.terminal,
            ended: None,
        };
        while attendance.ended.is_none() {
            attendance.wait(None)?;
            // In this order: otherwise the SIGCHLD of a child that ends in between would be read
            // without reaping it.
            attendance.pass_on(program.pid())?;
            attendance.reap()?;
        }
        if let Remaining::EndedBy(limit) = remaining {
            attendance.end_others(limit)?;
        }
        Ok(match attendance.ended {
            Some(StateChange::Killed { signal, .. } | StateChange::Stopped(signal)) => {
                ExitStatus::new(u8::try_from(128 + signal).unwrap_or(u8::MAX))
            }
            Some(StateChange::Exited(status)) => status,
            None => ExitStatus::FAILURE,
        })
    }
}

/// The state of process 1 while the program runs.
struct Attendance<'a> {
    program: Pid,
    signals: &'a SignalQueue,
    /// `None` once the parent has ended.
    channel: Option<Channel>,
    terminal: Option<Terminal>,
    /// How the program ended, once it has.
    ended: Option<StateChange>,
}

impl Attendance<'_> {
    /// Waits until a signal or a word from the parent arrives, and obeys the word, or until `limit`
    /// has passed.
    fn wait(&mut self, limit: Option<Duration>) -> Result<(), Error> {
        let mut awaited = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        if let Some(channel) = &self.channel {
            awaited.push(PollFd::new(channel.as_fd(), PollFlags::POLLIN));
        }
        // Rounded up, so that poll(2) does not return before the limit.
        let milliseconds = limit.map(|limit| limit.as_millis() + 1);
        let timeout = milliseconds.map_or(PollTimeout::NONE, |time| {
            PollTimeout::try_from(time).unwrap_or(PollTimeout::MAX)
        });
        match poll(&mut awaited, timeout) {
            Err(Errno::EINTR) => return Ok(()),
            result => result.attempt(|| words!["poll failed"])?,
        };
        let has_word = awaited
            .get(1)
            .is_some_and(|channel| channel.any() == Some(true));
        if has_word {
            self.heed()?;
        }
        Ok(())
    }

    /// Obeys a word from the parent: continues the program, in the foreground or background like
    /// the parent.
    fn heed(&mut self) -> Result<(), Error> {
        let word = match &self.channel {
            Some(channel) => channel.receive()?,
            None => None,
        };
        match word.as_deref() {
            None => self.channel = None,
            Some(FOREGROUND) => {
                if let Some(terminal) = &self.terminal {
                    // The program may have ended meanwhile, and its process group with it.
                    let _ = terminal.give_to(self.program);
                }
                self.continue_program();
            }
            Some(_) => self.continue_program(),
        }
        Ok(())
    }

    fn continue_program(&self) {
        // It may have ended meanwhile.
        let _ = signal::send(group(self.program), libc::SIGCONT);
    }

    /// Reaps every child that has ended, orphans included, and reports the program's state changes.
    fn reap(&mut self) -> Result<(), Error> {
        loop {
            match fork::reap_any().attempt(|| words!["waitpid failed"])? {
                // Waiting for a program that is no child of ours would never end.
                Reaped::NoChildren if self.ended.is_none() => {
                    return Err(Error::caused_by(words!["waitpid failed"], Errno::ECHILD));
                }
                Reaped::Nothing | Reaped::NoChildren => return Ok(()),
                Reaped::One(pid, change) if pid == self.program && self.ended.is_none() => {
                    self.tell(change);
                    if !matches!(change, StateChange::Stopped(_)) {
                        self.ended = Some(change);
                    }
                }
                Reaped::One(..) => {}
            }
        }
    }

    fn tell(&mut self, change: StateChange) {
        let told = self
            .channel
            .as_ref()
            .map(|channel| channel.send(&word_for(change)));
        if let Some(Err(_)) = told {
            // The parent has ended.
            self.channel = None;
        }
    }

    /// Forwards the signals that have arrived to `receiver`.
    fn pass_on(&self, receiver: Pid) -> Result<(), Error> {
        while let Some(Received {
            signal,
            from_kernel,
        }) = self
            .signals
            .next()
            .attempt(|| words!["cannot read signals"])?
        {
            let is_ours = matches!(signal, libc::SIGCHLD | libc::SIGCONT);
            if !is_ours && !from_kernel {
                // It may have ended meanwhile.
                let _ = signal::send(receiver, signal);
            }
        }
        Ok(())
    }

    /// Sends SIGTERM to the remaining processes and waits for them; those left after `limit` are
    /// killed.
    fn end_others(&mut self, limit: Option<Duration>) -> Result<(), Error> {
        let deadline = limit.map(|limit| Instant::now() + limit);
        for signal in [libc::SIGTERM, libc::SIGCONT] {
            // There may be no process left.
            let _ = signal::send(ALL, signal);
        }
        let mut deadline = deadline;
        loop {
            match fork::reap_any().attempt(|| words!["waitpid failed"])? {
                Reaped::NoChildren => return Ok(()),
                Reaped::One(..) => continue,
                Reaped::Nothing => {}
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                let _ = signal::send(ALL, libc::SIGKILL);
                deadline = None;
                continue;
            }
            self.wait(left)?;
            self.pass_on(ALL)?;
        }
    }
}

/// For kill(2): the process group with this leader.
fn group(leader: Pid) -> Pid {
    Pid::from_raw(-leader.as_raw())
}

/// The parent's words when it has been continued in the foreground, and in the background.
const FOREGROUND: &[u8] = b"foreground";
const BACKGROUND: &[u8] = b"background";

fn word_for(change: StateChange) -> Vec<u8> {
    let word = match change {
        StateChange::Exited(status) => words!["exited ", status.code()],
        StateChange::Killed { signal, core } => words!["killed ", signal, " ", i32::from(core)],
        StateChange::Stopped(signal) => words!["stopped ", signal],
    };
    word.as_bytes().to_vec()
}

fn change_of(word: &[u8]) -> Option<StateChange> {
    let word = std::str::from_utf8(word).ok()?;
    let mut parts = word.split(' ');
    let (what, number) = (parts.next()?, parts.next()?.parse().ok()?);
    match what {
        "exited" => u8::try_from(number)
            .ok()
            .map(|code| StateChange::Exited(ExitStatus::new(code))),
        "killed" => Some(StateChange::Killed {
            signal: number,
            core: parts.next() == Some("1"),
        }),
        "stopped" => Some(StateChange::Stopped(number)),
        _ => None,
    }
}

/// In the waiting parent: follows the program's state changes as reported by process 1, `init`.
/// Returns how the program ended or, if process 1 did not report that, how process 1 ended.
pub(crate) fn attend(
    init: Attended,
    channel: &Channel,
    terminal: Option<&Terminal>,
) -> Result<StateChange, Failure> {
    let mut ended = None;
    let received = loop {
        match channel.receive() {
            Ok(Some(word)) => match change_of(&word) {
                Some(StateChange::Stopped(_)) => stop_with_program(channel, terminal),
                change => {
                    take_back(terminal);
                    ended = change;
                }
            },
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    let of_init = init.end();
    take_back(terminal);
    received?;
    Ok(ended.map_or(of_init, Ok)?)
}

/// Stops this process like the program; once continued, tells process 1 to continue the program.
fn stop_with_program(channel: &Channel, terminal: Option<&Terminal>) {
    take_back(terminal);
    signal::stop();
    let has_terminal = terminal.is_some_and(Terminal::is_ours);
    // Process 1 may have been killed meanwhile, which the next word will show.
    let _ = channel.send(if has_terminal { FOREGROUND } else { BACKGROUND });
}

fn take_back(terminal: Option<&Terminal>) {
    // If the terminal has gone there is nothing to take back.
    let _ = terminal.map_or(Ok(()), Terminal::take);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_survive_the_round_trip_as_words() {
        for change in [
            StateChange::Exited(ExitStatus::new(143)),
            StateChange::Killed {
                signal: 15,
                core: false,
            },
            StateChange::Killed {
                signal: 11,
                core: true,
            },
            StateChange::Stopped(20),
        ] {
            assert_eq!(change_of(&word_for(change)), Some(change));
        }
        assert_eq!(change_of(b"exited"), None);
        assert_eq!(change_of(b"exited 999"), None);
    }
}
