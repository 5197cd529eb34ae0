//! Writing JSON piece by piece: RFC 8259.

use crate::ipc::{Posix, Resource, SystemV};

/// Appends a string in quotes. Bytes that are not UTF-8 become U+FFFD, as with
/// [`String::from_utf8_lossy`]; control characters are escaped, including those beyond ASCII.
pub fn string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' | '\\' => {
                    out.push(b'\\');
                    out.push(character as u8);
                }
                control if control.is_control() => escape(control, out),
                other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    out.push(b'"');
}

/// The highest control character is U+009F, so two digits suffice.
fn escape(control: char, out: &mut Vec<u8>) {
    let hex = |digit: u32| char::from_digit(digit & 0xf, 16).map_or(b'0', |digit| digit as u8);
    let number = u32::from(control);
    out.extend_from_slice(b"\\u00");
    out.extend_from_slice(&[hex(number >> 4), hex(number)]);
}

/// The name of a kind of object, also used for its list in a document of all kinds.
pub const fn kind(resource: Resource) -> &'static str {
    match resource {
        Resource::SystemV(SystemV::Queue) => "messages",
        Resource::SystemV(SystemV::Segment) => "sharedmemory",
        Resource::SystemV(SystemV::SemaphoreSet) => "semaphores",
        Resource::Posix(Posix::Queue) => "posix-messages",
        Resource::Posix(Posix::Memory) => "posix-sharedmemory",
        Resource::Posix(Posix::Semaphore) => "posix-semaphores",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &[u8]) -> String {
        let mut out = Vec::new();
        string(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_end_nowhere_but_at_their_quote() {
        assert_eq!(quoted(b"a \"b\\"), r#""a \"b\\""#);
        assert_eq!(quoted(b"\n\x1b[m\x7f"), r#""\u000a\u001b[m\u007f""#);
        assert_eq!(
            quoted("\u{9b}31m \u{e4}\u{1f600}".as_bytes()),
            "\"\\u009b31m \u{e4}\u{1f600}\""
        );
        assert_eq!(quoted(b""), r#""""#);
    }

    #[test]
    fn invalid_bytes_are_replaced_as_by_the_standard_library() {
        for bytes in [
            &b"\xff"[..],
            b"a\xe2\x82b",
            b"\xf0\x9f\x98",
            b"\xc0\xaf\x80",
            b"x\xed\xa0\x80",
        ] {
            let expected = format!("\"{}\"", String::from_utf8_lossy(bytes));
            assert_eq!(quoted(bytes), expected, "{bytes:?}");
        }
    }
}
