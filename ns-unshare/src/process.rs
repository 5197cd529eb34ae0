//! A process that takes the steps of the plan; there is nothing left to decide.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::fcntl::OFlag;
use nix::sched::unshare;
use nix::unistd::{self, Pid};
use ns_common::console::Console;
use ns_common::error::{Attempt, Error, ExitStatus, Failure, Visible};
use ns_common::hint::{self, Failed};
use ns_common::namespace::{Kind, KindSet};
use ns_common::privileges;
use ns_common::process::channel::Channel;
use ns_common::process::enter::{Entrance, Source};
use ns_common::process::target::Target;
use ns_common::process::terminal::Terminal;
use ns_common::process::{supervise, variables};
use ns_common::procfs::{self, OwnDirectory};
use ns_common::sys::fork::{Forked, StateChange};
use ns_common::sys::{descriptor, interface, signal, uts};
use ns_common::words;

use crate::init::{self, Init};
use crate::maps::{self, Mapper};
use crate::mounts;
use crate::outer::{self, OuterMounts};
use crate::persist::Binder;
use crate::plan::{Clock, Step};
use crate::report::{self, Inherited, Reporter};
use crate::request::{Existing, Fork, Remaining};

/// What this process does after a step.
pub(crate) enum Flow {
    /// It takes the next step.
    Next,
    /// It ends with this status: a child has taken the other steps, and has ended.
    End(ExitStatus),
}

/// The state of a process between steps.
#[derive(Default)]
pub(crate) struct Process {
    own: Option<OwnDirectory>,
    /// Declared, and so dropped, before the binder: this helper holds a copy of our end of the
    /// binder's channel.
    mapper: Option<Mapper>,
    binder: Option<Binder>,
    outer_mounts: Option<nix::Result<OuterMounts>>,
    /// In a child: one end of a channel whose other end only the parent holds.
    parent: Option<Channel>,
    /// The supervisors to report to. In a child, `report` is a channel to the parent, which
    /// reports.
    reporter: Reporter,
    report: Option<Channel>,
    wait: Option<Inherited>,
    /// In our own process 1.
    init: Option<Init>,
    /// In a child: the signal state to restore for the program.
    signals: Option<supervise::Inherited>,
}

impl Process {
    pub(crate) fn carry_out(
        &mut self,
        step: &Step,
        console: &mut Console,
    ) -> Result<Flow, Failure> {
        match step {
            Step::DefaultChildSignal => {
                signal::default_child_signal().attempt(|| words!["sigaction failed"])?;
            }
            Step::TakeStatusDescriptor(number) => {
                self.reporter.status = Some(Inherited::take(*number, "--status-fd")?);
            }
            Step::TakeWaitDescriptor(number) => {
                self.wait = Some(Inherited::take(*number, "--wait-fd")?);
            }
            Step::StartPidFile(path) => {
                self.reporter.pid_file = Some(report::start_pid_file(console, path)?);
            }
            Step::StartBinder(files) => {
                let own = self.own.get_or_insert_with(OwnDirectory::open);
                self.binder = Some(Binder::start(console, own, files)?);
            }
            Step::StartMapper(job) => {
                let own = self.own.get_or_insert_with(OwnDirectory::open);
                self.mapper = Some(Mapper::start(console, own, job)?);
            }
            Step::Join(joined) => join(joined)?,
            Step::HoldOuterMounts => self.outer_mounts = Some(OuterMounts::hold()),
            Step::Unshare(kinds) => self.unshare(*kinds)?,
            Step::OutrankOuterMounts => {
                if let Some(Ok(outer)) = &self.outer_mounts {
                    outer::outrank(outer)?;
                }
            }
            Step::WriteMapsFromOutside => {
                if let Some(mapper) = self.mapper.take() {
                    mapper.write(console)?;
                }
            }
            Step::OffsetClock(clock, seconds) => offset_clock(*clock, *seconds)?,
            Step::ChangeEnvironment(changes) => variables::change(changes)?,
            Step::Fork(fork) => return self.fork(fork, console),
            Step::StartProgram(remaining) => return self.start_program(*remaining),
            Step::DieWithParent(signal) => self.die_with_parent(*signal)?,
            Step::MapSingle(kind, extent) => maps::map_single(*kind, *extent)?,
            Step::WriteSetGroups(policy, missing) => maps::write_setgroups(*policy, *missing)?,
            Step::SetHostName(name) => uts::set_host_name(name.as_bytes())
                .attempt(|| words!["cannot set the host name to '", Visible(name), "'"])?,
            Step::SetDomainName(name) => uts::set_domain_name(name.as_bytes())
                .attempt(|| words!["cannot set the domain name to '", Visible(name), "'"])?,
            Step::BringLoopbackUp => interface::bring_up(c"lo")
                .attempt(|| words!["cannot bring the loopback device up"])?,
            Step::Refuse(message) => return Err(Error::new(message.clone()).into()),
            Step::Propagate(flags) => mounts::propagate(*flags)?,
            Step::MakePrivate(directory) => mounts::make_private(directory)?,
            Step::MountProc(directory) => mounts::mount_new("proc", directory)?,
            Step::MountBinfmt(directory) => mounts::mount_new("binfmt_misc", directory)?,
            Step::RegisterInterpreter(directory, rule) => {
                mounts::register_interpreter(directory, rule)?;
            }
            Step::MountMqueue(directory) => mounts::mount_new("mqueue", directory)?,
            Step::ChangeRoot(directory) => unistd::chroot(directory)
                .attempt(|| words!["cannot change root directory to '", directory, "'"])?,
            Step::ChangeDirectory(directory) => unistd::chdir(directory)
                .attempt(|| words!["cannot change directory to ", directory])?,
            Step::DropGroups => privileges::drop_groups()
                .map_err(|error| hint::explain(error, &Failed::DropGroups))?,
            Step::SetGid(gid) => privileges::set_gid(*gid)?,
            Step::SetUid(uid) => privileges::set_uid(*uid)?,
            Step::KeepCapabilities => privileges::keep_capabilities()?,
            Step::Bind => self.bind(console)?,
            Step::Report => self.report()?,
            Step::AwaitByte => self.await_byte()?,
            Step::Keep => self.keep(console)?,
            Step::Execute(program) => {
                let error = program.execute();
                self.reporter.failed(error.status());
                return Err(error.into());
            }
        }
        Ok(Flow::Next)
    }

    fn unshare(&mut self, kinds: KindSet) -> Result<(), Error> {
        // From here on only the helpers need it.
        self.own = None;
        unshare(kinds.flags())
            .attempt(|| words!["unshare failed"])
            .map_err(|error| hint::explain(error, &Failed::Unshare(kinds)))
    }

    /// Forks. The parent waits here until the child has ended.
    fn fork(&mut self, fork: &Fork, console: &mut Console) -> Result<Flow, Failure> {
        let watched = fork.death_signal.map(|_| Channel::pair()).transpose()?;
        let (held, parent) = watched.unzip();
        let reported = self.reporter.is_wanted().then(Channel::pair).transpose()?;
        let (report_from_child, report) = reported.unzip();
        if let Some(channel) = &report_from_child {
            channel.tell_senders()?;
        }
        let (from_init, init) = fork.init.map(|_| Channel::pair()).transpose()?.unzip();
        let terminal = fork.init.and_then(|_| Terminal::of_foreground());
        match supervise::fork(&fork.signals)? {
            Forked::Child(inherited) => {
                drop((held, report_from_child, from_init));
                (self.parent, self.report) = (parent, report);
                self.binder.iter_mut().for_each(Binder::disown);
                self.reporter.disown();
                self.init = init.map(|channel| Init { channel, terminal });
                match &self.init {
                    Some(_) => self.signals = Some(inherited),
                    None => inherited.restore()?,
                }
                Ok(Flow::Next)
            }
            Forked::Parent(child) => {
                drop((parent, report, init));
                let reported = self.receive_report(report_from_child);
                let bound = self.attend_binder(console);
                let change = match &from_init {
                    Some(channel) => init::attend(child, channel, terminal.as_ref())?,
                    None => child.end()?,
                };
                drop(held);
                let told = self.reporter.ended(change);
                match (reported.and(bound).and(told), change) {
                    // Neither a killed child, nor a process that waited for its word, could tell
                    // the user; its signal does.
                    (Err(Failure::Told(_)), StateChange::Killed { .. }) => {}
                    (outcome, _) => outcome?,
                }
                end_like(change)
            }
        }
    }

    /// In process 1: forks the program's process, which takes the following steps, and serves it.
    fn start_program(&mut self, remaining: Remaining) -> Result<Flow, Failure> {
        let Some(init) = self.init.take() else {
            return Ok(Flow::Next);
        };
        let queue = init.settle()?;
        match init.fork()? {
            Forked::Child(()) => {
                drop((init, queue));
                self.parent = None;
                self.signals
                    .take()
                    .map_or(Ok(()), supervise::Inherited::restore)?;
                Ok(Flow::Next)
            }
            Forked::Parent(program) => {
                // Only the program's process talks to the others.
                (self.report, self.binder, self.wait) = (None, None, None);
                self.reporter = Reporter::default();
                Ok(Flow::End(init.attend(program, &queue, remaining)?))
            }
        }
    }

    /// In the parent: reports to supervisors when the child is ready, and lets it continue.
    fn receive_report(&mut self, channel: Option<Channel>) -> Result<(), Failure> {
        let Some(channel) = channel else {
            return Ok(());
        };
        // A child that failed earlier has told the user.
        let Some(pid) = channel.receive_sender()? else {
            return Ok(());
        };
        self.reporter.ready(pid)?;
        Ok(channel.send(b"go")?)
    }

    /// Reports to supervisors, or to the parent that does so, that this process is about to run the
    /// program.
    fn report(&mut self) -> Result<(), Failure> {
        let Some(channel) = &self.report else {
            return self.reporter.ready(Pid::this());
        };
        channel.send_quietly(b"ready")?;
        match channel.receive()? {
            Some(_) => Ok(()),
            None => Err(Failure::Told(ExitStatus::FAILURE)),
        }
    }

    fn await_byte(&mut self) -> Result<(), Failure> {
        match self
            .wait
            .take()
            .map_or(Ok(true), |wait| wait.wait_for_byte())?
        {
            true => Ok(()),
            false => {
                self.reporter.failed(ExitStatus::FAILURE);
                Err(Error::new(words!["--wait-fd: end of file without a byte"]).into())
            }
        }
    }

    /// In the parent, while the child talks to the binder: waits for the binder to end.
    fn attend_binder(&mut self, console: &mut Console) -> Result<(), Failure> {
        let Some(mut binder) = self.binder.take() else {
            return Ok(());
        };
        let ended = binder.finish();
        self.undo_for(&binder, &ended, console);
        ended
    }

    fn bind(&mut self, console: &mut Console) -> Result<(), Failure> {
        self.with_binder(Binder::bind, console)
    }

    fn keep(&mut self, console: &mut Console) -> Result<(), Failure> {
        self.with_binder(Binder::keep, console)?;
        self.reporter.keep()
    }

    fn with_binder(
        &mut self,
        act: fn(&mut Binder) -> Result<(), Failure>,
        console: &mut Console,
    ) -> Result<(), Failure> {
        let Some(mut binder) = self.binder.take() else {
            return Ok(());
        };
        let done = act(&mut binder);
        self.undo_for(&binder, &done, console);
        self.binder = Some(binder);
        done
    }

    /// A binder that has reported a failure has undone what it did; one that was killed has not.
    fn undo_for(&self, binder: &Binder, outcome: &Result<(), Failure>, console: &mut Console) {
        if matches!(outcome, Err(Failure::Step(_))) {
            binder.undo(self.outer_mounts.as_ref(), console);
        }
    }

    /// Sets the parent-death signal, and checks that the parent has not died before that: no signal
    /// would come then.
    fn die_with_parent(&self, number: i32) -> Result<(), Failure> {
        signal::set_parent_death(number).attempt(|| words!["prctl failed"])?;
        let parent_lives = self.parent.as_ref().map_or(Ok(true), Channel::is_open);
        match parent_lives.attempt(|| words!["cannot see whether the parent lives"])? {
            true => Ok(()),
            false => Err(Failure::Told(ExitStatus::FAILURE)),
        }
    }
}

/// Ends this process the way its child ended.
fn end_like(change: StateChange) -> Result<Flow, Failure> {
    match change {
        StateChange::Exited(status) => Ok(Flow::End(status)),
        StateChange::Killed { signal, .. } | StateChange::Stopped(signal) => {
            signal::die_of(signal);
            // The reference prints the errno here, which is 0.
            Err(Error::new(words!["child exit failed: Success"]).into())
        }
    }
}

/// Enters existing namespaces. All are opened before the first is entered.
fn join(joined: &[(Kind, Existing)]) -> Result<(), Error> {
    let mut entrance = Entrance::default();
    for (kind, place) in joined {
        let opened = match place {
            Existing::Process(pid) => {
                let target = Target::hold(*pid);
                let opened = target.open_namespace(*kind);
                opened.map_err(|error| hint::explain(error, &Failed::OpenProcess(&target)))?
            }
            Existing::File(file) => descriptor::open(file, OFlag::O_RDONLY | OFlag::O_NONBLOCK)
                .attempt(|| words!["cannot open ", file])?,
        };
        entrance.sources.insert(*kind, Source::File(opened));
    }
    entrance.enter()
}

fn offset_clock(clock: Clock, seconds: i64) -> Result<(), Error> {
    let path = "/proc/self/timens_offsets";
    let line = words![clock.number(), " ", seconds, " 0\n"];
    procfs::write(Path::new(path), line.as_bytes()).map_err(|failure| {
        failure.into_error(
            words!["failed to open ", path],
            words!["failed to write to ", path],
        )
    })
}
