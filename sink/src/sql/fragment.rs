//! Texts that are no script: one type, or one expression.

use super::data_type::data_type;
use super::tokens::Tokens;
use super::{Script, lexed};
use crate::error::{Error, Position};
use crate::types::DataType;

/// The type that a text names, as it stands behind CAST.
///
/// # Errors
/// It names none.
pub(crate) fn type_of(text: &str) -> Result<DataType, Error> {
    let script = Script::from(text);
    let sources = lexed::split(&script)?;
    let [source] = &sources[..] else { return Err(script.error_at(Position::START, "expected a type")) };
    let mut tokens = Tokens::new(&script, source.tokens(&script)?);
    let mut findings = Vec::new();
    let parsed = data_type(&mut tokens, &mut findings)?;
    tokens.expect_end()?;
    match findings.into_iter().next() {
        None => Ok(parsed),
        Some(finding) => Err(script.error_at(Position::START, &finding.text)),
    }
}

/// The expression that a whole script is.
///
/// # Errors
/// The text is none, or more than one.
#[cfg(test)]
pub(crate) fn expression(script: &Script) -> Result<sqlparser::ast::Expr, Error> {
    let sources = lexed::split(script)?;
    let text = script.text()?;
    let [source] = &sources[..] else {
        return Err(script.error_at(Position::START, "expected one expression"));
    };
    if source.text.len() != text.len() {
        return Err(script.error_at(Position::START, "expected one expression, found ';'"));
    }
    let mut tokens = Tokens::new(script, source.tokens(script)?);
    let at = tokens.here();
    let body = tokens.rest();
    super::nesting::check(&tokens, &body)?;
    let mut parser = sqlparser::parser::Parser::new(&super::dialect::Flink)
        .with_recursion_limit(super::limits::DEPTH_MAX + 10)
        .with_tokens_with_locations(body);
    let parsed = parser.parse_expr().map_err(|error| script.error_at(at, &error.to_string()))?;
    match parser.peek_token_ref().token {
        sqlparser::tokenizer::Token::EOF => Ok(parsed),
        _ => Err(script.error_at(at, "expected the end of the expression")),
    }
}
