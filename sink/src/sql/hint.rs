//! `/*+ OPTIONS('key' = 'value') */` behind the name of a table.

use sqlparser::tokenizer::Token;

use super::ast::Hint;
use super::lexed::HintComment;
use super::options::options;
use super::script::Script;
use super::token::is_word;
use super::tokens::Tokens;
use crate::error::Error;

/// What stands between `/*+` and `*/`.
pub(super) fn parse(script: &Script, comment: &HintComment) -> Result<Hint, Error> {
    let at = comment.at;
    let lexed = comment.source().tokens(script)?;
    let is_of_query = comment.before.as_ref().is_some_and(|(token, _)| is_word(token, "SELECT"));
    let after = comment.before.as_ref().map(|(_, after)| *after);
    let mut hint = Hint { at, after, is_of_query, options: Vec::new(), others: Vec::new() };
    if lexed.tokens.is_empty() {
        return Err(script.error_at(at, "an empty hint; write /*+ OPTIONS('key' = 'value') */"));
    }
    let mut tokens = Tokens::new(script, lexed);
    while !tokens.is_at_end() {
        if tokens.eat_word("OPTIONS") {
            hint.options.extend(options(&mut tokens)?);
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
