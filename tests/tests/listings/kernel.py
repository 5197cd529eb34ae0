"""Compares what `ipcs -J` says, on standard input, with the kernel's own tables and calls.

JSON is read by python's parser; nothing of the tools is used."""

import ctypes
import json
import os
import pwd
import sys
from datetime import datetime

FIELDS = {
    "messages": ("msg", "key id perms usedbytes msgs lspid lrpid uid gid cuid cgid send recv ctime"),
    "sharedmemory": (
        "shm",
        "key id perms size cpid lpid nattch uid gid cuid cgid attach detach ctime rss swap",
    ),
    "semaphores": ("sem", "key id perms nsems uid gid cuid cgid otime ctime"),
}
TIMES = {"send", "recv", "ctime", "attach", "detach", "otime"}


def name(uid):
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def expected(field, text):
    if field == "key":
        return "0x%08x" % (int(text) & 0xFFFFFFFF)
    if field == "perms":
        return "%04o" % (int(text, 8) & 0o777)
    if field in TIMES:
        return int(text) or None
    return int(text)


def shown(field, value):
    if field in TIMES and value is not None:
        return int(datetime.fromisoformat(value).timestamp())
    return value


def capacity(identifier):
    """qbytes by msgctl(IPC_STAT): behind the permissions, three times, two counts."""
    record = ctypes.create_string_buffer(256)
    assert ctypes.CDLL(None).msgctl(identifier, 2, record) == 0
    return int.from_bytes(record[88:96], sys.byteorder)


document = json.load(sys.stdin)
assert document["namespace"] == os.stat("/proc/self/ns/ipc").st_ino
count = 0
for kind, (table, fields) in FIELDS.items():
    fields = fields.split()
    with open("/proc/sysvipc/" + table) as rows:
        rows = [line.split() for line in rows][1:]
    assert len(rows) == len(document[kind]), kind
    for row, found in zip(rows, document[kind]):
        for field, text in zip(fields, row):
            value = shown(field, found[field])
            assert value == expected(field, text), (kind, field, value, text)
            assert type(value) is type(expected(field, text)), (kind, field, value)
        assert found["owner"] == found["user"] == name(found["uid"]), found
        if kind == "messages":
            assert found["qbytes"] == capacity(found["id"]), found
        count += 1
print(count)
