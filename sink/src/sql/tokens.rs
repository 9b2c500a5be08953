//! A cursor over the tokens of one statement.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::ast::{Hint, Name, TableName};
use super::lexed::Lexed;
use super::limits::{COLUMNS_MAX, DEPTH_MAX};
use super::reserved::{is_reserved, reserved_word};
use super::script::Script;
use super::token::{cut, is_word, position};
use crate::error::{Error, Position};

/// The tokens of one statement, without blanks and comments.
pub(super) struct Tokens<'a> {
    script: &'a Script,
    all: Vec<TokenWithSpan>,
    next: usize,
    hints: Vec<Hint>,
    filled_in: Vec<Position>,
    /// How many types are open.
    depth: usize,
}

impl<'a> Tokens<'a> {
    /// The tokens are not empty.
    pub(super) fn new(script: &'a Script, lexed: Lexed) -> Self {
        Self { script, all: lexed.tokens, next: 0, hints: Vec::new(), filled_in: lexed.filled_in, depth: 0 }
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

    /// `[[catalog.]database.]table`, with the options of the hint behind it.
    pub(super) fn table_name(&mut self) -> Result<TableName, Error> {
        let first = self.name()?;
        let mut path = vec![first.text];
        while self.eat(&Token::Period) {
            path.push(self.name()?.text);
        }
        let at = first.at;
        if path.len() > TABLE_PATH_MAX {
            return Err(self
                .script
                .error_at(at, "a table's name has at most three parts: catalog.database.table"));
        }
        let last = self.all.get(self.next - 1).map(|token| position(token.span.start));
        Ok(TableName { path, at, options: self.hint_behind(last) })
    }

    /// The options of a hint behind the token that begins there.
    pub(super) fn hint_behind(&self, place: Option<Position>) -> Vec<super::ast::WithOption> {
        let hints = self.hints.iter().filter(|hint| hint.after == place && !hint.is_of_query);
        hints.flat_map(|hint| hint.options.iter().cloned()).collect()
    }

    /// The same with the hints of the statement.
    pub(super) fn with_hints(self, hints: Vec<Hint>) -> Self {
        Self { hints, ..self }
    }

    pub(super) fn hints(&self) -> &[Hint] {
        &self.hints
    }

    /// `(a, b)`
    pub(super) fn names(&mut self) -> Result<Vec<Name>, Error> {
        self.expect(&Token::LParen)?;
        let mut names = vec![self.name()?];
        while self.eat(&Token::Comma) {
            if names.len() == COLUMNS_MAX {
                return Err(self.error(&format!("a list has at most {COLUMNS_MAX} names")));
            }
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

    /// A key or value of an option, in single or, which only we take, double quotes.
    pub(super) fn option_text(&mut self, what: &str) -> Result<(String, Position), Error> {
        let at = self.here();
        let text = match self.peek() {
            Token::SingleQuotedString(text) | Token::UnicodeStringLiteral(text) => text.clone(),
            // DLI's users double a single quote in there too.
            Token::DoubleQuotedString(text) => text.replace("''", "'"),
            _ => return Err(self.expected_in_options(&format!("{what} in single quotes"))),
        };
        self.next += 1;
        Ok((text, at))
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
        let found = self.described(self.peek(), self.here());
        self.error(&format!("expected {what}, found {found}"))
    }

    /// The same where a word may be part of a value that a quote is missing around.
    pub(super) fn expected_in_options(&self, what: &str) -> Error {
        let found = match self.peek() {
            Token::Word(_) | Token::Number(..) => "a word without quotes".to_owned(),
            token => self.described(token, self.here()),
        };
        self.error(&format!("expected {what}, found {found}"))
    }

    /// Whether a placeholder gave the next token.
    pub(super) fn is_filled_in(&self) -> bool {
        self.filled_in.binary_search(&self.here()).is_ok()
    }

    /// A token for a sentence: texts in quotes and what a placeholder gave may be secrets, and are not shown.
    pub(super) fn described(&self, token: &Token, at: Position) -> String {
        match token {
            Token::EOF => "the end of the statement".to_owned(),
            _ if self.filled_in.binary_search(&at).is_ok() => "the value of a placeholder".to_owned(),
            Token::Word(word) if word.quote_style.is_none() || word.quote_style == Some('`') => {
                format!("'{}'", cut(&token.to_string()))
            }
            Token::Word(_) => "a text in quotes".to_owned(),
            Token::Number(..) | Token::Char(_) => format!("'{}'", cut(&token.to_string())),
            _ => match token.to_string() {
                text if text.chars().count() > OPERATOR_CHARS_MAX => "a text in quotes".to_owned(),
                text if text.contains(['\'', '"', '$']) => "a text in quotes".to_owned(),
                text => format!("'{text}'"),
            },
        }
    }

    pub(super) fn error(&self, reason: &str) -> Error {
        self.script.error_at(self.here(), reason)
    }

    pub(super) fn error_at(&self, at: Position, reason: &str) -> Error {
        self.script.error_at(at, reason)
    }

    /// One level deeper into a nested type.
    pub(super) fn enter(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(self.too_deep()) } else { Ok(()) }
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    pub(super) fn too_deep(&self) -> Error {
        self.error(&format!("this nests deeper than {DEPTH_MAX} levels, which is the most"))
    }

    pub(super) fn script(&self) -> &'a Script {
        self.script
    }
}

/// catalog, database, table
const TABLE_PATH_MAX: usize = 3;

/// No operator is longer; what is, is a text.
const OPERATOR_CHARS_MAX: usize = 4;
