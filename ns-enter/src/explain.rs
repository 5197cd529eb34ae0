//! What `--explain` prints: each step of the plan in words.

use std::ffi::OsStr;

use ns_common::accounts::Database;
use ns_common::error::Message;
use ns_common::explain::{self, Line, flags, list_of_kinds, quoted};
use ns_common::idmap::IdKind;
use ns_common::namespace::{Kind, KindSet};
use ns_common::process::enter::{Call, Entrance};
use ns_common::sys::limit::{Limits, ResourceLimit};
use ns_common::words;

use crate::plan::{Afterwards, NewId, Plan, Refusal, Step};

/// The process that takes the steps after the fork.
const CHILD: &str = "child";

impl Plan {
    /// One or more lines per step, with the process that takes it if the program runs in a child.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let mut process = None;
        let mut lines = Vec::new();
        for step in &self.0 {
            let of_step = step.lines().into_iter();
            lines.extend(of_step.map(|line| Line { process, ..line }));
            if matches!(step, Step::Fork) {
                process = Some(CHILD);
            }
        }
        lines
    }
}

impl Step {
    /// The step in words; a step without words does not compile.
    fn lines(&self) -> Vec<Line> {
        let (call, purpose) = match self {
            Self::SetLabel(label) => (
                words![
                    "write /proc/self/attr/",
                    label.file,
                    " ",
                    quoted(label.text.as_slice())
                ],
                words!["the program runs under the target's label"],
            ),
            Self::RaiseLimits(limits) | Self::SetLimits(limits) => {
                return limits.iter().map(limited).collect();
            }
            Self::Hide => (
                words!["prctl(PR_SET_DUMPABLE, 0)"],
                words!["processes inside cannot inspect this process"],
            ),
            Self::TryToDropGroups => (
                words!["setgroups(0, NULL)"],
                words!["no supplementary groups; may be denied inside"],
            ),
            Self::Enter(entrance) => return entered(entrance),
            Self::ChangeRoot(_, afterwards) => return changed_root(*afterwards),
            Self::ChangeDirectory(_) => (
                words!["fchdir(directory)"],
                words!["the working directory of the program, opened outside"],
            ),
            Self::ChangeDirectoryInside(path) => (
                words!["open(", quoted(path), "), fchdir(it)"],
                words!["the working directory of the program, as seen inside"],
            ),
            Self::ChangeEnvironment(changes) => {
                return changes.iter().map(explain::change).collect();
            }
            Self::JoinCgroup(_) => (
                words!["write cgroup.procs \"0\""],
                words!["this process moves into the target's cgroup"],
            ),
            Self::LookUp(kind, name) => looked_up(*kind, name),
            Self::ReadIds(target) => (
                words!["read ", target.path("status")],
                words!["the target's ids and groups, as seen inside"],
            ),
            Self::DefaultChildSignal => (
                words!["sigaction(SIGCHLD, SIG_DFL)"],
                words!["children can be waited for"],
            ),
            Self::Fork => (
                words!["fork()"],
                words!["the child is in the PID namespace; the parent waits for it"],
            ),
            Self::DropGroups(Refusal::Passes) => (
                words!["setgroups(0, NULL)"],
                words!["no supplementary groups, if that is allowed"],
            ),
            Self::DropGroups(Refusal::Counts(_)) => (
                words!["setgroups(0, NULL)"],
                words!["no supplementary groups; an error if it was refused outside too"],
            ),
            Self::LimitBoundingSet(_) => (
                words!["prctl(PR_CAPBSET_DROP, …)"],
                words!["each capability that the target's bounding set lacks"],
            ),
            Self::TakeGroups => (
                words!["setgroups(…)"],
                words!["the target's supplementary groups, if different"],
            ),
            Self::TakeGids => (words!["setresgid(…)"], words!["the target's gids"]),
            Self::TakeUids => (words!["setresuid(…)"], words!["the target's uids"]),
            Self::SetGid(id) => (
                words!["setgid(", number(*id), ")"],
                words!["the gid of the program"],
            ),
            Self::SetUid(id) => (
                words!["setuid(", number(*id), ")"],
                words!["the uid of the program"],
            ),
            Self::KeepCapabilities => (
                words!["capset(), prctl(PR_CAP_AMBIENT, …)"],
                words!["the program keeps the capabilities"],
            ),
            Self::SetNoNewPrivileges => (
                words!["prctl(PR_SET_NO_NEW_PRIVS, 1)"],
                words!["the program cannot gain privileges"],
            ),
            Self::ExecuteCopy(_, argv) => (
                words!["execveat(copy, \"\", …, AT_EMPTY_PATH)"],
                words![
                    argv.first().copied().unwrap_or_default(),
                    " as read outside"
                ],
            ),
            Self::Execute(program) => return vec![explain::program(program)],
        };
        vec![Line::new(call, purpose)]
    }
}

fn entered(entrance: &Entrance) -> Vec<Line> {
    let kinds = entrance.kinds();
    let has_user = kinds.contains(Kind::User);
    let others = if has_user {
        "; if this is refused, again after the user namespace"
    } else {
        ""
    };
    let line = |call: Call, more: &str| {
        let (from, kinds, what) = match call {
            Call::Target(kinds) => ("pidfd", kinds, "the target's "),
            Call::File(kind) => ("file", KindSet::EMPTY.with(kind), "this "),
        };
        let plural = if kinds.iter().count() > 1 { "s" } else { "" };
        Line::new(
            words!["setns(", from, ", ", flags(kinds), ")"],
            words![
                "enter ",
                what,
                list_of_kinds(kinds),
                " namespace",
                plural,
                more
            ],
        )
    };
    let mut lines: Vec<Line> = entrance
        .calls(kinds.without(Kind::User))
        .into_iter()
        .map(|call| line(call, others))
        .collect();
    let user = entrance.calls(KindSet::EMPTY.with(Kind::User));
    let rights = ", which gives all capabilities over what it owns";
    lines.extend(user.into_iter().map(|call| line(call, rights)));
    let files: Vec<&str> = kinds.iter().map(Kind::file).collect();
    lines.push(Line::new(
        words!["stat ns/", files.join(", ns/")],
        words!["check that these are the namespaces meant"],
    ));
    lines
}

fn changed_root(afterwards: Afterwards) -> Vec<Line> {
    let stays = afterwards == Afterwards::Stay;
    let keep = Line::new(
        words!["open(\".\")"],
        words!["the working directory, which may be outside the new root"],
    );
    let change = Line::new(
        words!["fchdir(root), chroot(\".\"), chdir(\"/\")"],
        words!["the root directory of the program"],
    );
    let back = Line::new(
        words!["fchdir(it)"],
        words!["back to the working directory"],
    );
    let (before, after) = (stays.then_some(keep), stays.then_some(back));
    before.into_iter().chain([change]).chain(after).collect()
}

fn limited((resource, limits): &(ResourceLimit, Limits)) -> Line {
    let number = |limit: u64| match limit {
        u64::MAX => words!["RLIM_INFINITY"],
        number => words![number],
    };
    Line::new(
        words![
            "prlimit(",
            resource.name(),
            ", ",
            number(limits.soft),
            ", ",
            number(limits.hard),
            ")"
        ],
        words!["the target's limit"],
    )
}

fn looked_up(kind: IdKind, name: &OsStr) -> (Message, Message) {
    let (database, what) = match kind {
        IdKind::User => (Database::Passwd, "the uid of user "),
        IdKind::Group => (Database::Group, "the gid of group "),
    };
    (
        words!["read ", database.path()],
        words![what, quoted(name), " inside"],
    )
}

fn number(id: NewId) -> Message {
    match id {
        NewId::Number(number) => words![number],
        NewId::OfTarget => words!["the target's"],
        NewId::Named => words!["the number found"],
    }
}
