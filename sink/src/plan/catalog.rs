//! The tables of a job by name: what USE makes of short names, and what DROP takes away.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::table::Table;
use crate::sql::{TableName, Use};

/// Catalog, database, table.
pub(super) type Path = [String; 3];

/// What a name stands for.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    Table(Rc<Table>),
    /// A table or view whose statement was refused: what uses it adds nothing to that.
    Refused,
}

/// Every table that statements can name now.
#[derive(Debug)]
pub(super) struct Catalog {
    catalog: String,
    database: String,
    entries: HashMap<Path, Entry>,
    /// The names by which tables are called in sentences, each of one table.
    shown: HashSet<String>,
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
        if let Entry::Table(table) = &entry {
            self.shown.insert(table.name.clone());
        }
        self.entries.insert(path, entry);
    }

    /// Whether there was one.
    pub(super) fn remove(&mut self, name: &TableName) -> bool {
        let entry = self.entries.remove(&self.path(name));
        if let Some(Entry::Table(table)) = &entry {
            self.shown.remove(&table.name);
        }
        entry.is_some()
    }

    /// A table of the same name in another database or catalog.
    pub(super) fn elsewhere(&self, path: &Path) -> Option<&Path> {
        self.entries.keys().filter(|other| other[2] == path[2]).min()
    }

    /// The names of all tables.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.shown.iter().map(String::as_str)
    }
}

const DEFAULT_CATALOG: &str = "default_catalog";
const DEFAULT_DATABASE: &str = "default_database";
