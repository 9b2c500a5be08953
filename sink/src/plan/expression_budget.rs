//! How large expressions may grow, since a view's column stands for its whole expression wherever it is named.

use std::cell::Cell;
use std::ops::ControlFlow;

use sqlparser::ast::{Expr as Ast, visit_expressions};

use crate::bind::Scope;
use crate::error::{Finding, Position, Rule};
use crate::expr::Expr;
use crate::sql::Expression;

/// Parts of all expressions of a job that views and subqueries were put into. Each takes about 100 bytes.
pub(crate) const EXPRESSION_PARTS_MAX: usize = 2_000_000;

/// How deep an expression may nest, views and subqueries counted through: it is evaluated recursively, on the stack of a
/// task.
pub(crate) const EXPRESSION_DEPTH_MAX: usize = 600;

/// What is left of it.
pub(super) struct ExpressionBudget(Cell<usize>);

impl Default for ExpressionBudget {
    fn default() -> Self {
        Self(Cell::new(EXPRESSION_PARTS_MAX))
    }
}

impl ExpressionBudget {
    /// Before it is bound: takes as many parts as its names can stand for.
    pub(super) fn spend(&self, expression: &Expression, scope: &Scope<'_>) -> Result<(), Finding> {
        let columns = scope.relations.iter().flat_map(|relation| &relation.columns);
        let largest = columns.map(|column| column.expr.size()).max().unwrap_or(1);
        if largest <= 1 {
            return Ok(());
        }
        let cost = names(&expression.ast).saturating_mul(largest);
        let Some(left) = self.0.get().checked_sub(cost) else {
            let text = format!(
                "with its views and subqueries put in, the expressions have more than {EXPRESSION_PARTS_MAX} parts, \
                 which is the most"
            );
            return Err(Finding::new(Rule::Columns, text).at(expression.at));
        };
        self.0.set(left);
        Ok(())
    }

    /// Once it is bound: refuses what is too deep to be evaluated.
    pub(super) fn check(&self, bound: &Expr, at: Position) -> Result<(), Finding> {
        if bound.depth() > EXPRESSION_DEPTH_MAX {
            let text = format!(
                "with its views and subqueries put in, this nests deeper than {EXPRESSION_DEPTH_MAX} levels, which is \
                 the most"
            );
            return Err(Finding::new(Rule::Columns, text).at(at));
        }
        Ok(())
    }
}

/// How many names an expression has.
fn names(ast: &Ast) -> usize {
    let mut count = 0;
    let _ = visit_expressions(ast, |part| {
        count += usize::from(matches!(part, Ast::Identifier(_) | Ast::CompoundIdentifier(_)));
        ControlFlow::<()>::Continue(())
    });
    count
}
