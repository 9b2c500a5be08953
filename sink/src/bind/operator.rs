//! Operators with one or two operands.

use sqlparser::ast::{BinaryOperator, Expr as Ast, UnaryOperator, Value};

use super::folding::{folded, refused};
use super::{Binder, literal};
use crate::error::{Finding, Position, Rule};
use crate::expr::Expr;
use crate::expr::arithmetic::{self, Arithmetic};
use crate::expr::comparison::Comparison;
use crate::expr::function::BindError;
use crate::expr::logic::{self, Connective};
use crate::expr::rows;

impl Binder<'_> {
    pub(super) fn unary(
        &self,
        operator: UnaryOperator,
        operand: &Ast,
        at: Option<Position>,
    ) -> Result<Expr, Finding> {
        if let (UnaryOperator::Minus, Ast::Value(value)) = (operator, operand)
            && let Value::Number(text, false) = &value.value
        {
            return literal::number(text, true);
        }
        let operand = self.bind(operand)?;
        let bound = match operator {
            UnaryOperator::Not => logic::not(operand),
            UnaryOperator::Minus => arithmetic::negated(operand, at),
            UnaryOperator::Plus if operand.data_type().logical.is_numeric() => Ok(operand),
            other => Err(BindError(format!("Flink has no {other} before {}", operand.data_type().logical))),
        };
        bound.map(folded).map_err(refused)
    }

    pub(super) fn binary(
        &self,
        left: &Ast,
        operator: &BinaryOperator,
        right: &Ast,
        at: Option<Position>,
    ) -> Result<Expr, Finding> {
        use BinaryOperator as B;
        match operator {
            B::And => self.connective(Connective::And, left, right),
            B::Or => self.connective(Connective::Or, left, right),
            B::Plus => self.arithmetic(Arithmetic::Add, left, right, at),
            B::Minus => self.arithmetic(Arithmetic::Subtract, left, right, at),
            B::Multiply => self.arithmetic(Arithmetic::Multiply, left, right, at),
            B::Divide => self.arithmetic(Arithmetic::Divide, left, right, at),
            B::Modulo => self.arithmetic(Arithmetic::Remainder, left, right, at),
            B::Eq => self.compare(Comparison::Equal, left, right, at),
            B::NotEq => self.compare(Comparison::NotEqual, left, right, at),
            B::Lt => self.compare(Comparison::Less, left, right, at),
            B::LtEq => self.compare(Comparison::LessOrEqual, left, right, at),
            B::Gt => self.compare(Comparison::Greater, left, right, at),
            B::GtEq => self.compare(Comparison::GreaterOrEqual, left, right, at),
            B::StringConcat => self.call("||", [left, right].into_iter(), at),
            B::Overlaps => match (left, right) {
                (Ast::Tuple(left), Ast::Tuple(right)) => self.call("OVERLAPS", left.iter().chain(right), at),
                _ => Err(Finding::new(Rule::Type, "OVERLAPS compares two pairs: (a, b) OVERLAPS (c, d)")),
            },
            other => Err(Finding::new(Rule::Type, format!("Flink has no operator {other}"))),
        }
    }

    /// All operands of a chain, so that a long one is not a deep one.
    fn connective(&self, connective: Connective, left: &Ast, right: &Ast) -> Result<Expr, Finding> {
        let own = match connective {
            Connective::And => BinaryOperator::And,
            Connective::Or => BinaryOperator::Or,
        };
        let mut operands = vec![right];
        let mut rest = left;
        while let Ast::BinaryOp { left, op, right } = rest {
            if *op != own {
                break;
            }
            operands.push(right);
            rest = left;
        }
        operands.push(rest);
        let operands = operands.into_iter().rev().map(|it| self.bind(it)).collect::<Result<Vec<_>, _>>()?;
        connective.bind(operands).map(folded).map_err(refused)
    }

    fn arithmetic(
        &self,
        operator: Arithmetic,
        left: &Ast,
        right: &Ast,
        at: Option<Position>,
    ) -> Result<Expr, Finding> {
        let (left, right) = (self.bind(left)?, self.bind(right)?);
        let is_temporal =
            |it: &Expr| it.data_type().logical.is_temporal() || it.data_type().logical.is_interval();
        if is_temporal(&left) || is_temporal(&right) {
            return self.apply(operator.name(), vec![left, right], at);
        }
        // Flink refuses what divides by a zero that stands in the text, be it 0e0.
        if operator == Arithmetic::Divide && left.is_literal() && right.is_literal() && is_zero(&right) {
            return Err(Finding::new(Rule::Type, "division by zero"));
        }
        operator.bind(left, right, at).map(folded).map_err(refused)
    }

    pub(super) fn compare(
        &self,
        comparison: Comparison,
        left: &Ast,
        right: &Ast,
        at: Option<Position>,
    ) -> Result<Expr, Finding> {
        let (left, right) = (self.bind(left)?, self.bind(right)?);
        rows::compare(comparison, left, right, self.scope.session, at).map(folded).map_err(refused)
    }
}

fn is_zero(expr: &Expr) -> bool {
    use crate::expr::constant::Constant;
    use crate::row::Value;
    match expr.constant() {
        Some(Constant::Plain(Value::Double(number))) => *number == 0.0,
        Some(Constant::Plain(value)) => value.exact() == Some(0),
        _ => false,
    }
}
