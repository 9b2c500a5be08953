//! `TABLE(TUMBLE(TABLE t, …))`, which the parser cannot read.

use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::features::NO_TABLE;
use super::token::{is_word, position};
use crate::error::Finding;

/// Puts `t` in its place, and says so.
pub(super) fn replaced(body: &mut Vec<TokenWithSpan>) -> Option<Finding> {
    let mut found = None;
    while let Some(from) = body.windows(3).position(opens) {
        let (to, mut name) = table_inside(&body[from..]);
        let text =
            "window functions are not supported yet: they need the rows of their window, which is coming";
        found.get_or_insert(Finding::not_yet("window", text).at(position(body[from].span.start)));
        if name.is_empty() {
            let token = Token::Word(sqlparser::tokenizer::Word {
                value: NO_TABLE.to_owned(),
                quote_style: Some('`'),
                keyword: sqlparser::keywords::Keyword::NoKeyword,
            });
            name.push(TokenWithSpan { token, span: body[from].span });
        }
        let is_lateral = from > 0 && is_word(&body[from - 1].token, "LATERAL");
        body.splice(from - usize::from(is_lateral)..from + to, name);
    }
    found
}

/// `TABLE(` and the name of a window function.
fn opens(tokens: &[TokenWithSpan]) -> bool {
    is_word(&tokens[0].token, "TABLE")
        && tokens[1].token == Token::LParen
        && WINDOW_FUNCTIONS.iter().any(|name| is_word(&tokens[2].token, name))
}

const WINDOW_FUNCTIONS: [&str; 4] = ["TUMBLE", "HOP", "CUMULATE", "SESSION"];

/// How many tokens `TABLE(…)` has, and the name behind the TABLE inside.
fn table_inside(body: &[TokenWithSpan]) -> (usize, Vec<TokenWithSpan>) {
    let mut depth = 0_usize;
    let mut name: Vec<TokenWithSpan> = Vec::new();
    let mut in_name = false;
    for (at, token) in body.iter().enumerate().skip(1) {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        in_name = match &token.token {
            it if is_word(it, "TABLE") && name.is_empty() => true,
            Token::Word(_) | Token::Period if in_name => {
                name.push(token.clone());
                true
            }
            _ => false,
        };
        if depth == 0 {
            return (at + 1, name);
        }
    }
    (body.len(), name)
}
