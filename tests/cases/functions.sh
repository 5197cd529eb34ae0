# Functions for the scripts of the cases. Numbers are written as in the shell: 10, 0x10, -1. Modes
# are octal.

# The reference has no hints; they have separate tests.
export NS_HINTS=0

# Runs a command as an ordinary user: `$as_user COMMAND...`. The case needs root and setpriv.
as_user='setpriv --reuid 1000 --regid 1000 --clear-groups'

# subids LINE...: replaces /etc/subuid and /etc/subgid by these lines. Needs root.
subids() {
    : > s
    for line; do echo "$line" >> s; done
    mount --bind s /etc/subuid
    mount --bind s /etc/subgid
}

# rc: prints the status of the preceding command.
rc() { echo "rc=$?"; }

# each COMMAND WORD...: runs the command with each word; prints message and status on one line.
each() { for word in "${@:2}"; do $1 "$word" 2>&1; rc; done | paste -d ' ' - -; }

# await FILE: waits until the file exists.
await() { until [ -e "$1" ]; do sleep .01; done; }

# asleep PID: waits until the process runs `sleep`.
asleep() { until is_asleep "$1"; do sleep .01; done; }
is_asleep() { [ "$(cat "/proc/$1/comm" 2> /dev/null)" = sleep ]; }

# child PID: waits until a child of the process runs `sleep`, and sets T to its PID.
child() { until is_asleep "$T"; do read -r T < "/proc/$1/task/$1/children"; T=${T%% *}; done; }

# queue KEY MODE: creates a message queue. This function and those below need perl.
queue() { perl -e 'msgget(shift, shift) // die $!' -- $(($1)) $((01000 | 0$2)); }

# message KEY SIZE: sends a message of this size to a queue.
message() {
    perl -e 'msgsnd(msgget(shift, 0), pack("l! a" . shift, 1, ""), 0) // die $!' -- $(($1)) "$2"
}

# queue_owner KEY UID GID: changes the owner of a queue.
queue_owner() {
    perl -e '$queue = msgget(shift, 0);
        msgctl($queue, 2, $record = "\0" x 256) // die $!;
        substr($record, 4, 8) = pack("LL", @ARGV);
        msgctl($queue, 1, $record) // die $!' -- $(($1)) "$2" "$3"
}

# segment KEY SIZE MODE: creates a shared memory segment.
segment() { perl -e 'shmget(shift, shift, shift) // die $!' -- $(($1)) "$2" $((01000 | 0$3)); }

# lock KEY: locks a segment into memory.
lock() { perl -e 'shmctl(shmget(shift, 0, 0), 11, 0) // die $!' -- $(($1)); }

# attached COMMANDS: runs the commands while segment 0, with 8192 bytes and key 7, is attached.
# Needs python3.
attached() {
    python3 -c 'import ctypes, subprocess, sys
c = ctypes.CDLL(None)
c.shmat.restype = ctypes.c_void_p
c.shmat(c.shmget(7, 8192, 0o1600), None, 0)
subprocess.call(sys.argv[1], shell=True)' "$1"
}

# semaphores KEY COUNT MODE: creates a set of semaphores.
semaphores() { perl -e 'semget(shift, shift, shift) // die $!' -- $(($1)) "$2" $((01000 | 0$3)); }

# semaphore_value KEY NUMBER VALUE: sets one semaphore of a set.
semaphore_value() {
    perl -e 'semctl(semget(shift, 0, 0), shift, 16, shift) // die $!' -- $(($1)) "$2" "$3"
}

