//! Printing all details of one object.

use ns_common::console::Output;
use ns_common::ipc::system_v::{Permissions, Queue, Segment, Semaphore, SemaphoreSet};
use ns_common::output::columns::{Digits, left};
use ns_common::output::units::{TimeShape, human_size, time};
use ns_common::words;

use crate::cli::Unit;

/// Prints a queue.
pub fn queue(queue: &Queue, unit: Unit, output: &mut Output) {
    output.push(&words![
        "\nMessage Queue msqid=",
        queue.permissions.id,
        "\n"
    ]);
    owners(&queue.permissions, "\t", output);
    output.push(&words!["\tmode=", mode(queue.permissions.mode), "\n"]);
    let capacity = queue.capacity.unwrap_or(0);
    match unit {
        Unit::Human => output.push(&words![
            "csize=",
            human_size(queue.bytes).as_slice(),
            "\tqsize=",
            human_size(capacity).as_slice(),
        ]),
        Unit::Usual | Unit::Bytes => {
            output.push(&words!["cbytes=", queue.bytes, "\tqbytes=", capacity])
        }
    }
    output.push(&words![
        "\tqnum=",
        queue.messages,
        "\tlspid=",
        queue.last_sender,
        "\tlrpid=",
        queue.last_receiver,
        "\n"
    ]);
    stamp("send_time=", queue.sent, output);
    stamp("rcv_time=", queue.received, output);
    stamp("change_time=", queue.changed, output);
    output.push("\n");
}

/// Prints a segment.
pub fn segment(segment: &Segment, unit: Unit, output: &mut Output) {
    output.push(&words![
        "\nShared memory Segment shmid=",
        segment.permissions.id,
        "\n"
    ]);
    owners(&segment.permissions, "\t", output);
    let access = mode(segment.permissions.mode & 0o777);
    output.push(&words![
        "\nmode=",
        mode(segment.permissions.mode),
        "\taccess_perms=",
        access,
        "\n"
    ]);
    match unit {
        Unit::Human => output.push(&words!["size=", human_size(segment.size).as_slice()]),
        Unit::Usual | Unit::Bytes => output.push(&words!["bytes=", segment.size]),
    }
    output.push(&words![
        "\tlpid=",
        segment.last_user,
        "\tcpid=",
        segment.creator,
        "\tnattch=",
        segment.attached,
        "\n"
    ]);
    stamp("att_time=", segment.attach_time, output);
    stamp("det_time=", segment.detach_time, output);
    stamp("change_time=", segment.changed, output);
    output.push("\n");
}

/// Prints a semaphore set and each of its semaphores.
pub fn semaphore_set(set: &SemaphoreSet, semaphores: &[Semaphore], output: &mut Output) {
    output.push(&words![
        "\nSemaphore Array semid=",
        set.permissions.id,
        "\n"
    ]);
    owners(&set.permissions, "\t ", output);
    let access = mode(set.permissions.mode & 0o777);
    output.push(&words![
        "\nmode=",
        mode(set.permissions.mode),
        ", access_perms=",
        access,
        "\n"
    ]);
    output.push(&words!["nsems = ", set.count, "\n"]);
    stamp("otime = ", set.operated, output);
    stamp("ctime = ", set.changed, output);
    line(
        ["semnum", "value", "ncount", "zcount", "pid"].map(str::as_bytes),
        output,
    );
    for (number, semaphore) in (0..).zip(semaphores) {
        let numbers = [
            number,
            i64::from(semaphore.value),
            i64::from(semaphore.waiting_for_increase),
            i64::from(semaphore.waiting_for_zero),
            i64::from(semaphore.last_user),
        ]
        .map(Digits::signed);
        line(numbers.each_ref().map(Digits::as_bytes), output);
    }
    output.push("\n");
}

/// Numbers, never names.
fn owners(permissions: &Permissions, separator: &str, output: &mut Output) {
    output.push(&words![
        "uid=",
        permissions.uid,
        separator,
        "gid=",
        permissions.gid,
        separator,
        "cuid=",
        permissions.cuid,
        separator,
        "cgid=",
        permissions.cgid,
    ]);
}

/// Octal with a leading 0, which zero itself is.
fn mode(mode: u32) -> String {
    if mode == 0 {
        "0".to_owned()
    } else {
        format!("0{mode:o}")
    }
}

fn stamp(name: &str, seconds: i64, output: &mut Output) {
    output.push(name);
    left(output.buffer(), &time(seconds, TimeShape::Full), 26);
    output.push("\n");
}

fn line(fields: [&[u8]; 5], output: &mut Output) {
    let [first @ .., last] = fields;
    for field in first {
        left(output.buffer(), field, 10);
        output.buffer().push(b' ');
    }
    left(output.buffer(), last, 10);
    output.push("\n");
}
