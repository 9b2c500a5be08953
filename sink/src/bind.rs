//! Binds an expression as it was parsed to the columns that it can see.
//!
//! Here the parser's tree ends: what comes out is an [`Expr`] that knows its type and its columns' indexes, or a
//! [`Finding`] that says what is wrong and where. Operators and calls are bound from the leaves up; what has no columns
//! is computed at once.

mod call;
mod folding;
mod interval;
mod literal;
mod operator;
mod scope;

use sqlparser::ast;
use sqlparser::ast::Spanned;

use self::folding::{folded, refused};
pub(crate) use self::scope::{NamedExpr, Relation, Scope};
use crate::error::{Finding, Position, Rule};
use crate::expr::{Expr, case, cast, comparison::Comparison, logic, membership};

/// Binds an expression.
///
/// # Errors
/// A name that is not there, types that do not fit, a constant part that fails.
pub(crate) fn bind(expr: &ast::Expr, scope: &Scope<'_>) -> Result<Expr, Finding> {
    let at = place(expr);
    Binder { scope }.bind(expr).map_err(|finding| finding.at(at))
}

/// Walks down an expression.
struct Binder<'a> {
    scope: &'a Scope<'a>,
}

impl Binder<'_> {
    fn bind(&self, expr: &ast::Expr) -> Result<Expr, Finding> {
        let at = place(expr);
        let bound = match expr {
            ast::Expr::Nested(inner) => return self.bind(inner),
            ast::Expr::Identifier(ident) => self.name(ident),
            ast::Expr::CompoundIdentifier(path) => self.scope.column(path),
            ast::Expr::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain, at),
            ast::Expr::Value(value) => literal::value(&value.value),
            ast::Expr::TypedString(typed) => literal::typed(typed, self.scope.session),
            ast::Expr::UnaryOp { op, expr } => self.unary(*op, expr, at),
            ast::Expr::BinaryOp { left, op, right } => self.binary(left, op, right, at),
            ast::Expr::Function(function) => self.function(function, at),
            ast::Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref(), at)
            }
            ast::Expr::Cast { kind, expr, data_type, format: None } => self.cast(kind, expr, data_type, at),
            ast::Expr::InList { expr, list, negated } => self.membership(expr, list, *negated, at),
            ast::Expr::Between { expr, negated, low, high } => self.between(expr, low, high, *negated, at),
            ast::Expr::Tuple(items) => self.call("ROW", items.iter(), at),
            ast::Expr::Array(array) if array.named => self.call("ARRAY", array.elem.iter(), at),
            _ => match self.predicate(expr, at) {
                Some(bound) => bound,
                None => self.special(expr, at),
            },
        };
        bound.map_err(|finding| finding.at(at))
    }

    /// What asks for a truth, for NULL or for a difference.
    fn predicate(&self, expr: &ast::Expr, at: Option<Position>) -> Option<Result<Expr, Finding>> {
        use ast::Expr as E;
        let truth = |inner: &ast::Expr, truth, is_not| {
            self.bind(inner).and_then(|it| logic::is_truth(it, truth, is_not).map_err(refused)).map(folded)
        };
        let unknown = |inner: &ast::Expr, is_not| {
            self.bind(inner).and_then(|it| logic::is_unknown(it, is_not).map_err(refused)).map(folded)
        };
        Some(match expr {
            E::IsNull(inner) => self.bind(inner).map(|it| folded(logic::is_null(it))),
            E::IsNotNull(inner) => self.bind(inner).map(|it| folded(logic::is_not_null(it))),
            E::IsTrue(inner) => truth(inner, true, false),
            E::IsNotTrue(inner) => truth(inner, true, true),
            E::IsFalse(inner) => truth(inner, false, false),
            E::IsNotFalse(inner) => truth(inner, false, true),
            E::IsUnknown(inner) => unknown(inner, false),
            E::IsNotUnknown(inner) => unknown(inner, true),
            E::IsDistinctFrom(left, right) => self.compare(Comparison::Distinct, left, right, at),
            E::IsNotDistinctFrom(left, right) => self.compare(Comparison::NotDistinct, left, right, at),
            _ => return None,
        })
    }

    /// A column, or one of the words that stand for a value.
    fn name(&self, ident: &ast::Ident) -> Result<Expr, Finding> {
        let column = self.scope.column(std::slice::from_ref(ident));
        match column {
            Err(finding) if ident.quote_style.is_none() => match &*ident.value.to_ascii_uppercase() {
                "UNKNOWN" => Ok(literal::unknown()),
                "PI" => self.call("PI", std::iter::empty(), None),
                _ => Err(finding),
            },
            other => other,
        }
    }

    fn case(
        &self,
        operand: Option<&ast::Expr>,
        conditions: &[ast::CaseWhen],
        otherwise: Option<&ast::Expr>,
        at: Option<Position>,
    ) -> Result<Expr, Finding> {
        let operand = operand.map(|operand| self.bind(operand)).transpose()?;
        let branch = |when: &ast::CaseWhen| {
            let condition = self.bind(&when.condition)?;
            let condition = match &operand {
                None => condition,
                Some(operand) => Comparison::Equal
                    .bind(operand.clone(), condition, self.scope.session, at)
                    .map_err(|error| refused(error).at(place(&when.condition)))?,
            };
            Ok((folded(condition), self.bind(&when.result)?))
        };
        let branches = conditions.iter().map(branch).collect::<Result<Vec<_>, Finding>>()?;
        let otherwise = otherwise.map(|otherwise| self.bind(otherwise)).transpose()?;
        case::bind("CASE", branches, otherwise, self.scope.session).map(folded).map_err(refused)
    }

    fn cast(
        &self,
        kind: &ast::CastKind,
        operand: &ast::Expr,
        data_type: &ast::DataType,
        at: Option<Position>,
    ) -> Result<Expr, Finding> {
        let to = literal::data_type(data_type)?;
        let operand = self.bind(operand)?;
        if operand.is_bare_null() {
            return Ok(Expr::folded(crate::expr::constant::Constant::NULL, to.logical.nullable()));
        }
        let is_try = match kind {
            ast::CastKind::Cast => false,
            ast::CastKind::TryCast => true,
            _ => return Err(Finding::new(Rule::Type, "Flink has CAST and TRY_CAST alone")),
        };
        let to = crate::types::DataType { nullable: is_try || operand.data_type().nullable, ..to };
        let cast = cast::bind(operand, &to, is_try, self.scope.session).map_err(refused)?;
        Ok(folded(cast.placed(at)))
    }

    fn membership(
        &self,
        operand: &ast::Expr,
        list: &[ast::Expr],
        is_not: bool,
        at: Option<Position>,
    ) -> Result<Expr, Finding> {
        let operand = self.bind(operand)?;
        let items = list.iter().map(|item| self.bind(item)).collect::<Result<Vec<_>, _>>()?;
        membership::bind(operand, items, is_not, self.scope.session, at).map(folded).map_err(refused)
    }

    fn between(
        &self,
        operand: &ast::Expr,
        low: &ast::Expr,
        high: &ast::Expr,
        is_not: bool,
        at: Option<Position>,
    ) -> Result<Expr, Finding> {
        let (operand, low, high) = (self.bind(operand)?, self.bind(low)?, self.bind(high)?);
        let between = self.within(operand, low, high, at)?;
        if is_not { logic::not(between).map(folded).map_err(refused) } else { Ok(folded(between)) }
    }

    fn within(&self, operand: Expr, low: Expr, high: Expr, at: Option<Position>) -> Result<Expr, Finding> {
        let session = self.scope.session;
        let from = Comparison::GreaterOrEqual.bind(operand.clone(), low, session, at).map_err(refused)?;
        let to = Comparison::LessOrEqual.bind(operand, high, session, at).map_err(refused)?;
        logic::Connective::And.bind(vec![folded(from), folded(to)]).map_err(refused)
    }
}

/// Where an expression begins, as far as the parser knows.
fn place(expr: &ast::Expr) -> Option<Position> {
    let start = expr.span().start;
    (start.line > 0).then_some(Position { line: start.line, column: start.column })
}

#[cfg(test)]
mod tests;
