//! Which processes have shared memory mapped: proc_pid_maps(5).

use std::collections::BTreeMap;
use std::fs;
use std::ops::RangeInclusive;
use std::os::fd::AsFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use ns_common::ipc::system_v::{DESTROYED, Permissions};
use ns_common::namespace::Kind;
use ns_common::process::target::namespace_of;
use ns_common::procfs;
use ns_common::sys::descriptor;
use ns_common::sys::file::Identity;

use crate::doubts::if_there;
use crate::objects::{Attachment, Listed, Object};

/// A file system, by the kernel's two numbers for it.
type Device = (u32, u32);
/// That of System V segments, which the kernel has in a file system of its own.
const OF_SEGMENTS: Device = (0, 1);

/// Who has what mapped, as far as the caller may look.
#[derive(Debug, Default)]
pub(crate) struct Maps {
    /// By file system and inode, which is the id of a segment. One of those has the key that is in
    /// its name besides, a file has 0.
    mappings: BTreeMap<(Device, u64, u32), Vec<Attachment>>,
    /// How many processes could not be looked at.
    pub(crate) unreadable: u64,
}

/// A line of a map.
#[derive(Debug, PartialEq, Eq)]
struct Piece<'a> {
    address: u64,
    device: Device,
    inode: u64,
    path: &'a [u8],
}

impl Maps {
    /// Looks at all processes of `/proc`. Segments count where the process is in the IPC namespace
    /// with the inode `namespace`: ids are the same in others.
    pub(crate) fn read(namespace: u64) -> nix::Result<Self> {
        let mut maps = Self::default();
        let entries = fs::read_dir("/proc").map_err(|error| procfs::errno(&error))?;
        for entry in entries {
            let entry = entry.map_err(|error| procfs::errno(&error))?;
            let name = entry.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            match maps.look_at(pid, &entry.path(), namespace) {
                // It has ended meanwhile.
                Ok(()) | Err(Errno::ENOENT | Errno::ESRCH) => {}
                Err(_) => maps.unreadable += 1,
            }
        }
        Ok(maps)
    }

    fn look_at(&mut self, pid: i32, path: &Path, namespace: u64) -> nix::Result<()> {
        let process = descriptor::open(path, OFlag::O_PATH | OFlag::O_DIRECTORY)?;
        let process = process.as_fd();
        let is_of_namespace = namespace_of(process, Kind::Ipc.file())?.inode == namespace;
        let map = descriptor::open_at(process, Path::new("maps"), OFlag::O_RDONLY);
        let map = map.and_then(procfs::read_open)?;
        let mut command = None;
        for piece in map.split(|byte| *byte == b'\n').filter_map(Piece::read) {
            let key = match piece.key() {
                Some(key) if is_of_namespace => key,
                None if piece.is_of_file() => 0,
                _ => continue,
            };
            let place = (piece.device, piece.inode, key);
            let mappings = self.mappings.entry(place).or_default();
            match mappings.last_mut() {
                Some(last) if last.pid == pid => last.pieces += 1,
                _ => {
                    let command = match &command {
                        Some(command) => command,
                        None => {
                            command.insert(if_there(procfs::command(process))?.unwrap_or_default())
                        }
                    };
                    mappings.push(Attachment {
                        pid,
                        command: command.clone(),
                        address: piece.address,
                        pieces: 1,
                    });
                }
            }
        }
        Ok(())
    }

    /// Who has an object mapped.
    pub(crate) fn of(&self, listed: &Listed) -> Vec<Attachment> {
        let Some((device, inode, keys)) = place_of(&listed.object) else {
            return Vec::new();
        };
        let range = (device, inode, *keys.start())..=(device, inode, *keys.end());
        let mappings = self.mappings.range(range).flat_map(|(_, found)| found);
        mappings.cloned().collect()
    }
}

/// File system, inode and possible keys of an object's mappings.
fn place_of(object: &Object) -> Option<(Device, u64, RangeInclusive<u32>)> {
    match object {
        Object::Segment(segment) => {
            let Permissions { id, key, mode, .. } = segment.permissions;
            // One that has been removed has lost its key; the names in the maps keep it.
            let keys = match mode & DESTROYED {
                0 => key..=key,
                _ => 0..=u32::MAX,
            };
            Some((OF_SEGMENTS, u64::try_from(id).ok()?, keys))
        }
        Object::Posix(object) => {
            let Identity { device, inode } = object.status.identity;
            Some((device, inode, 0..=0))
        }
        Object::Queue(_) | Object::SemaphoreSet(_) | Object::Usage(_) => None,
    }
}

impl<'a> Piece<'a> {
    /// Reads `7f00-7f01 rw-s 00000000 00:01 5   /path`; `None` for what has no path. The inode of a
    /// segment may be 0, as its id.
    fn read(line: &'a [u8]) -> Option<Self> {
        let mut fields = line.splitn(6, |byte| *byte == b' ');
        let range = fields.next()?;
        let (_permissions, _offset) = (fields.next()?, fields.next()?);
        let device = fields.next()?;
        let inode = fields.next()?;
        let path = fields.next()?.trim_ascii_start();
        let number =
            |text: &[u8], radix| u64::from_str_radix(std::str::from_utf8(text).ok()?, radix).ok();
        let half = |text: &[u8]| u32::try_from(number(text, 16)?).ok();
        let (address, _) = split_at_byte(range, b'-')?;
        let (major, minor) = split_at_byte(device, b':')?;
        Some(Self {
            address: number(address, 16)?,
            device: (half(major)?, half(minor)?),
            inode: number(inode, 10)?,
            path,
        })
    }

    /// The key in the name of a segment.
    fn key(&self) -> Option<u32> {
        let digits = self
            .path
            .strip_prefix(b"/SYSV")
            .filter(|_| self.device == OF_SEGMENTS)?;
        u32::from_str_radix(std::str::from_utf8(digits.get(..8)?).ok()?, 16).ok()
    }

    /// Whether it can be an object in a file system.
    fn is_of_file(&self) -> bool {
        self.device != OF_SEGMENTS && self.path.first() == Some(&b'/')
    }
}

fn split_at_byte(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let place = text.iter().position(|byte| *byte == separator)?;
    Some((&text[..place], &text[place + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_segments_have_id_and_key() {
        let line = b"7f5c3e000000-7f5c3e001000 rw-s 00000000 00:01 32769                      /SYSV1234abcd (deleted)";
        let piece = Piece::read(line).unwrap();
        assert_eq!((piece.address, piece.inode), (0x7f5c_3e00_0000, 32_769));
        assert_eq!(piece.key(), Some(0x1234_abcd));
        assert!(!piece.is_of_file());
        let first = b"1000-2000 rw-s 00000000 00:01 0        /SYSV00000007 (deleted)";
        let first = Piece::read(first).unwrap();
        assert_eq!((first.inode, first.key()), (0, Some(7)));
    }

    #[test]
    fn file_called_like_a_segment_is_none() {
        let line = b"1000-2000 rw-s 00000000 00:1a 7    /SYSV1234abcd (deleted)";
        let piece = Piece::read(line).unwrap();
        assert_eq!(piece.key(), None);
        assert!(piece.is_of_file());
        assert_eq!(Piece::read(b"1000-2000 rw-p 00000000 00:00 0"), None);
        let stack = Piece::read(b"1000-2000 rw-p 00000000 00:00 0    [stack]").unwrap();
        assert!(stack.key().is_none() && !stack.is_of_file());
        assert_eq!(Piece::read(b""), None);
    }
}
