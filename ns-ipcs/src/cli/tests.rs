use std::ffi::CStr;

use super::*;
use crate::columns::Column;
use crate::options::TOOL;

fn outcome(words: &[&'static CStr]) -> Result<Request, Failure> {
    match parse(&mut Parser::new(&TOOL, words))? {
        Parsed::Request(request) => Ok(request),
        other => panic!("{other:?}"),
    }
}

fn read(words: &[&'static CStr]) -> Request {
    outcome(words).unwrap_or_else(|failure| panic!("{words:?}: {failure:?}"))
}

#[test]
fn last_view_and_last_unit_win_and_kinds_add_up() {
    let request = read(&[c"-tlq", c"-p", c"--human", c"-b"]);
    assert_eq!(request.resources, Resources::NONE.with(SystemV::Queue));
    assert_eq!(request.subject, Subject::Objects(List::Processes));
    assert_eq!(request.style.unit, crate::request::Unit::Bytes);
    let request = read(&[]);
    assert_eq!(request.resources, Resources::SYSTEM_V);
    assert_eq!(request.subject, Subject::Objects(List::Usual));
    assert_eq!((request.form, request.place), (Form::Classic, Place::Own));
    assert_eq!(read(&[c"-m", c"-q", c"-s"]), read(&[c"-a"]));
    assert_eq!(read(&[c"shm", c"-q", c"--", c"-m"]), read(&[c"-q"]));
    assert_eq!(read(&[c"--posix"]).resources, Resources::POSIX);
}

#[test]
fn id_needs_exactly_one_kind() {
    let details = |absence| Subject::Details {
        kind: SystemV::Segment,
        id: 7,
        absence,
    };
    let request = read(&[c"-m", c"-m", c"-i7"]);
    assert_eq!(request.subject, details(Absence::Harmless));
    let request = read(&[c"-m", c"-i7", c"--strict"]);
    assert_eq!(request.subject, details(Absence::Failure));
    for words in [&[c"-i1"][..], &[c"-a", c"-i1"], &[c"-mq", c"-i1"]] {
        let text = words!["when using an ID, a single resource must be specified"];
        assert_eq!(outcome(words), Err(Error::new(text).into()));
    }
}

#[test]
fn columns_are_chosen_in_any_case_and_added_to() {
    let chosen = |words: &[&'static CStr]| read(words).columns;
    assert_eq!(
        chosen(&[c"-o", c"id,Owner"]),
        Choice::Only(vec![Column::Id, Column::Owner])
    );
    assert_eq!(chosen(&[c"-o", c"+id"]), Choice::And(vec![Column::Id]));
    assert_eq!(
        chosen(&[c"-oid", c"-o+owner"]),
        Choice::Only(vec![Column::Id, Column::Owner])
    );
    assert_eq!(
        chosen(&[c"-oowner", c"-oid"]),
        Choice::Only(vec![Column::Id])
    );
    let error = |words: &[&'static CStr]| match outcome(words) {
        Err(Failure::Step(error)) => String::from_utf8(error.lines(b"ipcs")).unwrap(),
        other => panic!("{other:?}"),
    };
    let unknown = error(&[c"-q", c"-o", c"nosuch"]);
    assert!(
        unknown.starts_with("ipcs: unknown column: nosuch\n"),
        "{unknown}"
    );
    assert!(
        unknown.contains("hint: columns: NAMESPACE KEY ID PERMS"),
        "{unknown}"
    );
    assert!(!unknown.contains("NATTCH"), "{unknown}");
    assert_eq!(
        error(&[c"-q", c"-o", c"nattch"]),
        "ipcs: column NATTCH does not apply to the specified IPC\n"
    );
}

#[test]
fn shares_may_have_decimals_and_no_sign() {
    let read = |text| share(OsStr::new(text)).ok();
    let of = |digits, decimals| Some(Share { digits, decimals });
    assert_eq!(read("90"), of(90, 0));
    assert_eq!(read("0.05"), of(5, 2));
    assert_eq!(read("150"), of(150, 0));
    for text in [
        "",
        "-1",
        "+1",
        ".5",
        "5.",
        "5%",
        "1e1",
        " 5",
        "1.2.3",
        "12345678901234567",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn what_contradicts_itself_is_a_usage_error() {
    let lines: &[&[&'static CStr]] = &[
        &[c"-J", c"-r"],
        &[c"-J", c"--json-lines"],
        &[c"-J", c"--quiet", c"-q"],
        &[c"--json-lines", c"--raw"],
        &[c"--json-lines", c"--quiet", c"-q"],
        &[c"-r", c"--quiet", c"-q"],
        &[c"-o", c"id", c"--quiet", c"-q"],
        &[c"--output-all", c"--quiet", c"-q"],
        &[c"-o", c"id", c"-q", c"-i1"],
        &[c"--output-all", c"-q", c"-i1"],
        &[c"-q", c"-i1", c"-r"],
        &[c"-q", c"-i1", c"--json-lines"],
        &[c"-q", c"-i1", c"--quiet"],
        &[c"-q", c"-i1", c"--time-format=iso"],
        &[c"--noheadings", c"-J"],
        &[c"--noheadings", c"--json-lines"],
        &[c"--noheadings", c"-q", c"--quiet"],
        &[c"--noheadings"],
        &[c"-l", c"--quiet"],
        &[c"-u", c"--quiet"],
        &[c"-l", c"-r"],
        &[c"-u", c"-r"],
        &[c"--attached"],
        &[c"--attached", c"-m", c"-o", c"id"],
        &[c"--attached", c"-m", c"--json-lines"],
        &[c"-M", c"-i", c"1"],
        &[c"-Q", c"-t"],
        &[c"-S", c"-p"],
        &[c"--posix", c"-c"],
        &[c"--target=1", c"-A"],
        &[c"--target=1", c"--namespace=f"],
        &[c"--namespace=f", c"-A"],
        &[c"--namespace=f", c"-M"],
        &[c"--namespace=f", c"-S"],
        &[c"--quiet"],
        &[c"--quiet", c"-qm"],
        &[c"-S", c"--unused"],
    ];
    for words in lines {
        let outcome = outcome(words);
        assert!(
            matches!(outcome, Err(Failure::Usage(_))),
            "{words:?}: {outcome:?}"
        );
    }
    let text = words!["--json and --raw cannot be combined"];
    assert_eq!(outcome(&[c"-J", c"-r"]), Err(Failure::usage(text)));
}
