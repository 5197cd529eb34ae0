use std::fs::File;

use super::*;
use crate::cli::Place;

fn sources(kinds: &[(Kind, bool)]) -> Sources {
    let file = || OwnedFd::from(File::open("/dev/null").unwrap());
    let source = |from_file| {
        if from_file {
            Source::File(file())
        } else {
            Source::Target
        }
    };
    kinds
        .iter()
        .map(|(kind, from_file)| (*kind, source(*from_file)))
        .collect()
}

fn set(kinds: &[Kind]) -> KindSet {
    kinds.iter().copied().collect()
}

#[test]
fn target_is_entered_in_one_call_and_files_after_it() {
    let sources = sources(&[
        (Kind::Uts, true),
        (Kind::Mount, false),
        (Kind::Net, false),
        (Kind::Ipc, true),
    ]);
    let target = Call::Target(set(&[Kind::Net, Kind::Mount]));
    assert_eq!(
        calls(&sources, set(&Kind::ALL)),
        [target, Call::File(Kind::Ipc), Call::File(Kind::Uts)]
    );
}

#[test]
fn user_namespace_comes_first_wherever_it_is_from() {
    let by_file = sources(&[(Kind::User, true), (Kind::Uts, false), (Kind::Net, true)]);
    assert_eq!(
        calls(&by_file, set(&Kind::ALL)),
        [
            Call::File(Kind::User),
            Call::Target(set(&[Kind::Uts])),
            Call::File(Kind::Net)
        ]
    );
    let of_target = sources(&[(Kind::User, false), (Kind::Uts, false), (Kind::Net, true)]);
    assert_eq!(
        calls(&of_target, set(&Kind::ALL)),
        [
            Call::Target(set(&[Kind::User, Kind::Uts])),
            Call::File(Kind::Net)
        ]
    );
}

#[test]
fn first_pass_leaves_the_user_namespace_out() {
    let sources = sources(&[(Kind::User, false), (Kind::Uts, false)]);
    let others = set(&Kind::ALL).without(Kind::User);
    assert_eq!(calls(&sources, others), [Call::Target(set(&[Kind::Uts]))]);
    assert_eq!(calls(&sources, KindSet::EMPTY), []);
}

#[test]
fn user_namespace_makes_root_without_groups() {
    let request = Request::default();
    let groups = Groups::MustBeGone;
    assert_eq!(
        steps(&request, set(&[Kind::User])),
        [
            Step::TryToDropGroups,
            Step::Enter,
            Step::SetGid(Id::Number(0), groups),
            Step::SetUid(Id::Number(0))
        ]
    );
    let kept = Request {
        preserve_credentials: true,
        keep_capabilities: true,
        ..Request::default()
    };
    assert_eq!(
        steps(&kept, set(&[Kind::User])),
        [Step::Enter, Step::KeepCapabilities]
    );
    assert_eq!(steps(&kept, set(&[Kind::Uts])), [Step::Enter]);
}

#[test]
fn root_alone_keeps_the_directory_and_others_replace_it() {
    let given = || Place {
        given: true,
        ..Place::default()
    };
    let root = Request {
        root: given(),
        ..Request::default()
    };
    let kinds = set(&[Kind::Mount]);
    assert_eq!(
        steps(&root, kinds),
        [
            Step::Enter,
            Step::KeepDirectory,
            Step::ChangeRoot,
            Step::ChangeDirectory
        ]
    );
    let both = Request {
        root: given(),
        working_directory: given(),
        ..Request::default()
    };
    assert_eq!(
        steps(&both, kinds),
        [Step::Enter, Step::ChangeRoot, Step::ChangeDirectory]
    );
    let inner = Request {
        root: given(),
        inner_working_directory: Some("in".into()),
        ..Request::default()
    };
    let open = Step::OpenDirectory("in".into());
    assert_eq!(
        steps(&inner, kinds),
        [Step::Enter, Step::ChangeRoot, open, Step::ChangeDirectory]
    );
}

#[test]
fn everything_else_comes_in_the_order_of_the_specification() {
    let request = Request {
        environment: true,
        join_cgroup: true,
        uid: Credential {
            number: Some(5),
            follow: true,
        },
        gid: Credential {
            number: Some(6),
            follow: false,
        },
        ..Request::default()
    };
    assert_eq!(
        steps(&request, set(&[Kind::Pid])),
        [
            Step::Enter,
            Step::ReplaceEnvironment,
            Step::JoinCgroup,
            Step::LookUpOwner,
            Step::Fork,
            Step::SetGid(Id::Number(6), Groups::MayStay),
            Step::SetUid(Id::Follow)
        ]
    );
    let unforked = Request {
        no_fork: true,
        ..Request::default()
    };
    assert_eq!(steps(&unforked, set(&[Kind::Pid])), [Step::Enter]);
}
