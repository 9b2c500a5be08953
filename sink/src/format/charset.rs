//! How a text is spelled in bytes, by Java's names.

use encoding_rs::{EncoderResult, Encoding};

use crate::row::Arena;

/// A charset that Java knows under the same name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Charset {
    Utf8,
    /// Big-endian with a mark in front; what is read may have either mark, or none.
    Utf16,
    Utf16Be,
    Utf16Le,
    /// ISO-8859-1: the first 256 characters, a byte each.
    Latin1,
    Ascii,
    Other(&'static Encoding),
}

impl Charset {
    /// The charset of that name, in any case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        const NAMES: [(&str, Charset); 16] = [
            ("UTF-8", Charset::Utf8),
            ("UTF8", Charset::Utf8),
            ("UTF-16", Charset::Utf16),
            ("UTF16", Charset::Utf16),
            ("UTF_16", Charset::Utf16),
            ("UTF-16BE", Charset::Utf16Be),
            ("UTF_16BE", Charset::Utf16Be),
            ("UTF-16LE", Charset::Utf16Le),
            ("UTF_16LE", Charset::Utf16Le),
            ("ISO-8859-1", Charset::Latin1),
            ("ISO8859-1", Charset::Latin1),
            ("ISO8859_1", Charset::Latin1),
            ("latin1", Charset::Latin1),
            ("US-ASCII", Charset::Ascii),
            ("ASCII", Charset::Ascii),
            ("ISO646-US", Charset::Ascii),
        ];
        let own = NAMES.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, charset)| *charset);
        own.or_else(|| {
            // The web takes a label such as ISO-8859-9 for another charset; Java does not.
            let known = Encoding::for_label(name.as_bytes())?;
            known.name().eq_ignore_ascii_case(name).then_some(Self::Other(known))
        })
    }

    /// The text that the bytes spell, what spells nothing replaced by U+FFFD; `None` if UTF-8 is not UTF-8.
    pub(crate) fn read<'a>(self, bytes: &'a [u8], arena: &'a Arena) -> Option<&'a str> {
        let utf16 = |encoding: &'static Encoding, bytes| other(encoding, bytes, arena);
        Some(match (self, bytes) {
            (Self::Utf8, _) => return str::from_utf8(bytes).ok(),
            (Self::Utf16, [0xFF, 0xFE, rest @ ..]) => utf16(encoding_rs::UTF_16LE, rest),
            (Self::Utf16, [0xFE, 0xFF, rest @ ..]) => utf16(encoding_rs::UTF_16BE, rest),
            (Self::Utf16 | Self::Utf16Be, _) => utf16(encoding_rs::UTF_16BE, bytes),
            (Self::Utf16Le, _) => utf16(encoding_rs::UTF_16LE, bytes),
            (Self::Latin1, _) => chars(bytes.iter().map(|byte| char::from(*byte)), bytes.len(), arena),
            (Self::Ascii, _) => {
                let ascii = |byte: &u8| if byte.is_ascii() { char::from(*byte) } else { '\u{FFFD}' };
                chars(bytes.iter().map(ascii), bytes.len(), arena)
            }
            (Self::Other(encoding), _) => other(encoding, bytes, arena),
        })
    }

    /// Appends the text; what the charset does not have becomes `?`.
    pub(crate) fn write(self, text: &str, out: &mut Vec<u8>) {
        match self {
            Self::Utf8 => out.extend_from_slice(text.as_bytes()),
            Self::Utf16 if text.is_empty() => {}
            Self::Utf16 => {
                out.extend_from_slice(&[0xFE, 0xFF]);
                Self::Utf16Be.write(text, out);
            }
            Self::Utf16Be => text.encode_utf16().for_each(|unit| out.extend_from_slice(&unit.to_be_bytes())),
            Self::Utf16Le => text.encode_utf16().for_each(|unit| out.extend_from_slice(&unit.to_le_bytes())),
            Self::Latin1 => out.extend(text.chars().map(|char| u8::try_from(char).unwrap_or(b'?'))),
            Self::Ascii => {
                out.extend(text.chars().map(|char| if char.is_ascii() { char as u8 } else { b'?' }));
            }
            Self::Other(encoding) => write_other(encoding, text, out),
        }
    }
}

fn chars(chars: impl Iterator<Item = char>, count: usize, arena: &Arena) -> &str {
    let mut text = arena.string_with_capacity(count);
    chars.for_each(|char| text.push(char));
    text.into_str()
}

fn other<'a>(encoding: &'static Encoding, bytes: &[u8], arena: &'a Arena) -> &'a str {
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    arena.alloc_str(&text)
}

fn write_other(encoding: &'static Encoding, text: &str, out: &mut Vec<u8>) {
    let mut encoder = encoding.new_encoder();
    let mut rest = text;
    let mut buffer = [0; 256];
    loop {
        let (result, read, written) = encoder.encode_from_utf8_without_replacement(rest, &mut buffer, true);
        out.extend_from_slice(&buffer[..written]);
        rest = &rest[read..];
        match result {
            EncoderResult::InputEmpty => return,
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(_) => out.push(b'?'),
        }
    }
}
