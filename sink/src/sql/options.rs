//! `('key' = 'value', …)`: the options of a table or a hint.

use sqlparser::tokenizer::Token;

use super::ast::WithOption;
use super::limits::OPTIONS_MAX;
use super::tokens::Tokens;
use crate::error::Error;

/// `('key' = 'value', …)`, after WITH or OPTIONS.
pub(super) fn options(tokens: &mut Tokens<'_>) -> Result<Vec<WithOption>, Error> {
    let mut options = Vec::new();
    if !tokens.eat(&Token::LParen) {
        return Err(tokens.expected_in_options("'('"));
    }
    if tokens.eat(&Token::RParen) {
        return Ok(options);
    }
    loop {
        options.push(with_option(tokens, "an option")?);
        if options.len() > OPTIONS_MAX {
            return Err(tokens.error(&format!("a table has at most {OPTIONS_MAX} options")));
        }
        if !tokens.eat(&Token::Comma) {
            break;
        }
    }
    if tokens.eat(&Token::RParen) { Ok(options) } else { Err(tokens.expected_in_options("',' or ')'")) }
}

/// `'key' = 'value'`
fn with_option(tokens: &mut Tokens<'_>, what: &str) -> Result<WithOption, Error> {
    let (key, at) = tokens.option_text(what)?;
    if !tokens.eat(&Token::Eq) {
        return Err(tokens.expected_in_options("'='"));
    }
    let (value, _) = tokens.option_text("a value")?;
    Ok(WithOption { key, value, at })
}
