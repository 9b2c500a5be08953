//! The formats of a table's key and value.

use std::sync::Arc;

use super::check::Check;
use super::format::Format;
use crate::error::Rule;
use crate::format::table::FORMATS;
use crate::format::{DecodingFormat, EncodingFormat, FormatSpec};
use crate::option::OptionValue;
use crate::options::{Space, nearest};
use crate::types::Field;

impl Check<'_> {
    /// The format that an option names; no option is no format, and no finding.
    pub(super) fn format(&mut self, key: &'static str, prefix: &'static str) -> Option<Format> {
        let name = self.given(key)?;
        let Some(spec) = FormatSpec::named(name) else {
            let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
            if FILE_FORMATS.contains(&name) {
                let text = format!(
                    "'{key}' = '{name}': this is a file format; a Kafka message needs one of: {}",
                    names.join(", ")
                );
                self.refuse(Rule::Format, key, text);
                return None;
            }
            let hint = nearest(name, names.iter().copied()).map(|it| format!("did you mean '{it}'? "));
            let text = format!(
                "'{key}' = '{name}': no such format; {}there are: {}",
                hint.unwrap_or_default(),
                names.join(", ")
            );
            self.refuse(Rule::Format, key, text);
            return None;
        };
        let mut findings = Vec::new();
        let options = Space::format(prefix, spec).parse(&self.table.options, &mut findings);
        Some(Format { spec, options, key, prefix, findings })
    }

    /// V-KFMT
    pub(super) fn insert_only_key(&mut self, format: Option<&Format>) {
        if let Some(format) = format.filter(|format| format.spec.carries_changes) {
            let text = format!(
                "'{}' = '{}' carries changes of its own; a key needs an insert-only format: {}",
                format.key,
                format.spec.name,
                insert_only()
            );
            self.refuse(Rule::KeyFormat, format.key, text);
        }
    }

    /// V-VFMT
    pub(super) fn insert_only_value(&mut self, format: Option<&Format>) {
        if let Some(format) = format.filter(|format| format.spec.carries_changes) {
            let text = format!(
                "'{}' = '{}' carries changes of its own; here a null value is the delete, so the value \
                 needs an insert-only format: {}",
                format.key,
                format.spec.name,
                insert_only()
            );
            self.refuse(Rule::ValueFormat, format.key, text);
        }
    }

    /// The format as it reads these columns, and behind them its own metadata of these keys.
    pub(super) fn decoding_format(
        &mut self,
        format: &Format,
        columns: &[Field],
        metadata: &[&str],
    ) -> Option<Box<dyn DecodingFormat>> {
        let Some(decoding) = format.spec.decoding else {
            self.not_yet(
                format.spec.name,
                format.key,
                format!("reading '{}' = '{}'", format.key, format.spec.name),
            );
            return None;
        };
        decoding(&format.options, columns, metadata)
            .map_err(|error| self.unfit(format, &error.to_string()))
            .ok()
    }

    /// The same with a decoder that fails where the table's own passes over a message; `None` where that fails too.
    pub(super) fn strict_decoding_format(
        &mut self,
        format: &Format,
        columns: &[Field],
        metadata: &[&str],
    ) -> Option<Box<dyn DecodingFormat>> {
        let mut options = format.options.clone();
        if !options.is_true(IGNORE_PARSE_ERRORS) {
            return None;
        }
        options.insert(IGNORE_PARSE_ERRORS, OptionValue::Bool(false));
        // What is wrong with columns and options was said of the table's own.
        format.spec.decoding.and_then(|decoding| decoding(&options, columns, metadata).ok())
    }

    /// The format as it writes those of the columns that are in `slots`.
    pub(super) fn encoding_format(
        &mut self,
        format: &Format,
        columns: &[Field],
        slots: &[usize],
    ) -> Option<Box<dyn EncodingFormat>> {
        let Some(encoding) = format.spec.encoding else {
            self.not_yet(
                format.spec.name,
                format.key,
                format!("writing '{}' = '{}'", format.key, format.spec.name),
            );
            return None;
        };
        encoding(&format.options, columns, slots).map_err(|error| self.unfit(format, &error.to_string())).ok()
    }

    fn unfit(&mut self, format: &Format, reason: &str) {
        self.refuse(Rule::Type, format.key, format!("'{}' = '{}': {reason}", format.key, format.spec.name));
    }
}

/// The columns as the key's format names them: the prefix is cut where a name begins with it.
pub(super) fn without_prefix(columns: &Arc<[Field]>, prefix: &str) -> Arc<[Field]> {
    if prefix.is_empty() {
        return columns.clone();
    }
    let cut = columns.iter().map(|column| {
        let name = column.name.strip_prefix(prefix).unwrap_or(&column.name);
        Field::new(name, column.data_type.clone())
    });
    cut.collect()
}

/// Formats of Flink that hold many rows in a file of their own.
const FILE_FORMATS: [&str; 2] = ["orc", "parquet"];

/// Every format that can pass over messages calls it so.
const IGNORE_PARSE_ERRORS: &str = "ignore-parse-errors";

fn insert_only() -> String {
    let names: Vec<&str> = FORMATS.iter().filter(|it| !it.carries_changes).map(|it| it.name).collect();
    names.join(", ")
}
