use std::ffi::CStr;

use ns_common::cli::getopt::Parser;
use ns_common::tool::Parsed;

use super::*;
use crate::cli;
use crate::options::TOOL;
use crate::world::stub::Caller;

fn plan_of(caller: &Caller, words: &[&'static CStr]) -> Plan {
    match cli::parse(&mut Parser::new(&TOOL, words), caller) {
        Ok(Parsed::Request(request)) => Plan::new(request, caller).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn plan(words: &[&'static CStr]) -> Plan {
    plan_of(&Caller(1000), words)
}

fn unshare(kinds: &[Kind]) -> Step {
    Step::Unshare(kinds.iter().copied().collect())
}

fn deny() -> Step {
    Step::WriteSetGroups {
        policy: SetGroups::Deny,
        missing: Missing::Tolerated,
    }
}

fn private() -> Step {
    Step::Propagate(MsFlags::MS_REC | MsFlags::MS_PRIVATE)
}

fn map(side: Side, inner: u32, outer: u32) -> Step {
    Step::MapSingle(side, IdExtent::single(inner, outer))
}

#[test]
fn nothing_asked_for_still_calls_unshare() {
    let plan = plan(&[]);
    assert_eq!(plan.before, [Step::DefaultChildSignal, unshare(&[])]);
    assert_eq!(
        (plan.fork, plan.inside.len(), plan.command.len()),
        (None, 0, 0)
    );
}

#[test]
fn all_kinds_are_unshared_at_once() {
    let plan = plan(&[c"-muinpUCT", c"echo", c"-m"]);
    assert_eq!(plan.before, [Step::DefaultChildSignal, unshare(&Kind::ALL)]);
    assert_eq!(plan.command, [c"echo", c"-m"]);
}

#[test]
fn root_map_denies_setgroups_between_the_two_maps() {
    let plan = plan(&[c"-r"]);
    assert_eq!(plan.before[1], unshare(&[Kind::User]));
    assert_eq!(
        plan.inside,
        [map(Side::User, 0, 1000), deny(), map(Side::Group, 0, 1000)]
    );
}

#[test]
fn last_single_map_wins_on_each_side() {
    assert_eq!(
        plan(&[c"-r", c"--map-user=7"]).inside[0],
        map(Side::User, 7, 1000)
    );
    assert_eq!(
        plan(&[c"-r", c"-c"]).inside[2],
        map(Side::Group, 1000, 1000)
    );
    assert_eq!(plan(&[c"--map-user=5"]).inside, [map(Side::User, 5, 1000)]);
}

#[test]
fn explicit_setgroups_comes_after_the_maps() {
    let explicit = |policy| Step::WriteSetGroups {
        policy,
        missing: Missing::AnError,
    };
    assert_eq!(
        plan(&[c"-r", c"--setgroups=deny"]).inside.last(),
        Some(&explicit(SetGroups::Deny))
    );
    assert_eq!(
        plan(&[c"--setgroups=allow"]).inside,
        [explicit(SetGroups::Allow)]
    );
    let refused = &plan(&[c"-r", c"--setgroups=allow"]).inside[1];
    assert!(
        matches!(refused, Step::Refuse(_)),
        "after the uid map and unshare, as the reference does"
    );
}

#[test]
fn blocks_go_to_the_mapper_and_take_the_single_id_along() {
    let plan = plan(&[c"--map-auto", c"-r"]);
    let extents = |map: &Option<IdMap>| map.as_ref().unwrap().extents().to_vec();
    let [_, Step::StartMapper(job), _, after] = &plan.before[..] else {
        panic!("{plan:?}")
    };
    let block = IdExtent {
        inner: 1,
        outer: 100_000,
        count: 65536,
    };
    assert_eq!(extents(&job.users), [IdExtent::single(0, 1000), block]);
    assert_eq!(
        (job.writer, after),
        (Writer::SetuidPrograms, &Step::WriteMapsFromOutside)
    );
    assert_eq!(plan.inside, []);
}

#[test]
fn block_on_one_side_leaves_the_other_to_the_process() {
    let plan = plan_of(&Caller(0), &[c"--map-users=all", c"-r"]);
    let Step::StartMapper(job) = &plan.before[1] else {
        panic!("{plan:?}")
    };
    assert_eq!((job.groups.as_ref(), job.writer), (None, Writer::Mapper));
    assert_eq!(plan.inside, [deny(), map(Side::Group, 0, 0)]);
}

#[test]
fn owner_changes_before_unshare_and_has_its_map_written_from_outside() {
    let plan = plan_of(&Caller(0), &[c"--owner=5:6", c"-r"]);
    let steps = &plan.before[2..];
    let kinds = unshare(&[Kind::User]);
    assert_eq!(
        steps,
        [
            Step::DropGroups,
            Step::SetGid(6),
            Step::SetUid(5),
            kinds,
            Step::WriteMapsFromOutside
        ]
    );
    assert_eq!(plan.inside, []);
    let half = plan_of(&Caller(0), &[c"--owner=5:-1", c"-r"]);
    assert_eq!(half.inside, [deny(), map(Side::Group, 0, 0)]);
}

#[test]
fn offsets_are_set_before_anybody_enters_the_time_namespace() {
    let plan = plan(&[c"-T", c"--monotonic=1", c"--boottime", c"-2", c"-f"]);
    let offset = |clock, seconds| Step::OffsetClock { clock, seconds };
    assert_eq!(
        plan.before[2..],
        [offset(Clock::Boottime, -2), offset(Clock::Monotonic, 1)]
    );
}

#[test]
fn kept_mount_namespace_must_outrank_the_one_it_is_bound_in() {
    let steps = plan(&[c"--mount=f", c"-u"]).before;
    let kinds = unshare(&[Kind::Uts, Kind::Mount]);
    assert_eq!(
        steps[2..],
        [Step::NoteOuterMounts, kinds, Step::OutrankOuterMounts]
    );
    assert!(
        !plan(&[c"--uts=f", c"-m"])
            .before
            .contains(&Step::OutrankOuterMounts)
    );
}

#[test]
fn files_are_bound_from_outside() {
    let starts_binder = |words| plan(words).before.contains(&Step::StartBinder);
    assert!(!starts_binder(&[c"-i", c"-r"]));
    assert!(starts_binder(&[c"--uts=f", c"-i"]));
    assert!(starts_binder(&[c"--mount=f"]));
    let files = plan(&[c"--time=t", c"--mount=m", c"--user=u", c"--user=v"]).files;
    assert_eq!(
        files,
        [
            (Kind::User, "v".into()),
            (Kind::Mount, "m".into()),
            (Kind::Time, "t".into())
        ]
    );
}

#[test]
fn mounts_follow_propagation_root_and_directory() {
    let plan_ = plan(&[c"--mount-proc", c"-R", c"/new", c"-w", c"in"]);
    let directory = Step::ChangeDirectory("in".into());
    assert_eq!(
        plan_.inside,
        [
            private(),
            Step::ChangeRoot("/new".into()),
            directory,
            Step::MountProc("/proc".into())
        ]
    );
    assert_eq!(
        plan(&[c"-R", c"/new"]).inside[1],
        Step::ChangeDirectory("/".into())
    );
    let slave = Step::Propagate(MsFlags::MS_REC | MsFlags::MS_SLAVE);
    let steps = plan(&[c"--mount-proc=d", c"--propagation=slave"]).inside;
    assert_eq!(
        steps,
        [
            slave,
            Step::MakePrivate("d".into()),
            Step::MountProc("d".into())
        ]
    );
    assert_eq!(plan(&[c"-m", c"--propagation=unchanged"]).inside, []);
    assert_eq!(
        plan(&[c"--propagation=slave"]).inside,
        [],
        "without a mount namespace it has no effect"
    );
}

#[test]
fn interpreter_implies_mounts_and_is_registered_where_it_is_found() {
    let plan_ = plan(&[c"-l", c":n:M::X::/bin/x:"]);
    let place = PathBuf::from("/proc/sys/fs/binfmt_misc");
    assert_eq!(plan_.before[1], unshare(&[Kind::User, Kind::Mount]));
    let register = |text: &str| Step::RegisterInterpreter {
        directory: place.clone(),
        text: text.into(),
    };
    let (proc, binfmt) = (
        Step::MountProc("/proc".into()),
        Step::MountBinfmt(place.clone()),
    );
    assert_eq!(
        plan_.inside,
        [
            private(),
            proc,
            binfmt.clone(),
            register(":n:M::X::/bin/x:")
        ]
    );
    let early = plan(&[c"-l", c":n:M::X::/bin/x:F", c"-R", c"/new"]).inside;
    assert_eq!(
        early[1..4],
        [
            binfmt,
            register(":n:M::X::/bin/x:F"),
            Step::ChangeRoot("/new".into())
        ]
    );
    let given = plan(&[c"--mount-binfmt=d", c"-l", c""]).inside;
    assert_eq!(
        given,
        [private(), Step::MountBinfmt("d".into())],
        "an empty rule is not registered, and no proc is needed"
    );
}

#[test]
fn death_signal_is_armed_again_after_the_ids_change() {
    let plan = plan(&[c"--kill-child=TERM", c"-G5", c"-S6"]);
    let armed = Step::DieWithParent(libc::SIGTERM);
    let ids = [Step::DropGroups, Step::SetGid(5), Step::SetUid(6)];
    assert_eq!(
        plan.inside,
        [
            std::slice::from_ref(&armed),
            &ids,
            std::slice::from_ref(&armed)
        ]
        .concat()
    );
    assert_eq!(
        plan.fork,
        Some(Fork {
            forward_signals: false,
            dies_with_parent: true
        })
    );
}

#[test]
fn capabilities_are_kept_last_and_only_with_a_user_namespace() {
    assert_eq!(plan(&[c"--keep-caps", c"-m"]).inside, [private()]);
    let steps = plan(&[c"--keep-caps", c"-U", c"-S0"]).inside;
    assert_eq!(steps, [Step::SetUid(0), Step::KeepCapabilities]);
}

#[test]
fn the_environment_is_replaced_before_the_fork() {
    let steps = plan(&[c"-f", c"-T", c"--monotonic=1", c"--clear-env"]).before;
    assert_eq!(steps.last(), Some(&Step::ReplaceEnvironment(Vec::new())));
    let options = [
        c"--whitelist-env=A,,B",
        c"--clear-env",
        c"--whitelist-env=C",
    ];
    let names = Step::ReplaceEnvironment(vec!["A".into(), "B".into(), "C".into()]);
    assert_eq!(plan(&options).before.last(), Some(&names));
}
