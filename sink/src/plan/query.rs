//! A query's columns, matched by position with the sink's, and cast where Flink casts.

use super::declared::{Declared, Kind};
use super::table::Table;
use crate::bind::NamedExpr;
use crate::error::{Finding, Rule};
use crate::expr::function::Session;
use crate::expr::{Expr, Projected};
use crate::options::nearest;
use crate::sql::{Insert, Name};
use crate::types::{DataType, Field, LogicalType};

/// What each column of the sink is made of, which is given as an INSERT fills it.
pub(super) fn projected(
    selected: &[NamedExpr],
    insert: &Insert,
    sink: &Table,
    session: &Session,
) -> Result<Vec<Projected>, Vec<Finding>> {
    let targets = targets(insert, sink)?;
    let mismatch = |text: String| Finding::new(Rule::Columns, text).of(&sink.name);
    let lists = lists(selected, &targets);
    if selected.len() != targets.len() {
        let text =
            format!("the query gives {} columns, the table takes {}{lists}", selected.len(), targets.len());
        return Err(vec![mismatch(text)]);
    }
    let mut columns: Vec<Projected> = sink.columns.iter().map(unfilled).collect();
    let mut wrong = Vec::new();
    for (position, (from, to)) in selected.iter().zip(&targets).enumerate() {
        match stored(from.expr.clone(), &to.data_type.logical, session) {
            Ok(expr) => columns[to.slot].expr = expr,
            Err(expr) => wrong.push(format!(
                "column '{}' (position {}): {} does not become {} by itself",
                to.name,
                position + 1,
                expr.data_type().logical,
                to.data_type.logical
            )),
        }
    }
    if wrong.is_empty() { Ok(columns) } else { Err(vec![mismatch(format!("{}{lists}", wrong.join("; ")))]) }
}

/// A value as a column takes it, where Flink casts by itself.
fn stored(expr: Expr, to: &LogicalType, session: &Session) -> Result<Expr, Expr> {
    if expr.is_bare_null() { Ok(Expr::null(to.clone())) } else { expr.assigned_to(to, session) }
}

/// A column of a sink that a query fills.
struct Target<'a> {
    name: &'a str,
    data_type: &'a DataType,
    /// Its place in the sink's row.
    slot: usize,
}

impl<'a> Target<'a> {
    /// `None`: nobody writes such a column.
    fn of(column: &'a Declared, sink: &'a Table) -> Option<Self> {
        let Kind::Physical(slot) = column.kind else { return None };
        Some(Self { name: &column.name, data_type: &sink.columns[slot].data_type, slot })
    }
}

/// A column of the sink that no column of the query fills.
fn unfilled(column: &Field) -> Projected {
    let required = (!column.data_type.nullable).then(|| column.name.clone());
    Projected { expr: Expr::null(column.data_type.logical.clone()), required }
}

/// The sink's columns that the query fills, in its order: all that can be written, or those listed behind INTO.
fn targets<'a>(insert: &Insert, sink: &'a Table) -> Result<Vec<Target<'a>>, Vec<Finding>> {
    let Some(names) = &insert.columns else {
        return Ok(sink.declared.iter().filter_map(|column| Target::of(column, sink)).collect());
    };
    let mut targets: Vec<Target<'a>> = Vec::new();
    let mut findings = Vec::new();
    for name in names {
        match declared(sink, name).map(|column| Target::of(column, sink)) {
            Ok(Some(target)) if targets.iter().any(|it| it.slot == target.slot) => {
                let text = format!("column '{}' is listed twice", name.text);
                findings.push(Finding::new(Rule::Columns, text).at(name.at));
            }
            Ok(Some(target)) => targets.push(target),
            Ok(None) => {
                let text = format!("column '{}' cannot be written", name.text);
                findings.push(Finding::new(Rule::NoColumn, text).at(name.at));
            }
            Err(finding) => findings.push(finding.at(name.at)),
        }
    }
    for (index, column) in sink.columns.iter().enumerate() {
        let is_listed = targets.iter().any(|target| target.slot == index);
        if !column.data_type.nullable && !is_listed && findings.is_empty() {
            let text = format!("column '{}' is NOT NULL and not among those listed", column.name);
            findings.push(Finding::new(Rule::Columns, text).at(insert.table.at));
        }
    }
    if findings.is_empty() {
        Ok(targets)
    } else {
        Err(findings.into_iter().map(|it| it.of(&sink.name)).collect())
    }
}

fn declared<'a>(sink: &'a Table, name: &Name) -> Result<&'a Declared, Finding> {
    sink.column(&name.text).ok_or_else(|| {
        let names: Vec<&str> = sink.declared.iter().map(|it| it.name.as_str()).collect();
        let hint = nearest(&name.text, names.iter().copied()).map(|it| format!("did you mean '{it}'? "));
        let hint = hint.unwrap_or_default();
        Finding::new(
            Rule::NoColumn,
            format!("no column '{}'; {hint}there are: {}", name.text, names.join(", ")),
        )
    })
}

/// Both schemas, below each other.
fn lists(selected: &[NamedExpr], targets: &[Target<'_>]) -> String {
    let query = selected.iter().map(|it| format!("{} {}", it.name, it.expr.data_type()));
    let table = targets.iter().map(|it| format!("{} {}", it.name, it.data_type));
    let join = |columns: Vec<String>| columns.join(", ");
    format!("\n  query: {}\n  table: {}\n ", join(query.collect()), join(table.collect()))
}
