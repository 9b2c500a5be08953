//! `CREATE TABLE`, as Flink writes it.

use std::sync::Arc;

use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::ast::{Column, ColumnKind, CreateTable, Expression, Name, PrimaryKey, Watermark};
use super::limits::COLUMNS_MAX;
use super::options::options;
use super::tokens::Tokens;
use super::{data_type, dialect, like, nesting, query};
use crate::error::{Error, Finding};

/// After `CREATE [TEMPORARY] TABLE`.
pub(super) fn create_table(tokens: &mut Tokens<'_>) -> Result<CreateTable, Error> {
    let if_not_exists = tokens.eat_words(&["IF", "NOT", "EXISTS"]);
    let name = tokens.table_name()?;
    let mut table = CreateTable {
        name,
        if_not_exists,
        columns: Vec::new(),
        primary_keys: Vec::new(),
        watermarks: Vec::new(),
        partitioned_by: Vec::new(),
        options: Vec::new(),
        like: None,
        findings: Vec::new(),
    };
    if tokens.eat(&Token::LParen) {
        element(tokens, &mut table)?;
        while tokens.eat(&Token::Comma) {
            if table.columns.len() == COLUMNS_MAX {
                return Err(tokens.error(&format!("a table has at most {COLUMNS_MAX} columns")));
            }
            element(tokens, &mut table)?;
        }
        tokens.expect(&Token::RParen)?;
    }
    comment(tokens)?;
    distribution(tokens, &mut table)?;
    if tokens.eat_words(&["PARTITIONED", "BY"]) {
        table.partitioned_by = tokens.names()?;
    }
    if tokens.eat_word("WITH") {
        table.options = options(tokens)?;
    }
    rest(tokens, &mut table)?;
    tokens.expect_end()?;
    Ok(table)
}

/// `DISTRIBUTED BY HASH(a) INTO 4 BUCKETS`
fn distribution(tokens: &mut Tokens<'_>, table: &mut CreateTable) -> Result<(), Error> {
    if tokens.is_word("DISTRIBUTED") {
        let text = "CREATE TABLE … DISTRIBUTED is not supported yet";
        table.findings.push(Finding::not_yet("distributed", text).at(tokens.here()));
        while !tokens.is_at_end() && !tokens.is_word("WITH") && !tokens.is_word("PARTITIONED") {
            tokens.advance();
        }
    }
    Ok(())
}

/// `LIKE table (…)` or `AS query`
fn rest(tokens: &mut Tokens<'_>, table: &mut CreateTable) -> Result<(), Error> {
    let at = tokens.here();
    if tokens.eat_word("LIKE") {
        table.like = Some(like::like(tokens)?);
    } else if tokens.eat_word("AS") {
        let text = "CREATE TABLE … AS is not supported yet: write CREATE TABLE and INSERT INTO";
        table.findings.push(Finding::not_yet("create-table-as", text).at(at));
        let query = query::query(tokens)?;
        table.findings.extend(query.body.err().unwrap_or_default());
    }
    Ok(())
}

/// A column, a watermark or a constraint.
fn element(tokens: &mut Tokens<'_>, table: &mut CreateTable) -> Result<(), Error> {
    if tokens.eat_words(&["WATERMARK", "FOR"]) {
        let mut column = vec![tokens.name()?];
        while tokens.eat(&Token::Period) {
            column.push(tokens.name()?);
        }
        tokens.expect_word("AS")?;
        let expression = expression(tokens, &[])?;
        table.watermarks.push(Watermark { column, expression });
        return Ok(());
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
        let expression = expression(tokens, &["COMMENT"])?;
        comment(tokens)?;
        table.columns.push(Column { name, kind: ColumnKind::Computed(expression) });
        return Ok(());
    }
    let data_type = data_type::data_type(tokens, &mut table.findings)?;
    let kind = if tokens.eat_word("METADATA") {
        let key = if tokens.eat_word("FROM") { Some(tokens.string("a metadata key")?) } else { None };
        ColumnKind::Metadata { data_type, key, is_virtual: tokens.eat_word("VIRTUAL") }
    } else {
        ColumnKind::Physical(data_type)
    };
    if tokens.is_word("PRIMARY") || tokens.is_word("UNIQUE") {
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

/// An expression up to a comma, a closing bracket or one of these words.
fn expression(tokens: &mut Tokens<'_>, until: &[&str]) -> Result<Expression, Error> {
    let at = tokens.here();
    let body = tokens.until_comma(until);
    if body.is_empty() {
        return Err(tokens.expected("an expression"));
    }
    nesting::check(tokens, &body)?;
    let mut parser = Parser::new(&dialect::Flink).with_tokens_with_locations(body);
    match parser.parse_expr() {
        Ok(ast) if parser.peek_token_ref().token == Token::EOF => Ok(Expression { ast: Arc::new(ast), at }),
        _ => Err(tokens.script().error_at(at, "this is not an expression")),
    }
}

fn comment(tokens: &mut Tokens<'_>) -> Result<(), Error> {
    if tokens.eat_word("COMMENT") {
        tokens.string("a comment")?;
    }
    Ok(())
}
