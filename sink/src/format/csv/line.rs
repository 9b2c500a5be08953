//! The columns of a CSV text's first line, one after another.

use super::dialect::Dialect;
use crate::format::{DecodeError, words};
use crate::row::Arena;

/// Walks over the first line. A quoted column may hold line ends, so the line may be several of an editor.
pub(super) struct Line<'a, 'd> {
    text: &'a str,
    at: usize,
    dialect: &'d Dialect,
    delimiter: Sign,
    quote: Option<Sign>,
    escape: Option<Sign>,
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
        Self {
            text,
            at: 0,
            dialect,
            delimiter: Sign::of(dialect.delimiter),
            quote: dialect.quote.map(Sign::of),
            escape: dialect.escape.map(Sign::of),
            trims,
            arena,
            goes_on: true,
        }
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
    #[inline]
    pub(super) fn column(&mut self) -> Result<&'a str, DecodeError> {
        match self.quote {
            Some(quote) if self.stands_here(quote) => self.quoted(quote),
            _ => Ok(self.plain()),
        }
    }

    #[inline]
    fn plain(&mut self) -> &'a str {
        let start = self.at;
        loop {
            self.pass_to_stop();
            if self.stands_here(self.delimiter) || matches!(self.byte(), None | Some(b'\n' | b'\r')) {
                break;
            }
            if self.escape.is_some_and(|escape| self.stands_here(escape)) {
                return self.plain_escaped(start);
            }
            // Another character that begins as one of them does.
            self.at += 1;
        }
        let column = &self.text[start..self.at];
        self.end_column();
        self.trimmed(column)
    }

    /// Goes on to the next byte that may end a plain column or be an escape.
    #[inline]
    fn pass_to_stop(&mut self) {
        let delimiter = self.delimiter.first();
        let escape = self.escape.map_or(delimiter, Sign::first);
        self.at += words::before(
            &self.text.as_bytes()[self.at..],
            |word| word.is(delimiter) | word.is(b'\n') | word.is(b'\r') | word.is(escape),
            |byte| byte == delimiter || byte == b'\n' || byte == b'\r' || byte == escape,
        );
    }

    /// The same from the first escape on.
    #[cold]
    fn plain_escaped(&mut self, start: usize) -> &'a str {
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
        self.end_column();
        self.trimmed(column.into_str())
    }

    fn quoted(&mut self, quote: Sign) -> Result<&'a str, DecodeError> {
        let opened = self.at;
        self.at += quote.length;
        let start = self.at;
        self.pass_to_quote_or_escape(quote).ok_or_else(|| self.unclosed(opened))?;
        let first = self.at;
        // Mostly the first such character is the closing quote, and nothing is copied.
        let is_quote = self.stands_here(quote);
        self.at += quote.length;
        let column = if is_quote && !self.stands_here(quote) {
            &self.text[start..first]
        } else {
            self.at = first;
            self.quoted_escaped(start).ok_or_else(|| self.unclosed(opened))?
        };
        self.end_quoted()?;
        Ok(column)
    }

    /// Goes on to the next quote or escape; none where the text ends before.
    #[inline]
    fn pass_to_quote_or_escape(&mut self, quote: Sign) -> Option<()> {
        let escape = self.escape.unwrap_or(quote);
        let (a, b) = (quote.first(), escape.first());
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            self.at += words::before(rest, |word| word.is(a) | word.is(b), |byte| byte == a || byte == b);
            self.byte()?;
            if self.stands_here(quote) || self.stands_here(escape) {
                return Some(());
            }
            self.at += 1;
        }
    }

    /// A quoted column with quotes or escapes inside, up to behind its closing quote.
    fn quoted_escaped(&mut self, start: usize) -> Option<&'a str> {
        let quote = self.dialect.quote?;
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
    #[inline]
    fn end_quoted(&mut self) -> Result<(), DecodeError> {
        while !self.stands_here(self.delimiter) {
            match self.byte() {
                Some(b'\n' | b'\r') | None => break,
                Some(..=b' ') => self.at += 1,
                Some(_) => {
                    let wanted = "a delimiter or the end of the line behind the closing quote";
                    let rest = &self.text[self.at..];
                    return Err(DecodeError::malformed("csv", Some(self.at), wanted, rest));
                }
            }
        }
        self.end_column();
        Ok(())
    }

    #[inline]
    fn end_column(&mut self) {
        self.goes_on = self.stands_here(self.delimiter);
        if self.goes_on {
            self.at += self.delimiter.length;
        }
    }

    #[inline]
    fn stands_here(&self, sign: Sign) -> bool {
        sign.stands_at(self.text.as_bytes(), self.at)
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
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
    #[inline]
    fn of(char: char) -> Self {
        let mut bytes = [0; 4];
        let length = char.encode_utf8(&mut bytes).len();
        Self { bytes, length }
    }

    #[inline]
    fn first(self) -> u8 {
        self.bytes[0]
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
