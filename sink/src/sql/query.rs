//! Queries: parsed, and refused where they need more than a row at a time.

use sqlparser::ast::{Expr, Ident, Query as Ast, SelectItem, SetExpr};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::ast::{Insert, Query, Statement};
use super::features::Features;
use super::limits::{COLUMNS_MAX, DEPTH_MAX};
use super::relation::Converter;
use super::reserved::{is_reserved, reserved_word};
use super::token::{is_word, position};
use super::tokens::Tokens;
use super::{dialect, nesting, window_function};
use crate::error::{Error, Finding, Position, Rule};

/// From INSERT on.
pub(super) fn insert(tokens: &mut Tokens<'_>) -> Result<Statement, Error> {
    let at = tokens.here();
    tokens.advance();
    let refused = |text: &str, at: Position| {
        let findings = vec![Finding::new(Rule::Statement, text).at(at)];
        Ok(Statement::Refused { findings, declares: None })
    };
    if tokens.eat_word("OVERWRITE") {
        return refused("INSERT OVERWRITE is not supported: a topic only grows; write INSERT INTO", at);
    }
    tokens.expect_word("INTO")?;
    let table = tokens.table_name()?;
    if tokens.is_word("PARTITION") {
        let text = "INSERT INTO … PARTITION is not supported: a topic has no such partitions";
        return refused(text, tokens.here());
    }
    let is_list =
        *tokens.peek() == Token::LParen && !QUERY.iter().any(|word| is_word(tokens.peek_at(1), word));
    let columns = if is_list { Some(tokens.names()?) } else { None };
    let query = query(tokens)?;
    Ok(Statement::Insert(Insert { table, columns, query }))
}

const QUERY: [&str; 4] = ["SELECT", "WITH", "VALUES", "TABLE"];

/// A query up to the end of the statement.
pub(super) fn query(tokens: &mut Tokens<'_>) -> Result<Query, Error> {
    let at = tokens.here();
    if tokens.is_at_end() {
        return Err(tokens.expected("SELECT"));
    }
    let mut body = tokens.rest();
    nesting::check(tokens, &body)?;
    let conflict = on_conflict(&mut body);
    let window = window_function::replaced(&mut body);
    let ast = parse(tokens, body)?;
    if let SetExpr::Select(select) = &*ast.body
        && select.projection.len() > COLUMNS_MAX
    {
        return Err(tokens.script().error_at(at, &format!("a query has at most {COLUMNS_MAX} columns")));
    }
    if let Some(ident) = reserved(&ast.body) {
        return Err(tokens.script().error_at(position(ident.span.start), &reserved_word(&ident.value)));
    }
    let features = Features::of(&ast);
    let tables = features.tables(|last| tokens.hint_behind(Some(last)));
    let mut findings: Vec<Finding> = conflict.into_iter().chain(window).collect();
    for other in features.findings() {
        if findings.iter().all(|it| it.rule != other.rule) {
            findings.push(other);
        }
    }
    findings.iter_mut().for_each(|it| it.at = it.at.or(Some(at)));
    let body = if findings.is_empty() {
        Converter::new(at, &tables).query(&ast).map_err(|finding| vec![finding])
    } else {
        Err(findings)
    };
    Ok(Query { tables, body, at })
}

fn parse(tokens: &Tokens<'_>, body: Vec<TokenWithSpan>) -> Result<Box<Ast>, Error> {
    // Above the depth that was checked, so that the check's sentence is the one that is said.
    let mut parser =
        Parser::new(&dialect::Flink).with_recursion_limit(DEPTH_MAX + 10).with_tokens_with_locations(body);
    let ast = parser.parse_query().map_err(|error| {
        let current = parser.get_current_token().span.start;
        let at = if current.line > 0 { position(current) } else { tokens.here() };
        syntax_error(tokens, &parser, &error, at)
    })?;
    let next = parser.peek_token_ref();
    if next.token == Token::EOF {
        return Ok(ast);
    }
    let at = position(next.span.start);
    let reason =
        format!("expected the end of the statement, ';', found {}", tokens.described(&next.token, at));
    Err(tokens.script().error_at(at, &reason))
}

/// Takes `ON CONFLICT DO action` off the end. DEDUPLICATE is what a stateless job does anyway.
fn on_conflict(body: &mut Vec<TokenWithSpan>) -> Option<Finding> {
    let from = body.len().checked_sub(4)?;
    let words = ["ON", "CONFLICT", "DO"];
    if !words.iter().zip(&body[from..]).all(|(word, token)| is_word(&token.token, word)) {
        return None;
    }
    let tail = body.split_off(from);
    let action = tail[3].token.to_string().to_ascii_uppercase();
    (action != "DEDUPLICATE").then(|| {
        let text = format!(
            "ON CONFLICT DO {action} is not supported yet: it needs the state of every key; \
             ON CONFLICT DO DEDUPLICATE is"
        );
        Finding::not_yet("on-conflict", text).at(position(tail[0].span.start))
    })
}

/// `near` is where the parser stood, for errors that do not tell their place.
fn syntax_error(tokens: &Tokens<'_>, parser: &Parser<'_>, error: &ParserError, near: Position) -> Error {
    if matches!(error, ParserError::RecursionLimitExceeded) {
        let reason = format!("this nests deeper than {DEPTH_MAX} levels, which is the most");
        return tokens.script().error_at(near, &reason);
    }
    let text = error.to_string();
    let text = text.trim_start_matches("sql parser error: ");
    // The parser tells the place in its text alone.
    let (reason, place) = text.rsplit_once(" at Line: ").unwrap_or((text, ""));
    let at = place.split_once(", Column: ").and_then(|(line, column)| {
        Some(Position { line: line.parse().ok()?, column: column.trim().parse().ok()? })
    });
    let at = at.unwrap_or(near);
    let expected = reason.split_once(", found: ").map(|(expected, _)| expected);
    let found = [parser.get_current_token(), parser.peek_token_ref()].into_iter();
    let found = found.filter(|token| position(token.span.start) == at).map(|token| &token.token).next();
    let reason = match (expected, found) {
        // What was found may be a secret: it is told as the tokens tell it.
        (Some(expected), Some(token)) => format!("{expected}, found {}", tokens.described(token, at)),
        (Some(expected), None) => expected.to_owned(),
        (None, _) => reason.split(['\'', '"']).next().unwrap_or_default().trim().to_owned(),
    };
    let reason = reason.replacen("Expected", "expected", 1).replace("expected:", "expected");
    tokens.script().error_at(at, &reason)
}

/// A name behind SELECT that Flink would take for a word of its own.
fn reserved(body: &SetExpr) -> Option<&Ident> {
    let SetExpr::Select(select) = body else { return None };
    let names = select.projection.iter().flat_map(|item| match item {
        SelectItem::UnnamedExpr(expr) => idents(expr).iter().collect::<Vec<_>>(),
        SelectItem::ExprWithAlias { expr, alias } => idents(expr).iter().chain([alias]).collect(),
        _ => Vec::new(),
    });
    names.into_iter().find(|ident| ident.quote_style.is_none() && is_reserved(&ident.value))
}

fn idents(expr: &Expr) -> &[Ident] {
    match expr {
        Expr::Identifier(ident) => std::slice::from_ref(ident),
        Expr::CompoundIdentifier(path) => path,
        _ => &[],
    }
}
