//! A cursor over the tokens of one statement.

use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use super::reserved::{is_reserved, reserved_word};
use super::{Name, Script};
use crate::error::{Error, Position};

/// The tokens of one statement, without blanks and comments.
pub(super) struct Tokens<'a> {
    script: &'a Script,
    all: Vec<TokenWithSpan>,
    next: usize,
}

impl<'a> Tokens<'a> {
    /// `all` is not empty.
    pub(super) fn new(script: &'a Script, all: Vec<TokenWithSpan>) -> Self {
        Self { script, all, next: 0 }
    }

    pub(super) fn peek(&self) -> &Token {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> &Token {
        self.all.get(self.next + ahead).map_or(&Token::EOF, |token| &token.token)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.next >= self.all.len()
    }

    pub(super) fn advance(&mut self) {
        self.next += 1;
    }

    /// Where the next token stands, or the last one ends.
    pub(super) fn here(&self) -> Position {
        match self.all.get(self.next) {
            Some(token) => position(token.span.start),
            None => self.all.last().map_or(Position { line: 1, column: 1 }, |token| position(token.span.end)),
        }
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        is_word(self.peek(), word)
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        self.eat_words(&[word])
    }

    /// All of them or none.
    pub(super) fn eat_words(&mut self, words: &[&str]) -> bool {
        let all = words.iter().enumerate().all(|(ahead, word)| is_word(self.peek_at(ahead), word));
        if all {
            self.next += words.len();
        }
        all
    }

    pub(super) fn eat(&mut self, token: &Token) -> bool {
        let same = self.peek() == token;
        if same {
            self.next += 1;
        }
        same
    }

    pub(super) fn expect(&mut self, token: &Token) -> Result<(), Error> {
        if self.eat(token) { Ok(()) } else { Err(self.expected(&format!("'{token}'"))) }
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Result<(), Error> {
        if self.eat_word(word) { Ok(()) } else { Err(self.expected(word)) }
    }

    /// A word or a backquoted name.
    pub(super) fn name(&mut self) -> Result<Name, Error> {
        let at = self.here();
        let Token::Word(word) = self.peek() else { return Err(self.expected("a name")) };
        if word.quote_style.is_none() && is_reserved(&word.value) {
            return Err(self.script.error_at(at, &reserved_word(&word.value)));
        }
        let text = word.value.clone();
        self.next += 1;
        Ok(Name { text, at })
    }

    /// `(a, b)`
    pub(super) fn names(&mut self) -> Result<Vec<Name>, Error> {
        self.expect(&Token::LParen)?;
        let mut names = vec![self.name()?];
        while self.eat(&Token::Comma) {
            names.push(self.name()?);
        }
        self.expect(&Token::RParen)?;
        Ok(names)
    }

    /// A string in single quotes.
    pub(super) fn string(&mut self, what: &str) -> Result<String, Error> {
        match self.peek() {
            Token::SingleQuotedString(text) => {
                let text = text.clone();
                self.next += 1;
                Ok(text)
            }
            _ => Err(self.expected(&format!("{what} in single quotes"))),
        }
    }

    /// A string in single or, which only we take, double quotes.
    pub(super) fn any_string(&mut self, what: &str) -> Result<(String, Position), Error> {
        let at = self.here();
        if let Token::DoubleQuotedString(text) = self.peek() {
            let text = text.clone();
            self.next += 1;
            return Ok((text, at));
        }
        self.string(what).map(|text| (text, at))
    }

    /// A whole number that is not negative.
    pub(super) fn number(&mut self, what: &str) -> Result<u32, Error> {
        let number = match self.peek() {
            Token::Number(text, _) => text.parse().ok(),
            _ => None,
        };
        let number = number.ok_or_else(|| self.expected(what))?;
        self.next += 1;
        Ok(number)
    }

    /// `>`, which may be half of a `>>`.
    pub(super) fn expect_closing_angle(&mut self) -> Result<(), Error> {
        let next = self.next;
        match self.all.get_mut(next) {
            Some(token) if token.token == Token::ShiftRight => {
                token.token = Token::Gt;
                Ok(())
            }
            _ => self.expect(&Token::Gt),
        }
    }

    /// The tokens up to a comma or closing bracket that is not theirs, or up to the first of `words`.
    pub(super) fn until_comma(&mut self, words: &[&str]) -> Vec<TokenWithSpan> {
        let from = self.next;
        let mut depth = 0_u32;
        while !self.is_at_end() {
            match self.peek() {
                Token::LParen => depth += 1,
                Token::RParen if depth == 0 => break,
                Token::RParen => depth -= 1,
                Token::Comma if depth == 0 => break,
                token if depth == 0 && words.iter().any(|word| is_word(token, word)) => break,
                _ => {}
            }
            self.next += 1;
        }
        self.all[from..self.next].to_vec()
    }

    /// All that are left.
    pub(super) fn rest(&mut self) -> Vec<TokenWithSpan> {
        let from = self.next.min(self.all.len());
        self.next = self.all.len();
        self.all[from..].to_vec()
    }

    /// Nothing may be left.
    pub(super) fn expect_end(&self) -> Result<(), Error> {
        if self.is_at_end() { Ok(()) } else { Err(self.expected("the end of the statement, ';'")) }
    }

    pub(super) fn expected(&self, what: &str) -> Error {
        let found = match self.peek() {
            Token::EOF => "the end of the statement".to_owned(),
            token => format!("'{token}'"),
        };
        self.error(&format!("expected {what}, found {found}"))
    }

    pub(super) fn error(&self, reason: &str) -> Error {
        self.script.error_at(self.here(), reason)
    }

    pub(super) fn script(&self) -> &'a Script {
        self.script
    }
}

pub(super) fn position(location: Location) -> Position {
    Position { line: location.line, column: location.column }
}

pub(super) fn is_word(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(it) if it.quote_style.is_none() && it.value.eq_ignore_ascii_case(word))
}
