//! Metadata columns: which keys there are. Reading or writing them is not done yet.

use super::check::Check;
use super::table::Kind;
use crate::deserializer::ReadableMetadata;
use crate::error::{Finding, Rule};
use crate::format::FormatSpec;

impl Check<'_> {
    /// Every metadata column of a table that is read has a key that exists.
    pub(super) fn readable_metadata(&mut self, value_format: Option<&FormatSpec>) {
        let of_value = value_format.map_or(&[][..], |format| format.metadata);
        // What another format would add is not known yet.
        let is_open = value_format.is_some_and(|format| format.decoding.is_none());
        for column in &self.table.declared {
            let Kind::Metadata { key, .. } = &column.kind else { continue };
            let inner = key
                .strip_prefix("value.")
                .is_some_and(|key| is_open || of_value.iter().any(|it| it.key == key));
            if !inner && !READABLE.iter().any(|it| it.key() == key) {
                let text = format!(
                    "column '{}': no metadata '{key}' can be read; there are: {}",
                    column.name,
                    READABLE.map(ReadableMetadata::key).join(", ")
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

const READABLE: [ReadableMetadata; 8] = ReadableMetadata::ALL;

const WRITABLE: [&str; 4] = ["topic", "headers", "header-list", "timestamp"];
