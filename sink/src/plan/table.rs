//! A table as declared: its columns and key held to SQL's rules, its options with the caller's on top.

use std::collections::HashMap;
use std::sync::Arc;

use super::declared::{Declared, DeclaredColumns, Kind, primary_key};
use super::path::Path;
use super::plan_options::{Override, PlanOptions};
use crate::bind::{NamedExpr, Relation, Scope, bind};
use crate::error::{Finding, Position, Rule};
use crate::expr::Expr;
use crate::expr::cast;
use crate::expr::function::Session;
use crate::options::{CONNECTORS, Connector, Given, Options, Origin, PROPERTIES, legacy, nearest, quoted};
use crate::sql::{ColumnKind, CreateTable, WithOption};
use crate::types::{DataType, Field, LogicalType};

/// A table that statements can name.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// What it is called in sentences.
    pub(super) name: String,
    path: Path,
    pub(super) at: Position,
    /// The physical columns in declared order; those of the key are NOT NULL.
    pub(super) columns: Arc<[Field]>,
    /// The row that a table is read as and written from: the physical columns, then the metadata, each of the type that
    /// it has by itself.
    pub(super) row: Arc<[Field]>,
    /// All columns in declared order.
    pub(super) declared: Vec<Declared>,
    /// The place of each name in `declared`.
    places: Arc<HashMap<String, usize>>,
    /// How many types its columns have, nested ones included.
    pub(super) size: usize,
    /// The key's columns among the physical ones, in the order of its clause; empty without one.
    pub(super) primary_key: Vec<usize>,
    pub(super) options: Options,
    /// Of every table that the job makes another one: a name may be dropped and made again.
    number: usize,
    /// Where among `columns` metadata stands: only in [`Self::as_sink`].
    metadata_slots: Vec<usize>,
    /// Whether the statement says more than we can read of it, so that the table cannot be judged.
    pub(super) is_partial: bool,
    /// Of a table of Flink 1.10 that runs all the same: its clause of today.
    pub(super) rewritten: Option<String>,
    /// As it was written, for tables that are made LIKE it.
    pub(super) ast: Arc<CreateTable>,
}

/// What tells two uses of tables apart: the statement that made the table, and the options of this use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declaration {
    number: usize,
    options: Options,
}

/// What becomes of tables of other systems.
const ELSEWHERE: &str =
    "; another system is not written from here: write a topic, and let a Kafka Connect sink carry it on";

impl Table {
    /// The table, and what is wrong with it whether or not it is used.
    pub(super) fn new(
        ast: CreateTable,
        name: String,
        path: Path,
        number: usize,
        caller: &PlanOptions,
    ) -> (Self, Vec<Finding>) {
        let is_partial = ast.findings.iter().any(|finding| matches!(finding.rule, Rule::NotYet(_)));
        let mut findings = ast.findings.clone();
        let (options, rewritten) = Self::options_of(&ast);
        let DeclaredColumns { mut columns, metadata, declared, places } =
            DeclaredColumns::of(&ast, &options, &mut findings);
        let primary_key = primary_key(&ast, &declared, &places, &mut findings);
        for index in &primary_key {
            columns[*index].data_type.nullable = false;
        }
        let row = columns.iter().chain(&metadata).cloned().collect();
        let findings = findings.into_iter().map(|it| it.of(&name)).collect();
        let mut table = Self {
            name,
            path,
            at: ast.name.at,
            size: columns.iter().map(|column| size(&column.data_type)).sum(),
            columns: columns.into(),
            row,
            declared,
            places: Arc::new(places),
            primary_key,
            options,
            number,
            metadata_slots: Vec::new(),
            is_partial,
            rewritten,
            ast: Arc::new(ast),
        };
        table.override_options(caller);
        (table, findings)
    }

    /// Its options; of a plain table of Flink 1.10 those of today, and what is said about that.
    fn options_of(ast: &CreateTable) -> (Options, Option<String>) {
        let options = ast.options.iter().map(|it| (it.key.clone(), Given::table(it.value.clone(), it.at)));
        let options: Options = options.collect();
        if !legacy::runs(&options) {
            return (options, None);
        }
        let text = Self::told_today(&options, "it runs as WITH");
        (legacy::rewritten(&options).options.into_iter().collect(), Some(text))
    }

    /// Binds the computed columns: they see the columns that are not computed.
    pub(super) fn bind_computed(&mut self, session: &Session) -> Vec<Finding> {
        let mut findings = Vec::new();
        let relation = self.relation(Vec::new(), session).unwrap_or_else(|finding| {
            findings.push(finding);
            Relation { path: Vec::new(), columns: Vec::new() }
        });
        let scope = Scope { relations: &[relation], session };
        let ast = Arc::clone(&self.ast);
        for (column, declared) in ast.columns.iter().zip(&mut self.declared) {
            if let (ColumnKind::Computed(expression), Kind::Computed(bound)) =
                (&column.kind, &mut declared.kind)
            {
                match bind(&expression.ast, &scope) {
                    Ok(expr) => *bound = Some(expr),
                    Err(finding) => {
                        let text = format!("column '{}': {}", declared.name, finding.text);
                        findings.push(Finding { text, ..finding }.at(expression.at));
                    }
                }
            }
        }
        findings
    }

    /// What is wrong with its watermarks, which are read and then not used.
    pub(super) fn check_watermarks(&self, session: &Session) -> Vec<Finding> {
        let Ok(relation) = self.relation(Vec::new(), session) else { return Vec::new() };
        let scope = Scope { relations: &[relation], session };
        let checked = self.ast.watermarks.iter().filter_map(|watermark| {
            let column = watermark.column.first()?;
            if self.column(&column.text).is_none() {
                let text = format!("WATERMARK FOR '{}', which is no column", column.text);
                return Some(Finding::new(Rule::NoColumn, text).at(column.at));
            }
            bind(&watermark.expression.ast, &scope).err().map(|it| it.at(watermark.expression.at))
        });
        checked.map(|finding| finding.of(&self.name)).collect()
    }

    /// Its columns as a query sees them, those whose computation was refused left out.
    ///
    /// # Errors
    /// A metadata column of a type that its metadata cannot be cast to.
    pub(super) fn relation(&self, path: Vec<String>, session: &Session) -> Result<Relation, Finding> {
        let mut columns = Vec::new();
        for column in &self.declared {
            let expr = match &column.kind {
                Kind::Physical(index) => Expr::column(*index, self.columns[*index].data_type.clone()),
                Kind::Metadata { slot, data_type, key, .. } => {
                    let own = Expr::column(*slot, self.row[*slot].data_type.clone());
                    if own.data_type() == data_type {
                        own
                    } else {
                        cast::bind(own, data_type, false, session).map_err(|error| {
                            let text = format!("column '{}': metadata '{key}': {}", column.name, error.0);
                            Finding::new(Rule::Type, text).at(column.at)
                        })?
                    }
                }
                Kind::Computed(Some(expr)) => expr.clone(),
                Kind::Computed(None) => continue,
            };
            columns.push(NamedExpr { name: column.name.as_str().into(), expr });
        }
        Ok(Relation { path, columns })
    }

    /// The metadata columns among the declared ones, with what they are called where they come from.
    pub(super) fn metadata(&self) -> impl Iterator<Item = (&Declared, &str, usize)> {
        self.declared.iter().filter_map(|column| match &column.kind {
            Kind::Metadata { key, slot, .. } => Some((column, key.as_str(), *slot)),
            _ => None,
        })
    }

    pub(super) fn declaration(&self) -> Declaration {
        Declaration { number: self.number, options: self.options.clone() }
    }

    /// The column of that name, of any kind.
    pub(super) fn column(&self, name: &str) -> Option<&Declared> {
        self.places.get(name).and_then(|place| self.declared.get(*place))
    }

    /// The table as one statement uses it, with the options of its hint; those of the caller stand above them.
    pub(super) fn with_hint(&self, options: &[WithOption], caller: &PlanOptions) -> Self {
        let mut table = self.clone();
        for it in options {
            table.options.insert(it.key.clone(), Given::table(it.value.clone(), it.at));
        }
        table.override_options(caller);
        table
    }

    /// The option that `--set` means, if it means one of this table: `table.option`, also with the database and the
    /// catalog in front.
    pub(super) fn overridden<'a>(&self, it: &'a Override) -> Option<std::borrow::Cow<'a, str>> {
        if it.table == self.name {
            return Some(it.option.as_str().into());
        }
        let [catalog, database, table] = &self.path;
        let whole = format!("{}.{}", it.table, it.option);
        let spellings = [format!("{catalog}.{database}.{table}."), format!("{database}.{table}.")];
        spellings.iter().find_map(|spelling| Some(whole.strip_prefix(spelling)?.to_owned().into()))
    }

    fn override_options(&mut self, caller: &PlanOptions) {
        let connects = self.options.get("connector").is_some_and(|it| it.value.ends_with("kafka"));
        for (key, value) in caller.properties.iter().filter(|_| connects) {
            let given = || Given::by(Origin::Properties, value.as_str());
            self.options.entry(format!("{PROPERTIES}{key}")).or_insert_with(given);
        }
        if let Some(bootstrap) = caller.bootstrap.as_ref().filter(|_| connects) {
            let given = Given::by(Origin::Caller, bootstrap.as_str());
            self.options.insert("properties.bootstrap.servers".to_owned(), given);
        }
        for it in &caller.overrides {
            if let Some(option) = self.overridden(it) {
                self.options.insert(option.into_owned(), Given::by(Origin::Caller, it.value.as_str()));
            }
        }
    }

    /// V-CONN
    pub(super) fn connector(&self) -> Result<&'static Connector, Finding> {
        let names = CONNECTORS.map(|connector| connector.name);
        let finding = match self.options.get("connector") {
            None if legacy::is_legacy(&self.options) => self.legacy(),
            None => Finding::new(Rule::Connector, format!("no 'connector'; there are: {}", quoted(names))),
            Some(given) => match CONNECTORS.iter().find(|connector| connector.name == given.value) {
                Some(connector) => return Ok(connector),
                None => {
                    let hint = nearest(&given.value, names).map(|it| format!("did you mean '{it}'? "));
                    let elsewhere = if hint.is_none() { ELSEWHERE } else { "" };
                    let text = format!(
                        "no connector '{}'; {}there are: {}{elsewhere}",
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

    /// A table of Flink 1.10, with the clause to write today.
    fn legacy(&self) -> Finding {
        Finding::not_yet("legacy-options", Self::told_today(&self.options, "write WITH"))
    }

    /// What a clause of Flink 1.10 is today, and what it loses.
    fn told_today(options: &Options, verb: &str) -> String {
        let today = legacy::rewritten(options);
        let mut text = format!(
            "'connector.type' is the spelling of Flink 1.10, which no later one reads; {verb} ({})",
            legacy::clause(&today.options)
        );
        for lost in &today.lost {
            text = format!("{text}; {lost}");
        }
        text
    }

    /// The columns that stand in messages, of a table as it is declared or of [`Self::as_sink`].
    pub(super) fn physical_slots(&self) -> impl Iterator<Item = usize> {
        (0..self.columns.len()).filter(|slot| !self.metadata_slots.contains(slot))
    }

    /// The table as an INSERT fills it: the physical columns and the metadata columns that are not VIRTUAL, in declared
    /// order.
    pub(super) fn as_sink(&self) -> Self {
        let mut columns = Vec::new();
        let mut declared = self.declared.clone();
        let mut places = vec![0; self.columns.len()];
        let mut metadata_slots = Vec::new();
        for column in &mut declared {
            let field = match &column.kind {
                Kind::Physical(index) => {
                    places[*index] = columns.len();
                    self.columns[*index].clone()
                }
                Kind::Metadata { data_type, is_virtual: false, .. } => {
                    metadata_slots.push(columns.len());
                    Field::new(column.name.clone(), data_type.clone())
                }
                Kind::Metadata { .. } | Kind::Computed(_) => continue,
            };
            columns.push(field);
            column.kind = Kind::Physical(columns.len() - 1);
        }
        let primary_key = self.primary_key.iter().map(|index| places[*index]).collect();
        Self { columns: columns.into(), declared, primary_key, metadata_slots, ..self.clone() }
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

/// How many types a type has, itself included.
fn size(data_type: &DataType) -> usize {
    1 + match &data_type.logical {
        LogicalType::Array(item) | LogicalType::Multiset(item) => size(item),
        LogicalType::Map(key, value) => size(key) + size(value),
        LogicalType::Row(fields) => fields.iter().map(|field| size(&field.data_type)).sum(),
        _ => 0,
    }
}
