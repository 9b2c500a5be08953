//! `CREATE TABLE`, as Flink writes it.

use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::tokens::Tokens;
use super::{Column, ColumnKind, CreateTable, Name, PrimaryKey, WithOption, data_type, dialect, with_option};
use crate::error::{Error, Finding};

/// After `CREATE [TEMPORARY] TABLE`.
pub(super) fn create_table(tokens: &mut Tokens<'_>) -> Result<CreateTable, Error> {
    let if_not_exists = tokens.eat_words(&["IF", "NOT", "EXISTS"]);
    let mut findings = Vec::new();
    let name = table_name(tokens, &mut findings)?;
    let mut table = CreateTable {
        name,
        if_not_exists,
        columns: Vec::new(),
        primary_keys: Vec::new(),
        partitioned_by: Vec::new(),
        options: Vec::new(),
        findings,
    };
    if tokens.eat(&Token::LParen) {
        element(tokens, &mut table)?;
        while tokens.eat(&Token::Comma) {
            element(tokens, &mut table)?;
        }
        tokens.expect(&Token::RParen)?;
    }
    comment(tokens)?;
    if tokens.eat_words(&["PARTITIONED", "BY"]) {
        table.partitioned_by = tokens.names()?;
    }
    if tokens.eat_word("WITH") {
        table.options = with(tokens)?;
    }
    for (word, feature) in [("LIKE", "like"), ("AS", "create-table-as"), ("DISTRIBUTED", "distributed")] {
        if tokens.is_word(word) {
            let text = format!("CREATE TABLE … {word} is not supported yet");
            table.findings.push(Finding::not_yet(feature, text).at(tokens.here()));
            tokens.rest();
        }
    }
    tokens.expect_end()?;
    Ok(table)
}

/// `name`, or `default_catalog.default_database.name`: there is no other catalog here.
pub(super) fn table_name(tokens: &mut Tokens<'_>, findings: &mut Vec<Finding>) -> Result<Name, Error> {
    let mut path = vec![tokens.name()?];
    while tokens.eat(&Token::Period) {
        path.push(tokens.name()?);
    }
    let at = path[0].at;
    let defaults = ["default_catalog", "default_database"];
    // `path` was made with one element, and only grew.
    let name = path.pop().unwrap_or(Name { text: String::new(), at });
    let known = &defaults[defaults.len().saturating_sub(path.len())..];
    if path.len() > defaults.len() || path.iter().zip(known).any(|(name, known)| name.text != *known) {
        let text = "catalogs and databases are not supported yet: name the table alone";
        findings.push(Finding::not_yet("catalogs", text).at(at));
    }
    Ok(name)
}

/// A column, a watermark or a constraint.
fn element(tokens: &mut Tokens<'_>, table: &mut CreateTable) -> Result<(), Error> {
    if tokens.eat_words(&["WATERMARK", "FOR"]) {
        tokens.name()?;
        tokens.expect_word("AS")?;
        return expression(tokens, &[]);
    }
    if tokens.eat_word("CONSTRAINT") {
        tokens.name()?;
        return constraint(tokens, table);
    }
    if tokens.is_word("PRIMARY") || tokens.is_word("UNIQUE") {
        return constraint(tokens, table);
    }
    column(tokens, table)
}

fn column(tokens: &mut Tokens<'_>, table: &mut CreateTable) -> Result<(), Error> {
    let name = tokens.name()?;
    if tokens.eat_word("AS") {
        expression(tokens, &["COMMENT"])?;
        comment(tokens)?;
        table.columns.push(Column { name, kind: ColumnKind::Computed });
        return Ok(());
    }
    let data_type = data_type::data_type(tokens, &mut table.findings)?;
    let mut kind = ColumnKind::Physical(data_type);
    if tokens.eat_word("METADATA") {
        let key = if tokens.eat_word("FROM") { Some(tokens.string("a metadata key")?) } else { None };
        kind = ColumnKind::Metadata { key, is_virtual: tokens.eat_word("VIRTUAL") };
    } else if tokens.is_word("PRIMARY") || tokens.is_word("UNIQUE") {
        inline_key(tokens, &name, table)?;
    }
    comment(tokens)?;
    table.columns.push(Column { name, kind });
    Ok(())
}

/// `a INT PRIMARY KEY NOT ENFORCED`
fn inline_key(tokens: &mut Tokens<'_>, name: &Name, table: &mut CreateTable) -> Result<(), Error> {
    let at = tokens.here();
    if tokens.eat_word("UNIQUE") {
        table.findings.push(unique().at(at));
        enforcement(tokens);
        return Ok(());
    }
    tokens.advance();
    tokens.expect_word("KEY")?;
    let is_enforced = enforcement(tokens);
    table.primary_keys.push(PrimaryKey { columns: vec![name.clone()], is_enforced, at });
    Ok(())
}

fn constraint(tokens: &mut Tokens<'_>, table: &mut CreateTable) -> Result<(), Error> {
    let at = tokens.here();
    if tokens.eat_word("UNIQUE") {
        table.findings.push(unique().at(at));
        tokens.names()?;
        enforcement(tokens);
        return Ok(());
    }
    tokens.expect_word("PRIMARY")?;
    tokens.expect_word("KEY")?;
    let columns = tokens.names()?;
    let is_enforced = enforcement(tokens);
    table.primary_keys.push(PrimaryKey { columns, is_enforced, at });
    Ok(())
}

fn unique() -> Finding {
    Finding::new(crate::error::Rule::PrimaryKey, "UNIQUE is no constraint of Flink's tables")
}

/// Whether the key is enforced: SQL's default, which Flink cannot do.
fn enforcement(tokens: &mut Tokens<'_>) -> bool {
    if tokens.eat_words(&["NOT", "ENFORCED"]) {
        return false;
    }
    tokens.eat_word("ENFORCED");
    true
}

/// An expression is checked and dropped: what it computes is not used yet.
fn expression(tokens: &mut Tokens<'_>, until: &[&str]) -> Result<(), Error> {
    let at = tokens.here();
    let body = tokens.until_comma(until);
    if body.is_empty() {
        return Err(tokens.expected("an expression"));
    }
    let body = dialect::types(body);
    let mut parser = Parser::new(&dialect::Flink).with_tokens_with_locations(body);
    let whole = parser.parse_expr().is_ok() && parser.peek_token_ref().token == Token::EOF;
    if whole { Ok(()) } else { Err(tokens.script().error_at(at, "this is not an expression")) }
}

fn comment(tokens: &mut Tokens<'_>) -> Result<(), Error> {
    if tokens.eat_word("COMMENT") {
        tokens.string("a comment")?;
    }
    Ok(())
}

/// After WITH.
fn with(tokens: &mut Tokens<'_>) -> Result<Vec<WithOption>, Error> {
    let mut options = Vec::new();
    tokens.expect(&Token::LParen)?;
    if tokens.eat(&Token::RParen) {
        return Ok(options);
    }
    options.push(with_option(tokens, "an option")?);
    while tokens.eat(&Token::Comma) {
        options.push(with_option(tokens, "an option")?);
    }
    tokens.expect(&Token::RParen)?;
    Ok(options)
}
