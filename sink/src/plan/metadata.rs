//! Metadata columns: which keys there are. Reading or writing them is not done yet.

use super::check::Check;
use super::table::Kind;
use crate::error::{Finding, Rule};
use crate::format::FormatSpec;

impl Check<'_> {
    /// Every metadata column of a table that is read has a key that exists.
    pub(super) fn readable_metadata(&mut self, value_format: Option<&FormatSpec>) {
        let is_debezium = value_format.is_some_and(|format| format.name == "debezium-json");
        let of_value: &[&str] = if is_debezium { DEBEZIUM } else { &[] };
        // What another format would add is not known yet.
        let is_open = value_format.is_some_and(|format| format.decoder.is_none());
        for column in &self.table.declared {
            let Kind::Metadata { key, .. } = &column.kind else { continue };
            let inner = key.strip_prefix("value.").is_some_and(|key| is_open || of_value.contains(&key));
            if !inner && !READABLE.contains(&key.as_str()) {
                let text = format!(
                    "column '{}': no metadata '{key}' can be read; there are: {}",
                    column.name,
                    READABLE.join(", ")
                );
                self.findings.push(Finding::new(Rule::NoColumn, text).at(column.at));
            }
        }
    }

    /// Of a table that is written, those count that are not VIRTUAL.
    pub(super) fn writable_metadata(&mut self) {
        let one_topic = self.list("topic").len() == 1;
        for column in &self.table.declared {
            let Kind::Metadata { key, is_virtual: false } = &column.kind else { continue };
            let writable = WRITABLE.iter().filter(|it| !(one_topic && **it == "topic"));
            let writable: Vec<&str> = writable.copied().collect();
            let finding = if writable.contains(&key.as_str()) {
                let text = format!("column '{}': writing metadata is not supported yet", column.name);
                Finding::not_yet("metadata", text)
            } else {
                let text = format!(
                    "column '{}': no metadata '{key}' can be written; there are: {}",
                    column.name,
                    writable.join(", ")
                );
                Finding::new(Rule::NoColumn, text)
            };
            self.findings.push(finding.at(column.at));
        }
    }
}

const READABLE: [&str; 8] =
    ["topic", "partition", "headers", "header-list", "leader-epoch", "offset", "timestamp", "timestamp-type"];

const WRITABLE: [&str; 4] = ["topic", "headers", "header-list", "timestamp"];

/// What debezium-json adds, behind `value.`.
const DEBEZIUM: &[&str] = &[
    "schema",
    "ingestion-timestamp",
    "source.timestamp",
    "source.database",
    "source.schema",
    "source.table",
    "source.properties",
];
