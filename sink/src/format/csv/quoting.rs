//! Quotes around a CSV column: which texts get them, and what is doubled inside.

use super::dialect::Dialect;
use crate::format::words;

/// How columns of a dialect are quoted.
pub(super) struct Quoting {
    /// `None`: nothing is quoted.
    quote: Option<char>,
    escape: Option<char>,
    /// The highest character that asks for quotes: whatever is not above delimiter and quote does.
    most: char,
    /// The same of a dialect whose characters are all of ASCII, as they mostly are.
    ascii: Option<AsciiQuoting>,
}

#[derive(Clone, Copy)]
struct AsciiQuoting {
    quote: u8,
    most: u8,
    /// It asks for quotes too.
    escape: u8,
    /// Doubled as the quote is; where the dialect has no escape, the quote again.
    doubled: u8,
}

/// A text with more characters is quoted without a look.
const UNQUOTED_CHARS_MAX: usize = 24;

/// It asks for quotes even where it escapes nothing.
const BACKSLASH: char = '\\';

impl Quoting {
    pub(super) fn of(dialect: &Dialect) -> Self {
        let (quote, escape) = (dialect.quote, dialect.escape);
        let most = dialect.delimiter.max(quote.unwrap_or('\0'));
        let byte = |char: char| u8::try_from(char).ok().filter(u8::is_ascii);
        let ascii = || {
            let quote = byte(quote?)?;
            let doubled = escape.map_or(Some(quote), byte)?;
            Some(AsciiQuoting {
                quote,
                most: byte(most)?,
                escape: byte(escape.unwrap_or(BACKSLASH))?,
                doubled,
            })
        };
        Self { quote, escape, most, ascii: ascii() }
    }

    /// Appends a text.
    #[inline]
    pub(super) fn write(&self, text: &str, out: &mut Vec<u8>) {
        if let Some(ascii) = self.ascii {
            return ascii.write(text, out);
        }
        let start = out.len();
        out.extend_from_slice(text.as_bytes());
        self.quote(start, out);
    }

    /// Puts quotes around what was written from there on, if it needs them, and doubles what must be doubled inside.
    #[inline]
    pub(super) fn quote(&self, start: usize, out: &mut Vec<u8>) {
        match self.ascii {
            Some(ascii) if ascii.doubles_nothing(&out[start..]) => ascii.enclose(start, out),
            _ => self.quote_chars(start, out),
        }
    }

    #[cold]
    fn quote_chars(&self, start: usize, out: &mut Vec<u8>) {
        let Some(quote) = self.quote else { return };
        // What was written is text; if it were not, it would be quoted.
        let text = str::from_utf8(&out[start..]).unwrap_or("\"");
        if !self.is_needed(text) {
            return;
        }
        let doubled = text.chars().filter(|char| self.is_doubled(*char)).map(char::len_utf8).sum::<usize>();
        // From the end to the front, so that nothing is overwritten before it was moved.
        let mut read = out.len();
        let mut write = read + doubled + 2 * quote.len_utf8();
        out.resize(write, 0);
        put_before(quote, &mut write, out);
        while read > start {
            let char = last_char(&out[start..read]);
            read -= char.len_utf8();
            put_before(char, &mut write, out);
            if self.is_doubled(char) {
                put_before(char, &mut write, out);
            }
        }
        put_before(quote, &mut write, out);
    }

    fn is_needed(&self, text: &str) -> bool {
        // Java compares halves of characters beyond U+FFFF.
        let half_asks = |half: u16| u32::from(half) <= u32::from(self.most);
        let escape = self.escape.unwrap_or(BACKSLASH);
        let asks = |char: char| char <= self.most || char == escape;
        text.chars().any(asks) || text.encode_utf16().any(half_asks) || is_long(text.as_bytes())
    }

    fn is_doubled(&self, char: char) -> bool {
        Some(char) == self.quote || Some(char) == self.escape
    }
}

/// No byte of a longer character is one of ASCII: bytes can be asked alone.
impl AsciiQuoting {
    #[inline]
    fn write(self, text: &str, out: &mut Vec<u8>) {
        let mut rest = text.as_bytes();
        let mut plain = self.before_asking(rest);
        if plain == rest.len() && !is_long(rest) {
            return out.extend_from_slice(rest);
        }
        out.push(self.quote);
        // Whatever is doubled asks for quotes: none stands before.
        loop {
            plain += self.before_doubled(&rest[plain..]);
            out.extend_from_slice(&rest[..plain]);
            let Some(&byte) = rest.get(plain) else { break };
            out.extend_from_slice(&[byte; 2]);
            rest = &rest[plain + 1..];
            plain = 0;
        }
        out.push(self.quote);
    }

    /// Puts quotes around what was written from there on, if it needs them.
    #[inline]
    fn enclose(self, start: usize, out: &mut Vec<u8>) {
        let written = &out[start..];
        if self.before_asking(written) == written.len() && !is_long(written) {
            return;
        }
        let end = out.len();
        out.extend_from_slice(&[self.quote; 2]);
        out.copy_within(start..end, start + 1);
        out[start] = self.quote;
    }

    #[inline]
    fn doubles_nothing(self, bytes: &[u8]) -> bool {
        self.before_doubled(bytes) == bytes.len()
    }

    #[inline]
    fn before_asking(self, bytes: &[u8]) -> usize {
        let hits = |word: words::Word| word.is_at_most(self.most) | word.is(self.escape);
        words::before(bytes, hits, |byte| byte <= self.most || byte == self.escape)
    }

    #[inline]
    fn before_doubled(self, bytes: &[u8]) -> usize {
        let hits = |word: words::Word| word.is(self.quote) | word.is(self.doubled);
        words::before(bytes, hits, |byte| byte == self.quote || byte == self.doubled)
    }
}

/// Java counts UTF-16, in which four bytes of UTF-8 are two units, and fewer are one.
#[inline]
fn is_long(text: &[u8]) -> bool {
    let units = |byte: &u8| usize::from(!(0x80..0xC0).contains(byte)) + usize::from(*byte >= 0xF0);
    text.len() > UNQUOTED_CHARS_MAX && text.iter().map(units).sum::<usize>() > UNQUOTED_CHARS_MAX
}

fn put_before(char: char, end: &mut usize, out: &mut [u8]) {
    *end -= char.len_utf8();
    char.encode_utf8(&mut out[*end..]);
}

/// The last character of a text's bytes.
fn last_char(text: &[u8]) -> char {
    let is_first = |byte: &u8| !(0x80..0xC0).contains(byte);
    let first = text.iter().rposition(is_first).unwrap_or(0);
    str::from_utf8(&text[first..]).ok().and_then(|char| char.chars().next()).unwrap_or('\u{FFFD}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoting(delimiter: char, quote: Option<char>, escape: Option<char>) -> Quoting {
        Quoting::of(&Dialect { delimiter, quote, escape, element_delimiter: ';', null_literal: None })
    }

    /// Both ways have one meaning: what lies there is quoted as what is still to be written.
    #[test]
    fn a_text_is_quoted_alike_before_and_after_it_is_written() {
        let pieces = ["a", " ", ",", "\"", "\\", "'", "é", "\u{1F600}", "|", "0123456789abcdef", "§"];
        let dialects = [(',', '"'), ('|', '\''), ('\t', '"'), ('§', '"'), (',', '§')];
        let escapes = [None, Some('\\'), Some('\''), Some('"'), Some('é')];
        for ((delimiter, quote), escape) in dialects.iter().flat_map(|it| escapes.map(|escape| (*it, escape)))
        {
            let quoting = quoting(delimiter, Some(quote), escape);
            for text in pieces.iter().flat_map(|a| pieces.map(|b| format!("{a}{b}{a}{a}{b}"))) {
                let (mut written, mut quoted) = (b"x".to_vec(), b"x".to_vec());
                quoting.write(&text, &mut written);
                quoted.extend_from_slice(text.as_bytes());
                quoting.quote(1, &mut quoted);
                assert_eq!(written, quoted, "{text:?} {delimiter:?} {quote:?} {escape:?}");
            }
        }
    }

    /// As Flink wrote them in `golden/flink/formats`: a blank asks, and what stands behind 24 characters.
    #[test]
    fn a_text_has_quotes_where_it_needs_them() {
        let plain = quoting(',', Some('"'), None);
        for (text, expected) in [
            ("", ""),
            ("a-b.c", "a-b.c"),
            ("a b", "\"a b\""),
            ("a\"b", "\"a\"\"b\""),
            ("a\\b", "\"a\\b\""),
            ("é", "é"),
            ("aaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaa"),
            ("\u{1F600}aaaaaaaaaaaaaaaaaaaaaa", "\u{1F600}aaaaaaaaaaaaaaaaaaaaaa"),
            ("\u{1F600}aaaaaaaaaaaaaaaaaaaaaaa", "\"\u{1F600}aaaaaaaaaaaaaaaaaaaaaaa\""),
            ("aaaaaaaaaaaaaaaaaaaaaaaaa", "\"aaaaaaaaaaaaaaaaaaaaaaaaa\""),
        ] {
            let mut out = Vec::new();
            plain.write(text, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expected);
        }
        let mut out = Vec::new();
        quoting(',', None, None).write("a,\"b", &mut out);
        assert_eq!(out, b"a,\"b");
    }
}
