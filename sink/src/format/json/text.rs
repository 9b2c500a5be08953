//! JSON strings: finding their end, taking escapes out, putting escapes in.

use crate::format::{number, words};
use crate::row::Arena;

/// A message as text: what is valid of UTF-8, or UTF-16 and UTF-32 where zero bytes or a mark give them away.
pub(super) struct Text<'a> {
    pub(super) text: &'a str,
    /// Where the text begins in the message; `None`: it was another encoding, positions are not those of the message.
    pub(super) start: Option<usize>,
    /// Whether there are bytes behind that are not UTF-8.
    pub(super) cut: bool,
}

impl<'a> Text<'a> {
    #[inline]
    pub(super) fn of(bytes: &'a [u8], arena: &'a Arena) -> Self {
        match bytes {
            [0xEF, 0xBB, 0xBF, rest @ ..] => Self { start: Some(3), ..Self::utf8(rest) },
            [0, ..] | [_, 0, ..] | [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] => Self::wide(bytes, arena),
            _ => Self::utf8(bytes),
        }
    }

    #[inline]
    fn utf8(bytes: &'a [u8]) -> Self {
        match str::from_utf8(bytes) {
            Ok(text) => Self { text, start: Some(0), cut: false },
            Err(error) => {
                // Valid up to there, says the error.
                let text = str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
                Self { text, start: Some(0), cut: true }
            }
        }
    }

    #[cold]
    fn wide(bytes: &[u8], arena: &'a Arena) -> Self {
        let text = match bytes {
            [0, 0, 0xFE, 0xFF, rest @ ..] => utf32(rest, u32::from_be_bytes, arena),
            [0xFF, 0xFE, 0, 0, rest @ ..] => utf32(rest, u32::from_le_bytes, arena),
            [0, 0, 0, _, ..] => utf32(bytes, u32::from_be_bytes, arena),
            [_, 0, 0, 0, ..] => utf32(bytes, u32::from_le_bytes, arena),
            [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes, arena),
            [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes, arena),
            [0, ..] => utf16(bytes, u16::from_be_bytes, arena),
            _ => utf16(bytes, u16::from_le_bytes, arena),
        };
        Self { text, start: None, cut: false }
    }
}

fn utf16<'a>(bytes: &[u8], unit: fn([u8; 2]) -> u16, arena: &'a Arena) -> &'a str {
    let units = bytes.as_chunks().0.iter().map(|&pair| unit(pair));
    let chars = char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER));
    collected(chars, arena)
}

/// Up to the first unit that is no character: nothing behind it can be read.
fn utf32<'a>(bytes: &[u8], unit: fn([u8; 4]) -> u32, arena: &'a Arena) -> &'a str {
    let chars = bytes.as_chunks().0.iter().map_while(|&four| char::from_u32(unit(four)));
    collected(chars, arena)
}

fn collected(chars: impl Iterator<Item = char>, arena: &Arena) -> &str {
    let mut text = arena.string_with_capacity(chars.size_hint().0);
    text.extend(chars);
    text.into_str()
}

/// How many bytes stand before the first quote or backslash (all, if there is none).
#[inline]
pub(super) fn quote_or_backslash(bytes: &[u8]) -> usize {
    words::before(bytes, |word| word.is(b'"') | word.is(b'\\'), |byte| byte == b'"' || byte == b'\\')
}

/// How many bytes stand before the first that Flink escapes: controls, `"`, `\`, and whatever lies above U+FFFF.
#[inline]
fn unescaped(bytes: &[u8]) -> usize {
    words::before(
        bytes,
        |word| word.is(b'"') | word.is(b'\\') | word.is_control() | word.is_first_of_four(),
        |byte| byte < 0x20 || byte == b'"' || byte == b'\\' || byte >= 0xF0,
    )
}

/// Reads up to the closing quote; gives the string and how many bytes it took, the quote included.
///
/// Half a surrogate pair becomes `?`, as Java writes it. An `Err` says how far it came.
pub(super) fn unescape<'a>(text: &str, arena: &'a Arena) -> Result<(&'a str, usize), usize> {
    let bytes = text.as_bytes();
    let mut string = arena.string_with_capacity(text.len().min(64));
    let mut at = 0;
    loop {
        let plain = quote_or_backslash(&bytes[at..]);
        string.push_str(&text[at..at + plain]);
        at += plain;
        if *bytes.get(at).ok_or(at)? == b'"' {
            return Ok((string.into_str(), at + 1));
        }
        let escape = *bytes.get(at + 1).ok_or(at)?;
        at += 2;
        string.push(match escape {
            b'"' | b'\\' | b'/' => char::from(escape),
            b'b' => '\x08',
            b'f' => '\x0C',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => unicode(text, &mut at).ok_or(at - 2)?,
            _ => return Err(at - 2),
        });
    }
}

/// One code unit, or two if they are a pair.
fn unicode(text: &str, at: &mut usize) -> Option<char> {
    let unit = code_unit(text, *at)?;
    *at += 4;
    if let (0xD800..0xDC00, Some("\\u")) = (unit, text.get(*at..*at + 2))
        && let low @ 0xDC00..0xE000 = code_unit(text, *at + 2)?
    {
        *at += 6;
        return char::from_u32(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
    }
    Some(char::from_u32(unit).unwrap_or('?'))
}

fn code_unit(text: &str, at: usize) -> Option<u32> {
    let digits = text.get(at..at + 4)?;
    digits.bytes().try_fold(0, |unit, digit| Some(unit * 16 + char::from(digit).to_digit(16)?))
}

/// Writes a string with its quotes and Flink's escapes.
#[inline]
pub(crate) fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let plain = unescaped(text.as_bytes());
    out.extend_from_slice(&text.as_bytes()[..plain]);
    if plain < text.len() {
        escape(&text[plain..], true, out);
    }
    out.push(b'"');
}

/// The same as Jackson does for text in memory: what lies above U+FFFF stays as it is.
pub(crate) fn quote_in_memory(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    escape(text, false, out);
    out.push(b'"');
}

/// A number, or a string where JSON has no number for it.
#[inline]
pub(in crate::format) fn write_double(value: f64, out: &mut Vec<u8>) {
    if value.is_finite() {
        number::write_f64(value, out);
    } else {
        out.push(b'"');
        number::write_f64(value, out);
        out.push(b'"');
    }
}

/// A name with its quotes, as it most likely stands in a message.
pub(super) fn quoted(name: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len() + 2);
    quote(name, &mut out);
    out
}

#[cold]
fn escape(text: &str, pairs: bool, out: &mut Vec<u8>) {
    for char in text.chars() {
        match char {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\x08' => out.extend_from_slice(b"\\b"),
            '\x0C' => out.extend_from_slice(b"\\f"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\0'..' ' => escape_unit(char as u16, out),
            '\u{10000}'.. if pairs => {
                char.encode_utf16(&mut [0; 2]).iter().for_each(|&unit| escape_unit(unit, out))
            }
            _ => out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

fn escape_unit(unit: u16, out: &mut Vec<u8>) {
    let digit = |shift: u32| b"0123456789ABCDEF"[usize::from(unit >> shift & 15)];
    out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}
