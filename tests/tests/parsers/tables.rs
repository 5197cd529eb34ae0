//! The kernel's tables of System V objects, and what else is read from /proc by the library.

use std::ops::ControlFlow;

use ns_common::ipc::system_v::{Permissions, Queue, Segment, SemaphoreSet};
use ns_common::ipc::table::{Row, each_row};
use ns_common::process::variables;
use ns_common::{idmap, procfs};
use ns_tests::fuzz::{self, Input, Verdict};
use proptest::prelude::*;
use proptest::sample::select;

fn objects<T: Row + Clone>(table: &[u8]) -> Vec<T> {
    let mut objects = Vec::new();
    each_row(table, &mut |object: &T| {
        objects.push(object.clone());
        ControlFlow::Continue(())
    })
    .unwrap();
    objects
}

/// A number in a field, by the standard library; it takes a plus sign, which the kernel never
/// prints.
fn number<T: std::str::FromStr>(field: &str) -> Option<T> {
    field.parse().ok().filter(|_| !field.starts_with('+'))
}

fn octal(field: &str) -> Option<u32> {
    u32::from_str_radix(field, 8)
        .ok()
        .filter(|_| !field.starts_with('+'))
}

fn key(field: &str) -> Option<u32> {
    let key: i64 = number(field)?;
    let signed = i32::try_from(key).map(|key| u32::from_ne_bytes(key.to_ne_bytes()));
    signed.or_else(|_| u32::try_from(key)).ok()
}

/// The record in a line, by its columns; `owners` is the first one of the four ids.
fn permissions(fields: &[&str], owners: usize) -> Option<Permissions> {
    let id = |place: usize| number(fields.get(owners + place)?);
    Some(Permissions {
        key: key(fields.first()?)?,
        id: number(fields.get(1)?)?,
        mode: octal(fields.get(2)?)?,
        uid: id(0)?,
        gid: id(1)?,
        cuid: id(2)?,
        cgid: id(3)?,
    })
}

fn queue(fields: &[&str]) -> Option<Queue> {
    Some(Queue {
        permissions: permissions(fields, 7)?,
        bytes: number(fields[3])?,
        messages: number(fields[4])?,
        last_sender: number(fields[5])?,
        last_receiver: number(fields[6])?,
        sent: number(fields.get(11)?)?,
        received: number(fields.get(12)?)?,
        changed: number(fields.get(13)?)?,
        ..Queue::default()
    })
}

fn segment(fields: &[&str]) -> Option<Segment> {
    Some(Segment {
        permissions: permissions(fields, 7)?,
        size: number(fields[3])?,
        creator: number(fields[4])?,
        last_user: number(fields[5])?,
        attached: number(fields[6])?,
        attach_time: number(fields.get(11)?)?,
        detach_time: number(fields.get(12)?)?,
        changed: number(fields.get(13)?)?,
        resident: fields.get(14).and_then(|field| number(field)),
        swapped: fields.get(15).and_then(|field| number(field)),
    })
}

fn set(fields: &[&str]) -> Option<SemaphoreSet> {
    Some(SemaphoreSet {
        permissions: permissions(fields, 4)?,
        count: number(fields[3])?,
        operated: number(fields.get(8)?)?,
        changed: number(fields.get(9)?)?,
    })
}

fn expected<T>(table: &str, record: impl Fn(&[&str]) -> Option<T>) -> Vec<T> {
    let lines = table
        .split('\n')
        .map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    lines.filter_map(|fields| record(&fields)).collect()
}

fn check(input: &Input) -> Verdict {
    let table = input.join(&b'\n');
    let (queues, segments, sets) = (
        objects::<Queue>(&table),
        objects::<Segment>(&table),
        objects::<SemaphoreSet>(&table),
    );
    if let Ok(text) = std::str::from_utf8(&table) {
        prop_assert_eq!(queues, expected(text, queue));
        prop_assert_eq!(segments, expected(text, segment));
        prop_assert_eq!(sets, expected(text, set));
    }
    Ok(())
}

/// A line that is a row of some table, or nearly.
fn row() -> impl Strategy<Value = Vec<u8>> {
    let field = prop_oneof![
        8 => (0_u32..5000).prop_map(|number| number.to_string()),
        1 => any::<i64>().prop_map(|number| number.to_string()),
        1 => any::<i32>().prop_map(|number| number.to_string()),
        1 => select(vec!["-1", "+1", "0x1", "", "-", "key", "18446744073709551615", "18446744073709551616",
            "-9223372036854775808", "4294967295", "2147483648", "-2147483648", "00600", "\u{e9}", "1\u{a0}2"]).prop_map(str::to_owned),
    ];
    let count = prop_oneof![Just(14_usize), Just(16), Just(10), 0_usize..18];
    let fields = count.prop_flat_map(move |count| proptest::collection::vec(field.clone(), count));
    let line = (fields, select(vec![" ", "  ", "\t"]))
        .prop_map(|(fields, blank)| fields.join(blank).into_bytes());
    prop_oneof![12 => line, 1 => proptest::collection::vec(any::<u8>(), 0..30)]
}

#[test]
fn rows_are_their_columns() {
    fuzz::check(
        "tables",
        10_000,
        proptest::collection::vec(row(), 0..4),
        check,
    );
}

/// The readers of small files: nothing has them panic, and what they find was there.
fn check_small_files(input: &Input) -> Verdict {
    let [text] = input.as_slice() else {
        return Ok(());
    };
    let extents = idmap::extents(text);
    prop_assert!(extents.len() <= text.split(|byte| *byte == b'\n').count());
    prop_assert_eq!(idmap::inner_identity(text).len(), extents.len());
    if let Some(found) = procfs::field(text, b"Uid:") {
        prop_assert!(
            text.windows(found.len().max(1))
                .any(|window| window == found || found.is_empty())
        );
    }
    for (name, value) in variables::of_block(text) {
        let setting = [name.as_bytes(), b"=", value.as_bytes()].concat();
        prop_assert!(text.split(|byte| *byte == 0).any(|known| known == setting));
    }
    Ok(())
}

#[test]
fn small_files_are_read_without_a_panic() {
    let piece = prop_oneof![
        select(vec![
            "Uid:\t",
            "0 0 1\n",
            "         0          0 4294967295\n",
            "A=b\0",
            "=x\0",
            "\0",
            "\n",
            "Uid:",
            "A\0",
            "-1 5 5\n",
            "B==\0"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..6),
    ];
    let text = proptest::collection::vec(piece, 0..6).prop_map(|pieces| vec![pieces.concat()]);
    fuzz::check("small_files", 10_000, text, check_small_files);
}
