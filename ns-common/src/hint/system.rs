//! The state of the system: what `/proc` and `/sys` say, and what only an attempt can tell.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, readlink};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::prctl;
use nix::unistd::Pid;

use crate::accounts;
use crate::idmap::{self, IdExtent, IdKind};
use crate::namespace::Kind;
use crate::procfs::{self, WriteFailure};
use crate::sys::file::Identity;
use crate::sys::{descriptor, fork, namespace, pidfd};

/// What the checks look at. A test can provide `/proc` and `/sys` as files, and say how attempts
/// end.
#[derive(Debug)]
pub(super) struct System {
    pub(super) proc: PathBuf,
    pub(super) sys: PathBuf,
    pub(super) etc: PathBuf,
    /// Tries unshare(2) in a child.
    pub(super) try_to_unshare: fn(CloneFlags) -> nix::Result<()>,
    /// Whether our root directory differs from that of our mount namespace; `None` if that cannot
    /// be found out.
    pub(super) is_root_changed: fn() -> Option<bool>,
    /// Tries again to write to a file of ours in `/proc`.
    pub(super) try_to_write: fn(&Path, &[u8]) -> nix::Result<()>,
    /// Whether it is a seccomp filter that refuses setns(2), not the kernel itself.
    pub(super) is_setns_filtered: fn() -> bool,
    /// Whether our process is dumpable: PR_SET_DUMPABLE of prctl(2).
    pub(super) is_dumpable: fn() -> Option<bool>,
    /// The user name of a uid.
    pub(super) user_name: fn(u32) -> Option<OsString>,
    /// The user namespace that owns our namespace of a kind; `None` if the kernel does not tell.
    pub(super) owner: fn(Kind) -> Option<Owner>,
}

/// A user namespace, as the owner of another namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The user namespace we are in.
    Ours,
    /// Another user namespace.
    Other,
}

impl System {
    pub(super) fn current() -> Self {
        Self {
            proc: PathBuf::from("/proc"),
            sys: PathBuf::from("/sys"),
            etc: PathBuf::from("/etc"),
            try_to_unshare: |flags| fork::try_in_child(|| unshare(flags)),
            is_root_changed,
            try_to_write: |path, text| match procfs::write(path, text) {
                Ok(()) => Ok(()),
                Err(WriteFailure::Open(errno) | WriteFailure::Write(errno)) => Err(errno),
            },
            is_setns_filtered,
            is_dumpable: || prctl::get_dumpable().ok(),
            user_name: accounts::user_name,
            owner,
        }
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.proc.join(file)
    }

    pub(super) fn read(&self, file: &str) -> Option<Vec<u8>> {
        /// More than any file that a check reads.
        const LONGEST: u64 = 1 << 20;
        // After entering a mount namespace, `/proc` may be anything, so opening a file must not
        // block.
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let file = File::from(descriptor::open(&self.path(file), flags).ok()?);
        let mut content = Vec::new();
        let read = file.take(LONGEST).read_to_end(&mut content);
        read.ok().map(|_| content)
    }

    /// The trimmed text of a setting below `/proc/sys`.
    pub(super) fn setting(&self, name: &str) -> Option<Vec<u8>> {
        let text = self.read(&format!("sys/{name}"))?;
        Some(text.trim_ascii().to_vec())
    }

    /// The text of a field of our own status: proc_pid_status(5).
    pub(super) fn status(&self, field: &str) -> Option<Vec<u8>> {
        let text = self.read("self/status")?;
        let name = format!("{field}:");
        procfs::field(&text, name.as_bytes()).map(<[u8]>::to_vec)
    }

    /// The real uid with which this program was started, as seen in the user namespace of that
    /// time: getauxval(3).
    pub(super) fn uid_at_start(&self) -> Option<u32> {
        const AT_UID: usize = 11;
        let vector = self.read("self/auxv")?;
        let words = vector.chunks_exact(size_of::<usize>());
        let words: Option<Vec<usize>> = words
            .map(|word| word.try_into().ok().map(usize::from_ne_bytes))
            .collect();
        let words = words?;
        let uid = words.chunks_exact(2).find(|pair| pair[0] == AT_UID)?[1];
        u32::try_from(uid).ok()
    }

    /// Whether our effective set lacks a capability, by number; false if that cannot be read.
    pub(super) fn lacks(&self, capability: u32) -> bool {
        let set = || {
            let set = String::from_utf8(self.status("CapEff")?).ok()?;
            u64::from_str_radix(&set, 16).ok()
        };
        set().is_some_and(|set| set & (1 << capability) == 0)
    }

    /// Our effective uid or gid, as seen in our user namespace.
    pub(super) fn effective_id(&self, kind: IdKind) -> Option<u32> {
        let field = match kind {
            IdKind::User => "Uid",
            IdKind::Group => "Gid",
        };
        let ids = String::from_utf8(self.status(field)?).ok()?;
        ids.split_ascii_whitespace().nth(1)?.parse().ok()
    }

    /// The lines of a map of our user namespace.
    pub(super) fn map(&self, kind: IdKind) -> Option<Vec<IdExtent>> {
        let text = self.read(&format!("self/{}", kind.map_file()))?;
        Some(idmap::extents(&text))
    }

    /// Whether our user namespace is the initial one, by its inode number.
    pub(super) fn is_outside_of_user_namespaces(&self) -> bool {
        /// `PROC_USER_INIT_INO` of the kernel.
        const FIRST: &str = "user:[4026531837]";
        readlink(&self.path("self/ns/user")).is_ok_and(|link| link == FIRST)
    }

    /// The name of the AppArmor profile that confines us.
    pub(super) fn apparmor_profile(&self) -> Option<Vec<u8>> {
        let label = self.read("self/attr/apparmor/current")?;
        // The mode follows in parentheses.
        let name = label.split(|byte| matches!(byte, b' ' | b'\n' | 0)).next();
        name.map(<[u8]>::to_vec)
    }

    /// The value of the mount option `name` of `/proc`; `name` ends with `=`.
    pub(super) fn option_of_proc(&self, name: &[u8]) -> Option<Vec<u8>> {
        // If several are mounted on `/proc`, the last one is visible.
        let mut mounts = self.mounts().into_iter().rev();
        let mount = mounts.find(|mount| mount.place == b"/proc")?;
        let mut options = mount.options.split(|byte| *byte == b',');
        options
            .find_map(|option| option.strip_prefix(name))
            .map(<[u8]>::to_vec)
    }

    /// The mounts of our mount namespace: proc_pid_mountinfo(5).
    pub(super) fn mounts(&self) -> Vec<Mount> {
        let table = self.read("self/mountinfo").unwrap_or_default();
        let lines = table.split(|byte| *byte == b'\n');
        lines.filter_map(Mount::parse).collect()
    }
}

/// A line of `/proc/self/mountinfo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// Its mount ID, in digits.
    pub(super) number: Vec<u8>,
    /// The mount point, relative to our root directory.
    pub(super) place: Vec<u8>,
    /// Whether it has shared propagation.
    pub(super) is_shared: bool,
    /// The options of its file system, separated by commas.
    pub(super) options: Vec<u8>,
}

impl Mount {
    fn parse(line: &[u8]) -> Option<Self> {
        let mut fields = line.split(|byte| *byte == b' ');
        let number = fields.next()?.to_vec();
        let place = fields.nth(3)?.to_vec();
        let mut tags = fields.skip(1).take_while(|field| *field != b"-");
        Some(Self {
            number,
            place,
            is_shared: tags.any(|tag| tag.starts_with(b"shared:")),
            options: line.rsplit(|byte| *byte == b' ').next()?.to_vec(),
        })
    }
}

fn owner(kind: Kind) -> Option<Owner> {
    let own = |kind: Kind| {
        let file = Path::new("/proc/self/ns").join(kind.file());
        descriptor::open(&file, OFlag::O_RDONLY)
    };
    let user = own(Kind::User).and_then(Identity::of).ok()?;
    match namespace::owner(own(kind).ok()?.as_fd()).and_then(Identity::of) {
        Ok(owner) if owner == user => Some(Owner::Ours),
        // The kernel shows no user namespace above ours.
        Ok(_) | Err(Errno::EPERM) => Some(Owner::Other),
        Err(_) => None,
    }
}

/// The kernel returns EINVAL for a file that is not a namespace; a filter does not look at the
/// file.
fn is_setns_filtered() -> bool {
    let opened = descriptor::open(Path::new("/"), OFlag::O_RDONLY | OFlag::O_DIRECTORY);
    opened.is_ok_and(|root| {
        let refused = setns(root, CloneFlags::CLONE_NEWUTS);
        !matches!(refused, Ok(()) | Err(Errno::EINVAL))
    })
}

/// A child enters the mount namespace it is already in, which resets its root directory.
fn is_root_changed() -> Option<bool> {
    let root = || Identity::at("/");
    let ours = root().ok()?;
    let compared = fork::try_in_child(|| {
        let mounts = pidfd::open(Pid::this()).and_then(|own| setns(own, CloneFlags::CLONE_NEWNS));
        mounts.or_else(|_| {
            // Before Linux 5.8.
            let file = descriptor::open(Path::new("/proc/self/ns/mnt"), OFlag::O_RDONLY)?;
            setns(file, CloneFlags::CLONE_NEWNS)
        })?;
        if root()? == ours {
            Ok(())
        } else {
            Err(Errno::EXDEV)
        }
    });
    match compared {
        Ok(()) => Some(false),
        Err(Errno::EXDEV) => Some(true),
        Err(_) => None,
    }
}
