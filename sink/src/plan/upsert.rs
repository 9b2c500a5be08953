//! An `upsert-kafka` table: written for real; read only so far that what is wrong with it is said.

use std::sync::Arc;

use super::check::Check;
use super::formats::{Format, without_prefix};
use super::pipeline::{SinkPlan, UpsertPlan};
use super::table::Table;
use crate::error::Rule;
use crate::format::EncodingFormat;
use crate::option::OptionValue;
use crate::options::UPSERT_KAFKA;

/// Checks a table that is written and makes its plan.
pub(super) fn sink(table: &Table) -> (Option<SinkPlan>, Check<'_>, Vec<String>) {
    let mut check = Check::new(table, &UPSERT_KAFKA);
    check.topics();
    let (key, value) = formats(&mut check);
    check.no_primary_key();
    check.flush();
    check.exactly_once(check.choice("sink.delivery-guarantee") == "exactly-once");
    let prefix = check.key_prefix(&table.key_names());
    let slots = value_slots(&check);
    let formats = encoding_formats(&mut check, key, value, &prefix, &slots);
    check.flush_negative();
    check.parallelism("sink.parallelism");
    check.writable_metadata();
    later(&mut check);
    let properties = check.properties();
    let topic = check.list("topic").first().cloned().unwrap_or_default();
    let lines = sink_lines(table, &topic, &prefix, &slots);
    let plan = formats.map(|(key, value)| UpsertPlan {
        table: table.name.clone(),
        topic,
        properties,
        key,
        value,
        columns: Arc::clone(&table.columns),
        primary_key: table.primary_key.clone(),
    });
    (plan.map(SinkPlan::UpsertKafka), check, lines)
}

/// Checks a table that is read; the answer is always that this comes later.
pub(super) fn source(table: &Table) -> Check<'_> {
    let mut check = Check::new(table, &UPSERT_KAFKA);
    let (key, value) = formats(&mut check);
    check.bounded();
    check.no_primary_key();
    let prefix = check.key_prefix(&table.key_names());
    let slots = value_slots(&check);
    if let Some(format) = key.filter(|format| !format.spec.carries_changes) {
        let columns = without_prefix(&table.columns, &prefix);
        let columns: Vec<_> = table.primary_key.iter().map(|index| columns[*index].clone()).collect();
        check.decoding_format(&format, &columns, &[]);
    }
    if let Some(format) = value.filter(|format| !format.spec.carries_changes) {
        let columns: Vec<_> = slots.iter().map(|index| table.columns[*index].clone()).collect();
        check.decoding_format(&format, &columns, &[]);
    }
    check.topics();
    check.parallelism("scan.parallelism");
    check.readable_metadata(None);
    check.not_yet("upsert-source", "connector", "reading a table of 'connector' = 'upsert-kafka'");
    check
}

/// Both formats and all keys: V-MISSING, V-UNSUP, V-VALUE, V-KFMT, V-VFMT.
fn formats(check: &mut Check<'_>) -> (Option<Format>, Option<Format>) {
    check.missing_formats();
    let key = check.format("key.format", "key.");
    let value = check.format("value.format", "value.");
    check.keys([key.as_ref(), value.as_ref()]);
    check.insert_only_key(key.as_ref());
    check.insert_only_value(value.as_ref());
    (key, value)
}

/// The value's columns: all, or those that are not the key's.
fn value_slots(check: &Check<'_>) -> Vec<usize> {
    let except_key = check.choice("value.fields-include") == "EXCEPT_KEY";
    let all = 0..check.table.columns.len();
    all.filter(|index| !(except_key && check.table.primary_key.contains(index))).collect()
}

fn encoding_formats(
    check: &mut Check<'_>,
    key: Option<Format>,
    value: Option<Format>,
    prefix: &str,
    slots: &[usize],
) -> Option<(Box<dyn EncodingFormat>, Box<dyn EncodingFormat>)> {
    let table = check.table;
    let named = without_prefix(&table.columns, prefix);
    let key = key.filter(|format| !format.spec.carries_changes);
    let value = value.filter(|format| !format.spec.carries_changes);
    let key = key.and_then(|format| check.encoding_format(&format, &named, &table.primary_key));
    let value = value.and_then(|format| check.encoding_format(&format, &table.columns, slots));
    key.zip(value)
}

/// What Flink does and we do not yet.
fn later(check: &mut Check<'_>) {
    if check.int("sink.buffer-flush.max-rows").is_some_and(|rows| rows > 0) {
        check.not_yet("buffer", "sink.buffer-flush.max-rows", "'sink.buffer-flush.*'");
    }
    match check.choice("sink.delivery-guarantee") {
        "exactly-once" => {
            check.not_yet(
                "exactly-once",
                "sink.delivery-guarantee",
                "'sink.delivery-guarantee' = 'exactly-once'",
            );
        }
        "none" => check.notice("'sink.delivery-guarantee' = 'none': at-least-once is kept all the same"),
        _ => {}
    }
    let topics = check.list("topic").len();
    if topics > 1 {
        check.not_yet("topic-list", "topic", format!("writing {topics} topics by a metadata column"));
    }
    for (key, why) in [
        ("properties.partitioner.class", "partitions follow from the key, as its order depends on it"),
        ("properties.transactional.id", "the sink begins transactions of its own, and names them itself"),
    ] {
        if check.given(key).is_some() {
            check.refuse(Rule::Value, key, format!("'{key}': {why}"));
        }
    }
}

fn sink_lines(table: &Table, topic: &str, prefix: &str, slots: &[usize]) -> Vec<String> {
    let value: Vec<&str> = slots.iter().map(|index| &*table.columns[*index].name).collect();
    let cut = if prefix.is_empty() { String::new() } else { format!(", without the prefix '{prefix}'") };
    vec![
        format!("writes topic {topic}"),
        format!("key: {}{cut}", table.key_names().join(", ")),
        format!("value: {}", value.join(", ")),
        "INSERT and UPDATE_AFTER become a value, UPDATE_BEFORE and DELETE a tombstone".to_owned(),
    ]
}

impl Check<'_> {
    /// V-NOPK
    fn no_primary_key(&mut self) {
        if self.table.primary_key.is_empty() {
            let text = "needs PRIMARY KEY (…) NOT ENFORCED: it becomes the message key and says which row an \
                        update or delete means";
            self.refuse(Rule::NoPrimaryKey, "", text);
        }
    }

    /// V-FLUSH
    fn flush(&mut self) {
        let (rows, interval_ms) = self.flush_options();
        if (rows > 0) != (interval_ms > 0) {
            self.refuse_flush(rows);
        }
    }

    /// V-FLUSHNEG
    fn flush_negative(&mut self) {
        let (rows, interval_ms) = self.flush_options();
        if rows < 0 && interval_ms == 0 {
            self.refuse_flush(rows);
        }
    }

    fn flush_options(&self) -> (i32, u128) {
        let interval = match self.options.find("sink.buffer-flush.interval") {
            Some(OptionValue::Duration(interval)) => interval.as_millis(),
            _ => 0,
        };
        (self.int("sink.buffer-flush.max-rows").unwrap_or(0), interval)
    }

    fn refuse_flush(&mut self, rows: i32) {
        let interval = self.given("sink.buffer-flush.interval").unwrap_or("0 s");
        let text = format!(
            "'sink.buffer-flush.max-rows' = {rows} and 'sink.buffer-flush.interval' = {interval} work together: \
             set both above zero, or neither"
        );
        self.refuse(Rule::BufferFlush, "sink.buffer-flush.max-rows", text);
    }

    /// V-EOS, and a prefix that no broker takes.
    pub(super) fn exactly_once(&mut self, is_exactly_once: bool) {
        let key = "sink.transactional-id-prefix";
        let prefix = self.given(key);
        if is_exactly_once && prefix.is_none() {
            let text = "'sink.delivery-guarantee' = 'exactly-once' needs 'sink.transactional-id-prefix', one of its \
                        own for each job";
            self.refuse(Rule::ExactlyOnce, "sink.delivery-guarantee", text);
        }
        if let Some(length) =
            prefix.map(str::len).filter(|length| is_exactly_once && *length > PREFIX_BYTES_MAX)
        {
            let text = format!("'{key}' has {length} bytes; {PREFIX_BYTES_MAX} are the most");
            self.refuse(Rule::ExactlyOnce, key, text);
        }
    }

    /// V-PREFIX, V-PREFIXALL; the prefix, empty where there is none.
    pub(super) fn key_prefix(&mut self, columns: &[&str]) -> String {
        let key = "key.fields-prefix";
        let prefix = self.given(key).unwrap_or_default();
        if prefix.is_empty() {
            return String::new();
        }
        for column in columns {
            let text = match column.strip_prefix(prefix) {
                None => format!("key column '{column}' does not begin with '{key}' = '{prefix}'"),
                Some(rest) if rest.trim().is_empty() => {
                    format!(
                        "key column '{column}' is nothing but '{key}' = '{prefix}': no name would be left"
                    )
                }
                Some(_) => continue,
            };
            self.refuse(Rule::Prefix, key, text);
        }
        if self.choice("value.fields-include") == "ALL" {
            let text = format!(
                "'{key}' = '{prefix}' needs 'value.fields-include' = 'EXCEPT_KEY': with ALL the key columns stand \
                 in the value too, unprefixed"
            );
            self.refuse(Rule::PrefixWithAll, key, text);
        }
        prefix.to_owned()
    }
}

/// Flink's limit: with the subtask and the counter behind it the id must still be a Kafka string.
const PREFIX_BYTES_MAX: usize = 64_000;
