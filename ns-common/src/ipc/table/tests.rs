use std::fs;

use super::*;

const HEADER: &str = "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n";

fn collect<T: Row + Clone>(table: impl Read) -> Vec<T> {
    let mut objects = Vec::new();
    each_row(table, &mut |object: &T| {
        objects.push(object.clone());
        ControlFlow::Continue(())
    })
    .unwrap();
    objects
}

#[test]
fn queue_rows_are_read() {
    let row = "        -2      32769   640        1500          1    77    88  1000   100     0     0 1700000000          0 1700000001\n";
    let queues: Vec<Queue> = collect(format!("{HEADER}{row}").as_bytes());
    let permissions = Permissions {
        key: 0xffff_fffe,
        id: 32769,
        mode: 0o640,
        uid: 1000,
        gid: 100,
        cuid: 0,
        cgid: 0,
    };
    assert_eq!(
        queues,
        [Queue {
            permissions,
            bytes: 1500,
            messages: 1,
            capacity: None,
            last_sender: 77,
            last_receiver: 88,
            sent: 1_700_000_000,
            received: 0,
            changed: 1_700_000_001,
        }]
    );
}

#[test]
fn segments_need_no_resident_and_swapped_sizes_and_ignore_what_is_new() {
    let old = "0 5 1600 9223372036854775807 1 2 3 4 5 6 7 8 9 10";
    let present = format!("{old} 4096 0");
    let future = format!("{present} 1 2 more");
    let table = [old, &present, &future].join("\n");
    let segments: Vec<Segment> = collect(table.as_bytes());
    assert_eq!(segments.len(), 3);
    assert!(segments.iter().all(|segment| segment.changed == 10));
    let resident = |segment: &Segment| (segment.resident, segment.swapped);
    assert_eq!(resident(&segments[0]), (None, None));
    assert_eq!(resident(&segments[1]), (Some(4096), Some(0)));
    assert_eq!(resident(&segments[2]), (Some(4096), Some(0)));
    let first = &segments[0];
    assert_eq!(
        (first.size, first.permissions.mode, first.changed),
        ((1 << 63) - 1, 0o1600, 10)
    );
}

#[test]
fn malformed_rows_are_skipped() {
    let count = |table: &str| collect::<SemaphoreSet>(table.as_bytes()).len();
    let row = "1 2 600 18446744073709551615 0 0 0 0 0 1700000000";
    assert_eq!(count(""), 0);
    assert_eq!(
        count("key semid perms nsems uid gid cuid cgid otime ctime\n"),
        0
    );
    assert_eq!(
        count(&format!("\n\n{row}\nrubbish\n1 2 900 1 0 0 0 0 0 1\n{row}")),
        2
    );
    assert_eq!(
        count(&format!("{row}\n{}", &row[..20])),
        1,
        "a last line that was cut"
    );
    assert_eq!(collect::<SemaphoreSet>(row.as_bytes())[0].count, u64::MAX);
}

/// A table that is written while it is read.
struct Rows {
    left: u64,
    line: Vec<u8>,
}

impl Read for Rows {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.line.is_empty() && self.left > 0 {
            let number = self.left;
            self.left -= 1;
            let row = format!(
                "{number} {number} 600 {number} 1 0 0 1000 1000 1000 1000 0 0 1700000000\n"
            );
            self.line = row.into_bytes();
        }
        let length = self.line.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.line[..length]);
        self.line.drain(..length);
        Ok(length)
    }
}

/// The peak resident size of this process, in kilobytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn million_rows_are_added_up_in_flat_memory() {
    const ROWS: u64 = 1_000_000;
    let before = peak();
    let (mut bytes, mut messages) = (0, 0);
    each_row(
        Rows {
            left: ROWS,
            line: Vec::new(),
        },
        &mut |queue: &Queue| {
            bytes += queue.bytes;
            messages += queue.messages;
            ControlFlow::Continue(())
        },
    )
    .unwrap();
    assert_eq!((bytes, messages), (ROWS * (ROWS + 1) / 2, ROWS));
    // Other tests of this process run meanwhile; keeping a million rows would take more than a
    // hundred megabytes.
    let more = peak() - before;
    assert!(more < 32 * 1024, "{more} kB more");
}

#[test]
fn reading_ends_when_the_visitor_has_enough() {
    let mut seen = 0;
    each_row(
        Rows {
            left: 1000,
            line: Vec::new(),
        },
        &mut |_: &Queue| {
            seen += 1;
            if seen == 3 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        },
    )
    .unwrap();
    assert_eq!(seen, 3);
}
