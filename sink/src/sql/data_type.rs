//! A column's type, with the limits that SQL sets.

use std::collections::HashSet;
use std::sync::Arc;

use sqlparser::tokenizer::Token;

use super::foreign_type;
use super::limits::{COLUMNS_MAX, DEPTH_MAX};
use super::tokens::Tokens;
use crate::error::{Error, Finding, Rule};
use crate::types::{DataType, Field, LENGTH_MAX, LogicalType};

/// `T [ARRAY | MULTISET] [NOT NULL | NULL]`; what exceeds its limits is found and clamped.
pub(super) fn data_type(tokens: &mut Tokens<'_>, findings: &mut Vec<Finding>) -> Result<DataType, Error> {
    tokens.enter()?;
    let mut logical = logical_type(tokens, findings)?;
    let mut nullable = nullability(tokens);
    for _ in 0..DEPTH_MAX {
        if tokens.eat_word("ARRAY") {
            logical = LogicalType::Array(Box::new(DataType { logical, nullable }));
        } else if tokens.eat_word("MULTISET") {
            logical = LogicalType::Multiset(Box::new(DataType { logical, nullable }));
        } else {
            tokens.leave();
            return Ok(DataType { logical, nullable });
        }
        nullable = nullability(tokens);
    }
    Err(tokens.too_deep())
}

fn nullability(tokens: &mut Tokens<'_>) -> bool {
    if tokens.eat_words(&["NOT", "NULL"]) {
        return false;
    }
    tokens.eat_word("NULL");
    true
}

fn logical_type(tokens: &mut Tokens<'_>, findings: &mut Vec<Finding>) -> Result<LogicalType, Error> {
    let at = tokens.here();
    let Token::Word(word) = tokens.peek() else { return Err(tokens.expected("a type")) };
    let name = word.value.to_ascii_uppercase();
    let written = (!tokens.is_filled_in()).then(|| word.value.clone());
    tokens.advance();
    let mut limit = Limit { findings, at };
    let logical = match name.as_str() {
        "BOOLEAN" => LogicalType::Boolean,
        "TINYINT" => LogicalType::TinyInt,
        "SMALLINT" => LogicalType::SmallInt,
        "INT" | "INTEGER" => LogicalType::Int,
        "BIGINT" => LogicalType::BigInt,
        "FLOAT" => LogicalType::Float,
        "DOUBLE" => {
            tokens.eat_word("PRECISION");
            LogicalType::Double
        }
        "DECIMAL" | "DEC" | "NUMERIC" => limit.decimal(tokens)?,
        "CHAR" | "CHARACTER" if tokens.eat_word("VARYING") => {
            LogicalType::VarChar(limit.length(tokens, "VARCHAR")?)
        }
        "CHAR" | "CHARACTER" => LogicalType::Char(limit.length(tokens, "CHAR")?),
        "VARCHAR" => LogicalType::VarChar(limit.length(tokens, "VARCHAR")?),
        "STRING" => LogicalType::STRING,
        "BINARY" if tokens.eat_word("VARYING") => LogicalType::VarBinary(limit.length(tokens, "VARBINARY")?),
        "BINARY" => LogicalType::Binary(limit.length(tokens, "BINARY")?),
        "VARBINARY" => LogicalType::VarBinary(limit.length(tokens, "VARBINARY")?),
        "BYTES" => LogicalType::BYTES,
        "DATE" => LogicalType::Date,
        "TIME" => {
            let precision = limit.precision(tokens, "TIME", 0)?;
            tokens.eat_words(&["WITHOUT", "TIME", "ZONE"]);
            LogicalType::Time(precision)
        }
        "TIMESTAMP" => timestamp(tokens, &mut limit)?,
        "TIMESTAMP_LTZ" => LogicalType::TimestampLtz(limit.precision(tokens, "TIMESTAMP_LTZ", 6)?),
        "ARRAY" => {
            tokens.expect(&Token::Lt)?;
            let item = data_type(tokens, findings)?;
            tokens.expect_closing_angle()?;
            LogicalType::Array(Box::new(item))
        }
        "MULTISET" => {
            tokens.expect(&Token::Lt)?;
            let item = data_type(tokens, findings)?;
            tokens.expect_closing_angle()?;
            LogicalType::Multiset(Box::new(item))
        }
        "MAP" => {
            tokens.expect(&Token::Lt)?;
            let key = data_type(tokens, findings)?;
            tokens.expect(&Token::Comma)?;
            let value = data_type(tokens, findings)?;
            tokens.expect_closing_angle()?;
            LogicalType::Map(Box::new(key), Box::new(value))
        }
        "ROW" => row(tokens, findings)?,
        _ => return Err(tokens.error_at(at, &foreign_type::unknown(written.as_deref()))),
    };
    if *tokens.peek() == Token::LParen && !matches!(logical, LogicalType::Row(_)) {
        return Err(tokens.error(&foreign_type::no_length(&name)));
    }
    if tokens.is_word("UNSIGNED") || tokens.is_word("ZEROFILL") {
        return Err(tokens.error(&foreign_type::unsigned(&name)));
    }
    Ok(logical)
}

/// After TIMESTAMP.
fn timestamp(tokens: &mut Tokens<'_>, limit: &mut Limit<'_>) -> Result<LogicalType, Error> {
    let precision = limit.precision(tokens, "TIMESTAMP", 6)?;
    if tokens.eat_words(&["WITH", "LOCAL", "TIME", "ZONE"]) {
        return Ok(LogicalType::TimestampLtz(precision));
    }
    if tokens.is_word("WITH") {
        return Err(tokens.error(foreign_type::WITH_TIME_ZONE));
    }
    tokens.eat_words(&["WITHOUT", "TIME", "ZONE"]);
    Ok(LogicalType::Timestamp(precision))
}

/// `ROW<a T, b T>` or `ROW(a T, b T)`, after ROW.
fn row(tokens: &mut Tokens<'_>, findings: &mut Vec<Finding>) -> Result<LogicalType, Error> {
    let angle = tokens.eat(&Token::Lt);
    if !angle {
        tokens.expect(&Token::LParen)?;
    }
    let mut fields: Vec<Field> = Vec::new();
    let mut names = HashSet::new();
    loop {
        if fields.len() == COLUMNS_MAX {
            return Err(tokens.error(&format!("a ROW has at most {COLUMNS_MAX} fields")));
        }
        let name = tokens.name()?;
        if !names.insert(name.text.clone()) {
            let text = format!("ROW has two fields '{}'", name.text);
            findings.push(Finding::new(Rule::Type, text).at(name.at));
        }
        fields.push(Field::new(name.text, data_type(tokens, findings)?));
        if let Token::SingleQuotedString(_) = tokens.peek() {
            tokens.advance();
        }
        if !tokens.eat(&Token::Comma) {
            break;
        }
    }
    if angle {
        tokens.expect_closing_angle()?
    } else {
        tokens.expect(&Token::RParen)?
    }
    Ok(LogicalType::Row(Arc::from(fields)))
}

/// Checks numbers behind a type's name.
struct Limit<'a> {
    findings: &'a mut Vec<Finding>,
    at: crate::error::Position,
}

impl Limit<'_> {
    /// `(p, s)`, (10, 0) by default.
    fn decimal(&mut self, tokens: &mut Tokens<'_>) -> Result<LogicalType, Error> {
        let (mut precision, mut scale) = (10, 0);
        if tokens.eat(&Token::LParen) {
            precision = tokens.number("a precision")?;
            if tokens.eat(&Token::Comma) {
                scale = tokens.number("a scale")?;
            }
            tokens.expect(&Token::RParen)?;
        }
        let what = format!("DECIMAL({precision}, {scale})");
        self.between(precision, 1, DECIMAL_PRECISION_MAX, &what, "precision");
        self.between(scale, 0, precision, &what, "scale");
        let precision = clamp(precision, DECIMAL_PRECISION_MAX).max(1);
        Ok(LogicalType::Decimal { precision, scale: clamp(scale, u32::from(precision)) })
    }

    /// `(n)`, 1 by default.
    fn length(&mut self, tokens: &mut Tokens<'_>, name: &str) -> Result<u32, Error> {
        let Some(length) = in_brackets(tokens, "a length")? else { return Ok(1) };
        self.between(length, 1, LENGTH_MAX, &format!("{name}({length})"), "length");
        Ok(length.clamp(1, LENGTH_MAX))
    }

    /// `(p)`
    fn precision(&mut self, tokens: &mut Tokens<'_>, name: &str, default: u8) -> Result<u8, Error> {
        let Some(precision) = in_brackets(tokens, "a precision")? else { return Ok(default) };
        self.between(precision, 0, TIME_PRECISION_MAX, &format!("{name}({precision})"), "precision");
        Ok(clamp(precision, TIME_PRECISION_MAX))
    }

    fn between(&mut self, given: u32, least: u32, most: u32, what: &str, name: &str) {
        if !(least..=most).contains(&given) {
            let text = format!("{what}: the {name} must lie between {least} and {most}");
            self.findings.push(Finding::new(Rule::Type, text).at(self.at));
        }
    }
}

const DECIMAL_PRECISION_MAX: u32 = 38;
const TIME_PRECISION_MAX: u32 = 9;

fn in_brackets(tokens: &mut Tokens<'_>, what: &str) -> Result<Option<u32>, Error> {
    if !tokens.eat(&Token::LParen) {
        return Ok(None);
    }
    let number = tokens.number(what)?;
    tokens.expect(&Token::RParen)?;
    Ok(Some(number))
}

fn clamp(given: u32, most: u32) -> u8 {
    u8::try_from(given.min(most)).unwrap_or(u8::MAX)
}
