//! Making bytes visible, as `\xHH`, that could forge output or control a terminal.

/// Appends a text, with control characters and bytes that are not UTF-8 made visible.
pub fn append_visible(text: &[u8], to: &mut Vec<u8>) {
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            let bytes = &mut [0; 4];
            let bytes = character.encode_utf8(bytes).as_bytes();
            if character.is_control() {
                append_hexadecimal(bytes, to);
            } else {
                to.extend_from_slice(bytes);
            }
        }
        append_hexadecimal(chunk.invalid(), to);
    }
}

/// Appends each byte as `\xHH`.
pub fn append_hexadecimal(bytes: &[u8], to: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        let (high, low) = (usize::from(byte >> 4), usize::from(byte & 0xf));
        to.extend_from_slice(&[b'\\', b'x', DIGITS[high], DIGITS[low]]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_ends_a_line_or_reaches_a_terminal() {
        let mut visible = Vec::new();
        append_visible("a\n\u{1b}[0m\u{9b}é".as_bytes(), &mut visible);
        append_visible(b"\xff", &mut visible);
        assert_eq!(
            String::from_utf8_lossy(&visible),
            "a\\x0a\\x1b[0m\\xc2\\x9bé\\xff"
        );
    }
}
