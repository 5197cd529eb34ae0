//! Lines of /etc/passwd and /etc/group.

use std::ffi::CString;

use ns_common::accounts::{self, Database, Line};
use ns_tests::c_library::{Account, first_group, first_user};
use ns_tests::fuzz::{self, Input, Verdict};
use proptest::prelude::*;
use proptest::sample::select;

/// Lines that are accounts, or nearly.
fn line() -> impl Strategy<Value = Input> {
    let field = prop_oneof![
        6 => select(vec!["ann", "x", "7", "1000", "/", "/bin/sh", "", "0", "4294967295", "4294967294"]).prop_map(|text| text.as_bytes().to_vec()),
        2 => select(vec!["+", "-", "+ann", " 7", "+7", "-7", "4294967296", "07", "0x7", "#", " ", "a b", "\t", "7 ", "\r", "ann,ben"]).prop_map(|text| text.as_bytes().to_vec()),
        1 => proptest::collection::vec(1_u8.., 0..5),
    ];
    let fields = prop_oneof![4 => Just(7_usize), 4 => Just(4), 1 => 0_usize..10];
    fields
        .prop_flat_map(move |count| proptest::collection::vec(field.clone(), count))
        .prop_map(|fields| {
            let line: Vec<u8> = fields.join(&b':');
            vec![line.into_iter().filter(|byte| *byte != b'\n').collect()]
        })
}

/// What we are sure of, the C library says too.
fn check(input: &Input) -> Verdict {
    let [line] = input.as_slice() else {
        return Ok(());
    };
    let with_end = [line.as_slice(), b"\n"].concat();
    for (database, judge) in [
        (Database::Passwd, first_user as fn(&[u8]) -> Option<Account>),
        (Database::Group, first_group),
    ] {
        let read: Vec<Line<'_>> = accounts::lines(line, database).collect();
        match read.as_slice() {
            [Line::Entry(entry)] => {
                let ours = Account {
                    name: CString::new(entry.name).unwrap(),
                    number: entry.number,
                    shell: CString::new(entry.shell).unwrap(),
                };
                prop_assert_eq!(Some(ours), judge(&with_end), "{:?}", database);
            }
            [Line::Empty] => prop_assert_eq!(None, judge(&with_end), "{:?}", database),
            [Line::Unclear] => {}
            other => prop_assert!(false, "one line is {} lines", other.len()),
        }
    }
    Ok(())
}

#[test]
fn accounts_that_are_clear_are_those_of_the_c_library() {
    fuzz::check("accounts", 10_000, line(), check);
}
