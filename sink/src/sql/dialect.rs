//! What sqlparser must be told to read Flink's queries.

use std::any::TypeId;

use sqlparser::ast::Expr;
use sqlparser::dialect::{Dialect, GenericDialect, Precedence};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

use super::token::is_word;
use super::{expression, special_forms};

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

    /// `E'…'`
    fn supports_string_escape_constant(&self) -> bool {
        true
    }

    /// `U&'…'`
    fn supports_unicode_string_literal(&self) -> bool {
        true
    }

    fn parse_prefix(&self, parser: &mut Parser<'_>) -> Option<Result<Expr, ParserError>> {
        expression::prefix(parser).or_else(|| special_forms::prefix(parser))
    }

    fn parse_infix(
        &self,
        parser: &mut Parser<'_>,
        expr: &Expr,
        precedence: u8,
    ) -> Option<Result<Expr, ParserError>> {
        expression::infix(parser, expr, precedence).or_else(|| special_forms::infix(parser, expr))
    }

    /// Neither `x NOT NULL` nor `a == b` is an expression.
    fn get_next_precedence(&self, parser: &Parser<'_>) -> Option<Result<u8, ParserError>> {
        let is_not_null = is_word(&parser.peek_nth_token_ref(0).token, "NOT")
            && is_word(&parser.peek_nth_token_ref(1).token, "NULL");
        let is_double = parser.peek_token_ref().token == Token::DoubleEq;
        (is_not_null || is_double).then_some(Ok(self.prec_unknown()))
    }

    /// LIKE and BETWEEN bind tighter than `=`.
    fn prec_value(&self, precedence: Precedence) -> u8 {
        match precedence {
            Precedence::Like | Precedence::Between => GenericDialect.prec_value(Precedence::Eq) + 1,
            other => GenericDialect.prec_value(other),
        }
    }
}
