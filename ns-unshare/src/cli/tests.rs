use std::ffi::CStr;

use ns_common::idmap::Both;

use super::*;
use crate::caller::stub::Of;
use crate::options::TOOL;

fn read(words: &[&'static CStr]) -> Result<Request, String> {
    match parse(&mut Parser::new(&TOOL, words), &Of(1000)) {
        Ok(Parsed::Request(request)) => Ok(request),
        Ok(other) => panic!("{other:?}"),
        Err(Failure::Step(error)) => Err(String::from_utf8(error.lines(b"unshare")).unwrap()),
        Err(other) => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(words: &[&'static CStr], text: &str) {
    assert_eq!(read(words), Err(format!("unshare: {text}\n")));
}

#[test]
fn numbers_come_before_names_and_must_be_ids() {
    assert_eq!(
        read(&[c"--map-user= +007"]).unwrap().single.user,
        Some(SingleId::Id(7))
    );
    assert_eq!(
        read(&[c"--map-user=root"]).unwrap().single.user,
        Some(SingleId::Id(0))
    );
    refused(
        &[c"--map-user=no such"],
        "failed to parse uid 'no such': Invalid argument",
    );
    refused(
        &[c"--map-group=-1"],
        "failed to parse gid '-1': Numerical result out of range",
    );
    refused(
        &[c"--map-user=4294967296"],
        "failed to parse uid '4294967296': Numerical result out of range",
    );
    refused(
        &[c"--map-user=4294967295"],
        "failed to parse uid '4294967295': Invalid argument",
    );
    refused(&[c"-S", c"abc"], "failed to parse uid: 'abc'");
    refused(
        &[c"-G", c"4294967296"],
        "failed to parse gid: '4294967296': Numerical result out of range",
    );
}

#[test]
fn words_are_taken_exactly() {
    refused(
        &[c"--propagation=priv"],
        "unsupported propagation mode: priv",
    );
    refused(
        &[c"--setgroups=Allow"],
        "unsupported --setgroups argument 'Allow'",
    );
    refused(&[c"--map-users=autos"], "invalid mapping 'autos'");
    refused(&[c"--kill-child=9"], "unknown signal: 9");
    refused(&[c"--kill-child="], "unknown signal: ");
}

#[test]
fn owner_has_two_ids_and_either_may_be_unchanged() {
    let owner = |text| read(&[c"--owner", text]).map(|request| request.owner.unwrap());
    assert_eq!(
        owner(c"1:2"),
        Ok(Both {
            user: Some(1),
            group: Some(2)
        })
    );
    assert_eq!(
        owner(c"-1:4294967295"),
        Ok(Both {
            user: None,
            group: None
        })
    );
    for text in [
        c"",
        c"1",
        c"1:",
        c":1",
        c"a:b",
        c"1:2:3",
        c"1:2x",
        c"-2:1",
        c"4294967296:1",
    ] {
        assert_eq!(
            owner(text),
            Err("unshare: failed to parse owner\n".to_owned()),
            "{text:?}"
        );
    }
}

#[test]
fn offsets_need_a_time_namespace() {
    refused(
        &[c"-T", c"--monotonic=5x"],
        "failed to parse monotonic offset: '5x'",
    );
    let text = "options --monotonic and --boottime require unsharing of a time namespace (-T)";
    refused(&[c"--boottime=5"], text);
    let range =
        "failed to parse boottime offset: '9223372036854775808': Numerical result out of range";
    refused(&[c"-T", c"--boottime=9223372036854775808"], range);
}

#[test]
fn values_are_checked_before_later_options_are_seen() {
    refused(&[c"-S", c"x", c"--bogus"], "failed to parse uid: 'x'");
    assert_eq!(
        parse(&mut Parser::new(&TOOL, &[c"-h", c"--bogus"]), &Of(0)),
        Ok(Parsed::Help)
    );
}
