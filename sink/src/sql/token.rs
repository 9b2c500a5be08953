//! What is asked of a single token.

use sqlparser::tokenizer::{Location, Token};

use crate::error::Position;

/// Characters of a word that an error shows.
const FOUND_CHARS_MAX: usize = 60;

/// A word cut to what an error shows of it.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(FOUND_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

pub(super) fn position(location: Location) -> Position {
    Position { line: location.line, column: location.column }
}

pub(super) fn is_word(token: &Token, word: &str) -> bool {
    matches!(token, Token::Word(it) if it.quote_style.is_none() && it.value.eq_ignore_ascii_case(word))
}
