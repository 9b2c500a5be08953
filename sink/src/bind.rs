//! Binds an expression as it was parsed to the columns that it can see.
//!
//! Here the parser's tree ends: what comes out is an [`Expr`] that knows its type and its columns' indexes, or a
//! [`Finding`] that says what is wrong and where.

mod scope;

use sqlparser::ast;
use sqlparser::ast::Spanned;

pub(crate) use self::scope::{NamedExpr, Relation, Scope};
use crate::error::{Finding, Position, Rule};
use crate::expr::Expr;

/// Binds an expression.
///
/// # Errors
/// A name that is not there, types that do not fit, a constant part that fails.
pub(crate) fn bind(expr: &ast::Expr, scope: &Scope<'_>) -> Result<Expr, Finding> {
    let bound = match expr {
        ast::Expr::Identifier(ident) => scope.column(std::slice::from_ref(ident)),
        ast::Expr::CompoundIdentifier(path) => scope.column(path),
        ast::Expr::Nested(inner) => return bind(inner, scope),
        _ => Err(Finding::not_yet("expression", "this expression is not supported yet")),
    };
    bound.map_err(|finding| placed(finding, expr))
}

/// The finding at the place of an expression, unless it has one.
fn placed(finding: Finding, expr: &ast::Expr) -> Finding {
    let start = expr.span().start;
    let at = (start.line > 0).then_some(Position { line: start.line, column: start.column });
    let at = finding.at.or(at);
    finding.at(at)
}

/// A finding about types that do not fit.
fn mistyped(text: impl Into<String>) -> Finding {
    Finding::new(Rule::Type, text)
}
