//! Metadata columns: which keys there are, of which type, and where in a table's row they stand.

use super::check::Check;
use super::table::{Kind, Table};
use crate::deserializer::ReadableMetadata;
use crate::error::{Finding, Rule};
use crate::format::FormatSpec;
use crate::options::Options;
use crate::types::DataType;

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
            let Kind::Metadata { key, is_virtual: false, .. } = &column.kind else { continue };
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

/// The type that a metadata column has by itself, whatever its declaration makes of it; `None` where there is no such
/// metadata.
pub(super) fn data_type(options: &Options, key: &str) -> Option<DataType> {
    if let Some(key) = key.strip_prefix(OF_VALUE) {
        let format = ["format", "value.format"].iter().find_map(|it| options.get(*it))?;
        let metadata = FormatSpec::named(&format.value)?.metadata;
        return metadata.iter().find(|it| it.key == key).map(|it| (it.data_type)());
    }
    READABLE.iter().find(|it| it.key() == key).map(|it| it.data_type())
}

/// The metadata of records that a table reads, with its places in the table's row.
pub(super) fn of_record(table: &Table) -> Vec<(usize, ReadableMetadata)> {
    let columns = table.metadata().filter(|(_, key, _)| !key.starts_with(OF_VALUE));
    let read =
        columns.filter_map(|(_, key, slot)| Some((slot, *READABLE.iter().find(|it| it.key() == key)?)));
    read.collect()
}

/// The metadata of the value's format that a table reads: its keys there, and its places in the table's row.
pub(super) fn of_format(table: &Table) -> (Vec<&str>, Vec<usize>) {
    table.metadata().filter_map(|(_, key, slot)| Some((key.strip_prefix(OF_VALUE)?, slot))).unzip()
}

/// How the keys of a format's metadata begin.
const OF_VALUE: &str = "value.";

const READABLE: [ReadableMetadata; 8] = ReadableMetadata::ALL;

const WRITABLE: [&str; 4] = ["topic", "headers", "header-list", "timestamp"];
