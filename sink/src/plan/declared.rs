//! The columns of a table in the order of their declaration, and its key among them.

use std::collections::HashMap;

use super::metadata_type;
use crate::error::{FINDINGS_SHOWN_MAX, Finding, Position, Rule};
use crate::expr::Expr;
use crate::options::Options;
use crate::sql::{ColumnKind, CreateTable};
use crate::types::{DataType, Field};

/// A column of any kind.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) at: Position,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// With its place among the physical ones.
    Physical(usize),
    Metadata {
        key: String,
        is_virtual: bool,
        /// Its place in the table's row.
        slot: usize,
        /// As declared.
        data_type: DataType,
    },
    /// What it is made of, once that is bound; over the table's row.
    Computed(Option<Expr>),
}

/// The columns that a statement declares.
pub(super) struct DeclaredColumns {
    /// The physical ones.
    pub(super) columns: Vec<Field>,
    /// Those of metadata, each of the type that it has by itself.
    pub(super) metadata: Vec<Field>,
    /// All of them.
    pub(super) declared: Vec<Declared>,
    /// The place of each name in `declared`.
    pub(super) places: HashMap<String, usize>,
}

impl DeclaredColumns {
    pub(super) fn of(ast: &CreateTable, options: &Options, findings: &mut Vec<Finding>) -> Self {
        let (columns, metadata, declared, places) = Default::default();
        let mut all = Self { columns, metadata, declared, places };
        let physical = ast.columns.iter().filter(|it| matches!(it.kind, ColumnKind::Physical(_))).count();
        for column in &ast.columns {
            let (name, at) = (column.name.text.clone(), column.name.at);
            if all.places.contains_key(&name) {
                findings.push(Finding::new(Rule::Columns, format!("two columns '{name}'")).at(at));
            }
            let kind = all.kind(&name, &column.kind, options, physical);
            all.places.entry(name.clone()).or_insert(all.declared.len());
            all.declared.push(Declared { name, at, kind });
        }
        let unknown = ast.partitioned_by.iter().filter(|it| !all.places.contains_key(&it.text));
        findings.extend(unknown.map(|column| {
            let text = format!("PARTITIONED BY names '{}', which is no column", column.text);
            Finding::new(Rule::NoColumn, text).at(column.at)
        }));
        all
    }

    /// Takes a column's field, and says where that lies: metadata behind so many physical columns.
    fn kind(&mut self, name: &str, kind: &ColumnKind, options: &Options, physical: usize) -> Kind {
        match kind {
            ColumnKind::Physical(data_type) => {
                self.columns.push(Field::new(name, data_type.clone()));
                Kind::Physical(self.columns.len() - 1)
            }
            ColumnKind::Metadata { data_type, key, is_virtual } => {
                let key = key.clone().unwrap_or_else(|| name.to_owned());
                let own = metadata_type::data_type(options, &key).unwrap_or_else(|| data_type.clone());
                self.metadata.push(Field::new(name, own));
                let slot = physical + self.metadata.len() - 1;
                Kind::Metadata { key, is_virtual: *is_virtual, slot, data_type: data_type.clone() }
            }
            ColumnKind::Computed(_) => Kind::Computed(None),
        }
    }
}

/// The key's physical columns; what breaks a rule is found and left out.
pub(super) fn primary_key(
    ast: &CreateTable,
    declared: &[Declared],
    places: &HashMap<String, usize>,
    findings: &mut Vec<Finding>,
) -> Vec<usize> {
    let mut found = Vec::new();
    let mut refuse = |at, text: String| findings.push(Finding::new(Rule::PrimaryKey, text).at(at));
    let Some(key) = ast.primary_keys.first() else { return found };
    if key.is_enforced {
        refuse(key.at, "PRIMARY KEY needs NOT ENFORCED: Kafka does not check it".to_owned());
    }
    for column in &key.columns {
        let name = &column.text;
        match places.get(name).and_then(|place| declared.get(*place)).map(|it| &it.kind) {
            Some(Kind::Physical(index)) if found.contains(index) => {
                refuse(column.at, format!("PRIMARY KEY names '{name}' twice"));
            }
            Some(Kind::Physical(index)) => found.push(*index),
            Some(_) => {
                let why = "which is computed or metadata: a key has physical columns";
                refuse(column.at, format!("PRIMARY KEY names '{name}', {why}"));
            }
            None if borrows_columns(ast) => {}
            None => refuse(column.at, no_column(name, declared)),
        }
    }
    for another in ast.primary_keys.iter().skip(1) {
        refuse(another.at, "a second PRIMARY KEY; a table has one".to_owned());
    }
    found
}

/// Whether a column may be one of the table that this one borrows from, which has been told.
fn borrows_columns(ast: &CreateTable) -> bool {
    ast.findings.iter().any(|finding| matches!(finding.rule, Rule::NotYet("create-table-as")))
}

fn no_column(name: &str, declared: &[Declared]) -> String {
    let names: Vec<&str> = declared.iter().take(FINDINGS_SHOWN_MAX).map(|it| it.name.as_str()).collect();
    format!("PRIMARY KEY names '{name}', which is no column; there are: {}", names.join(", "))
}
