//! `properties.*` of a table as the client takes them: parsed while planning, so that nothing is refused late.

use upsert_kafka_client::{Config, ErrorKind, Role};

use super::{Notice, Pipeline, SinkPlan, UpsertPlan};
use crate::error::{Finding, Rule};

/// What the client says of every table's properties, before anything connects.
#[derive(Debug, Default)]
pub(super) struct Properties {
    pub(super) findings: Vec<Finding>,
    pub(super) notices: Vec<Notice>,
}

impl Properties {
    /// Both ends of an INSERT.
    pub(super) fn check(&mut self, pipeline: &Pipeline) {
        self.table(&pipeline.source.table, &pipeline.source.properties, Role::Consumer);
        if let SinkPlan::UpsertKafka(sink) = &pipeline.sink {
            self.sink(sink);
        }
    }

    /// A table that is written.
    pub(super) fn sink(&mut self, sink: &UpsertPlan) {
        self.table(&sink.table, &sink.properties, Role::Producer);
    }

    fn table(&mut self, table: &str, properties: &[(String, String)], role: Role) {
        match Config::from_properties(properties.iter().map(|(key, value)| (key, value)), role) {
            Ok((_, notices)) => {
                let of_table = notices.iter().map(|it| Notice::new(table, it.to_string()));
                self.notices.extend(of_table.filter(|it| !self.notices.contains(it)).collect::<Vec<_>>());
            }
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                self.findings.push(Finding::not_yet("client properties", error.to_string()).of(table));
            }
            Err(error) => self.findings.push(Finding::new(Rule::Property, error.to_string()).of(table)),
        }
    }
}

impl Notice {
    fn new(table: &str, text: String) -> Self {
        Self { table: Some(table.to_owned()), text }
    }
}
