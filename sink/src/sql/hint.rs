//! `/*+ OPTIONS('key' = 'value') */` behind the name of a table.

use sqlparser::tokenizer::Token;

use super::lexed::Source;
use super::tokens::{Tokens, is_word};
use super::{Script, WithOption, table};
use crate::error::{Error, Position};

/// What stands in one hint comment.
#[derive(Clone, Debug)]
pub(super) struct Hint {
    pub(super) at: Position,
    /// Where the token before it begins: the name that it belongs to.
    pub(super) after: Option<Position>,
    /// Whether it stands behind SELECT, where Flink's hints about joins and state are.
    pub(super) is_of_query: bool,
    /// What OPTIONS sets.
    pub(super) options: Vec<WithOption>,
    /// Hints of other names, which Flink knows and a job here has no use for.
    pub(super) others: Vec<String>,
}

/// The text between `/*+` and `*/`, which begins at `at` behind the token `before`.
pub(super) fn parse(
    script: &Script,
    source: &Source<'_>,
    at: Position,
    before: Option<(Token, Position)>,
) -> Result<Hint, Error> {
    let lexed = source.tokens(script)?;
    let is_of_query = before.as_ref().is_some_and(|(token, _)| is_word(token, "SELECT"));
    let after = before.map(|(_, after)| after);
    let mut hint = Hint { at, after, is_of_query, options: Vec::new(), others: Vec::new() };
    if lexed.tokens.is_empty() {
        return Err(script.error_at(at, "an empty hint; write /*+ OPTIONS('key' = 'value') */"));
    }
    let mut tokens = Tokens::new(script, lexed);
    while !tokens.is_at_end() {
        if tokens.eat_word("OPTIONS") {
            hint.options.extend(table::options(&mut tokens)?);
        } else {
            hint.others.push(tokens.name()?.text);
            skip_brackets(&mut tokens)?;
        }
        tokens.eat(&Token::Comma);
    }
    Ok(hint)
}

fn skip_brackets(tokens: &mut Tokens<'_>) -> Result<(), Error> {
    if tokens.eat(&Token::LParen) {
        loop {
            tokens.until_comma(&[]);
            if !tokens.eat(&Token::Comma) {
                break;
            }
        }
        tokens.expect(&Token::RParen)?;
    }
    Ok(())
}
