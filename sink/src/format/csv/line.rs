//! The columns of a CSV text's first line, one after another.

use super::dialect::Dialect;
use crate::format::DecodeError;
use crate::row::Arena;

/// Walks over the first line. A quoted column may hold line ends, so the line may be several of an editor.
pub(super) struct Line<'a, 'd> {
    text: &'a str,
    at: usize,
    dialect: &'d Dialect,
    trims: bool,
    arena: &'a Arena,
    /// Whether a column follows: the line begins, or the last one ended in a delimiter.
    goes_on: bool,
}

/// One character that ends what is looked for, as it stands in UTF-8.
#[derive(Clone, Copy)]
struct Sign {
    bytes: [u8; 4],
    length: usize,
}

impl<'a, 'd> Line<'a, 'd> {
    /// Stands before the first column.
    pub(super) fn new(text: &'a str, dialect: &'d Dialect, trims: bool, arena: &'a Arena) -> Self {
        Self { text, at: 0, dialect, trims, arena, goes_on: true }
    }

    /// Passes over lines that begin with `#`, and over empty ones, as Jackson does once comments are allowed.
    pub(super) fn skip_comments(&mut self) {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b'#') => {
                    let end = self.text[self.at..].find(['\n', '\r']);
                    self.at = end.map_or(self.text.len(), |end| self.at + end);
                }
                Some(b'\n' | b'\r') => self.at += 1,
                _ => return,
            }
        }
    }

    /// Whether the text has nothing more, before the first column.
    pub(super) fn is_empty(&self) -> bool {
        self.at == self.text.len()
    }

    /// Whether another column follows.
    pub(super) fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// The next column's text, without its quotes and escapes.
    ///
    /// # Errors
    /// A quoted column has no end, or something behind it.
    pub(super) fn column(&mut self) -> Result<&'a str, DecodeError> {
        match self.dialect.quote {
            Some(quote) if self.text[self.at..].starts_with(quote) => self.quoted(quote),
            _ => Ok(self.plain()),
        }
    }

    fn plain(&mut self) -> &'a str {
        let delimiter = Sign::of(self.dialect.delimiter);
        let bytes = self.text.as_bytes();
        let escape = self.dialect.escape.map(Sign::of);
        let start = self.at;
        while let Some(byte) = bytes.get(self.at) {
            if delimiter.stands_at(bytes, self.at) || matches!(byte, b'\n' | b'\r') {
                break;
            }
            if escape.is_some_and(|escape| escape.stands_at(bytes, self.at)) {
                return self.plain_escaped(start, delimiter);
            }
            self.at += 1;
        }
        let column = &self.text[start..self.at];
        self.end_column(delimiter);
        self.trimmed(column)
    }

    /// The same from the first escape on.
    #[cold]
    fn plain_escaped(&mut self, start: usize, delimiter: Sign) -> &'a str {
        let mut column = self.arena.string_with_capacity(self.text.len() - start);
        column.push_str(&self.text[start..self.at]);
        while let Some(char) = self.peek() {
            if char == self.dialect.delimiter || matches!(char, '\n' | '\r') {
                break;
            }
            self.at += char.len_utf8();
            match self.dialect.escape {
                Some(escape) if char == escape => column.extend(self.escaped()),
                _ => column.push(char),
            }
        }
        self.end_column(delimiter);
        self.trimmed(column.into_str())
    }

    fn quoted(&mut self, quote: char) -> Result<&'a str, DecodeError> {
        let opened = self.at;
        self.at += quote.len_utf8();
        let start = self.at;
        let is_special = |char: char| char == quote || Some(char) == self.dialect.escape;
        let Some(first) = self.text[start..].find(is_special) else { return Err(self.unclosed(opened)) };
        self.at = start + first;
        // Mostly the first such character is the closing quote, and nothing is copied.
        let closes = self.text[self.at..].starts_with(quote)
            && !self.text[self.at + quote.len_utf8()..].starts_with(quote);
        let column = if closes {
            self.at += quote.len_utf8();
            &self.text[start..start + first]
        } else {
            self.quoted_escaped(start, quote).ok_or_else(|| self.unclosed(opened))?
        };
        self.end_quoted()?;
        Ok(column)
    }

    /// A quoted column with quotes or escapes inside, up to behind its closing quote.
    fn quoted_escaped(&mut self, start: usize, quote: char) -> Option<&'a str> {
        let mut column = self.arena.string_with_capacity(self.text.len() - start);
        column.push_str(&self.text[start..self.at]);
        loop {
            let char = self.peek()?;
            self.at += char.len_utf8();
            if char == quote {
                if self.peek() != Some(quote) {
                    return Some(column.into_str());
                }
                self.at += quote.len_utf8();
                column.push(quote);
            } else if Some(char) == self.dialect.escape {
                column.push(self.escaped()?);
            } else {
                column.push(char);
            }
        }
    }

    /// What an escape and the character behind it mean.
    fn escaped(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at += char.len_utf8();
        Some(match char {
            '0' => '\0',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            char => char,
        })
    }

    /// Behind a closing quote only blanks may stand.
    fn end_quoted(&mut self) -> Result<(), DecodeError> {
        let delimiter = Sign::of(self.dialect.delimiter);
        loop {
            let bytes = self.text.as_bytes();
            match bytes.get(self.at) {
                Some(b'\n' | b'\r') | None => break,
                Some(_) if delimiter.stands_at(bytes, self.at) => break,
                Some(..=b' ') => self.at += 1,
                Some(_) => {
                    let wanted = "a delimiter or the end of the line behind the closing quote";
                    let rest = &self.text[self.at..];
                    return Err(DecodeError::malformed("csv", Some(self.at), wanted, rest));
                }
            }
        }
        self.end_column(delimiter);
        Ok(())
    }

    fn end_column(&mut self, delimiter: Sign) {
        self.goes_on = delimiter.stands_at(self.text.as_bytes(), self.at);
        if self.goes_on {
            self.at += delimiter.length;
        }
    }

    fn trimmed(&self, column: &'a str) -> &'a str {
        if self.trims { column.trim_matches(|char| char <= ' ') } else { column }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    #[cold]
    fn unclosed(&self, opened: usize) -> DecodeError {
        let rest = &self.text[opened..];
        DecodeError::malformed("csv", Some(opened), "a quote that closes what this one opens", rest)
    }
}

impl Sign {
    fn of(char: char) -> Self {
        let mut bytes = [0; 4];
        let length = char.encode_utf8(&mut bytes).len();
        Self { bytes, length }
    }

    #[inline]
    fn stands_at(self, text: &[u8], at: usize) -> bool {
        match text.get(at) {
            Some(first) if *first == self.bytes[0] => {
                self.length == 1 || text[at..].starts_with(&self.bytes[..self.length])
            }
            _ => false,
        }
    }
}
