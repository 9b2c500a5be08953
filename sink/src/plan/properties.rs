//! `properties.*` of a table as the client takes them: parsed while planning, so that nothing is refused late.

use upsert_kafka_client::{Config, ErrorKind, Role};

use super::check::client_properties;
use super::notice::Notice;
use super::table::Table;
use crate::error::{Error, Finding, Rule};
use crate::options::{Origin, PROPERTIES};

/// What the client says of every table's properties, before anything connects.
#[derive(Debug, Default)]
pub(super) struct Properties {
    pub(super) findings: Vec<Finding>,
    pub(super) notices: Vec<Notice>,
}

impl Properties {
    /// A table that is read by a consumer or written by a producer.
    pub(super) fn table(&mut self, table: &Table, role: Role) {
        let properties = client_properties(&table.options);
        let is_shared = |key: &str| {
            let given = table.options.get(&format!("{PROPERTIES}{key}"));
            given.is_some_and(|given| given.origin == Origin::Properties)
        };
        let table = &table.name;
        // Addresses count when there is something to connect: a job may be explained with placeholders.
        let pairs = properties.iter().filter(|(key, _)| key != "bootstrap.servers");
        match Config::from_properties(pairs.map(|(key, value)| (key, value)), role) {
            Ok((_, notices)) => {
                // Of what the caller says for all tables nothing is repeated for each.
                let own = notices.iter().filter(|it| !is_shared(&it.key));
                let new = own.map(|it| Notice::new(table, it.to_string()));
                let new: Vec<_> = new.filter(|it| !self.notices.contains(it)).collect();
                self.notices.extend(new);
            }
            Err(error) => self.findings.push(finding(table, &error)),
        }
    }
}

/// A table's properties, addresses included, as the client that connects wants them.
pub(crate) fn config(table: &str, properties: &[(String, String)], role: Role) -> Result<Config, Error> {
    let pairs = properties.iter().map(|(key, value)| (key, value));
    let (config, _told_while_planning) =
        Config::from_properties(pairs, role).map_err(|error| finding(table, &error))?;
    Ok(config)
}

/// Whether a table says something of a property itself.
pub(crate) fn sets(properties: &[(String, String)], key: &str) -> bool {
    properties.iter().any(|(name, _)| name == key)
}

fn finding(table: &str, error: &upsert_kafka_client::Error) -> Finding {
    match error.kind() {
        ErrorKind::Unsupported => Finding::not_yet("client properties", error.to_string()).of(table),
        _ => Finding::new(Rule::Property, error.to_string()).of(table),
    }
}

impl Notice {
    fn new(table: &str, text: String) -> Self {
        Self { table: Some(table.to_owned()), text }
    }
}
