//! What executing a file requires besides the file: the interpreter of a script, the loader of an
//! ELF program.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// How a file is executed, by its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// A script that begins with `#!`, and its interpreter.
    Script(PathBuf),
    /// An ELF program, with its loader if it is linked dynamically.
    Program {
        /// The architecture, as `e_machine` of the ELF header.
        machine: u16,
        /// The dynamic loader.
        loader: Option<PathBuf>,
    },
    /// Something else.
    Unknown,
}

/// The kernel reads no more of a script's first line: execve(2).
const FIRST_LINE: usize = 256;
/// `PT_INTERP` of elf(5).
const INTERPRETER: u64 = 3;

/// Determines the format of `file`; one that cannot be read counts as unknown.
pub fn format(file: &File) -> Format {
    let mut start = [0; FIRST_LINE];
    let length = file.read_at(&mut start, 0).unwrap_or(0);
    let start = &start[..length];
    if let Some(line) = start.strip_prefix(b"#!") {
        return script(line);
    }
    program(file, start).unwrap_or(Format::Unknown)
}

fn script(line: &[u8]) -> Format {
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let mut words = line.split(|byte| matches!(byte, b' ' | b'\t' | 0));
    match words.find(|word| !word.is_empty()) {
        Some(interpreter) => Format::Script(path(interpreter)),
        None => Format::Unknown,
    }
}

fn program(file: &File, header: &[u8]) -> Option<Format> {
    let elf = Elf::of(header)?;
    let machine = u16::try_from(elf.number(header, 18, 2)?).ok()?;
    let (offset, size, count) = if elf.is_wide {
        (
            elf.number(header, 32, 8)?,
            elf.number(header, 54, 2)?,
            elf.number(header, 56, 2)?,
        )
    } else {
        (
            elf.number(header, 28, 4)?,
            elf.number(header, 42, 2)?,
            elf.number(header, 44, 2)?,
        )
    };
    let loader = (0..count).find_map(|index| {
        let mut entry = [0; 56];
        let entry = &mut entry[..usize::try_from(size).ok()?.min(56)];
        file.read_exact_at(entry, offset.checked_add(index * size)?)
            .ok()?;
        if elf.number(entry, 0, 4)? != INTERPRETER {
            return None;
        }
        let (at, length) = if elf.is_wide {
            (elf.number(entry, 8, 8)?, elf.number(entry, 32, 8)?)
        } else {
            (elf.number(entry, 4, 4)?, elf.number(entry, 16, 4)?)
        };
        let limit = u64::try_from(libc::PATH_MAX).ok()?;
        let mut name = vec![0; usize::try_from(length.min(limit)).ok()?];
        file.read_exact_at(&mut name, at).ok()?;
        Some(path(name.split(|byte| *byte == 0).next()?))
    });
    Some(Format::Program { machine, loader })
}

fn path(bytes: &[u8]) -> PathBuf {
    OsString::from_vec(bytes.to_vec()).into()
}

/// The word size and byte order of an ELF file.
struct Elf {
    is_wide: bool,
    is_little_endian: bool,
}

impl Elf {
    fn of(header: &[u8]) -> Option<Self> {
        match header {
            [0x7f, b'E', b'L', b'F', class @ 1..=2, order @ 1..=2, ..] => Some(Self {
                is_wide: *class == 2,
                is_little_endian: *order == 1,
            }),
            _ => None,
        }
    }

    fn number(&self, bytes: &[u8], at: usize, length: usize) -> Option<u64> {
        let digits = bytes.get(at..at + length)?;
        let add = |sum: u64, digit: &u8| (sum << 8) | u64::from(*digit);
        Some(if self.is_little_endian {
            digits.iter().rev().fold(0, add)
        } else {
            digits.iter().fold(0, add)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn format_of(content: &[u8]) -> Format {
        let memory = nix::sys::memfd::memfd_create(c"test", nix::sys::memfd::MFdFlags::empty());
        let mut file = File::from(memory.unwrap());
        file.write_all(content).unwrap();
        format(&file)
    }

    #[test]
    fn script_names_its_interpreter() {
        let interpreter = |path: &str| Format::Script(path.into());
        assert_eq!(format_of(b"#!/bin/sh\nexit"), interpreter("/bin/sh"));
        assert_eq!(
            format_of(b"#! \t/usr/bin/env -S x\n"),
            interpreter("/usr/bin/env")
        );
        assert_eq!(format_of(b"#!/a"), interpreter("/a"));
        assert_eq!(format_of(b"#!\n/bin/sh"), Format::Unknown);
        assert_eq!(format_of(b""), Format::Unknown);
        assert_eq!(format_of(b"\x7fELF\x02\x01"), Format::Unknown);
    }

    #[test]
    fn program_names_its_loader_whatever_the_machine() {
        // A 32-bit, big-endian header with one program header.
        let mut file = b"\x7fELF\x01\x02".to_vec();
        file.resize(52, 0);
        file[18..20].copy_from_slice(&8_u16.to_be_bytes());
        file[28..32].copy_from_slice(&52_u32.to_be_bytes());
        file[42..44].copy_from_slice(&32_u16.to_be_bytes());
        file[44..46].copy_from_slice(&1_u16.to_be_bytes());
        let mut entry = [0_u8; 32];
        entry[0..4].copy_from_slice(&3_u32.to_be_bytes());
        entry[4..8].copy_from_slice(&84_u32.to_be_bytes());
        entry[16..20].copy_from_slice(&8_u32.to_be_bytes());
        file.extend(entry);
        file.extend(b"/lib/ld\0");
        let loader = Some("/lib/ld".into());
        assert_eq!(format_of(&file), Format::Program { machine: 8, loader });
    }

    #[test]
    fn own_program_is_read() {
        let own = format(&File::open("/proc/self/exe").unwrap());
        assert!(matches!(own, Format::Program { .. }), "{own:?}");
    }
}
