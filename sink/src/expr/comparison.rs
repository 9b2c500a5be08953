//! `= <> < <= > >=` and IS DISTINCT FROM: which types compare, and how.

use std::cmp::Ordering;
use std::sync::Arc;

use super::cast;
use super::decimal::power;
use super::eval_error::EvalError;
use super::function::{BindError, Moment, Session};
use super::tree::{Expr, Predicate};
use crate::error::Position;
use crate::row::{Row, Value};
use crate::types::{DataType, LogicalType};

/// An operator that compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// `IS DISTINCT FROM`
    Distinct,
    /// `IS NOT DISTINCT FROM`
    NotDistinct,
}

impl Comparison {
    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Distinct => "IS DISTINCT FROM",
            Self::NotDistinct => "IS NOT DISTINCT FROM",
        }
    }

    /// Whether it asks for equality alone, so that it takes values without an order.
    fn is_equality(self) -> bool {
        !matches!(self, Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual)
    }

    fn is_distinction(self) -> bool {
        matches!(self, Self::Distinct | Self::NotDistinct)
    }

    /// The comparison of two values.
    ///
    /// # Errors
    /// Flink does not compare these types.
    pub(crate) fn bind(
        self,
        left: Expr,
        right: Expr,
        session: &Session,
        at: Option<Position>,
    ) -> Result<Expr, BindError> {
        // What was cast here fails at the place of the comparison.
        let (left, right) = self.operands(left, right, session)?;
        let (left, right) = (left.placed(at), right.placed(at));
        let nullable = !self.is_distinction() && (left.data_type().nullable || right.data_type().nullable);
        let scales = match (left.data_type().logical.exact_digits(), right.data_type().logical.exact_digits())
        {
            (Some((_, a)), Some((_, b))) => (a, b),
            _ => (0, 0),
        };
        let data_type = DataType { logical: LogicalType::Boolean, nullable };
        let form = Arc::new(Compared { operator: self, scales });
        Ok(Expr::lazy(self.name(), vec![left, right], form, data_type))
    }

    /// Both as types that compare.
    pub(crate) fn operands(
        self,
        left: Expr,
        right: Expr,
        session: &Session,
    ) -> Result<(Expr, Expr), BindError> {
        use LogicalType as T;
        if left.is_bare_null() {
            return Ok((Expr::null(right.data_type().logical.clone()), right));
        }
        if right.is_bare_null() {
            let null = Expr::null(left.data_type().logical.clone());
            return Ok((left, null));
        }
        let (a, b) = (left.data_type().logical.clone(), right.data_type().logical.clone());
        match (&a, &b) {
            _ if a == b && (self.is_equality() || !is_nested(&a)) => Ok((left, right)),
            _ if a.is_numeric() && b.is_numeric() => Ok(numbers(left, right)),
            _ if a.is_character() && b.is_character() || a.is_binary() && b.is_binary() => Ok((left, right)),
            // Flink writes the truth as TRUE or FALSE, and compares the texts.
            (T::Boolean, _) if b.is_character() && self.is_equality() => {
                Ok((cast_to(left, &T::STRING, false, session)?, right))
            }
            (_, T::Boolean) if a.is_character() && self.is_equality() => {
                let right = cast_to(right, &T::STRING, false, session)?;
                Ok((left, right))
            }
            _ if a.is_character() && takes_text(&b) => Ok((self.parsed(left, &b, session)?, right)),
            _ if b.is_character() && takes_text(&a) => {
                let right = self.parsed(right, &a, session)?;
                Ok((left, right))
            }
            _ if a.is_character() && b.is_numeric() && !self.is_equality() => {
                Ok((cast_to(left, &as_number(&b), false, session)?, right))
            }
            _ if b.is_character() && a.is_numeric() && !self.is_equality() => {
                let right = cast_to(right, &as_number(&a), false, session)?;
                Ok((left, right))
            }
            (T::Time(_), T::Time(_))
            | (T::Timestamp(_), T::Timestamp(_))
            | (T::TimestampLtz(_), T::TimestampLtz(_)) => Ok((left, right)),
            (T::Timestamp(p), T::TimestampLtz(_)) => {
                Ok((cast_to(left, &T::TimestampLtz(*p), false, session)?, right))
            }
            (T::TimestampLtz(_), T::Timestamp(p)) => {
                let right = cast_to(right, &T::TimestampLtz(*p), false, session)?;
                Ok((left, right))
            }
            (T::Array(_), T::Array(_)) | (T::Map(..), T::Map(..)) | (T::Multiset(_), T::Multiset(_))
                if self.is_equality() && same_shape(&a, &b) =>
            {
                Ok((left, right))
            }
            (T::Row(x), T::Row(y)) if self.is_equality() && x.len() == y.len() && same_shape(&a, &b) => {
                Ok((left, right))
            }
            _ => Err(BindError(format!("{} does not compare {a} with {b}", self.name()))),
        }
    }

    /// A text as the type that it is compared with. Where equality is asked, a text that is none gives NULL.
    fn parsed(self, text: Expr, to: &LogicalType, session: &Session) -> Result<Expr, BindError> {
        let is_literal = text.is_constant();
        let cast = cast_to(text, to, self.is_equality() && !is_literal, session)?;
        match cast.fold() {
            Ok(cast) => Ok(cast),
            Err((_, error)) => Err(BindError(error.to_string())),
        }
    }
}

fn cast_to(operand: Expr, to: &LogicalType, is_try: bool, session: &Session) -> Result<Expr, BindError> {
    let nullable = is_try || operand.data_type().nullable;
    cast::bind(operand, &DataType { logical: to.clone(), nullable }, is_try, session)
}

/// As which number a text is compared with one of this type: beside a DECIMAL as the longest there is, which is read more
/// strictly than short ones are.
fn as_number(logical: &LogicalType) -> LogicalType {
    match logical {
        LogicalType::Decimal { .. } => LogicalType::Decimal { precision: 38, scale: 19 },
        other => other.clone(),
    }
}

/// What a text is compared with as if it were one.
fn takes_text(logical: &LogicalType) -> bool {
    logical.is_temporal() || *logical == LogicalType::Boolean
}

fn is_nested(logical: &LogicalType) -> bool {
    use LogicalType as T;
    matches!(logical, T::Array(_) | T::Map(..) | T::Multiset(_) | T::Row(_))
}

/// Whether values of both are compared part by part.
fn same_shape(a: &LogicalType, b: &LogicalType) -> bool {
    use LogicalType as T;
    match (a, b) {
        (T::Array(a), T::Array(b)) | (T::Multiset(a), T::Multiset(b)) => same_shape(&a.logical, &b.logical),
        (T::Map(k, v), T::Map(l, w)) => {
            same_shape(&k.logical, &l.logical) && same_shape(&v.logical, &w.logical)
        }
        (T::Row(a), T::Row(b)) => {
            a.len() == b.len()
                && a.iter().zip(b.iter()).all(|(a, b)| same_shape(&a.data_type.logical, &b.data_type.logical))
        }
        _ => {
            a == b
                || a.is_character() && b.is_character()
                || a.is_binary() && b.is_binary()
                || a.is_whole() && b.is_whole()
        }
    }
}

/// Approximate beside exact: both as the approximate type, or as DOUBLE.
fn numbers(left: Expr, right: Expr) -> (Expr, Expr) {
    let (a, b) = (&left.data_type().logical, &right.data_type().logical);
    if !a.is_approximate() && !b.is_approximate() {
        return (left, right);
    }
    let is_float = |logical: &LogicalType| logical.is_whole() || *logical == LogicalType::Float;
    let common = if is_float(a) && is_float(b) { LogicalType::Float } else { LogicalType::Double };
    let widened = |operand: Expr| operand.implicitly_cast(&common).unwrap_or_else(|operand| operand);
    (widened(left), widened(right))
}

/// Compares two values of types that compare.
struct Compared {
    operator: Comparison,
    /// Of two exact numbers.
    scales: (u8, u8),
}

/// Both operands are computed, so that one that fails fails whatever the other is.
impl Predicate for Compared {
    fn truth<'a>(
        &'a self,
        args: &'a [Expr],
        row: Row<'a>,
        moment: &Moment<'a>,
    ) -> Result<Option<bool>, EvalError> {
        let (mut left, mut right) = (Value::Null, Value::Null);
        let left = args[0].borrow(row, moment, &mut left)?;
        let right = args[1].borrow(row, moment, &mut right)?;
        Ok(match (left, right) {
            (Value::Null, _) | (_, Value::Null) => self.beside_null(*left, *right),
            _ => Some(self.holds(left, right)),
        })
    }
}

impl Compared {
    /// Two values, neither of which is NULL.
    #[inline]
    fn holds(&self, a: &Value<'_>, b: &Value<'_>) -> bool {
        match self.operator {
            Comparison::Equal | Comparison::NotDistinct => equal(a, b, self.scales),
            Comparison::NotEqual | Comparison::Distinct => !equal(a, b, self.scales),
            Comparison::Less => order(a, b, self.scales).is_some_and(Ordering::is_lt),
            Comparison::Greater => order(a, b, self.scales).is_some_and(Ordering::is_gt),
            Comparison::LessOrEqual => order(a, b, self.scales).is_some_and(Ordering::is_le),
            Comparison::GreaterOrEqual => order(a, b, self.scales).is_some_and(Ordering::is_ge),
        }
    }

    /// Two values, one of which is NULL at least.
    #[cold]
    fn beside_null(&self, a: Value<'_>, b: Value<'_>) -> Option<bool> {
        let are_both = matches!((a, b), (Value::Null, Value::Null));
        self.operator.is_distinction().then_some(are_both == (self.operator == Comparison::NotDistinct))
    }
}

/// Whether two values are equal, neither of which is NULL: of texts the lengths say it first.
#[inline]
fn equal(a: &Value<'_>, b: &Value<'_>, scales: (u8, u8)) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::Array(_) | Value::Map(_) | Value::Row(_), _) => equal_nested(*a, *b),
        _ => order(a, b, scales) == Some(Ordering::Equal),
    }
}

/// The order of two values that are not nested; none where one is NaN.
#[inline]
pub(crate) fn order(a: &Value<'_>, b: &Value<'_>, scales: (u8, u8)) -> Option<Ordering> {
    Some(match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::BigInt(a), Value::BigInt(b)) => a.cmp(b),
        (Value::BigInt(a), Value::Int(b)) => a.cmp(&(*b).into()),
        (Value::Int(a), Value::BigInt(b)) => i64::from(*a).cmp(b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Double(a), Value::Double(b)) => return a.partial_cmp(b),
        (Value::Float(a), Value::Float(b)) => return a.partial_cmp(b),
        (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (Value::Bytes(a), Value::Bytes(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        (Value::Timestamp(a), Value::Timestamp(b)) => (a.seconds, a.nanos).cmp(&(b.seconds, b.nanos)),
        _ => return exact_order(a.exact()?, b.exact()?, scales),
    })
}

/// The order of two exact numbers of these scales.
#[inline]
fn exact_order(a: i128, b: i128, (left, right): (u8, u8)) -> Option<Ordering> {
    if left == right {
        return Some(a.cmp(&b));
    }
    let scale = left.max(right);
    match (a.checked_mul(power(scale - left)), b.checked_mul(power(scale - right))) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        // One of them is longer than any DECIMAL of the other's scale.
        (None, _) => Some(a.cmp(&0)),
        (_, None) => Some(0.cmp(&b)),
    }
}

/// Whether two nested values are equal; two NULLs within them are.
fn equal_nested(a: Value<'_>, b: Value<'_>) -> bool {
    match (a, b) {
        // As Flink has it: no NULL of an array equals another.
        (Value::Array(a), Value::Array(b)) => {
            let equal = |a: &Value<'_>, b: &Value<'_>| !matches!(a, Value::Null) && equal_nested(*a, *b);
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Row(a), Value::Row(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal_nested(*a, *b))
        }
        (Value::Map(a), Value::Map(b)) => {
            let has = |key: Value<'_>, value: Value<'_>| {
                b.iter().any(|(k, v)| equal_nested(*k, key) && equal_nested(*v, value))
            };
            a.len() == b.len() && a.iter().all(|(key, value)| has(*key, *value))
        }
        (Value::Null, Value::Null) => true,
        (Value::Null, _) | (_, Value::Null) => false,
        _ => order(&a, &b, (0, 0)) == Some(Ordering::Equal),
    }
}
