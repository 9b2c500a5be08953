//! A JAAS text cut into words, quoted texts and marks, as Java's `StreamTokenizer` cuts it.

use std::fmt;

/// One token and where it begins.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Lexeme {
    pub(super) kind: LexemeKind,
    /// Its characters; a quoted one's without quotes and escapes.
    pub(super) text: String,
    pub(super) at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LexemeKind {
    Word,
    /// In `"`.
    Quoted,
    /// In `'`, which a file of Java's does not know.
    SingleQuoted,
    Mark(char),
}

/// Where in the text something is, counted from 1.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct TextPlace {
    line: usize,
    column: usize,
}

impl TextPlace {
    pub(super) fn of(text: &str, at: usize) -> Self {
        let before = || text.chars().take(at);
        let line = before().filter(|c| *c == '\n').count() + 1;
        let column = before().collect::<Vec<_>>().iter().rev().take_while(|c| **c != '\n').count() + 1;
        Self { line, column }
    }
}

impl fmt::Display for TextPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            1 => write!(f, "column {}", self.column),
            line => write!(f, "line {line}, column {}", self.column),
        }
    }
}

/// What cannot be cut: where, and why.
pub(super) type Uncut = (usize, &'static str);

/// All tokens of a text. A text whose quotes are escaped themselves, `username=\"me\"`, as it stands within a string of
/// a program, is read as that string.
pub(super) fn tokens(text: &str) -> Result<Vec<Lexeme>, Uncut> {
    let mut lexer = Lexer { chars: characters(text), next: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.lexeme()? {
        tokens.push(token);
    }
    Ok(tokens)
}

/// Each character and its index.
fn characters(text: &str) -> Vec<(usize, char)> {
    let all = text.chars().enumerate();
    let first_quote = text.find(['"', '\'']);
    let is_escaped = first_quote.is_some_and(|at| text[at..].starts_with('"') && text[..at].ends_with('\\'));
    if !is_escaped {
        return all.collect();
    }
    let mut kept = Vec::new();
    let mut all = all.peekable();
    while let Some((at, c)) = all.next() {
        let escaped =
            if c == '\\' { all.next_if(|(_, next)| ['"', '\'', '\\'].contains(next)) } else { None };
        kept.push((at, escaped.map_or(c, |(_, escaped)| escaped)));
    }
    kept
}

struct Lexer {
    chars: Vec<(usize, char)>,
    next: usize,
}

impl Lexer {
    fn lexeme(&mut self) -> Result<Option<Lexeme>, Uncut> {
        self.skip_blanks_and_comments();
        let Some(c) = self.peek() else { return Ok(None) };
        let at = self.at();
        let (kind, text) = match c {
            '"' => (LexemeKind::Quoted, self.quoted(c)?),
            '\'' => (LexemeKind::SingleQuoted, self.quoted(c)?),
            _ if begins_word(c) => (LexemeKind::Word, self.take_while(begins_word)),
            mark => {
                self.next += 1;
                (LexemeKind::Mark(mark), String::new())
            }
        };
        Ok(Some(Lexeme { kind, text, at }))
    }

    fn peek(&self) -> Option<char> {
        self.ahead(0)
    }

    fn ahead(&self, by: usize) -> Option<char> {
        self.chars.get(self.next + by).map(|(_, c)| *c)
    }

    fn at(&self) -> usize {
        self.chars.get(self.next).map_or(0, |(at, _)| *at)
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let from = self.next;
        while self.peek().is_some_and(&wanted) {
            self.next += 1;
        }
        self.chars[from..self.next].iter().map(|(_, c)| *c).collect()
    }

    /// `//` and, as Java has it, a `/` alone end with the line; `/*` ends with `*/`.
    fn skip_blanks_and_comments(&mut self) {
        while let Some(c) = self.peek() {
            match (c, self.ahead(1)) {
                ('/', Some('*')) => self.skip_block(),
                ('/', _) => _ = self.take_while(|c| !ends_line(c)),
                ('\0'..=' ', _) => self.next += 1,
                _ => return,
            }
        }
    }

    fn skip_block(&mut self) {
        self.next += 2;
        while let Some(c) = self.peek() {
            self.next += 1;
            if c == '*' && self.peek() == Some('/') {
                self.next += 1;
                return;
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, Uncut> {
        let begin = self.at();
        self.next += 1;
        let mut text = String::new();
        loop {
            match self.peek() {
                None => return Err((begin, NOT_CLOSED)),
                Some(c) if ends_line(c) => return Err((begin, NOT_CLOSED)),
                Some(c) => {
                    self.next += 1;
                    match c {
                        '\\' => text.extend(self.escape()),
                        c if c == quote => return Ok(text),
                        c => text.push(c),
                    }
                }
            }
        }
    }

    /// What follows a backslash: C's escapes, up to three octal digits, or the character itself.
    fn escape(&mut self) -> Option<char> {
        let c = self.peek().filter(|c| !ends_line(*c))?;
        if c.is_digit(8) {
            let longest = if c <= '3' { 3 } else { 2 };
            let mut code = 0;
            for _ in 0..longest {
                let Some(digit) = self.peek().and_then(|c| c.to_digit(8)) else { break };
                code = code * 8 + digit;
                self.next += 1;
            }
            return char::from_u32(code);
        }
        self.next += 1;
        Some(match c {
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            other => other,
        })
    }
}

/// More than Java's, which takes no number for a value: `port=7`, `password=7ab`.
fn begins_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || ['-', '.', '_', '$', '*'].contains(&c) || c >= '\u{a0}'
}

fn ends_line(c: char) -> bool {
    ['\n', '\r'].contains(&c)
}

pub(super) const NOT_CLOSED: &str = "the quote is not closed before the line ends";
