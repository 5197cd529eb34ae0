//! Maps of ids, and the ids that are delegated.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use ns_common::idmap::{self, Hole, IdExtent, IdMap};
use ns_tests::fuzz::{self, Input, Verdict};
use proptest::prelude::*;
use proptest::sample::select;

/// The three numbers of a range by the plainest reading; the text has no blanks or signs.
fn plain_range(text: &str) -> Option<(u32, u32, u32)> {
    let numbers = |separator| -> Option<[u32; 3]> {
        let numbers: Result<Vec<u32>, _> = text.split(separator).map(str::parse).collect();
        numbers.ok()?.try_into().ok()
    };
    numbers(':')
        .map(|[inner, outer, count]| (inner, outer, count))
        .or_else(|| numbers(',').map(|[outer, inner, count]| (inner, outer, count)))
}

fn check_range(input: &Input) -> Verdict {
    let [text] = input.as_slice() else {
        return Ok(());
    };
    let read = IdExtent::parse(OsStr::from_bytes(text))
        .map(|extent| (extent.inner, extent.outer, extent.count));
    let is_plain = !text.iter().any(|byte| b" \t\n\x0b\x0c\r+-".contains(byte));
    if let (true, Ok(text)) = (is_plain, std::str::from_utf8(text)) {
        prop_assert_eq!(read, plain_range(text));
    } else if let Some((inner, outer, count)) = read {
        // Blanks and signs before a number change nothing.
        let text: Vec<u8> = text
            .iter()
            .copied()
            .filter(|byte| !byte.is_ascii_whitespace() && !b"+-\x0b".contains(byte))
            .collect();
        prop_assert_eq!(
            plain_range(std::str::from_utf8(&text).unwrap()),
            Some((inner, outer, count))
        );
    }
    Ok(())
}

#[test]
fn ranges_are_three_numbers() {
    let number = prop_oneof![
        5 => select(vec!["0", "1", "5", "65536", "4294967295", "4294967296", "007", "", "x", " 3", "+3", "-3", "-0", "3 ", "\t4"]).prop_map(str::to_owned),
        1 => "[0-9]{1,11}",
    ];
    let separator = select(vec![":", ":", ":", ",", ",", ";", " "]);
    let pieces = proptest::collection::vec((number, separator), 0..5);
    let text = pieces.prop_map(|pieces| {
        let mut text: String = pieces
            .into_iter()
            .flat_map(|(number, separator)| [number, separator.to_owned()])
            .collect();
        text.pop();
        vec![text.into_bytes()]
    });
    let bytes = proptest::collection::vec(any::<u8>(), 0..12).prop_map(|text| vec![text]);
    fuzz::check(
        "ranges",
        10_000,
        prop_oneof![6 => text, 1 => bytes],
        check_range,
    );
}

/// Each id inside and outside, of a map of few ids.
fn pairs(extents: &[IdExtent]) -> Vec<(u32, u32)> {
    extents
        .iter()
        .flat_map(|extent| {
            (0..extent.count).map(|place| (extent.inner + place, extent.outer + place))
        })
        .collect()
}

/// A single id and a range, as numbers.
fn check_hole(input: &Input) -> Verdict {
    let numbers: Vec<u32> = input
        .iter()
        .map(|piece| piece.first().copied().unwrap_or_default().into())
        .collect();
    let [alone_inner, alone_outer, inner, outer, count, costs] = numbers.as_slice() else {
        return Ok(());
    };
    let alone = IdExtent::single(*alone_inner, *alone_outer);
    let range = IdExtent {
        inner: *inner,
        outer: *outer,
        count: *count,
    };
    let hole = if costs % 2 == 0 {
        Hole::Free
    } else {
        Hole::CostsOneId
    };
    let map = IdMap::new(Some(alone), &[(range, hole)]);
    // The ids of the range on both sides without the single one, paired in order.
    let near = |base: u32, id: u32| (base..=base + count).contains(&id);
    let touches = near(*inner, *alone_inner) || near(*outer, *alone_outer);
    let count = if hole == Hole::CostsOneId && touches {
        count.saturating_sub(1)
    } else {
        *count
    };
    let inside = (*inner..).filter(|id| id != alone_inner);
    let outside = (*outer..).filter(|id| id != alone_outer);
    let mut expected = vec![(*alone_inner, *alone_outer)];
    expected.extend(inside.zip(outside).take(usize::try_from(count).unwrap()));
    prop_assert_eq!(pairs(map.extents()), expected, "{:?}", map);
    prop_assert!(map.extents().len() <= 4 && map.extents().iter().all(|extent| extent.count > 0));
    // The kernel's own form has blanks in front.
    let text = map.to_text();
    prop_assert_eq!(idmap::extents(&text), map.extents().to_vec());
    Ok(())
}

#[test]
fn single_id_is_left_out_on_both_sides() {
    let number = (0_u8..40).prop_map(|number| vec![number]);
    fuzz::check(
        "holes",
        20_000,
        proptest::collection::vec(number, 6),
        check_hole,
    );
}

/// A table of delegated ids, and the name of a user.
fn check_delegated(input: &Input) -> Verdict {
    let [table, name] = input.as_slice() else {
        return Ok(());
    };
    let read = idmap::delegated(table, &OsString::from_vec(name.clone()), 1000);
    let line = table.split(|byte| *byte == b'\n').find(|line| {
        let key = line.split(|byte| *byte == b':').next().unwrap_or_default();
        let has_three = line.iter().filter(|byte| **byte == b':').count() >= 2;
        has_three && (key == name.as_slice() || key == b"1000")
    });
    match (read, line) {
        (Ok(None), None) => {}
        (Ok(Some(extent)), Some(line)) => {
            let numbers: Vec<&[u8]> = line.split(|byte| *byte == b':').skip(1).collect();
            let number = |text: &[u8]| {
                std::str::from_utf8(text)
                    .unwrap()
                    .trim_start()
                    .trim_start_matches('+')
                    .parse::<u32>()
                    .ok()
            };
            prop_assert_eq!(Some(extent.outer), number(numbers[0]));
            prop_assert_eq!(Some(extent.count), number(numbers[1]));
            prop_assert_eq!(extent.inner, extent.outer);
        }
        (Err(_), Some(_)) => {}
        (read, line) => prop_assert!(false, "{:?} from {:?}", read.is_ok(), line),
    }
    Ok(())
}

#[test]
fn first_line_of_a_user_delegates() {
    let field = select(vec![
        "ann",
        "1000",
        "100000",
        "65536",
        "0",
        "x",
        "",
        " 5",
        "+5",
        "an",
        "anna",
        "01000",
        "4294967296",
        "5 ",
    ]);
    let line = proptest::collection::vec(field, 0..5).prop_map(|fields| fields.join(":"));
    let table =
        proptest::collection::vec(line, 0..6).prop_map(|lines| lines.join("\n").into_bytes());
    let name = select(vec!["ann", "an", "", "x"]).prop_map(|name| name.as_bytes().to_vec());
    fuzz::check(
        "delegated",
        10_000,
        (table, name).prop_map(|(table, name)| vec![table, name]),
        check_delegated,
    );
}
