use std::ffi::CStr;

use ns_common::cli::getopt::Parser;
use ns_common::process::supervise::Signals;
use ns_common::tool::Parsed;

use super::*;
use crate::caller::stub::Of;
use crate::cli;
use crate::options::TOOL;

/// The steps without the first, which is always the same, and the last, the program.
fn steps_of(caller: &Of, words: &[&'static CStr]) -> Vec<Step> {
    let request = match cli::parse(&mut Parser::new(&TOOL, words), caller) {
        Ok(Parsed::Request(request)) => request,
        other => panic!("{other:?}"),
    };
    let Plan(mut steps) = Plan::new(&request, caller).unwrap();
    assert_eq!(steps.remove(0), Step::DefaultChildSignal);
    assert!(matches!(steps.pop(), Some(Step::Execute(_))));
    steps
}

fn steps(words: &[&'static CStr]) -> Vec<Step> {
    steps_of(&Of(1000), words)
}

/// The steps after unshare(2).
fn inside(words: &[&'static CStr]) -> Vec<Step> {
    let steps = steps(words);
    let unshare = steps
        .iter()
        .position(|step| matches!(step, Step::Unshare(_)));
    steps[unshare.unwrap() + 1..].to_vec()
}

fn unshare(kinds: &[Kind]) -> Step {
    Step::Unshare(kinds.iter().copied().collect())
}

fn deny() -> Step {
    Step::WriteSetGroups(SetGroups::Deny, Missing::Tolerated)
}

fn private() -> Step {
    Step::Propagate(MsFlags::MS_REC | MsFlags::MS_PRIVATE)
}

fn proc(directory: &str) -> Step {
    Step::MountProc(directory.into())
}

fn map(kind: IdKind, inner: u32, outer: u32) -> Step {
    Step::MapSingle(kind, IdExtent::single(inner, outer))
}

#[test]
fn nothing_asked_for_still_calls_unshare() {
    assert_eq!(steps(&[]), [unshare(&[])]);
}

#[test]
fn all_kinds_are_unshared_at_once() {
    assert_eq!(
        steps(&[c"-muinpUCT", c"echo", c"-m"]),
        [unshare(&Kind::ALL), private()]
    );
}

#[test]
fn root_map_denies_setgroups_between_the_two_maps() {
    let (user, group) = (map(IdKind::User, 0, 1000), map(IdKind::Group, 0, 1000));
    assert_eq!(
        steps(&[c"-r"]),
        [unshare(&[Kind::User]), user, deny(), group]
    );
}

#[test]
fn last_single_map_of_each_kind_wins() {
    assert_eq!(
        inside(&[c"-r", c"--map-user=7"])[0],
        map(IdKind::User, 7, 1000)
    );
    assert_eq!(inside(&[c"-r", c"-c"])[2], map(IdKind::Group, 1000, 1000));
    assert_eq!(inside(&[c"--map-user=5"]), [map(IdKind::User, 5, 1000)]);
}

#[test]
fn explicit_setgroups_comes_after_the_maps() {
    let explicit = |policy| Step::WriteSetGroups(policy, Missing::AnError);
    assert_eq!(
        inside(&[c"-r", c"--setgroups=deny"]).last(),
        Some(&explicit(SetGroups::Deny))
    );
    assert_eq!(
        inside(&[c"--setgroups=allow"]),
        [explicit(SetGroups::Allow)]
    );
    let refused = &inside(&[c"-r", c"--setgroups=allow"])[1];
    assert!(
        matches!(refused, Step::Refuse(_)),
        "after the uid map and unshare, as the reference does"
    );
}

#[test]
fn blocks_go_to_the_mapper_and_take_the_single_id_along() {
    let steps = steps(&[c"--map-auto", c"-r"]);
    let extents = |map: &Option<IdMap>| map.as_ref().unwrap().extents().to_vec();
    let [Step::StartMapper(job), _, after] = &steps[..] else {
        panic!("{steps:?}")
    };
    let block = IdExtent {
        inner: 1,
        outer: 100_000,
        count: 65536,
    };
    assert_eq!(extents(&job.maps.user), [IdExtent::single(0, 1000), block]);
    assert_eq!(
        (job.writer, after),
        (Writer::SetuidPrograms, &Step::WriteMapsFromOutside)
    );
}

#[test]
fn block_of_one_kind_leaves_the_other_to_the_process() {
    let steps = steps_of(&Of(0), &[c"--map-users=all", c"-r"]);
    let Step::StartMapper(job) = &steps[0] else {
        panic!("{steps:?}")
    };
    assert_eq!(
        (job.maps.group.as_ref(), job.writer),
        (None, Writer::Mapper)
    );
    assert_eq!(steps[3..], [deny(), map(IdKind::Group, 0, 0)]);
}

#[test]
fn owner_changes_before_unshare_and_has_its_map_written_from_outside() {
    let steps = steps_of(&Of(0), &[c"--owner=5:6", c"-r"]);
    assert_eq!(
        steps[1..],
        [
            Step::DropGroups,
            Step::SetGid(6),
            Step::SetUid(5),
            unshare(&[Kind::User]),
            Step::WriteMapsFromOutside
        ]
    );
    let half = steps_of(&Of(0), &[c"--owner=5:-1", c"-r"]);
    assert_eq!(half[4..], [deny(), map(IdKind::Group, 0, 0)]);
}

#[test]
fn offsets_are_set_before_anybody_enters_the_time_namespace() {
    assert_eq!(
        inside(&[c"-T", c"--monotonic=1", c"--boottime", c"-2", c"-f"]),
        [
            Step::OffsetClock(Clock::Boottime, -2),
            Step::OffsetClock(Clock::Monotonic, 1),
            Step::Fork(Fork::default())
        ]
    );
}

#[test]
fn kept_mount_namespace_must_outrank_the_one_it_is_bound_in() {
    let kinds = unshare(&[Kind::Uts, Kind::Mount]);
    assert_eq!(
        steps(&[c"--mount=f", c"-u"])[1..4],
        [Step::HoldOuterMounts, kinds, Step::OutrankOuterMounts]
    );
    let other = steps(&[c"--uts=f", c"-m"]);
    assert!(!other.contains(&Step::OutrankOuterMounts), "{other:?}");
}

#[test]
fn files_are_bound_from_outside_in_the_order_of_kinds() {
    let starts = |step: &Step| matches!(step, Step::StartBinder(_));
    assert!(!steps(&[c"-i", c"-r"]).iter().any(starts));
    let files = Step::StartBinder(vec![
        (Kind::User, "v".into()),
        (Kind::Mount, "m".into()),
        (Kind::Time, "t".into()),
    ]);
    let words = [c"--time=t", c"--mount=m", c"--user=u", c"--user=v"];
    assert_eq!(steps(&words)[0], files);
}

#[test]
fn a_child_binds_when_all_else_is_done_and_no_child_while_mounts_are_as_copied() {
    let mapped = [
        map(IdKind::User, 0, 1000),
        deny(),
        map(IdKind::Group, 0, 1000),
    ];
    let fork = [Step::Fork(Fork::default())];
    let forked = [&fork[..], &mapped, &[Step::Bind, Step::Keep]].concat();
    assert_eq!(inside(&[c"-r", c"--uts=f", c"-f"]), forked);
    let unforked = [&[Step::Bind][..], &mapped, &[Step::Keep]].concat();
    assert_eq!(inside(&[c"-r", c"--uts=f"]), unforked);
}

#[test]
fn mounts_follow_propagation_root_and_directory() {
    let directory = Step::ChangeDirectory("in".into());
    assert_eq!(
        inside(&[c"--mount-proc", c"-R", c"/new", c"-w", c"in"]),
        [
            private(),
            Step::ChangeRoot("/new".into()),
            directory,
            proc("/proc")
        ]
    );
    assert_eq!(
        inside(&[c"-R", c"/new"])[1],
        Step::ChangeDirectory("/".into())
    );
    let slave = Step::Propagate(MsFlags::MS_REC | MsFlags::MS_SLAVE);
    assert_eq!(
        inside(&[c"--mount-proc=d", c"--propagation=slave"]),
        [slave, Step::MakePrivate("d".into()), proc("d")]
    );
    assert_eq!(inside(&[c"-m", c"--propagation=unchanged"]), []);
    assert_eq!(
        inside(&[c"--propagation=slave"]),
        [],
        "without a mount namespace it has no effect"
    );
}

#[test]
fn interpreter_implies_mounts_and_is_registered_where_it_is_found() {
    let steps = steps(&[c"-l", c":n:M::X::/bin/x:"]);
    let place = PathBuf::from("/proc/sys/fs/binfmt_misc");
    let register = |text: &str| Step::RegisterInterpreter(place.clone(), text.into());
    let binfmt = Step::MountBinfmt(place.clone());
    assert_eq!(
        steps,
        [
            unshare(&[Kind::User, Kind::Mount]),
            private(),
            proc("/proc"),
            binfmt.clone(),
            register(":n:M::X::/bin/x:")
        ]
    );
    let early = inside(&[c"-l", c":n:M::X::/bin/x:F", c"-R", c"/new"]);
    assert_eq!(
        early[1..4],
        [
            binfmt,
            register(":n:M::X::/bin/x:F"),
            Step::ChangeRoot("/new".into())
        ]
    );
    let given = inside(&[c"--mount-binfmt=d", c"-l", c""]);
    assert_eq!(
        given,
        [private(), Step::MountBinfmt("d".into())],
        "an empty rule is not registered, and no proc is needed"
    );
}

#[test]
fn death_signal_is_armed_again_after_the_ids_change() {
    let armed = Step::DieWithParent(libc::SIGTERM);
    let fork = Step::Fork(Fork {
        death_signal: Some(libc::SIGTERM),
        ..Fork::default()
    });
    assert_eq!(
        inside(&[c"--kill-child=TERM", c"-G5", c"-S6"]),
        [
            fork,
            armed.clone(),
            Step::DropGroups,
            Step::SetGid(5),
            Step::SetUid(6),
            armed
        ]
    );
}

#[test]
fn forwarded_signals_are_not_held_back() {
    let signals = |words: &[&'static CStr]| match inside(words).first() {
        Some(Step::Fork(fork)) => fork.signals.clone(),
        other => panic!("{other:?}"),
    };
    let (int, term) = (libc::SIGINT, libc::SIGTERM);
    let by_default = Signals {
        held_back: vec![int, term],
        ..Signals::default()
    };
    assert_eq!(signals(&[c"-f"]), by_default);
    let forwarding = signals(&[c"--forward-signals"]);
    assert_eq!(forwarding.forwarded, [int, term]);
    assert_eq!(forwarding.held_back, [0; 0]);
}

#[test]
fn capabilities_are_kept_last_and_only_with_a_user_namespace() {
    assert_eq!(inside(&[c"--keep-caps", c"-m"]), [private()]);
    let steps = inside(&[c"--keep-caps", c"-U", c"-S0"]);
    assert_eq!(steps, [Step::SetUid(0), Step::KeepCapabilities]);
}

#[test]
fn the_environment_is_changed_before_the_fork() {
    let steps = inside(&[c"-f", c"-T", c"--monotonic=1", c"--clear-env"]);
    let cleared = Step::ChangeEnvironment(vec![Change::Keep(Vec::new())]);
    assert_eq!(steps[1..], [cleared, Step::Fork(Fork::default())]);
    let options = [
        c"--whitelist-env=A,,B",
        c"--clear-env",
        c"--whitelist-env=C",
    ];
    let names = Change::Keep(vec!["A".into(), "B".into(), "C".into()]);
    assert_eq!(inside(&options), [Step::ChangeEnvironment(vec![names])]);
}
