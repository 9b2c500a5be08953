//! A query's columns: found in the source, matched by position with the sink's, cast where Flink casts.

use std::collections::HashSet;

use super::table::{Declared, Kind, Table};
use crate::error::{FINDINGS_SHOWN_MAX, Finding, Rule};
use crate::expr::{Expr, Projected};
use crate::options::nearest;
use crate::sql::limits::COLUMNS_MAX;
use crate::sql::{Insert, Item, Name, Select};
use crate::types::{Field, LogicalType};

/// A column of a query: its name there, and what it is made of.
pub(super) struct Selected {
    name: String,
    expr: Expr,
}

/// The columns behind SELECT.
pub(super) fn selected(select: &Select, source: &Table) -> Result<Vec<Selected>, Vec<Finding>> {
    let mut selected = Vec::new();
    let mut findings = Vec::new();
    let own = select.from.path.last().map_or("", String::as_str);
    let known = select.alias.as_deref().unwrap_or(own);
    for item in &select.items {
        if findings.len() >= FINDINGS_SHOWN_MAX {
            break;
        }
        if selected.len() > COLUMNS_MAX {
            let text = format!("a query has at most {COLUMNS_MAX} columns");
            return Err(vec![Finding::new(Rule::Columns, text)]);
        }
        let (qualifier, columns) = match item {
            Item::All { qualifier } => (qualifier, source.declared.iter().map(Ok).collect()),
            Item::Column { qualifier, column, .. } => (qualifier, vec![declared(source, column)]),
        };
        if let Some(qualifier) = qualifier.as_ref().filter(|it| it.text != known) {
            findings.push(no_column(source, qualifier, known));
            continue;
        }
        for column in columns {
            let name = match item {
                Item::Column { alias: Some(alias), .. } => Some(alias.clone()),
                _ => None,
            };
            let place = match item {
                Item::Column { column, .. } => Some(column.at),
                Item::All { .. } => None,
            };
            match column.and_then(|column| bound(source, column, name)) {
                Ok(column) => selected.push(column),
                Err(finding) => findings.push(finding.at(place).of(&source.name)),
            }
        }
    }
    if findings.is_empty() { Ok(selected) } else { Err(findings) }
}

fn declared<'a>(source: &'a Table, name: &Name) -> Result<&'a Declared, Finding> {
    source.column(&name.text).ok_or_else(|| {
        let names: Vec<&str> = source.declared.iter().map(|it| it.name.as_str()).collect();
        let hint = nearest(&name.text, names.iter().copied()).map(|it| format!("did you mean '{it}'? "));
        let hint = hint.unwrap_or_default();
        Finding::new(
            Rule::NoColumn,
            format!("no column '{}'; {hint}there are: {}", name.text, names.join(", ")),
        )
    })
}

/// A qualifier that is not the table's may be a column whose field is meant.
fn no_column(source: &Table, qualifier: &Name, known: &str) -> Finding {
    let text = &qualifier.text;
    let finding = if source.column(text).is_some() {
        Finding::not_yet(
            "nested-field",
            format!("a field of column '{text}' is not supported yet: take the column"),
        )
    } else {
        Finding::new(Rule::Table, format!("'{text}' is not in FROM; '{known}' is"))
    };
    finding.at(qualifier.at)
}

fn bound(source: &Table, column: &Declared, alias: Option<String>) -> Result<Selected, Finding> {
    let name = alias.unwrap_or_else(|| column.name.clone());
    match &column.kind {
        Kind::Physical(index) => {
            let expr = Expr::column(*index, source.columns[*index].data_type.clone());
            Ok(Selected { name, expr })
        }
        Kind::Metadata { .. } => {
            let text = format!("column '{}': reading metadata is not supported yet", column.name);
            Err(Finding::not_yet("metadata", text))
        }
        Kind::Computed => {
            let text = format!("column '{}': computed columns are not supported yet", column.name);
            Err(Finding::not_yet("computed", text))
        }
    }
}

/// The columns of a table that a query names and that cannot be read yet, though the query is refused for more.
pub(super) fn refused_columns(source: &Table, names: &HashSet<String>) -> Vec<Finding> {
    let named = source.declared.iter().filter(|column| names.contains(&column.name));
    let refused = named.filter_map(|column| bound(source, column, None).err().map(|it| it.at(column.at)));
    refused.take(FINDINGS_SHOWN_MAX).map(|it| it.of(&source.name)).collect()
}

/// What each column of the sink is made of.
pub(super) fn projected(
    selected: Vec<Selected>,
    insert: &Insert,
    sink: &Table,
) -> Result<Vec<Projected>, Vec<Finding>> {
    let targets = targets(insert, sink)?;
    let mismatch = |text: String| Finding::new(Rule::Columns, text).of(&sink.name);
    let lists = lists(&selected, &targets, sink);
    if selected.len() != targets.len() {
        let text =
            format!("the query gives {} columns, the table takes {}{lists}", selected.len(), targets.len());
        return Err(vec![mismatch(text)]);
    }
    let mut columns: Vec<Projected> = sink.columns.iter().map(unfilled).collect();
    let mut wrong = Vec::new();
    for (position, (from, to)) in selected.into_iter().zip(&targets).enumerate() {
        let column = &sink.columns[*to];
        match from.expr.implicitly_cast(&column.data_type.logical) {
            Ok(expr) => columns[*to].expr = expr,
            Err(expr) => wrong.push(format!(
                "column '{}' (position {}): {} does not become {} by itself",
                column.name,
                position + 1,
                expr.data_type().logical,
                column.data_type.logical
            )),
        }
    }
    if wrong.is_empty() { Ok(columns) } else { Err(vec![mismatch(format!("{}{lists}", wrong.join("; ")))]) }
}

/// Whether a wall clock becomes an instant, or the other way round.
pub(super) fn crosses_zones(columns: &[Projected], source: &Table) -> bool {
    let mut pairs = columns.iter().filter_map(|Projected { expr, .. }| {
        Some((&source.columns[expr.source_column()?].data_type.logical, &expr.data_type().logical))
    });
    pairs.any(|pair| {
        use LogicalType::{Timestamp, TimestampLtz};
        matches!(pair, (Timestamp(_), TimestampLtz(_)) | (TimestampLtz(_), Timestamp(_)))
    })
}

/// A column of the sink that no column of the query fills.
fn unfilled(column: &Field) -> Projected {
    let required = (!column.data_type.nullable).then(|| column.name.clone());
    Projected { expr: Expr::null(column.data_type.logical.clone()), required }
}

/// The sink's columns that the query fills, in its order: all physical ones, or those listed behind INTO.
fn targets(insert: &Insert, sink: &Table) -> Result<Vec<usize>, Vec<Finding>> {
    let Some(names) = &insert.columns else { return Ok((0..sink.columns.len()).collect()) };
    let mut targets = Vec::new();
    let mut findings = Vec::new();
    for name in names {
        match declared(sink, name) {
            Ok(Declared { kind: Kind::Physical(index), .. }) if targets.contains(index) => {
                findings.push(
                    Finding::new(Rule::Columns, format!("column '{}' is listed twice", name.text))
                        .at(name.at),
                );
            }
            Ok(Declared { kind: Kind::Physical(index), .. }) => targets.push(*index),
            Ok(_) => {
                let text = format!("column '{}' cannot be written", name.text);
                findings.push(Finding::new(Rule::NoColumn, text).at(name.at));
            }
            Err(finding) => findings.push(finding.at(name.at)),
        }
    }
    for (index, column) in sink.columns.iter().enumerate() {
        if !column.data_type.nullable && !targets.contains(&index) && findings.is_empty() {
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

/// Both schemas, below each other.
fn lists(selected: &[Selected], targets: &[usize], sink: &Table) -> String {
    let query = selected.iter().map(|it| format!("{} {}", it.name, it.expr.data_type()));
    let table =
        targets.iter().map(|index| &sink.columns[*index]).map(|it| format!("{} {}", it.name, it.data_type));
    let join = |columns: Vec<String>| columns.join(", ");
    format!("\n  query: {}\n  table: {}\n ", join(query.collect()), join(table.collect()))
}
