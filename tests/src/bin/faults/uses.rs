//! The main uses of the tools.

/// A command, and what there is around it.
#[derive(Debug)]
pub(crate) struct Use {
    pub(crate) name: &'static str,
    /// Commands for bash that are run before; they print what the command can name, `NAME=VALUE`.
    pub(crate) setting: &'static str,
    /// Its words, parted by blanks.
    pub(crate) command: &'static str,
    pub(crate) objects: Objects,
    pub(crate) leaves: Leaves,
    /// Run as this user, which takes root.
    pub(crate) user: Option<u32>,
    /// Needs to be root of the system.
    pub(crate) for_root: bool,
    /// A program that it needs.
    pub(crate) needs: Option<&'static str>,
    /// Calls, maybe with an error number, after whose failure it succeeds in another way, which
    /// shows in its output, and the reason why that is right.
    pub(crate) accepted: &'static [(&'static str, &'static str)],
    /// It gets descriptors 3, to which it writes events, and 4, from which it can read.
    pub(crate) events: bool,
}

/// The IPC objects that it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Objects {
    /// Always the same.
    Kept,
    /// New ones in each case, in a namespace of their own.
    Fresh,
}

/// What may be there after a failure that was not before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// Nothing; what a success leaves once the program has been run.
    Nothing,
    /// Objects of which it has told.
    Told,
    /// The C library's sem_open(3) may have made the semaphore, or a file that was to become it,
    /// when it fails; those cannot be told from what others have made.
    OfTheLibrary,
    /// Fewer objects than before, but none less than after a success.
    Fewer,
}

/// What `$LINKS` stands for.
macro_rules! links {
    () => {
        "cd /proc/self/ns; for k in *; do printf '%s ' LINK_$k=$k=$(readlink $k); done; cd /mnt; "
    };
}

/// A target with these namespaces: `$T`.
macro_rules! target {
    ($namespaces:literal) => {
        concat!(
            "mkfifo ready; unshare ", $namespaces, " --kill-child -f sh -c 'echo > /mnt/ready; exec sleep 100000' > /dev/null 2>&1 & U=$!; ",
            "read x < ready; read T < /proc/$U/task/$U/children || [ $T ]; T=${T%% *}; echo T=$T; ",
            links!()
        )
    };
}

const PLAIN: Use = Use {
    name: "",
    setting: concat!(links!(), "touch f g; mkdir d"),
    command: "",
    objects: Objects::Kept,
    leaves: Leaves::Nothing,
    user: None,
    for_root: false,
    needs: None,
    accepted: &[],
    events: false,
};

const fn unshare(name: &'static str, command: &'static str) -> Use {
    Use {
        name,
        command,
        ..PLAIN
    }
}

const fn nsenter(name: &'static str, setting: &'static str, command: &'static str) -> Use {
    Use {
        name,
        setting,
        command,
        ..PLAIN
    }
}

/// What `ipcs` may not look at is missing in its lists.
const REFUSED: &[(&str, &str)] = &[
    ("* EPERM", "what may not be looked at is missing"),
    ("* EACCES", "what may not be looked at is missing"),
    ("* ENOSYS", "a kernel without the call has none of the kind"),
    ("kill EINVAL", "the kernel knows every signal"),
];

/// Also what it cannot look at, as long as it says so.
const TOLD: &[(&str, &str)] = &[
    ("* EPERM", "what may not be looked at is missing"),
    ("* EACCES", "what may not be looked at is missing"),
    ("* ENOSYS", "a kernel without the call has none of the kind"),
    (
        "told",
        "processes that could not be read are counted on standard error",
    ),
    ("kill EINVAL", "the kernel knows every signal"),
];

const fn ipcs(name: &'static str, command: &'static str) -> Use {
    Use {
        accepted: REFUSED,
        name,
        setting: "touch f",
        command,
        ..PLAIN
    }
}

const fn ipcmk(name: &'static str, command: &'static str) -> Use {
    Use {
        name,
        setting: "",
        command,
        objects: Objects::Fresh,
        leaves: Leaves::Told,
        ..PLAIN
    }
}

const fn ipcrm(name: &'static str, command: &'static str) -> Use {
    Use {
        name,
        setting: "",
        command,
        objects: Objects::Fresh,
        leaves: Leaves::Fewer,
        ..PLAIN
    }
}

impl Use {
    const fn for_root(self) -> Self {
        Self {
            for_root: true,
            ..self
        }
    }

    const fn with_events(self) -> Self {
        Self {
            events: true,
            ..self
        }
    }

    const fn after(self, setting: &'static str) -> Self {
        Self { setting, ..self }
    }

    /// The tool.
    pub(crate) fn tool(&self) -> &'static str {
        self.command.split(' ').next().unwrap_or_default()
    }
}

/// More objects than are read from `/proc/sysvipc`, so that the kernel is asked for each index.
const DENSE: &str =
    "for i in {1..35}; do ipcmk -Q -M 9 -S 2; done > /dev/null; ipcrm -q 3 -m 3 -s 3";

/// A process that has a segment and an object of POSIX shared memory mapped, and a socket of its
/// own network namespace under descriptor 3: `$T`.
const HOLDER: &str = concat!(
    "unshare -n python3 -c '
import ctypes, mmap, os, socket, time
held = socket.socket()
os.dup2(held.fileno(), 3)
c = ctypes.CDLL(None)
c.shmat.restype = ctypes.c_void_p
c.shmat(0, None, 0)
file = open(\"/dev/shm/before\", \"r+\")
mapped = mmap.mmap(file.fileno(), 10)
open(\"/mnt/up\", \"w\").close()
time.sleep(100000)' > /dev/null 2>&1 & T=$!; ",
    "until [ -e up ]; do sleep .02; done; echo T=$T; ",
    links!()
);

/// Delegated ids for user 1000.
const DELEGATED: &str = concat!(
    links!(),
    "echo user:x:1000:1000::/:/bin/sh > passwd; cat /etc/passwd >> passwd; mount --bind passwd /etc/passwd; ",
    "echo 1000:100000:65536 > s; mount --bind s /etc/subuid; mount --bind s /etc/subgid; ",
    "command -v newuidmap newgidmap > /dev/null"
);

pub(crate) static USES: &[Use] = &[
    unshare("unshare", "unshare -iu $PROBE $LINKS"),
    unshare(
        "unshare-root",
        "unshare -r -p -f --mount-proc --kill-child --keep-caps -w /usr $PROBE $LINKS",
    ),
    unshare("unshare-current", "unshare -c --keep-caps -m $PROBE $LINKS"),
    unshare(
        "unshare-helpers",
        "unshare --map-users=0:0:1 --map-groups=0:0:1 -m --uts=f --net=g -f --forward-signals $PROBE $LINKS",
    ),
    unshare(
        "unshare-clocks",
        "unshare -T --boottime=5 --monotonic=-1 -m --propagation=slave -S0 --clear-env $PROBE $LINKS",
    ),
    unshare(
        "unshare-another-root",
        "unshare -m --mount=f --root=/ --wd=/usr $PROBE $LINKS",
    ),
    unshare(
        "unshare-files",
        "unshare --user=f --uts=g --ipc=h -r $PROBE $LINKS",
    )
    .after(concat!(links!(), "touch f g h")),
    unshare(
        "unshare-files-forked",
        "unshare --mount=f --pid=g --time=h -f $PROBE $LINKS",
    )
    .after(concat!(links!(), "touch f g h")),
    unshare("unshare-init", "unshare --init --mount-proc $PROBE $LINKS"),
    unshare(
        "unshare-init-files",
        "unshare --init=wait:1 --kill-child --uts=f --pid-file p --status-fd 3 $PROBE $LINKS",
    )
    .with_events(),
    unshare(
        "unshare-supervised",
        "unshare -f -uin --pid-file p --status-fd 3 --wait-fd 4 $PROBE $LINKS",
    )
    .with_events(),
    unshare(
        "unshare-pid-file",
        "unshare --uts=f --pid-file p --forward-signals=all $PROBE $LINKS",
    ),
    unshare(
        "unshare-told",
        "unshare -u --status-fd 3 --wait-fd 4 $PROBE $LINKS",
    )
    .with_events(),
    unshare(
        "unshare-join",
        "unshare --join uts=$T --join ipc=/proc/$T/ns/ipc -n --loopback $PROBE $LINKS",
    )
    .after(target!("-ui")),
    unshare(
        "unshare-names",
        "unshare --hostname inside --domainname inside --mqueue=/mnt/d --set-env A=b --unset-env HOME $PROBE $LINKS",
    ),
    unshare(
        "unshare-all-ids",
        "unshare --map-users=all --map-groups=all --whitelist-env=PATH,SHELL $PROBE $LINKS",
    ),
    Use {
        needs: Some("newuidmap"),
        user: Some(1000),
        for_root: true,
        accepted: &[(
            "read EINTR",
            "the C library does not read its files of accounts again",
        )],
        ..unshare(
            "unshare-map-programs",
            "unshare --map-auto -f --kill-child $PROBE $LINKS",
        )
        .after(DELEGATED)
    },
    unshare(
        "unshare-owner",
        "unshare --owner 1000:1000 -r $PROBE $LINKS",
    )
    .for_root(),
    unshare(
        "unshare-binfmt",
        "unshare -r -pf --mount-proc --mount-binfmt --load-interp :faults:M::\\x7ffaults::/bin/true: $PROBE $LINKS",
    ),
    unshare(
        "unshare-explain",
        "unshare -r -p -f --mount-proc --uts=f --explain $PROBE",
    ),
    unshare(
        "unshare-probe",
        "unshare -U -m -r -n --loopback --mqueue=/mnt/d --probe",
    ),
    nsenter(
        "nsenter-all",
        target!("-muinpCT"),
        "nsenter -t $T -a $PROBE $LINKS",
    ),
    nsenter(
        "nsenter-all-unforked",
        target!("-muinpCT"),
        "nsenter -t $T -a --no-fork -W/usr $PROBE $LINKS",
    ),
    nsenter(
        "nsenter-user",
        target!("-rmu"),
        "nsenter -t $T -U -m -u -r -w -e --keep-caps --preserve-credentials $PROBE $LINKS",
    ),
    nsenter(
        "nsenter-follow",
        target!("-rmu"),
        "nsenter -t $T -U -S follow -Z --set-env A=b $PROBE $LINKS",
    ),
    Use {
        accepted: &[(
            "pidfd_open",
            "the namespaces are entered by their files then, and this is what is explained",
        )],
        ..nsenter(
            "nsenter-explain",
            target!("-rmu"),
            "nsenter -t $T -u --explain $PROBE",
        )
    },
    nsenter(
        "nsenter-user-parent",
        target!("-r unshare -ru"),
        "nsenter -t $T --user-parent -u $PROBE $LINKS",
    ),
    nsenter(
        "nsenter-like",
        target!("-muinpCT"),
        "nsenter -t $T --like-target $PROBE $LINKS",
    ),
    nsenter(
        "nsenter-outside-program",
        target!("-ui"),
        "nsenter -t $T -u -i -S root --outside-program $PROBE $LINKS",
    ),
    nsenter(
        "nsenter-files",
        target!("-rui"),
        "nsenter -S0 --uts=/proc/$T/ns/uts --ipc=/proc/$T/ns/ipc -w/usr $PROBE $LINKS",
    ),
    nsenter(
        "nsenter-bound",
        concat!(links!(), "touch f g; unshare --uts=f --net=g true"),
        "nsenter --uts=f --net=g $PROBE $LINKS",
    ),
    nsenter(
        "nsenter-cgroup",
        concat!("mount -t cgroup2 none /sys/fs/cgroup; ", target!("-Cu")),
        "nsenter -t $T -C -u --join-cgroup $PROBE $LINKS",
    )
    .for_root(),
    ipcs("ipcs", "ipcs"),
    ipcs("ipcs-dense", "ipcs -p").after(DENSE),
    ipcs("ipcs-creators", "ipcs -a -c --human"),
    ipcs("ipcs-limits", "ipcs -l"),
    ipcs("ipcs-summary", "ipcs -u"),
    ipcs("ipcs-details", "ipcs -s -i 0"),
    ipcs("ipcs-json", "ipcs --json -a --posix"),
    ipcs("ipcs-json-lines", "ipcs --json-lines -A"),
    Use {
        needs: Some("python3"),
        accepted: TOLD,
        ..ipcs("ipcs-attached", "ipcs -m -M --attached").after(HOLDER)
    },
    Use {
        needs: Some("python3"),
        accepted: TOLD,
        ..ipcs("ipcs-attached-json", "ipcs -m -M --attached --json").after(HOLDER)
    },
    Use {
        needs: Some("python3"),
        ..nsenter("nsenter-socket", HOLDER, "nsenter -t $T -N 3 $PROBE $LINKS")
    },
    ipcs("ipcs-usage", "ipcs --usage --fail-above 99"),
    ipcs("ipcs-posix", "ipcs -Q -M -S"),
    ipcs(
        "ipcs-columns",
        "ipcs -a -M -S -o id,name,owner,nattch,nsems,pids --sort -id --owner root",
    ),
    ipcs("ipcs-unused", "ipcs -m -q -s --unused --raw --older-than 0"),
    Use {
        ..nsenter("ipcs-target", target!("-i"), "ipcs --target $T")
    },
    ipcs("ipcs-file", "ipcs --namespace f --json")
        .after("touch f; unshare --ipc=f ipcmk -Q -M 9 > /dev/null"),
    ipcmk("ipcmk", "ipcmk -Q -M 100 -S 3"),
    ipcmk(
        "ipcmk-json",
        "ipcmk -Q -M 1K -S 3 --key 0x77 --mode 600 --json",
    ),
    ipcmk("ipcmk-posix", "ipcmk -m 100 -q -n new"),
    Use {
        leaves: Leaves::OfTheLibrary,
        accepted: &[(
            "write EINTR",
            "the C library does not write the semaphore again",
        )],
        ..ipcmk("ipcmk-semaphore", "ipcmk -s -n new --quiet")
    },
    ipcrm(
        "ipcrm",
        "ipcrm -v -q 0 -m 0 -s 0 --posix-shmem before --posix-mqueue before --posix-semaphore before",
    ),
    ipcrm("ipcrm-keys", "ipcrm -Q 0x1234 -M 4660 -S 011064"),
    ipcrm("ipcrm-all", "ipcrm --all --all=pshm --all=psem --all=pmsg"),
    Use {
        accepted: &[("semctl EACCES", "a set that may not be read is no orphan")],
        ..ipcrm(
            "ipcrm-orphans",
            "ipcrm --orphans --orphans=sem --orphans=msg --older-than 0",
        )
    },
    ipcrm("ipcrm-orphans-told", "ipcrm --orphans --dry-run"),
    ipcrm("ipcrm-traditional", "ipcrm msg 0 1"),
];
