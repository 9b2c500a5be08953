//! Text as Java reads it.

use std::borrow::Cow;

/// As Java reads text: what is not UTF-8 becomes replacement characters, a surrogate's three bytes only one.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(chunk) = rest.utf8_chunks().next() {
        out.push_str(chunk.valid());
        let invalid = &rest[chunk.valid().len()..];
        let skipped = match invalid {
            [] => break,
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => 3,
            _ => chunk.invalid().len(),
        };
        out.push(char::REPLACEMENT_CHARACTER);
        rest = &invalid[skipped..];
    }
    Cow::Owned(out)
}
