use std::fs::File;

use nix::unistd::Pid;
use ns_common::idmap::Both;

use super::*;

fn opened() -> OwnedFd {
    File::open("/dev/null").unwrap().into()
}

/// The steps for entering these kinds of a target, abbreviated.
fn steps(request: Request, outside: Outside, kinds: &[Kind]) -> Vec<String> {
    let sources = kinds.iter().map(|kind| (*kind, Source::Target)).collect();
    let entrance = Entrance {
        sources,
        ..Entrance::default()
    };
    let outside = Outside {
        entrance,
        ..outside
    };
    let short = |step: &Step| match step {
        Step::Enter(_) => "Enter".to_owned(),
        Step::ChangeRoot(_, afterwards) => format!("ChangeRoot({afterwards:?})"),
        Step::ChangeDirectory(_) => "ChangeDirectory".to_owned(),
        Step::JoinCgroup(_) => "JoinCgroup".to_owned(),
        Step::ReadIds(_) => "ReadIds".to_owned(),
        Step::SetLabel(label) => format!("SetLabel({})", label.file),
        Step::ExecuteCopy(..) => "ExecuteCopy".to_owned(),
        other => format!("{other:?}"),
    };
    let plan = Plan::new(request, outside).unwrap();
    plan.0.iter().map(short).collect()
}

#[test]
fn user_namespace_makes_root_without_groups() {
    assert_eq!(
        steps(Request::default(), Outside::default(), &[Kind::User]),
        [
            "Hide",
            "TryToDropGroups",
            "Enter",
            "DropGroups(Counts(None))",
            "SetGid(Number(0))",
            "SetUid(Number(0))",
            "Execute(Shell(NameService))"
        ]
    );
    let kept = || Request {
        preserve_credentials: true,
        keep_capabilities: true,
        ..Request::default()
    };
    assert_eq!(
        steps(kept(), Outside::default(), &[Kind::User]),
        [
            "Hide",
            "Enter",
            "KeepCapabilities",
            "Execute(Shell(NameService))"
        ]
    );
    assert_eq!(
        steps(kept(), Outside::default(), &[Kind::Uts]),
        ["Hide", "Enter", "Execute(Shell(NameService))"]
    );
}

#[test]
fn root_option_alone_keeps_the_working_directory() {
    let root = || Outside {
        root: Some(opened()),
        ..Outside::default()
    };
    assert_eq!(
        steps(Request::default(), root(), &[Kind::Mount]),
        [
            "Hide",
            "Enter",
            "ChangeRoot(Stay)",
            "Execute(Shell(EnteredFile))"
        ]
    );
    let both = Outside {
        working_directory: Some(opened()),
        ..root()
    };
    assert_eq!(
        steps(Request::default(), both, &[Kind::Mount])[2..],
        [
            "ChangeRoot(AtRoot)",
            "ChangeDirectory",
            "Execute(Shell(EnteredFile))"
        ]
    );
    let inside = Request {
        working_directory: WorkingDirectory::Inside("in".into()),
        ..Request::default()
    };
    assert_eq!(
        steps(inside, root(), &[Kind::Mount])[2..],
        [
            "ChangeRoot(AtRoot)",
            "ChangeDirectoryInside(\"in\")",
            "Execute(Shell(EnteredFile))"
        ]
    );
}

#[test]
fn everything_else_comes_in_the_order_of_the_specification() {
    let request = || Request {
        ids: Both {
            user: Credential::Follow,
            group: Credential::Number(6),
        },
        command: vec![c"true"],
        ..Request::default()
    };
    let outside = || Outside {
        label: Some(Label {
            file: "exec",
            text: Vec::new(),
        }),
        environment: Some(Vec::new()),
        cgroups: vec![opened()],
        followed: Some(Rc::new(Target::hold(Pid::this()))),
        ..Outside::default()
    };
    let before = [
        "SetLabel(exec)",
        "Hide",
        "Enter",
        "ChangeEnvironment([Replace([])])",
        "JoinCgroup",
        "ReadIds",
    ];
    let fork = ["DefaultChildSignal", "Fork"];
    let after = [
        "DropGroups(Passes)",
        "SetGid(Number(6))",
        "SetUid(OfTarget)",
        "Execute(Command([\"true\"]))",
    ];
    let all: Vec<&str> = before.iter().chain(&fork).chain(&after).copied().collect();
    assert_eq!(steps(request(), outside(), &[Kind::Pid]), all);
    let unforked = Request {
        no_fork: true,
        ..request()
    };
    let rest: Vec<&str> = before.iter().chain(&after).copied().collect();
    assert_eq!(steps(unforked, outside(), &[Kind::Pid]), rest);
}

#[test]
fn likeness_steps_come_in_an_order_that_works() {
    let files = ResourceLimit::by_name("Max open files").unwrap();
    let own = files.limits().unwrap();
    let higher = Limits {
        hard: own.hard.saturating_add(1),
        ..own
    };
    let outside = |limits| Outside {
        environment: Some(Vec::new()),
        followed: Some(Rc::new(Target::hold(Pid::this()))),
        likeness: Some(Likeness {
            bounding_set: 1,
            no_new_privileges: true,
            limits,
        }),
        ..Outside::default()
    };
    let request = || Request {
        ids: Both {
            user: Credential::Like,
            group: Credential::Like,
        },
        ..Request::default()
    };
    let raised = format!("RaiseLimits({:?})", [(files, higher)]);
    let set = format!("SetLimits({:?})", [(files, higher)]);
    let expected = [
        "Hide",
        raised.as_str(),
        "Enter",
        "ChangeEnvironment([Replace([])])",
        "ReadIds",
        "LimitBoundingSet(1)",
        "TakeGroups",
        "TakeGids",
        "TakeUids",
        "SetNoNewPrivileges",
        set.as_str(),
        "Execute(Shell(NameService))",
    ];
    let limits = vec![(files, higher)];
    assert_eq!(steps(request(), outside(limits), &[Kind::User]), expected);
    let nothing = steps(request(), outside(Vec::new()), &[]);
    assert!(!nothing.contains(&"Enter".to_owned()), "{nothing:?}");
}

#[test]
fn names_are_looked_up_inside_and_a_copy_is_executed_last() {
    let request = Request {
        ids: Both {
            user: Credential::Name("ann".into()),
            group: Credential::Unchanged,
        },
        working_directory: WorkingDirectory::Inside("/".into()),
        variables: vec![Change::Unset(c"A".into())],
        command: vec![c"ip"],
        ..Request::default()
    };
    let outside = Outside {
        root: Some(opened()),
        environment: Some(Vec::new()),
        program: Some(opened()),
        ..Outside::default()
    };
    assert_eq!(
        steps(request, outside, &[Kind::Mount])[1..],
        [
            "Enter",
            "ChangeRoot(AtRoot)",
            "ChangeDirectoryInside(\"/\")",
            "ChangeEnvironment([Replace([]), Unset(\"A\")])",
            "LookUp(User, \"ann\")",
            "SetUid(Named)",
            "ExecuteCopy"
        ]
    );
}
