//! Finding all objects of a type.

use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::errno::Errno;
use nix::sys::statfs::{FsType, statfs};
use nix::unistd::geteuid;
use ns_common::error::{Attempt, Error};
use ns_common::ipc::SystemV;
use ns_common::ipc::read::{self, Support};
use ns_common::sys::posix_ipc::Object;
use ns_common::words;

/// Where shared memory objects and semaphores are files: shm_overview(7), sem_overview(7).
const SHARED_MEMORY: &str = "/dev/shm";
/// Where queues are files, if that file system is mounted: mq_overview(7).
const QUEUES: &str = "/dev/mqueue";
/// `MQUEUE_MAGIC` of the kernel's ipc/mqueue.c.
const MQUEUE: FsType = FsType(0x1980_0202);
const SEMAPHORE_PREFIX: &str = "sem.";
/// A file of another size is no semaphore.
const SEMAPHORE_SIZE: u64 = size_of::<libc::sem_t>() as u64;

/// The ids of all System V objects of a kind, whoever may read them.
pub fn system_v(resource: SystemV) -> Result<Vec<i32>, Error> {
    let mut ids = Vec::new();
    match read::each_permissions(resource, &mut |permissions| ids.push(permissions.id))? {
        Support::Present => Ok(ids),
        Support::Absent => Err(Error::new(words![not_configured(resource)])),
    }
}

fn not_configured(resource: SystemV) -> &'static str {
    match resource {
        SystemV::Segment => "kernel not configured for shared memory",
        SystemV::SemaphoreSet => "kernel not configured for semaphores",
        SystemV::Queue => "kernel not configured for message queues",
    }
}

/// The names of all POSIX objects of a kind that the caller owns: regular files, for other things there are somebody else's.
///
/// `None`: there is no place for such objects here.
pub fn posix(object: Object) -> Result<Option<Vec<OsString>>, Error> {
    let folder = folder(object);
    if object == Object::Queue
        && statfs(QUEUES).map(|status| status.filesystem_type()) != Ok(MQUEUE)
    {
        return Ok(None);
    }
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        result => result.attempt(|| words!["cannot open ", folder])?,
    };
    let own = geteuid().as_raw();
    let is_object = |file: &Metadata| {
        let fits = object != Object::Semaphore || file.len() == SEMAPHORE_SIZE;
        file.is_file() && file.uid() == own && fits
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.attempt(|| words!["cannot read ", folder])?;
        match entry.metadata() {
            // It has gone meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            result => {
                let file = result.attempt(|| words!["stat of ", entry.path(), " failed"])?;
                names.extend(name_of(object, entry.file_name()).filter(|_| is_object(&file)));
            }
        }
    }
    names.sort();
    Ok(Some(names))
}

/// What to tell the user where there is no place for such objects.
pub fn no_place(object: Object) -> Error {
    Error::new(match object {
        Object::Queue => words![
            "/dev/mqueue does not seem to be mounted. Use 'mount -t mqueue none /dev/mqueue' to mount it."
        ],
        Object::SharedMemory | Object::Semaphore => words!["cannot open ", SHARED_MEMORY],
    })
}

/// Whether the file of an object is still there.
pub fn is_left(object: Object, name: &OsStr) -> bool {
    let file = match object {
        Object::Semaphore => {
            let mut file = OsString::from(SEMAPHORE_PREFIX);
            file.push(name);
            file
        }
        Object::Queue | Object::SharedMemory => name.to_owned(),
    };
    folder(object).join(file).symlink_metadata().is_ok()
}

fn folder(object: Object) -> &'static Path {
    Path::new(match object {
        Object::Queue => QUEUES,
        Object::SharedMemory | Object::Semaphore => SHARED_MEMORY,
    })
}

/// The name of the object that a file is; semaphores share their folder with shared memory objects.
fn name_of(object: Object, file: OsString) -> Option<OsString> {
    let semaphore = file.as_bytes().strip_prefix(SEMAPHORE_PREFIX.as_bytes());
    match (object, semaphore) {
        (Object::Semaphore, Some(name)) => Some(OsStr::from_bytes(name).to_owned()),
        (Object::Semaphore, None) | (Object::SharedMemory, Some(_)) => None,
        (Object::Queue | Object::SharedMemory, _) => Some(file),
    }
}

/// Whether a System V object that was to be removed has been removed by somebody else meanwhile.
pub fn has_gone(errno: Errno) -> bool {
    matches!(errno, Errno::EINVAL | Errno::EIDRM)
}
