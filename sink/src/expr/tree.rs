//! An expression, bound: its parts, their types, and its value for a row.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::cast::conversion::Cast;
use super::cast::rules;
use super::constant::Constant;
use super::eval_error::EvalError;
use super::function::{BindError, Bound, Moment, Nulls, Scalar, Session};
use crate::error::Position;
use crate::row::{Arena, Row, Value};
use crate::types::{DataType, Field, LogicalType};

/// An expression over the columns of one source, with its type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expr {
    kind: ExprKind,
    data_type: DataType,
}

#[derive(Clone, Debug, PartialEq)]
enum ExprKind {
    /// The source's column with this index.
    Column(usize),
    /// A value of the expression's own.
    Constant { value: Constant, is_literal: bool },
    /// An operand, what turns its values into those of the expression's type, and where the SQL says so.
    Cast(Box<Expr>, Cast, Option<Position>),
    /// A field of a ROW, by its index.
    Field(Box<Expr>, usize),
    /// A function of arguments.
    Call(Box<Call>),
    /// What has its arguments computed itself.
    Lazy(Box<LazyCall>),
}

/// A function with its arguments.
#[derive(Clone)]
struct Call {
    name: &'static str,
    args: Box<[Expr]>,
    nulls: Nulls,
    is_deterministic: bool,
    scalar: Arc<dyn Scalar>,
    at: Option<Position>,
}

/// A form with its arguments.
#[derive(Clone)]
struct LazyCall {
    name: &'static str,
    args: Box<[Expr]>,
    form: Arc<dyn Lazy>,
}

/// A form that has its arguments computed itself: AND and CASE, which decide whether, and comparisons, which make a truth
/// of two values without a list of them in between.
pub(crate) trait Lazy: Send + Sync {
    /// The value for a row.
    ///
    /// # Errors
    /// An argument that was computed has none.
    fn evaluate<'a>(
        &'a self,
        args: &'a [Expr],
        row: Row<'a>,
        moment: &Moment<'a>,
    ) -> Result<Value<'a>, EvalError>;

    /// The same of a form that is BOOLEAN: `None` is NULL.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    fn truth<'a>(
        &'a self,
        args: &'a [Expr],
        row: Row<'a>,
        moment: &Moment<'a>,
    ) -> Result<Option<bool>, EvalError> {
        self.evaluate(args, row, moment).map(Value::truth)
    }
}

/// A form that is BOOLEAN and has the truth first: its value is made of that.
pub(crate) trait Predicate: Send + Sync {
    /// What holds of a row; `None` is NULL.
    ///
    /// # Errors
    /// An argument that was computed has no value.
    fn truth<'a>(
        &'a self,
        args: &'a [Expr],
        row: Row<'a>,
        moment: &Moment<'a>,
    ) -> Result<Option<bool>, EvalError>;
}

impl<P: Predicate> Lazy for P {
    fn evaluate<'a>(
        &'a self,
        args: &'a [Expr],
        row: Row<'a>,
        moment: &Moment<'a>,
    ) -> Result<Value<'a>, EvalError> {
        Predicate::truth(self, args, row, moment).map(Value::of_truth)
    }

    fn truth<'a>(
        &'a self,
        args: &'a [Expr],
        row: Row<'a>,
        moment: &Moment<'a>,
    ) -> Result<Option<bool>, EvalError> {
        Predicate::truth(self, args, row, moment)
    }
}

impl Expr {
    /// The source's column with this index, which has this type.
    pub(crate) fn column(index: usize, data_type: DataType) -> Self {
        Self { kind: ExprKind::Column(index), data_type }
    }

    /// NULL, as a value of this type.
    pub(crate) fn null(logical: LogicalType) -> Self {
        Self::literal(Constant::NULL, logical.nullable())
    }

    /// A value as it stands in the text.
    pub(crate) fn literal(value: Constant, data_type: DataType) -> Self {
        Self { kind: ExprKind::Constant { value, is_literal: true }, data_type }
    }

    /// What a part without columns came to.
    pub(crate) fn folded(value: Constant, data_type: DataType) -> Self {
        Self { kind: ExprKind::Constant { value, is_literal: false }, data_type }
    }

    /// A function of arguments that have the types it was bound to. `at` is its place in the SQL.
    pub(crate) fn call(name: &'static str, args: Vec<Self>, bound: Bound, at: Option<Position>) -> Self {
        let Bound { data_type, nulls, is_deterministic, scalar, .. } = bound;
        let call = Call { name, args: with_cast_constants(args), nulls, is_deterministic, scalar, at };
        Self { kind: ExprKind::Call(Box::new(call)), data_type }
    }

    /// A form that has its arguments computed itself.
    pub(crate) fn lazy(
        name: &'static str,
        args: Vec<Self>,
        form: Arc<dyn Lazy>,
        data_type: DataType,
    ) -> Self {
        let args = with_cast_constants(args);
        Self { kind: ExprKind::Lazy(Box::new(LazyCall { name, args, form })), data_type }
    }

    /// `row.name`, by the field's name.
    ///
    /// # Errors
    /// It is no ROW, or has no such field.
    pub(crate) fn field(self, name: &str) -> Result<Self, BindError> {
        let LogicalType::Row(fields) = &self.data_type.logical else {
            return Err(BindError(format!(
                "{} has no field '{name}': only a ROW has fields",
                self.data_type.logical
            )));
        };
        let Some(index) = fields.iter().position(|field| &*field.name == name) else {
            let names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
            return Err(BindError(format!("no field '{name}'; there are: {}", names.join(", "))));
        };
        let field = fields[index].data_type.clone();
        // A field of a ROW that is NULL is NULL.
        let data_type = DataType { nullable: field.nullable || self.data_type.nullable, ..field };
        Ok(Self { kind: ExprKind::Field(Box::new(self), index), data_type })
    }

    /// The same value as one of another type, where Flink casts by itself; else the expression comes back as it was.
    /// Whether NULL fits is not asked: [`Projection`](super::Projection) sees to NOT NULL.
    pub(crate) fn implicitly_cast(self, to: &LogicalType) -> Result<Self, Self> {
        self.assigned_to(to, &Session::default())
    }

    /// The same as a column of a table takes it: TIMESTAMP and TIMESTAMP_LTZ become each other in the session's zone.
    pub(crate) fn assigned_to(self, to: &LogicalType, session: &Session) -> Result<Self, Self> {
        let Some(cast) = rules::implicit(&self.data_type.logical, to, session) else { return Err(self) };
        let data_type = DataType { logical: to.clone(), nullable: self.data_type.nullable };
        Ok(self.cast(cast, data_type))
    }

    /// What a cast makes of it.
    pub(crate) fn cast(self, cast: Cast, data_type: DataType) -> Self {
        // Where values stay as they are, there is nothing to do at run time.
        let kind = if cast == Cast::Keep { self.kind } else { ExprKind::Cast(Box::new(self), cast, None) };
        Self { kind, data_type }
    }

    /// With the place in the SQL, for what fails: of a cast, which has none yet.
    pub(crate) fn placed(mut self, place: Option<Position>) -> Self {
        if let ExprKind::Cast(_, _, at) = &mut self.kind {
            *at = at.or(place);
        }
        self
    }

    /// Whether it puts a ROW together.
    pub(crate) fn is_row(&self) -> bool {
        matches!(&self.kind, ExprKind::Call(call) if call.name == "ROW")
    }

    /// The field of a ROW at an index: what it is put together of, where it is.
    pub(crate) fn item(&self, index: usize) -> Option<Self> {
        match &self.kind {
            ExprKind::Call(call) if call.name == "ROW" => call.args.get(index).cloned(),
            _ => {
                let LogicalType::Row(fields) = &self.data_type.logical else { return None };
                let field = fields.get(index)?.data_type.clone();
                let data_type = DataType { nullable: field.nullable || self.data_type.nullable, ..field };
                Some(Self { kind: ExprKind::Field(Box::new(self.clone()), index), data_type })
            }
        }
    }

    /// The same values under another type that has the same ones.
    pub(crate) fn retyped(self, data_type: DataType) -> Self {
        Self { data_type, ..self }
    }

    /// What its values are.
    pub(crate) fn data_type(&self) -> &DataType {
        &self.data_type
    }

    /// The column of which it is the value, perhaps cast; `None` where it is anything else. Equal values of that column
    /// give equal values of the expression.
    pub(crate) fn source_column(&self) -> Option<usize> {
        match &self.kind {
            ExprKind::Column(index) => Some(*index),
            ExprKind::Cast(operand, ..) => operand.source_column(),
            _ => None,
        }
    }

    /// Its value, where it has one of its own.
    pub(crate) fn constant(&self) -> Option<&Constant> {
        match &self.kind {
            ExprKind::Constant { value, .. } => Some(value),
            _ => None,
        }
    }

    /// Whether it is a value as it stands in the text.
    pub(crate) fn is_literal(&self) -> bool {
        matches!(self.kind, ExprKind::Constant { is_literal: true, .. })
    }

    /// Whether it is the word NULL, which has no type.
    pub(crate) fn is_bare_null(&self) -> bool {
        matches!(self.kind, ExprKind::Constant { value: Constant::NULL, is_literal: true })
    }

    /// The value of an expression that is the same for every row, computed once; any other as it is.
    ///
    /// # Errors
    /// It fails, whatever the row: then it comes back with the reason.
    pub(crate) fn fold(self) -> Result<Self, (Self, EvalError)> {
        if matches!(self.kind, ExprKind::Constant { .. } | ExprKind::Column(_)) || !self.is_constant() {
            return Ok(self);
        }
        let arena = Arena::new();
        let value = self.evaluate(&[], &Moment::still(&arena)).map(Constant::from);
        match value {
            Ok(value) => Ok(Self::folded(value, self.data_type)),
            Err(error) => Err((self, error)),
        }
    }

    /// Whether it is the same for every row at any time.
    pub(crate) fn is_constant(&self) -> bool {
        self.all(&|part| match &part.kind {
            ExprKind::Column(_) => false,
            ExprKind::Call(call) => call.is_deterministic,
            _ => true,
        })
    }

    /// How many parts it has, itself included.
    pub(crate) fn size(&self) -> usize {
        1 + self.parts().map(Self::size).sum::<usize>()
    }

    /// How many levels it has.
    pub(crate) fn depth(&self) -> usize {
        1 + self.parts().map(Self::depth).max().unwrap_or(0)
    }

    /// Whether equal rows give equal values at any time: it asks neither for the time nor for chance.
    pub(crate) fn is_deterministic(&self) -> bool {
        self.all(&|part| match &part.kind {
            ExprKind::Call(call) => call.is_deterministic,
            _ => true,
        })
    }

    /// Whether every part of it, itself included, is so.
    fn all(&self, is_so: &dyn Fn(&Self) -> bool) -> bool {
        is_so(self) && self.parts().all(|part| part.all(is_so))
    }

    /// Adds every column of the source that it reads.
    pub(crate) fn columns(&self, into: &mut BTreeSet<usize>) {
        if let ExprKind::Column(index) = &self.kind {
            into.insert(*index);
        }
        self.parts().for_each(|part| part.columns(into));
    }

    fn parts(&self) -> impl Iterator<Item = &Self> {
        match &self.kind {
            ExprKind::Column(_) | ExprKind::Constant { .. } => &[],
            ExprKind::Cast(operand, ..) | ExprKind::Field(operand, _) => std::slice::from_ref(&**operand),
            ExprKind::Call(call) => &call.args,
            ExprKind::Lazy(call) => &call.args,
        }
        .iter()
    }

    /// The expression's value for a row.
    ///
    /// # Errors
    /// A function has no value for its arguments; a cast cannot hold the value.
    #[inline]
    pub(crate) fn evaluate<'a>(&'a self, row: Row<'a>, moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        match &self.kind {
            ExprKind::Column(index) => Ok(row[*index]),
            _ => self.compute(row, moment),
        }
    }

    /// Its value, where it lies already or in `own`: a comparison copies no columns.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    #[inline]
    pub(crate) fn borrow<'a: 'v, 'v>(
        &'a self,
        row: Row<'a>,
        moment: &Moment<'a>,
        own: &'v mut Value<'a>,
    ) -> Result<&'v Value<'a>, EvalError> {
        match &self.kind {
            ExprKind::Column(index) => return Ok(&row[*index]),
            ExprKind::Constant { value: Constant::Plain(value), .. } => return Ok(value),
            ExprKind::Constant { value, .. } => *own = value.value(moment.arena),
            _ => *own = self.compute(row, moment)?,
        }
        Ok(own)
    }

    /// Its value, written to its place: a column is copied as it is.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    #[inline]
    pub(crate) fn evaluate_into<'a>(
        &'a self,
        row: Row<'a>,
        moment: &Moment<'a>,
        out: &mut Value<'a>,
    ) -> Result<(), EvalError> {
        *out = match &self.kind {
            ExprKind::Column(index) => row[*index],
            ExprKind::Constant { value, .. } => value.value(moment.arena),
            _ => self.compute(row, moment)?,
        };
        Ok(())
    }

    /// What is more than a copy, out of the line of what is not.
    fn compute<'a>(&'a self, row: Row<'a>, moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        match &self.kind {
            ExprKind::Column(index) => Ok(row[*index]),
            ExprKind::Constant { value, .. } => Ok(value.value(moment.arena)),
            ExprKind::Cast(operand, cast, at) => {
                let value = operand.evaluate(row, moment)?;
                cast.apply(value, moment.arena).map_err(|error| error.at(*at))
            }
            ExprKind::Field(operand, index) => Ok(match operand.evaluate(row, moment)? {
                Value::Row(fields) => fields.get(*index).copied().unwrap_or(Value::Null),
                _ => Value::Null,
            }),
            ExprKind::Call(call) => call.evaluate(row, moment),
            ExprKind::Lazy(call) => call.form.evaluate(&call.args, row, moment),
        }
    }

    /// Its value, where it is BOOLEAN: `None` is NULL.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    #[inline]
    pub(crate) fn truth<'a>(&'a self, row: Row<'a>, moment: &Moment<'a>) -> Result<Option<bool>, EvalError> {
        match &self.kind {
            ExprKind::Lazy(call) => call.form.truth(&call.args, row, moment),
            _ => self.evaluate(row, moment).map(Value::truth),
        }
    }

    /// Whether it is TRUE for a row, as a filter asks: of FALSE, TRUE and NULL only one is.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    #[inline]
    pub(crate) fn is_true<'a>(&'a self, row: Row<'a>, moment: &Moment<'a>) -> Result<bool, EvalError> {
        Ok(self.truth(row, moment)? == Some(true))
    }

    /// The expression as a person reads it, in the names of the source's columns.
    pub(crate) fn display<'a>(&'a self, columns: &'a [Field]) -> impl fmt::Display + 'a {
        Displayed { expr: self, columns }
    }
}

/// The arguments of a call, those that are constants cast once and not for every row. One that fails may never be asked for.
fn with_cast_constants(args: Vec<Expr>) -> Box<[Expr]> {
    let cast = |arg: Expr| match arg.kind {
        ExprKind::Cast(..) => arg.fold().unwrap_or_else(|(arg, _)| arg),
        _ => arg,
    };
    args.into_iter().map(cast).collect()
}

impl Call {
    /// Arguments first, so that one that fails fails whatever the others are.
    #[inline]
    fn evaluate<'a>(&'a self, row: Row<'a>, moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        match &*self.args {
            [] => self.apply(&[], moment),
            [one] => {
                let mut values = [Value::Null];
                one.evaluate_into(row, moment, &mut values[0])?;
                self.apply(&values, moment)
            }
            [one, two] => {
                let mut values = [Value::Null; 2];
                one.evaluate_into(row, moment, &mut values[0])?;
                two.evaluate_into(row, moment, &mut values[1])?;
                self.apply(&values, moment)
            }
            args => {
                let values = moment.arena.alloc_slice_fill_copy(args.len(), Value::Null);
                for (arg, value) in args.iter().zip(&mut *values) {
                    arg.evaluate_into(row, moment, value)?;
                }
                self.apply(values, moment)
            }
        }
    }

    #[inline]
    fn apply<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        if self.nulls == Nulls::Propagate && args.iter().any(|arg| matches!(arg, Value::Null)) {
            return Ok(Value::Null);
        }
        self.scalar.evaluate(args, moment).map_err(|error| error.at(self.at))
    }
}

/// Of one name, with equal arguments, two calls were bound alike.
impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        (self.name, &self.args) == (other.name, &other.args)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("name", &self.name).field("args", &self.args).finish_non_exhaustive()
    }
}

impl PartialEq for LazyCall {
    fn eq(&self, other: &Self) -> bool {
        (self.name, &self.args) == (other.name, &other.args)
    }
}

impl fmt::Debug for LazyCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyCall").field("name", &self.name).field("args", &self.args).finish_non_exhaustive()
    }
}

struct Displayed<'a> {
    expr: &'a Expr,
    columns: &'a [Field],
}

impl fmt::Display for Displayed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.expr.kind {
            ExprKind::Column(index) => f.write_str(&self.columns[*index].name),
            ExprKind::Constant { value, .. } => write!(f, "{value}"),
            ExprKind::Cast(operand, ..) => {
                write!(f, "{}, cast from {}", operand.display(self.columns), operand.data_type.logical)
            }
            ExprKind::Field(operand, index) => match &operand.data_type.logical {
                LogicalType::Row(fields) => {
                    write!(f, "{}.{}", operand.display(self.columns), fields[*index].name)
                }
                _ => write!(f, "{}.{index}", operand.display(self.columns)),
            },
            ExprKind::Call(call) => self.call(call.name, &call.args, f),
            ExprKind::Lazy(call) => self.call(call.name, &call.args, f),
        }
    }
}

impl Displayed<'_> {
    fn call(&self, name: &str, args: &[Expr], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{name}(")?;
        for (at, arg) in args.iter().enumerate() {
            write!(f, "{}{}", if at == 0 { "" } else { ", " }, arg.display(self.columns))?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests;
