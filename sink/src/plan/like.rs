//! CREATE TABLE … LIKE: a table's columns and options, with those of another one before its own.

use std::sync::Arc;

use super::catalog::Entry;
use super::job_draft::JobDraft;
use crate::error::{Finding, Rule};
use crate::sql::{Column, ColumnKind, CreateTable, Like, Merging};

/// The statement with everything in it that it borrows; `None` where that has been refused.
pub(super) fn merged(draft: &mut JobDraft<'_>, ast: CreateTable) -> Option<CreateTable> {
    let Some(like) = ast.like.clone() else { return Some(ast) };
    let name = ast.name.path.join(".");
    let base = match draft.catalog.find(&like.table) {
        Some(Entry::Table(table)) => Arc::clone(&table.ast),
        Some(Entry::View(view)) => {
            let text = format!("LIKE takes a table, and '{}' is a view", view.name);
            draft.findings.push(Finding::new(Rule::Table, text).of(&name).at(like.table.at));
            return None;
        }
        Some(Entry::Refused) => return None,
        None => {
            let finding = draft.catalog.absent(&like.table).of(&name);
            draft.findings.push(finding);
            return None;
        }
    };
    match merge(&base, ast, &like) {
        Ok(ast) => Some(ast),
        Err(finding) => {
            draft.findings.push(finding.of(&name).at(like.table.at));
            None
        }
    }
}

fn merge(base: &CreateTable, own: CreateTable, like: &Like) -> Result<CreateTable, Finding> {
    let merging = |part: &str| merging(like, part);
    let mut out = own;
    out.columns = columns(base, out.columns, &merging)?;
    out.primary_keys = match merging("CONSTRAINTS") {
        Merging::Excluding => out.primary_keys,
        _ if base.primary_keys.is_empty() => out.primary_keys,
        _ if out.primary_keys.is_empty() => base.primary_keys.clone(),
        _ => {
            let text = "the table behind LIKE has a PRIMARY KEY already; write EXCLUDING CONSTRAINTS";
            return Err(Finding::new(Rule::PrimaryKey, text));
        }
    };
    out.watermarks = match merging("WATERMARKS") {
        Merging::Excluding => out.watermarks,
        Merging::Including if !(base.watermarks.is_empty() || out.watermarks.is_empty()) => {
            let text = "the table behind LIKE has a WATERMARK already; write OVERWRITING WATERMARKS";
            return Err(Finding::new(Rule::Table, text));
        }
        _ if out.watermarks.is_empty() => base.watermarks.clone(),
        _ => out.watermarks,
    };
    out.partitioned_by = match merging("PARTITIONS") {
        Merging::Excluding => out.partitioned_by,
        _ if base.partitioned_by.is_empty() => out.partitioned_by,
        _ if out.partitioned_by.is_empty() => base.partitioned_by.clone(),
        _ => {
            let text = "the table behind LIKE is PARTITIONED already; write EXCLUDING PARTITIONS";
            return Err(Finding::new(Rule::Table, text));
        }
    };
    if merging("OPTIONS") != Merging::Excluding {
        let mut options = base.options.clone();
        for option in out.options {
            match options.iter_mut().find(|it| it.key == option.key) {
                Some(_) if merging("OPTIONS") == Merging::Including => {
                    let text = format!(
                        "the table behind LIKE sets '{}' already; write OVERWRITING OPTIONS",
                        option.key
                    );
                    return Err(Finding::new(Rule::Table, text).at(option.at));
                }
                Some(other) => *other = option,
                None => options.push(option),
            }
        }
        out.options = options;
    }
    out.findings.extend(base.findings.iter().cloned());
    Ok(out)
}

/// What the statement says of a part, or of all of them; else what Flink does.
fn merging(like: &Like, part: &str) -> Merging {
    let said = |part: &str| like.rules.iter().find(|rule| rule.part == part).map(|rule| rule.merging);
    let default = if part == "OPTIONS" { Merging::Overwriting } else { Merging::Including };
    said(part).or_else(|| said("ALL")).unwrap_or(default)
}

/// The columns of the table behind LIKE, then the own ones.
fn columns(
    base: &CreateTable,
    own: Vec<Column>,
    merging: &dyn Fn(&str) -> Merging,
) -> Result<Vec<Column>, Finding> {
    let of_kind = |column: &Column| match column.kind {
        ColumnKind::Physical(_) => Merging::Including,
        ColumnKind::Metadata { .. } => merging("METADATA"),
        ColumnKind::Computed(_) => merging("GENERATED"),
    };
    let kept = base.columns.iter().filter(|column| of_kind(column) != Merging::Excluding);
    let mut columns: Vec<Column> = kept.cloned().collect();
    let borrowed = columns.len();
    for column in own {
        match columns[..borrowed].iter_mut().find(|it| it.name.text == column.name.text) {
            None => columns.push(column),
            Some(other) => {
                let is_same_kind =
                    std::mem::discriminant(&other.kind) == std::mem::discriminant(&column.kind);
                if !(is_same_kind && of_kind(other) == Merging::Overwriting) {
                    let text = format!("the table behind LIKE has a column '{}' already", column.name.text);
                    return Err(Finding::new(Rule::Columns, text).at(column.name.at));
                }
                *other = column;
            }
        }
    }
    Ok(columns)
}
