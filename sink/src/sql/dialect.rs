//! What sqlparser must be told to read Flink's queries.

use std::any::TypeId;

use sqlparser::dialect::{Dialect, GenericDialect};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Token, TokenWithSpan, Word};

use super::token::is_word;

/// Flink's quoting and names, on the parser's generic ground.
#[derive(Debug)]
pub(super) struct Flink;

impl Dialect for Flink {
    /// Being taken for the generic dialect opens the parser's STRUCT<> and MAP().
    fn dialect(&self) -> TypeId {
        TypeId::of::<GenericDialect>()
    }

    fn is_identifier_start(&self, c: char) -> bool {
        c.is_alphabetic() || c == '_'
    }

    fn is_identifier_part(&self, c: char) -> bool {
        c.is_alphanumeric() || c == '_' || c == '$'
    }

    fn is_delimited_identifier_start(&self, c: char) -> bool {
        c == '`'
    }

    /// From sqlparser 0.63 on this opens STRUCT<> instead.
    fn supports_struct_literal(&self) -> bool {
        true
    }

    /// `FOR SYSTEM_TIME AS OF` of temporal joins.
    fn supports_table_versioning(&self) -> bool {
        true
    }
}

/// Flink's nested types in words the parser knows: ROW<a T> to STRUCT<a T>, MAP<K, V> to MAP(K, V), MULTISET<T> to
/// MAP(T, MULTISET). NOT NULL inside a type is dropped, since the parser has no place for it.
pub(super) fn types(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut open: Vec<Nested> = Vec::new();
    for mut token in tokens {
        match token.token {
            Token::Lt => {
                match out.last_mut().and_then(|before| Nested::opened_by(&mut before.token)) {
                    Some(kind) => {
                        token.token = if kind == Nested::Angle { Token::Lt } else { Token::LParen };
                        open.push(kind);
                    }
                    None if open.is_empty() => {}
                    None => open.push(Nested::Angle),
                }
                out.push(token);
            }
            // The parser has no MAP[k, v]; as ARRAY[k, v] it can at least be named and refused.
            Token::LBracket => {
                if let Some(before) = out.last_mut().filter(|before| is_word(&before.token, "MAP")) {
                    before.token = Token::make_keyword("ARRAY");
                }
                out.push(token);
            }
            Token::Gt | Token::ShiftRight if !open.is_empty() => {
                let count = if token.token == Token::Gt { 1 } else { 2 };
                for _ in 0..count.min(open.len()) {
                    let closing = open.pop().map_or(&[][..], |nested| nested.closed_by());
                    out.extend(
                        closing.iter().map(|it| TokenWithSpan { token: it.clone(), span: token.span }),
                    );
                }
            }
            Token::Word(ref word)
                if !open.is_empty() && matches!(word.keyword, Keyword::NOT | Keyword::NULL) => {}
            _ => out.push(token),
        }
    }
    out
}

#[derive(Clone, Copy, PartialEq)]
enum Nested {
    Angle,
    Paren,
    Multiset,
}

impl Nested {
    fn opened_by(token: &mut Token) -> Option<Self> {
        if is_word(token, "ARRAY") {
            return Some(Self::Angle);
        }
        if is_word(token, "ROW") {
            *token = Token::make_keyword("STRUCT");
            return Some(Self::Angle);
        }
        if is_word(token, "MULTISET") {
            *token = Token::make_keyword("MAP");
            return Some(Self::Multiset);
        }
        is_word(token, "MAP").then_some(Self::Paren)
    }

    fn closed_by(self) -> &'static [Token] {
        const MULTISET: &[Token] = &[
            Token::Comma,
            Token::Word(Word { value: String::new(), quote_style: None, keyword: Keyword::NoKeyword }),
            Token::RParen,
        ];
        match self {
            Self::Angle => &[Token::Gt],
            Self::Paren => &[Token::RParen],
            Self::Multiset => MULTISET,
        }
    }
}
