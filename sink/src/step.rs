//! A step between a source's row and the columns of a query: a filter, or several rows made of one.

use crate::expr::function::Moment;
use crate::expr::{EvalError, Expr};
use crate::row::{Row, Value};

/// What happens to each row, before columns are made of it.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A row for which it is not TRUE is left out.
    Filter(Expr),
    /// Each row becomes several.
    Expand(Expand),
}

/// The row again for each of several rows, with their columns behind its own.
#[derive(Clone, Debug)]
pub(crate) struct Expand {
    pub(crate) rows: Expansion,
    /// How many columns are added.
    pub(crate) width: usize,
    /// Whether a row that would become none stays, with NULLs.
    pub(crate) is_outer: bool,
}

/// What a row is multiplied with.
#[derive(Clone, Debug)]
pub(crate) enum Expansion {
    /// Rows of expressions.
    Rows(Vec<Vec<Expr>>),
    /// The elements of an array, the entries of a map, the elements of a multiset as often as they are in it.
    Elements {
        collection: Expr,
        kind: CollectionKind,
        /// Whether the element's place, from 1, is the last column.
        with_ordinality: bool,
    },
    /// The pieces of a text between separators: one for an empty text, and NULL for NULL.
    Pieces { text: Expr, separator: Expr },
}

/// How an element becomes columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CollectionKind {
    /// One column.
    Array,
    /// A column for each field.
    ArrayOfRows,
    /// Key and value.
    Map,
    /// One column, as often as its count says.
    Multiset,
}

impl Step {
    /// What it asks of a row.
    pub(crate) fn exprs(&self) -> Vec<&Expr> {
        match self {
            Self::Filter(filter) => vec![filter],
            Self::Expand(Expand { rows: Expansion::Rows(rows), .. }) => rows.iter().flatten().collect(),
            Self::Expand(Expand { rows: Expansion::Elements { collection, .. }, .. }) => vec![collection],
            Self::Expand(Expand { rows: Expansion::Pieces { text, separator }, .. }) => vec![text, separator],
        }
    }
}

/// Rows that one step makes of one row, at most.
pub(crate) const EXPANDED_ROWS_MAX: usize = 1_000_000;

/// Why a row cannot be multiplied.
pub(crate) enum Unexpanded<E> {
    /// An expression has no value for it.
    Row(EvalError),
    /// What was done with one of its rows failed.
    Then(E),
}

impl<E> From<EvalError> for Unexpanded<E> {
    fn from(error: EvalError) -> Self {
        Self::Row(error)
    }
}

impl Expand {
    /// Hands out each row that this one becomes, until one fails.
    ///
    /// # Errors
    /// An expression has no value; the row becomes too many; or what `each` says.
    pub(crate) fn expand<'a, E>(
        &'a self,
        row: Row<'a>,
        moment: &Moment<'a>,
        each: &mut dyn FnMut(Row<'a>) -> Result<(), E>,
    ) -> Result<(), Unexpanded<E>> {
        let mut count = 0_usize;
        let mut push = |values: &[Value<'a>], place: Option<Value<'a>>| {
            count += 1;
            if count > EXPANDED_ROWS_MAX {
                let text = format!("a row becomes more than {EXPANDED_ROWS_MAX} rows, which is the most");
                return Err(Unexpanded::Row(EvalError::new(text)));
            }
            each(self.row(row, values, place, moment)).map_err(Unexpanded::Then)
        };
        match &self.rows {
            Expansion::Rows(rows) => {
                for exprs in rows {
                    let values = moment.arena.alloc_slice_fill_copy(exprs.len(), Value::Null);
                    for (expr, value) in exprs.iter().zip(&mut *values) {
                        *value = expr.evaluate(row, moment)?;
                    }
                    push(values, None)?;
                }
            }
            Expansion::Elements { collection, kind, with_ordinality } => {
                elements(collection.evaluate(row, moment)?, *kind, |values, place| {
                    let place = with_ordinality.then(|| Value::Int(i32::try_from(place).unwrap_or(i32::MAX)));
                    push(values, place)
                })?;
            }
            Expansion::Pieces { text, separator } => {
                match (text.evaluate(row, moment)?, separator.evaluate(row, moment)?) {
                    (Value::String(text), Value::String(separator)) if !separator.is_empty() => {
                        text.split(separator).try_for_each(|piece| push(&[Value::String(piece)], None))?;
                    }
                    (text, _) => push(&[text], None)?,
                }
            }
        }
        if count == 0 && self.is_outer {
            return each(self.row(row, &[], None, moment)).map_err(Unexpanded::Then);
        }
        Ok(())
    }

    /// The row with these columns behind its own, and the rest of them NULL; the place is the last one.
    fn row<'a>(
        &self,
        row: Row<'a>,
        values: &[Value<'a>],
        place: Option<Value<'a>>,
        moment: &Moment<'a>,
    ) -> Row<'a> {
        let out = moment.arena.alloc_slice_fill_copy(row.len() + self.width, Value::Null);
        out[..row.len()].copy_from_slice(row);
        out[row.len()..].iter_mut().zip(values).for_each(|(slot, value)| *slot = *value);
        if let (Some(slot), Some(place)) = (out.last_mut(), place) {
            *slot = place;
        }
        out
    }
}

/// Each element with its columns and its place, from 1; a NULL collection has none.
fn elements<'a, E>(
    collection: Value<'a>,
    kind: CollectionKind,
    mut each: impl FnMut(&[Value<'a>], usize) -> Result<(), E>,
) -> Result<(), E> {
    match (collection, kind) {
        (Value::Array(items), CollectionKind::ArrayOfRows) => {
            items.iter().enumerate().try_for_each(|(at, item)| match item {
                Value::Row(fields) => each(fields, at + 1),
                // A NULL among them is a row of NULLs.
                _ => each(&[], at + 1),
            })
        }
        (Value::Array(items), _) => {
            items.iter().enumerate().try_for_each(|(at, item)| each(&[*item], at + 1))
        }
        (Value::Map(entries), CollectionKind::Multiset) => {
            let mut place = 0;
            for (item, count) in entries {
                let Value::Int(count) = count else { continue };
                for _ in 0..*count {
                    place += 1;
                    each(&[*item], place)?;
                }
            }
            Ok(())
        }
        (Value::Map(entries), _) => {
            entries.iter().enumerate().try_for_each(|(at, (key, value))| each(&[*key, *value], at + 1))
        }
        _ => Ok(()),
    }
}
