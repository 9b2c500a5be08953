//! Texts as Java holds them, in units of 16 bits, for functions that count or cut there.

use crate::row::Arena;

/// The units of a text. A character beyond the basic plane has two.
pub(super) fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// How many units a text has.
pub(super) fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// The text of these units. Half a character is a question mark, as when Java encodes it in UTF-8.
pub(super) fn to_text<'a>(units: &[u16], arena: &'a Arena) -> &'a str {
    let mut text = arena.string_with_capacity(units.len());
    for char in char::decode_utf16(units.iter().copied()) {
        text.push(char.unwrap_or('?'));
    }
    text.into_str()
}
