//! Expressions: what a query computes of one row.
//!
//! The planner binds an expression to the columns of a source (`bind`): names are resolved to indexes, and every part
//! knows its type. After that no expression can be ill-typed. A job evaluates it once a row. The value borrows from the
//! row where it can, from the expression where it is a literal, and from the [`Arena`](crate::row::Arena) where it had to
//! be made; nothing is allocated beside.
//!
//! Three readers ask an expression what it is: [`Projection`] evaluates it, the rule about UPDATE_BEFORE asks which
//! column it stands for ([`Expr::source_column`]), and `explain` prints it ([`Expr::display`]).

pub(crate) mod arithmetic;
pub(crate) mod case;
pub(crate) mod cast;
pub(crate) mod comparison;
pub(crate) mod constant;
pub(crate) mod decimal;
mod eval_error;
mod exact;
pub(crate) mod function;
pub(crate) mod functions;
pub(crate) mod logic;
pub(crate) mod membership;
mod projection;
pub(crate) mod rows;
pub(crate) mod temporal;
pub(crate) mod tree;
mod type_family;
mod whole;
mod wide;

pub(crate) use self::eval_error::EvalError;
pub(crate) use self::projection::{Keep, OnNull, Projected, Projection};
pub(crate) use self::tree::Expr;
