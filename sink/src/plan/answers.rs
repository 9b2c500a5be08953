//! What SHOW and DESCRIBE tell, as Flink's client prints it.

use std::fmt::Write;

use super::catalog::Entry;
use super::declared::{Declared, Kind};
use super::job_draft::JobDraft;
use super::table::Table;
use crate::expr::functions;
use crate::options::shown;
use crate::sql::{ColumnKind, Show, TableName};

/// `SHOW TABLES` and its like.
pub(super) fn show(draft: &mut JobDraft<'_>, show: &Show) {
    let answer = match show {
        Show::Tables => list("table name", &draft.catalog.listed(false)),
        Show::Views => list("view name", &draft.catalog.listed(true)),
        Show::Functions => list("function name", &functions::names()),
        Show::Settings => settings(draft),
        Show::Create(name) => match draft.table(name) {
            Some(table) => create_table(&table),
            None => return,
        },
    };
    draft.answers.push(answer);
}

/// `DESCRIBE t`
pub(super) fn describe(draft: &mut JobDraft<'_>, name: &TableName) {
    let rows: Vec<Vec<String>> = match draft.catalog.find(name) {
        Some(Entry::View(view)) => {
            let columns = view.branches.first().map_or(&[][..], |branch| &branch.columns);
            let row = |name: &str, data_type: &crate::types::DataType| {
                let null = if data_type.nullable { "TRUE" } else { "FALSE" };
                vec![
                    name.to_owned(),
                    data_type.logical.to_string(),
                    null.to_owned(),
                    String::new(),
                    String::new(),
                ]
            };
            columns.iter().map(|column| row(&column.name, column.expr.data_type())).collect()
        }
        _ => match draft.table(name) {
            Some(table) => table.declared.iter().map(|column| described(&table, column)).collect(),
            None => return,
        },
    };
    draft.answers.push(grid(&["name", "type", "null", "key", "extras"], &rows));
}

fn described(table: &Table, column: &Declared) -> Vec<String> {
    let (data_type, extras) = match &column.kind {
        Kind::Physical(index) => (table.columns[*index].data_type.clone(), String::new()),
        Kind::Metadata { data_type, key, is_virtual, .. } => {
            let end = if *is_virtual { " VIRTUAL" } else { "" };
            (data_type.clone(), format!("METADATA FROM '{key}'{end}"))
        }
        Kind::Computed(Some(expr)) => (expr.data_type().clone(), format!("AS {}", expr.display(&table.row))),
        Kind::Computed(None) => (crate::types::LogicalType::STRING.nullable(), "AS …".to_owned()),
    };
    let key = table.key_names();
    let key =
        if key.contains(&column.name.as_str()) { format!("PRI({})", key.join(", ")) } else { String::new() };
    let null = if data_type.nullable { "TRUE" } else { "FALSE" };
    vec![column.name.clone(), data_type.logical.to_string(), null.to_owned(), key, extras]
}

/// The statement that makes the table as it stands, its secrets left out.
fn create_table(table: &Table) -> String {
    let mut lines: Vec<String> = table.ast.columns.iter().map(column).collect();
    for (column, line) in table.declared.iter().zip(&mut lines) {
        if let Kind::Computed(Some(expr)) = &column.kind {
            *line = format!("`{}` AS {}", column.name, expr.display(&table.row));
        }
    }
    if !table.primary_key.is_empty() {
        let names: Vec<String> = table.key_names().iter().map(|name| format!("`{name}`")).collect();
        lines.push(format!("PRIMARY KEY ({}) NOT ENFORCED", names.join(", ")));
    }
    let mut out = format!("CREATE TABLE `{}` (\n  {}\n)", table.name, lines.join(",\n  "));
    let options = table
        .options
        .iter()
        .map(|(key, given)| format!("  '{key}' = '{}'", given.shown(key).replace('\'', "''")));
    let _ = write!(out, " WITH (\n{}\n)\n", options.collect::<Vec<_>>().join(",\n"));
    out
}

fn column(column: &crate::sql::Column) -> String {
    let name = &column.name.text;
    match &column.kind {
        ColumnKind::Physical(data_type) => format!("`{name}` {data_type}"),
        ColumnKind::Metadata { data_type, key, is_virtual } => {
            let from = key.as_ref().map(|key| format!(" FROM '{key}'")).unwrap_or_default();
            format!("`{name}` {data_type} METADATA{from}{}", if *is_virtual { " VIRTUAL" } else { "" })
        }
        ColumnKind::Computed(_) => format!("`{name}` AS …"),
    }
}

fn settings(draft: &JobDraft<'_>) -> String {
    let rows = draft
        .settings
        .listed()
        .into_iter()
        .map(|(key, value)| vec![key.to_owned(), shown(key, &value).to_owned()]);
    grid(&["key", "value"], &rows.collect::<Vec<_>>())
}

fn list(title: &str, names: &[&str]) -> String {
    grid(&[title], &names.iter().map(|name| vec![(*name).to_owned()]).collect::<Vec<_>>())
}

/// Rows under titles, and how many there are.
fn grid(titles: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return "Empty set\n".to_owned();
    }
    let width = |at: usize| {
        let cells = rows.iter().map(|row| row[at].chars().count());
        cells.chain([titles[at].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..titles.len()).map(width).collect();
    let rule: String = widths.iter().map(|width| format!("+{}", "-".repeat(width + 2))).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| -> String {
        cells.zip(&widths).map(|(cell, width)| format!("| {cell:>width$} ")).collect()
    };
    let mut out = format!("{rule}+\n{}|\n{rule}+\n", line(&mut titles.iter().copied()));
    for row in rows {
        let _ = writeln!(out, "{}|", line(&mut row.iter().map(String::as_str)));
    }
    let ending = if rows.len() == 1 { "row" } else { "rows" };
    let _ = writeln!(out, "{rule}+\n{} {ending} in set", rows.len());
    out
}
