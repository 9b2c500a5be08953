//! How deep a query nests, told from its tokens before the parser sees them.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::limits::{CHAIN_TOKENS_MAX, DEPTH_MAX, SET_OPERATIONS_MAX};
use super::token::{is_word, position};
use super::tokens::Tokens;
use crate::error::Error;

/// Refuses what would nest too deep for the parser or for the tree that it makes.
pub(super) fn check(tokens: &Tokens<'_>, body: &[TokenWithSpan]) -> Result<(), Error> {
    let mut open = Vec::new();
    let mut level = Level::default();
    let mut set_operations = 0;
    let mut before: Option<&Token> = None;
    for token in body {
        let at = position(token.span.start);
        let refuse = |reason: String| Err(tokens.script().error_at(at, &reason));
        match effect(&token.token, before, level.kind) {
            Effect::Open(kind) => {
                level.chain += 1;
                open.push(std::mem::replace(&mut level, Level { kind, ..Level::default() }));
            }
            Effect::Close(levels) => {
                for outer in (0..levels).map_while(|_| open.pop()) {
                    level = outer.around(&level);
                }
            }
            Effect::Restart => level.restart(),
            Effect::SetOperation => {
                set_operations += 1;
                level.restart();
            }
            Effect::Chain => level.chain += 1,
        }
        if open.len() >= DEPTH_MAX {
            return refuse(format!("this nests deeper than {DEPTH_MAX} levels, which is the most"));
        }
        if set_operations > SET_OPERATIONS_MAX {
            return refuse(format!(
                "a query has at most {SET_OPERATIONS_MAX} set operations such as UNION ALL"
            ));
        }
        if level.chain + level.inside > CHAIN_TOKENS_MAX {
            let text = format!(
                "an expression has at most {CHAIN_TOKENS_MAX} words and operators in a row; split this one"
            );
            return refuse(text);
        }
        before = Some(&token.token);
    }
    Ok(())
}

/// An open bracket, CASE or nested type.
#[derive(Default)]
struct Level {
    kind: BracketKind,
    /// Tokens since the last comma or clause.
    chain: usize,
    /// The longest way down into what was closed since then.
    inside: usize,
    /// The longest way down before that.
    longest: usize,
}

impl Level {
    fn restart(&mut self) {
        self.longest = self.longest.max(self.chain + self.inside);
        (self.chain, self.inside) = (0, 0);
    }

    /// This level with one in it that was closed.
    fn around(mut self, inner: &Self) -> Self {
        self.inside = self.inside.max(inner.longest).max(inner.chain + inner.inside);
        self
    }
}

#[derive(Clone, Copy, Default, PartialEq)]
enum BracketKind {
    #[default]
    Bracket,
    Case,
    Angle,
}

/// What a token does to the nesting.
enum Effect {
    Open(BracketKind),
    Close(usize),
    Restart,
    SetOperation,
    Chain,
}

fn effect(token: &Token, before: Option<&Token>, kind: BracketKind) -> Effect {
    match token {
        Token::LParen | Token::LBracket | Token::LBrace => Effect::Open(BracketKind::Bracket),
        Token::RParen | Token::RBracket | Token::RBrace => Effect::Close(1),
        Token::Lt if before.is_some_and(|it| NESTED.iter().any(|word| is_word(it, word))) => {
            Effect::Open(BracketKind::Angle)
        }
        Token::Gt if kind == BracketKind::Angle => Effect::Close(1),
        Token::ShiftRight if kind == BracketKind::Angle => Effect::Close(2),
        Token::Comma => Effect::Restart,
        Token::Word(word) if word.quote_style.is_none() => match &*word.value.to_ascii_uppercase() {
            "CASE" => Effect::Open(BracketKind::Case),
            "END" if kind == BracketKind::Case => Effect::Close(1),
            "UNION" | "EXCEPT" | "INTERSECT" | "MINUS" => Effect::SetOperation,
            word if CLAUSES.contains(&word) => Effect::Restart,
            _ => Effect::Chain,
        },
        _ => Effect::Chain,
    }
}

/// Words behind which `<` opens a nested type.
const NESTED: [&str; 5] = ["ARRAY", "MAP", "MULTISET", "ROW", "STRUCT"];

/// Words behind which another expression begins, whose tree is not part of the one before.
const CLAUSES: [&str; 12] =
    ["SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "JOIN", "ON", "WHEN", "THEN", "ELSE", "VALUES"];
