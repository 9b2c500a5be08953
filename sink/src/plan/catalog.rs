//! The tables and views of a job by name: what USE makes of short names, and what DROP takes away.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::branch::Branch;
use super::path::Path;
use super::table::Table;
use crate::error::{Finding, Rule};
use crate::options::nearest;
use crate::sql::{TableName, Use};

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    Table(Arc<Table>),
    View(Arc<View>),
    /// A table or view whose statement was refused: what uses it adds nothing to that.
    Refused,
}

/// A view: its query, bound when it was made.
#[derive(Debug)]
pub(super) struct View {
    /// What it is called in sentences.
    pub(super) name: String,
    pub(super) branches: Vec<Branch>,
}

/// Every table and view that statements can name now.
#[derive(Clone, Debug)]
pub(super) struct Catalog {
    catalog: String,
    database: String,
    entries: HashMap<Path, Entry>,
    /// The names by which tables are called in sentences, each of one table.
    shown: HashSet<String>,
}

impl Entry {
    /// What it is called in sentences.
    fn name(&self) -> Option<&str> {
        match self {
            Self::Table(table) => Some(&table.name),
            Self::View(view) => Some(&view.name),
            Self::Refused => None,
        }
    }
}

impl Default for Catalog {
    fn default() -> Self {
        Self {
            catalog: DEFAULT_CATALOG.to_owned(),
            database: DEFAULT_DATABASE.to_owned(),
            entries: HashMap::new(),
            shown: HashSet::new(),
        }
    }
}

impl Catalog {
    pub(super) fn use_names(&mut self, names: Use) {
        if let Some(catalog) = names.catalog {
            // Flink goes to the catalog's own default database, which only Flink's own catalog tells the name of.
            self.catalog = catalog;
            self.database = DEFAULT_DATABASE.to_owned();
        }
        if let Some(database) = names.database {
            self.database = database;
        }
    }

    /// The whole path of a name as it is meant now.
    pub(super) fn path(&self, name: &TableName) -> Path {
        let mut parts = name.path.iter().rev().cloned();
        let table = parts.next().unwrap_or_default();
        let database = parts.next().unwrap_or_else(|| self.database.clone());
        let catalog = parts.next().unwrap_or_else(|| self.catalog.clone());
        [catalog, database, table]
    }

    pub(super) fn find(&self, name: &TableName) -> Option<&Entry> {
        self.entries.get(&self.path(name))
    }

    /// What a new table is called in sentences, `--set` and `--input`: its own name, or as much of its path as
    /// tells it from another one.
    pub(super) fn shown(&self, path: &Path) -> String {
        let [catalog, database, table] = path;
        let names = [table.clone(), format!("{database}.{table}")];
        let free = names.into_iter().find(|name| !self.shown.contains(name));
        free.unwrap_or_else(|| format!("{catalog}.{database}.{table}"))
    }

    pub(super) fn insert(&mut self, path: Path, entry: Entry) {
        self.shown.extend(entry.name().map(str::to_owned));
        self.entries.insert(path, entry);
    }

    /// Whether there was one.
    pub(super) fn remove(&mut self, name: &TableName) -> bool {
        let entry = self.entries.remove(&self.path(name));
        if let Some(name) = entry.as_ref().and_then(Entry::name) {
            self.shown.remove(name);
        }
        entry.is_some()
    }

    /// That there is no such table; after USE the same short name may mean another one.
    pub(super) fn absent(&self, name: &TableName) -> Finding {
        let (written, path) = (name.path.join("."), self.path(name));
        let text = match self.elsewhere(&path) {
            Some(other) => format!("no table '{}'; there is '{}'", path.join("."), other.join(".")),
            None => {
                let hint = nearest(&written, self.names()).map(|it| format!("; did you mean '{it}'?"));
                format!("no table '{written}'{}", hint.unwrap_or_default())
            }
        };
        Finding::new(Rule::Table, text).at(name.at)
    }

    /// A table of the same name in another database or catalog.
    fn elsewhere(&self, path: &Path) -> Option<&Path> {
        self.entries.keys().filter(|other| other[2] == path[2]).min()
    }

    /// The names in the database that is used now, in order: of views alone, or of tables too.
    pub(super) fn listed(&self, views_alone: bool) -> Vec<&str> {
        let here = self.entries.iter().filter(|(path, entry)| {
            let is_listed =
                matches!(entry, Entry::View(_)) || !views_alone && matches!(entry, Entry::Table(_));
            is_listed && path[0] == self.catalog && path[1] == self.database
        });
        let mut names: Vec<&str> = here.map(|(path, _)| path[2].as_str()).collect();
        names.sort_unstable();
        names
    }

    /// The tables and views with their columns, of all databases.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.entries.iter().filter_map(|([.., name], entry)| {
            let columns = match entry {
                Entry::Table(table) => table.declared.iter().map(|column| column.name.as_str()).collect(),
                Entry::View(view) => {
                    let columns = view.branches.first().map_or(&[][..], |branch| &branch.columns);
                    columns.iter().map(|column| &*column.name).collect()
                }
                Entry::Refused => return None,
            };
            Some((name.as_str(), columns))
        })
    }

    /// The names of all tables and views.
    fn names(&self) -> impl Iterator<Item = &str> {
        self.shown.iter().map(String::as_str)
    }
}

const DEFAULT_CATALOG: &str = "default_catalog";
const DEFAULT_DATABASE: &str = "default_database";
