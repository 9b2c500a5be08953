//! A script cut into statements, and a statement into tokens that know where the user wrote them.

use std::borrow::Cow;

use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};

use super::dialect;
use super::lexical::{Lexer, Region};
use super::limits::{HINTS_MAX, STATEMENT_BYTES_MAX, STATEMENTS_MAX, TOKENS_MAX, WORD_CHARS_MAX};
use super::script::Script;
use super::token::position;
use super::unicode_escape;
use crate::error::{Error, Position};

/// The text of one statement, without its semicolon.
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    /// Its place in the script after placeholders were filled in.
    pub(super) start: Position,
}

/// The tokens of one statement, without blanks and comments.
#[derive(Default)]
pub(super) struct Lexed {
    pub(super) tokens: Vec<TokenWithSpan>,
    pub(super) hints: Vec<HintComment>,
    /// Where the tokens begin that a placeholder gave, in order.
    pub(super) filled_in: Vec<Position>,
}

/// `/*+ … */`
pub(super) struct HintComment {
    text: String,
    /// Of the text, after placeholders were filled in.
    start: Position,
    /// Of the comment, as the user wrote it.
    pub(super) at: Position,
    /// The token before it, and where that begins.
    pub(super) before: Option<(Token, Position)>,
}

impl HintComment {
    /// What stands in it.
    pub(super) fn source(&self) -> Source<'_> {
        Source { text: &self.text, start: self.start }
    }
}

/// The statements of a script that are not empty.
///
/// # Errors
/// When one of them is too large, or when there are too many.
pub(super) fn split(script: &Script) -> Result<Vec<Source<'_>>, Error> {
    let text = script.text()?;
    let mut sources = Vec::new();
    let mut lexer = Lexer::default();
    let (mut at, mut here) = (0, Position::START);
    let (mut from, mut start) = (0, Position::START);
    let mut is_blank = true;
    let mut take = |from: usize, to: usize, start: Position, is_blank: bool| {
        if to - from > STATEMENT_BYTES_MAX {
            let reason =
                format!("this statement is larger than {STATEMENT_BYTES_MAX} bytes, which is the most");
            return Err(script.error_at(script.locate(start), &reason));
        }
        if sources.len() == STATEMENTS_MAX {
            let reason = format!("a script has at most {STATEMENTS_MAX} statements");
            return Err(script.error_at(script.locate(start), &reason));
        }
        if !is_blank {
            sources.push(Source { text: &text[from..to], start });
        }
        Ok(())
    };
    while let Some((length, region)) = lexer.step(&text[at..]) {
        let piece = &text[at..at + length];
        at += length;
        here = here.behind(piece);
        if at - from > STATEMENT_BYTES_MAX {
            break;
        }
        if piece == ";" && region == Region::Code {
            take(from, at - length, start, is_blank)?;
            (from, start, is_blank) = (at, here, true);
        } else if !matches!(region, Region::LineComment | Region::BlockComment) {
            is_blank &= piece.starts_with(char::is_whitespace);
        }
    }
    take(from, at, start, is_blank)?;
    Ok(sources)
}

impl Source<'_> {
    /// The text with every comment blanked out.
    pub(super) fn without_comments(&self) -> String {
        self.rewritten(|piece, region, out| match region {
            Region::LineComment | Region::BlockComment => {
                out.extend(piece.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            }
            _ => out.push_str(piece),
        })
    }

    /// The place in what the user wrote of the character behind `before`, which the text begins with.
    pub(super) fn place(&self, script: &Script, before: &str) -> Position {
        script.locate(self.start.behind(before))
    }

    /// # Errors
    /// A text or comment that is not closed; a word that is too long; a hint that is none.
    pub(super) fn tokens(&self, script: &Script) -> Result<Lexed, Error> {
        let text = if self.text.contains("//") { Cow::Owned(self.with_dashes()) } else { self.text.into() };
        let mut lexed = Lexed::default();
        let tokens = Tokenizer::new(&dialect::Flink, &text).tokenize_with_location();
        let tokens = tokens.map_err(|error| {
            let at = self.absolute(position(error.location));
            script.error_at(script.locate(at), &error.message.to_lowercase())
        })?;
        if tokens.len() > TOKENS_MAX {
            let count = tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).count();
            if count > TOKENS_MAX {
                let reason =
                    format!("this statement has more than {TOKENS_MAX} words and signs, which is the most");
                return Err(script.error_at(script.locate(self.start), &reason));
            }
        }
        for mut token in tokens {
            let (start, end) =
                (self.absolute(position(token.span.start)), self.absolute(position(token.span.end)));
            let (from, to) = (script.locate(start), script.locate(end));
            if let Token::Whitespace(blank) = &token.token {
                match blank {
                    Whitespace::MultiLineComment(comment) if comment.starts_with('+') => {
                        if lexed.hints.len() == HINTS_MAX {
                            let reason = format!("a statement has at most {HINTS_MAX} hints");
                            return Err(script.error_at(from, &reason));
                        }
                        let behind = lexed.tokens.last().map(|token| token.token.clone());
                        let after = lexed.tokens.last().map(|token| position(token.span.start));
                        lexed.hints.push(HintComment {
                            text: comment[1..].to_owned(),
                            start: start.behind("/*+"),
                            at: from,
                            before: behind.zip(after),
                        });
                    }
                    _ => {}
                }
                continue;
            }
            if let Token::Word(word) = &token.token
                && word.value.chars().nth(WORD_CHARS_MAX).is_some()
            {
                let reason =
                    format!("this word is longer than {WORD_CHARS_MAX} characters, which is the most");
                return Err(script.error_at(from, &reason));
            }
            if script.is_filled_in(start, end) {
                lexed.filled_in.push(from);
            }
            (token.span.start.line, token.span.start.column) = (from.line, from.column);
            (token.span.end.line, token.span.end.column) = (to.line, to.column);
            lexed.tokens.push(token);
            unicode_escape::join(&mut lexed.tokens).map_err(|reason| script.error_at(from, &reason))?;
        }
        Ok(lexed)
    }

    /// `// …` as `-- …`, which the tokenizer knows.
    fn with_dashes(&self) -> String {
        let mut before = Region::Code;
        self.rewritten(|piece, region, out| {
            let opens = region == Region::LineComment && before != Region::LineComment;
            before = region;
            out.push_str(if opens { "--" } else { piece });
        })
    }

    fn rewritten(&self, mut each: impl FnMut(&str, Region, &mut String)) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut lexer = Lexer::default();
        let mut rest = self.text;
        while let Some((length, region)) = lexer.step(rest) {
            each(&rest[..length], region, &mut out);
            rest = &rest[length..];
        }
        out
    }

    /// From a place in the statement to one in the script.
    fn absolute(&self, local: Position) -> Position {
        if local.line == 1 {
            return Position { line: self.start.line, column: self.start.column + local.column - 1 };
        }
        Position { line: self.start.line + local.line - 1, column: local.column }
    }
}
