//! Bytes that are not what they should be: what is wrong, where, and what stands there.

use std::fmt::{self, Write};

use upsert_kafka_protocol::Malformed;

use crate::exit::{Exit, Failure};

/// What is wrong, and at which byte of the input.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) message: String,
}

impl Fault {
    /// Something that no message says of itself.
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }

    /// A header or a body that begins at a byte of the input.
    pub(super) fn malformed(what: impl fmt::Display, begins: usize, error: &Malformed) -> Self {
        let at = begins + error.at();
        let within = if begins > 0 { format!(", which is byte {at} of the frame") } else { String::new() };
        Self { at, message: format!("{what}: {error}{within}") }
    }

    /// The fault and the bytes around it.
    pub(super) fn failure(&self, input: &[u8]) -> Failure {
        wrong(format!("{}\n{}", self.message, excerpt(input, self.at)))
    }
}

/// What was given is wrong.
pub(super) fn wrong(message: impl Into<String>) -> Failure {
    Failure::new(Exit::Wire, message)
}

/// The row of the byte, the rows around it, and a mark under the byte.
fn excerpt(input: &[u8], at: usize) -> String {
    let row = at / ROW_BYTES;
    let mut out = String::new();
    for shown in row.saturating_sub(1)..=row + 1 {
        let begins = shown * ROW_BYTES;
        let bytes = input.get(begins..).unwrap_or_default();
        let bytes = &bytes[..bytes.len().min(ROW_BYTES)];
        if bytes.is_empty() && shown != row {
            continue;
        }
        let digits: String = bytes.iter().map(|byte| format!(" {byte:02x}")).collect();
        let text: String = bytes.iter().map(|byte| printable(*byte)).collect();
        let width = ROW_BYTES * 3;
        let _ = writeln!(out, "  {begins:08x} {digits:<width$}  |{text}|");
        if shown == row {
            let indent = 2 + 8 + 1 + 1 + 3 * (at - begins);
            let end = if at >= input.len() { " the end" } else { "" };
            let _ = writeln!(out, "{:indent$}^^{end}", "");
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn printable(byte: u8) -> char {
    if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '.' }
}

const ROW_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_under_the_byte() {
        let input: Vec<u8> = (b'A'..b'A' + 40).collect();
        let shown = excerpt(&input, 18);
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines.len(), 4, "{shown}");
        assert_eq!(
            lines[1],
            "  00000010  51 52 53 54 55 56 57 58 59 5a 5b 5c 5d 5e 5f 60  |QRSTUVWXYZ[\\]^_`|"
        );
        assert_eq!(&lines[1][lines[2].find('^').expect("a mark")..][..2], "53");
        assert!(lines[3].starts_with("  00000020  61 62"));
    }

    #[test]
    fn the_end_is_marked_behind_the_last_byte() {
        assert!(excerpt(&[1, 2], 2).ends_with("\n                  ^^ the end"), "{}", excerpt(&[1, 2], 2));
        assert_eq!(excerpt(&[], 0).lines().count(), 2);
        assert_eq!(excerpt(&[0; 16], 16).lines().count(), 3);
    }
}
