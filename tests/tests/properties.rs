//! What holds for every input: parsers do not panic, and what is written reads back.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::ffi::OsStr;
use std::ops::ControlFlow;

use ns_common::ipc::system_v::{Permissions, Queue, Segment, SemaphoreSet};
use ns_common::ipc::table::{Row, each_row};
use ns_common::number::{self, NumberError, Radix, size};
use proptest::prelude::*;

fn objects<T: Row + Clone>(table: &[u8]) -> Vec<T> {
    let mut objects = Vec::new();
    each_row(table, &mut |object: &T| {
        objects.push(object.clone());
        ControlFlow::Continue(())
    })
    .unwrap();
    objects
}

proptest! {
    #[test]
    fn no_text_makes_the_number_parser_panic(text in ".{0,40}") {
        for radix in [Radix::Octal, Radix::Decimal, Radix::ByPrefix] {
            let _ = number::parse(OsStr::new(&text), radix, i64::MIN..=i64::MAX);
        }
    }

    #[test]
    fn printed_number_reads_back(number in any::<i64>(), id in any::<u32>()) {
        let signed = number.to_string();
        let signed = number::parse(OsStr::new(&signed), Radix::Decimal, i64::MIN..=i64::MAX);
        prop_assert_eq!(signed, Ok(number));
        prop_assert_eq!(number::id(OsStr::new(&id.to_string())), Ok(id));
        let octal = format!("0{id:o}");
        let octal = number::parse(OsStr::new(&octal), Radix::ByPrefix, 0..=u64::MAX);
        prop_assert_eq!(octal, Ok(id.into()));
    }

    #[test]
    fn no_text_makes_the_size_parser_panic(
        text in "[ +-]?[0-9x]{0,25}[.]?[0-9]{0,30}[KMGTPEZYkmiBb]{0,3}.{0,2}"
    ) {
        let _ = size::parse(OsStr::new(&text));
    }

    #[test]
    fn fraction_of_a_size_is_the_whole_product_rounded_down(
        integer in 0_u64..1000, thousandths in 0_u64..1000, power in 1_u32..5
    ) {
        let letter = char::from(b"KMGT"[power as usize - 1]);
        let unit = 1024_u64.pow(power);
        let exact = u128::from(integer * 1000 + thousandths) * u128::from(unit) / 1000;
        let exact = u64::try_from(exact).map_err(|_| NumberError::Range);
        let text = format!("{integer}.{thousandths:03}{letter}");
        prop_assert_eq!(size::parse(OsStr::new(&text)), exact);
    }

    #[test]
    fn no_table_makes_the_reader_panic(table in proptest::collection::vec(any::<u8>(), 0..400)) {
        objects::<Queue>(&table);
        objects::<Segment>(&table);
        objects::<SemaphoreSet>(&table);
    }

    #[test]
    fn row_of_a_segment_reads_back(
        key in any::<i32>(), id in 0..i32::MAX, mode in 0_u32..0o7777, size in any::<u64>(),
        pids in any::<(i32, i32)>(), attached in any::<u64>(), owners in any::<(u32, u32, u32, u32)>(),
        times in any::<(i64, i64, i64)>(),
    ) {
        let row = [
            format!("{key:10} {id:10}  {mode:4o} {size:21} {:5} {:5}  {attached:5}", pids.0, pids.1),
            format!(" {:5} {:5} {:5} {:5}", owners.0, owners.1, owners.2, owners.3),
            format!(" {:10} {:10} {:10} 0 0", times.0, times.1, times.2),
        ]
        .concat();
        let permissions = Permissions {
            key: u32::from_ne_bytes(key.to_ne_bytes()),
            id,
            mode,
            uid: owners.0,
            gid: owners.1,
            cuid: owners.2,
            cgid: owners.3,
        };
        prop_assert_eq!(objects::<Segment>(row.as_bytes()), vec![Segment {
            permissions,
            size,
            creator: pids.0,
            last_user: pids.1,
            attached,
            attach_time: times.0,
            detach_time: times.1,
            changed: times.2,
            resident: Some(0),
            swapped: Some(0),
        }]);
    }
}
