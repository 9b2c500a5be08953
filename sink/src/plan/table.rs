//! A table as declared: its columns and key held to SQL's rules, its options with the caller's on top.

use std::sync::Arc;

use super::PlanOptions;
use crate::error::{Finding, Position, Rule};
use crate::options::{CONNECTORS, Connector, Given, Options, nearest, quoted};
use crate::sql::{ColumnKind, CreateTable, PrimaryKey};
use crate::types::Field;

/// A table that statements can name.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) at: Position,
    /// The physical columns in declared order; those of the key are NOT NULL.
    pub(super) columns: Arc<[Field]>,
    /// All columns in declared order.
    pub(super) declared: Vec<Declared>,
    /// The key's columns among the physical ones, in the order of its clause; empty without one.
    pub(super) primary_key: Vec<usize>,
    pub(super) options: Options,
    /// Whether the statement says more than we can read of it, so that the table cannot be judged.
    pub(super) is_partial: bool,
}

/// A column of any kind.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) at: Position,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// With its place among the physical ones.
    Physical(usize),
    Metadata {
        key: String,
        is_virtual: bool,
    },
    Computed,
}

impl Table {
    /// The table, and what is wrong with it whether or not it is used.
    pub(super) fn new(ast: CreateTable, caller: &PlanOptions) -> (Self, Vec<Finding>) {
        let is_partial = ast.findings.iter().any(|finding| matches!(finding.rule, Rule::NotYet(_)));
        let mut findings = ast.findings;
        let mut columns: Vec<Field> = Vec::new();
        let mut declared: Vec<Declared> = Vec::new();
        for column in ast.columns {
            let (name, at) = (column.name.text, column.name.at);
            if declared.iter().any(|other| other.name == name) {
                findings.push(Finding::new(Rule::Columns, format!("two columns '{name}'")).at(at));
            }
            let kind = match column.kind {
                ColumnKind::Physical(data_type) => {
                    columns.push(Field::new(name.clone(), data_type));
                    Kind::Physical(columns.len() - 1)
                }
                ColumnKind::Metadata { key, is_virtual } => {
                    Kind::Metadata { key: key.unwrap_or_else(|| name.clone()), is_virtual }
                }
                ColumnKind::Computed => Kind::Computed,
            };
            declared.push(Declared { name, at, kind });
        }
        for column in &ast.partitioned_by {
            if !declared.iter().any(|other| other.name == column.text) {
                let text = format!("PARTITIONED BY names '{}', which is no column", column.text);
                findings.push(Finding::new(Rule::NoColumn, text).at(column.at));
            }
        }
        let primary_key = primary_key(&ast.primary_keys, &declared, &mut findings);
        for index in &primary_key {
            columns[*index].data_type.nullable = false;
        }
        let name = ast.name.text;
        let given = ast.options.into_iter().map(|it| (it.key, Given { value: it.value, at: Some(it.at) }));
        let options = overridden(given.collect(), &name, caller);
        let findings = findings.into_iter().map(|it| it.of(&name)).collect();
        let columns = columns.into();
        (Self { name, at: ast.name.at, columns, declared, primary_key, options, is_partial }, findings)
    }

    /// V-CONN
    pub(super) fn connector(&self) -> Result<&'static Connector, Finding> {
        let names = CONNECTORS.map(|connector| connector.name);
        let finding = match self.options.get("connector") {
            None => Finding::new(Rule::Connector, format!("no 'connector'; there are: {}", quoted(names))),
            Some(given) => match CONNECTORS.iter().find(|connector| connector.name == given.value) {
                Some(connector) => return Ok(connector),
                None => {
                    let hint = nearest(&given.value, names).map(|it| format!("did you mean '{it}'? "));
                    let text = format!(
                        "no connector '{}'; {}there are: {}",
                        given.value,
                        hint.unwrap_or_default(),
                        names.join(", ")
                    );
                    Finding::new(Rule::Connector, text).at(given.at)
                }
            },
        };
        Err(finding.of(&self.name).at(self.at))
    }

    /// Whether a statement that writes the table also fills metadata.
    pub(super) fn takes_metadata(&self) -> bool {
        self.declared.iter().any(|column| matches!(column.kind, Kind::Metadata { is_virtual: false, .. }))
    }

    /// The names of the physical columns, for a sentence.
    pub(super) fn column_names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| &*column.name).collect();
        names.join(", ")
    }

    /// The names of the key's columns.
    pub(super) fn key_names(&self) -> Vec<&str> {
        self.primary_key.iter().map(|index| &*self.columns[*index].name).collect()
    }
}

fn overridden(mut options: Options, table: &str, caller: &PlanOptions) -> Options {
    let connects = options.get("connector").is_some_and(|it| it.value.ends_with("kafka"));
    if let Some(bootstrap) = caller.bootstrap.as_ref().filter(|_| connects) {
        let given = Given { value: bootstrap.clone(), at: None };
        options.insert("properties.bootstrap.servers".to_owned(), given);
    }
    for it in caller.set.iter().filter(|it| it.table == table) {
        options.insert(it.option.clone(), Given { value: it.value.clone(), at: None });
    }
    options
}

/// The key's physical columns; what breaks a rule is found and left out.
fn primary_key(keys: &[PrimaryKey], declared: &[Declared], findings: &mut Vec<Finding>) -> Vec<usize> {
    let mut found = Vec::new();
    let mut refuse = |at, text: String| findings.push(Finding::new(Rule::PrimaryKey, text).at(at));
    for (index, key) in keys.iter().enumerate() {
        if index > 0 {
            refuse(key.at, "a second PRIMARY KEY; a table has one".to_owned());
            continue;
        }
        if key.is_enforced {
            refuse(key.at, "PRIMARY KEY needs NOT ENFORCED: Kafka does not check it".to_owned());
        }
        for column in &key.columns {
            let name = &column.text;
            match declared.iter().find(|it| it.name == *name).map(|it| &it.kind) {
                Some(Kind::Physical(index)) if found.contains(index) => {
                    refuse(column.at, format!("PRIMARY KEY names '{name}' twice"));
                }
                Some(Kind::Physical(index)) => found.push(*index),
                Some(_) => refuse(
                    column.at,
                    format!(
                        "PRIMARY KEY names '{name}', which is computed or metadata: a key has physical columns"
                    ),
                ),
                None => {
                    let names: Vec<&str> = declared.iter().map(|it| it.name.as_str()).collect();
                    refuse(
                        column.at,
                        format!(
                            "PRIMARY KEY names '{name}', which is no column; there are: {}",
                            names.join(", ")
                        ),
                    );
                }
            }
        }
    }
    found
}
