//! A pull reader of JSON: one token at a time, as lax and as strict as the Jackson that Flink runs.

use super::text::{self, Text};
use crate::format::DecodeError;
use crate::row::Arena;

/// Open brackets at most; Jackson's bound.
const DEPTH_MAX: usize = 1000;
/// Digits of a number at most; Jackson's bound.
const NUMBER_LENGTH_MAX: usize = 1000;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Token<'a> {
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    Name(&'a str),
    String(&'a str),
    Integer(&'a str),
    Float(&'a str),
    True,
    False,
    Null,
}

impl<'a> Token<'a> {
    /// The token as text; numbers exactly as they were written.
    pub(super) fn text(self) -> &'a str {
        match self {
            Self::ObjectStart => "{",
            Self::ObjectEnd => "}",
            Self::ArrayStart => "[",
            Self::ArrayEnd => "]",
            Self::Name(text) | Self::String(text) | Self::Integer(text) | Self::Float(text) => text,
            Self::True => "true",
            Self::False => "false",
            Self::Null => "null",
        }
    }
}

pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
    arena: &'a Arena,
    token: Token<'a>,
    /// Where the token begins.
    token_at: usize,
    /// A bit per open bracket: set for an object.
    objects: [u64; DEPTH_MAX.div_ceil(64)],
    depth: usize,
    in_object: bool,
    first: bool,
    named: bool,
    start: Option<usize>,
    cut: bool,
}

impl<'a> Reader<'a> {
    /// Bytes after the first that is not UTF-8 do not exist for the reader: it matters only to who gets there.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8], arena: &'a Arena) -> Self {
        let Text { text, start, cut } = Text::of(bytes, arena);
        Self {
            text,
            at: 0,
            arena,
            token: Token::Null,
            token_at: 0,
            objects: [0; _],
            depth: 0,
            in_object: false,
            first: true,
            named: false,
            start,
            cut,
        }
    }

    /// The token `advance` read last.
    #[inline]
    pub(crate) fn token(&self) -> Token<'a> {
        self.token
    }

    /// Whether nothing but blanks is left.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.blank();
        self.at == self.text.len() && !self.cut
    }

    /// Reads the next token.
    pub(crate) fn advance(&mut self) -> Result<Token<'a>, DecodeError> {
        self.advance_inline()
    }

    /// The same, for the one place where a call costs: a field of a flat row.
    #[inline(always)]
    pub(super) fn advance_inline(&mut self) -> Result<Token<'a>, DecodeError> {
        self.token = if self.named {
            self.named = false;
            self.value()?
        } else {
            match self.blank() {
                b'}' if self.in_object => self.close(Token::ObjectEnd),
                b']' if !self.in_object && self.depth > 0 => self.close(Token::ArrayEnd),
                _ => self.member()?,
            }
        };
        Ok(self.token)
    }

    /// Steps onto a name if it is the one foretold, quotes included; else stays where it is.
    #[inline]
    pub(super) fn next_is(&mut self, quoted: &[u8]) -> bool {
        let mut rest = &self.text.as_bytes()[self.at..];
        if self.named || !self.in_object {
            return false;
        }
        if !self.first {
            let Some(after) = rest.strip_prefix(b",") else { return false };
            rest = after.strip_prefix(b" ").unwrap_or(after);
        }
        let Some([b':', rest @ ..]) = rest.strip_prefix(quoted) else { return false };
        self.at = self.text.len() - rest.len();
        (self.first, self.named) = (false, true);
        true
    }

    /// From an opening bracket to the one that closes it; nothing on any other token.
    pub(super) fn skip_children(&mut self) -> Result<(), DecodeError> {
        if matches!(self.token, Token::ObjectStart | Token::ArrayStart) {
            let outside = self.depth - 1;
            while self.depth > outside {
                self.advance()?;
            }
        }
        Ok(())
    }

    /// The token is not what its column wants.
    #[cold]
    pub(super) fn mismatch(&self) -> DecodeError {
        let found = match self.token {
            Token::String(_) | Token::ObjectStart | Token::ArrayStart => &self.text[self.token_at..self.at],
            token => token.text(),
        };
        DecodeError::mismatch(self.start.map(|start| start + self.token_at), found)
    }

    #[inline]
    fn member(&mut self) -> Result<Token<'a>, DecodeError> {
        if self.depth > 0 && !self.first {
            let close = if self.in_object { "`,` or `}`" } else { "`,` or `]`" };
            self.expect(b',', close)?;
        }
        self.first = false;
        if !self.in_object {
            return self.value();
        }
        self.blank();
        self.token_at = self.at;
        self.expect(b'"', "a name in double quotes")?;
        let name = self.string()?;
        self.blank();
        self.expect(b':', "`:`")?;
        self.named = true;
        Ok(Token::Name(name))
    }

    #[inline(always)]
    fn value(&mut self) -> Result<Token<'a>, DecodeError> {
        let byte = self.blank();
        self.token_at = self.at;
        match byte {
            b'"' => {
                self.at += 1;
                Ok(Token::String(self.string()?))
            }
            b'{' => self.open(true),
            b'[' => self.open(false),
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true", Token::True),
            b'f' => self.word("false", Token::False),
            b'n' => self.word("null", Token::Null),
            _ => Err(self.malformed("a value")),
        }
    }

    fn open(&mut self, object: bool) -> Result<Token<'a>, DecodeError> {
        if self.depth == DEPTH_MAX {
            return Err(self.malformed("at most 1000 open brackets"));
        }
        self.at += 1;
        let bit = 1 << (self.depth % 64);
        let word = &mut self.objects[self.depth / 64];
        *word = if object { *word | bit } else { *word & !bit };
        self.depth += 1;
        (self.in_object, self.first) = (object, true);
        Ok(if object { Token::ObjectStart } else { Token::ArrayStart })
    }

    fn close(&mut self, token: Token<'a>) -> Token<'a> {
        self.token_at = self.at;
        self.at += 1;
        self.depth -= 1;
        self.first = false;
        let outer = self.depth.wrapping_sub(1);
        self.in_object = self.depth > 0 && self.objects[outer / 64] & (1 << (outer % 64)) != 0;
        token
    }

    /// The string whose opening quote was just read.
    #[inline(always)]
    fn string(&mut self) -> Result<&'a str, DecodeError> {
        let start = self.at;
        let end = start + text::quote_or_backslash(&self.text.as_bytes()[start..]);
        match self.text.as_bytes().get(end) {
            Some(b'"') => {
                self.at = end + 1;
                Ok(&self.text[start..end])
            }
            Some(_) => self.escaped(start),
            None => {
                self.at = end;
                Err(self.malformed("a closing double quote"))
            }
        }
    }

    #[cold]
    fn escaped(&mut self, start: usize) -> Result<&'a str, DecodeError> {
        match text::unescape(&self.text[start..], self.arena) {
            Ok((string, length)) => {
                self.at = start + length;
                Ok(string)
            }
            Err(length) => {
                self.at = start + length;
                Err(self.malformed("a string's end or an escape that JSON has"))
            }
        }
    }

    #[inline]
    fn number(&mut self) -> Result<Token<'a>, DecodeError> {
        let start = self.at;
        self.at += usize::from(self.peek() == b'-');
        let zero = self.peek() == b'0';
        if self.digits()? > 1 && zero {
            return Err(self.malformed("a number without leading zeros"));
        }
        let mut integer = true;
        if self.peek() == b'.' {
            self.at += 1;
            self.digits()?;
            integer = false;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), b'+' | b'-'));
            self.digits()?;
            integer = false;
        }
        let text = &self.text[start..self.at];
        if text.len() > NUMBER_LENGTH_MAX {
            return Err(self.malformed("a number of at most 1000 digits"));
        }
        Ok(if integer { Token::Integer(text) } else { Token::Float(text) })
    }

    #[inline]
    fn digits(&mut self) -> Result<usize, DecodeError> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
        if self.at == start { Err(self.malformed("a digit")) } else { Ok(self.at - start) }
    }

    fn word(&mut self, word: &'static str, token: Token<'a>) -> Result<Token<'a>, DecodeError> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.malformed("a value"));
        }
        self.at += word.len();
        Ok(token)
    }

    /// Steps over blanks and looks at what follows.
    #[inline]
    fn blank(&mut self) -> u8 {
        while matches!(self.peek(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
        self.peek()
    }

    #[inline]
    fn expect(&mut self, byte: u8, wanted: &'static str) -> Result<(), DecodeError> {
        if self.peek() != byte {
            return Err(self.malformed(wanted));
        }
        self.at += 1;
        Ok(())
    }

    /// The byte ahead; zero, which no rule accepts, at the end.
    #[inline]
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    #[cold]
    fn malformed(&self, wanted: &'static str) -> DecodeError {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let wanted = if rest.is_empty() && self.cut { "UTF-8" } else { wanted };
        DecodeError::malformed("JSON", self.start.map(|start| start + self.at), wanted, rest)
    }
}
