//! UNION ALL and VALUES: parts whose columns become of one type.

use super::branch::Branch;
use crate::error::{Finding, Rule};
use crate::expr::function::Session;
use crate::expr::functions::common_type::common_type;
use crate::expr::{Expr, case};
use crate::types::{DataType, LogicalType};

/// The branches of all parts, with the columns of the first one's names and of types that hold all.
pub(super) fn united(parts: Vec<Vec<Branch>>, session: &Session) -> Result<Vec<Branch>, Finding> {
    let mut branches: Vec<Branch> = parts.into_iter().flatten().collect();
    let Some(first) = branches.first() else { return Ok(branches) };
    let names: Vec<Box<str>> = first.columns.iter().map(|column| column.name.clone()).collect();
    let rows = branches.iter_mut().map(|branch| branch.columns.drain(..).map(|it| it.expr).collect());
    let mut rows: Vec<Vec<Expr>> = rows.collect();
    unify(&mut rows, session).map_err(|text| Finding::new(Rule::Columns, format!("UNION ALL: {text}")))?;
    for (branch, row) in branches.iter_mut().zip(rows) {
        let named = names.iter().zip(row);
        branch.columns =
            named.map(|(name, expr)| crate::bind::NamedExpr { name: name.clone(), expr }).collect();
    }
    Ok(branches)
}

/// The types of the columns of VALUES, whose cells become of them.
pub(super) fn row_types(rows: &mut [Vec<Expr>], session: &Session) -> Result<Vec<DataType>, Finding> {
    unify(rows, session).map_err(|text| Finding::new(Rule::Columns, format!("VALUES: {text}")))
}

/// Casts the columns of all rows to types that hold the values of each.
fn unify(rows: &mut [Vec<Expr>], session: &Session) -> Result<Vec<DataType>, String> {
    let width = rows.first().map_or(0, Vec::len);
    if let Some(other) = rows.iter().find(|row| row.len() != width) {
        return Err(format!("{width} columns here and {} there", other.len()));
    }
    let mut types = Vec::with_capacity(width);
    for column in 0..width {
        let data_type = common(rows, column)?;
        for row in &mut *rows {
            let expr = std::mem::replace(&mut row[column], Expr::null(data_type.logical.clone()));
            row[column] = case::as_type(expr, &data_type.logical, session).map_err(|error| error.0)?;
        }
        types.push(data_type);
    }
    Ok(types)
}

/// The type that holds the values of all rows; a bare NULL takes that of the others.
fn common(rows: &[Vec<Expr>], column: usize) -> Result<DataType, String> {
    let of_column = || rows.iter().map(|row| &row[column]);
    let nullable = of_column().any(|expr| expr.data_type().nullable);
    let typed: Vec<&LogicalType> =
        of_column().filter(|it| !it.is_bare_null()).map(|it| &it.data_type().logical).collect();
    let logical = match &typed[..] {
        // As Flink, which has no type of NULL either.
        [] => Some(LogicalType::Int),
        [first, others @ ..] if others.iter().all(|it| it == first) => Some((*first).clone()),
        _ => common_type(&typed),
    };
    let logical = logical.ok_or_else(|| {
        let mut each: Vec<String> = Vec::new();
        for text in typed.iter().map(ToString::to_string) {
            if !each.contains(&text) {
                each.push(text);
            }
        }
        format!("column {} is {}, which have no common type", column + 1, each.join(" and "))
    })?;
    Ok(DataType { logical, nullable })
}
