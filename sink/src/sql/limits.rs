//! How large and how deep a script may be, so that what it costs to plan is bounded.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::tokens::{Tokens, is_word};
use crate::error::Error;

/// Bytes of a script after `${NAME}` was filled in. Planning keeps about as much again in names and values.
pub const SCRIPT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Bytes of one statement. Its tokens take up to about 200 times as much while it is parsed.
pub const STATEMENT_BYTES_MAX: usize = 1024 * 1024;

/// Words, numbers, texts and operators of one statement. Each takes up to about 600 bytes in the tree that is made.
pub const TOKENS_MAX: usize = 200_000;

/// Hints of one statement; each is looked for behind each table.
pub const HINTS_MAX: usize = 100;

/// Statements of a script.
pub const STATEMENTS_MAX: usize = 10_000;

/// INSERTs of a job; each is compared with the others.
pub const INSERTS_MAX: usize = 1_000;

/// Characters of a name or another word.
pub const WORD_CHARS_MAX: usize = 1_000;

/// Columns of a table, fields of a ROW, and columns behind SELECT.
pub const COLUMNS_MAX: usize = 10_000;

/// Options of one table.
pub const OPTIONS_MAX: usize = 1_000;

/// Columns that all INSERTs of a job read and write together, nested fields included. Each takes about 500 bytes.
pub const JOB_COLUMNS_MAX: usize = 200_000;

/// How deep brackets, types, queries and CASE may nest. Unoptimized, the parser takes up to 180 KB of stack a level.
pub const DEPTH_MAX: usize = 40;

/// Words and operators between two commas or clauses, with those of the longest part in brackets. Each operator is a
/// level of the query's tree; walking it takes, unoptimized, up to 5 KB of stack a level.
pub const CHAIN_TOKENS_MAX: usize = 1_000;

/// Stack of the thread that parses: four times what the deepest script takes. A caller's own may be as small as 2 MiB.
pub const STACK_BYTES: usize = 32 * 1024 * 1024;

/// UNION, EXCEPT, INTERSECT and MINUS in a query. Each is a level of its tree.
pub const SET_OPERATIONS_MAX: usize = 100;

/// Refuses what would nest too deep for the parser or for the tree that it makes.
pub(super) fn check(tokens: &Tokens<'_>, body: &[TokenWithSpan]) -> Result<(), Error> {
    let mut open = Vec::new();
    let mut level = Level::default();
    let mut set_operations = 0;
    let mut before: Option<&Token> = None;
    for token in body {
        let at = super::position(token.span.start);
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
