//! UNION ALL and VALUES: parts whose columns become of one type.

use super::branch::Branch;
use crate::error::{Finding, Rule};
use crate::expr::Expr;
use crate::types::DataType;

/// The branches of all parts, with the columns of the first one's names and of types that hold all.
pub(super) fn united(parts: Vec<Vec<Branch>>) -> Result<Vec<Branch>, Finding> {
    let mut branches: Vec<Branch> = parts.into_iter().flatten().collect();
    let Some(first) = branches.first() else { return Ok(branches) };
    let names: Vec<Box<str>> = first.columns.iter().map(|column| column.name.clone()).collect();
    let rows = branches.iter_mut().map(|branch| branch.columns.drain(..).map(|it| it.expr).collect());
    let mut rows: Vec<Vec<Expr>> = rows.collect();
    unify(&mut rows).map_err(|text| Finding::new(Rule::Columns, format!("UNION ALL: {text}")))?;
    for (branch, row) in branches.iter_mut().zip(rows) {
        let named = names.iter().zip(row);
        branch.columns =
            named.map(|(name, expr)| crate::bind::NamedExpr { name: name.clone(), expr }).collect();
    }
    Ok(branches)
}

/// The types of the columns of VALUES, whose cells become of them.
pub(super) fn row_types(rows: &mut [Vec<Expr>]) -> Result<Vec<DataType>, Finding> {
    unify(rows).map_err(|text| Finding::new(Rule::Columns, format!("VALUES: {text}")))
}

/// Casts the columns of all rows to types that hold the values of each.
fn unify(rows: &mut [Vec<Expr>]) -> Result<Vec<DataType>, String> {
    let width = rows.first().map_or(0, Vec::len);
    if let Some(other) = rows.iter().find(|row| row.len() != width) {
        return Err(format!("{width} columns here and {} there", other.len()));
    }
    let mut types = Vec::with_capacity(width);
    for column in 0..width {
        let of_column: Vec<&DataType> = rows.iter().map(|row| row[column].data_type()).collect();
        let data_type = common(&of_column).ok_or_else(|| {
            let each: Vec<String> = of_column.iter().map(ToString::to_string).collect();
            format!("column {} is {}, which have no common type", column + 1, each.join(" and "))
        })?;
        for row in &mut *rows {
            let expr = std::mem::replace(&mut row[column], Expr::null(data_type.logical.clone()));
            row[column] = expr.implicitly_cast(&data_type.logical).map_err(|expr| {
                format!("column {}: {} does not become {data_type}", column + 1, expr.data_type())
            })?;
        }
        types.push(data_type);
    }
    Ok(types)
}

/// The first type that holds the values of all.
fn common(types: &[&DataType]) -> Option<DataType> {
    let holds = |wide: &DataType| {
        types.iter().all(|it| Expr::null(it.logical.clone()).implicitly_cast(&wide.logical).is_ok())
    };
    let wide = types.iter().find(|it| holds(it))?;
    Some(DataType { nullable: types.iter().any(|it| it.nullable), ..(**wide).clone() })
}
