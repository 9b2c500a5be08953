//! An `upsert-kafka` table, read or written.

use std::sync::Arc;

use super::check::Check;
use super::delivery::GUARANTEE;
use super::format::Format;
use super::formats::without_prefix;
use super::pipeline::{BufferPlan, KafkaSinkPlan, SinkPlan, SourcePlan};
use super::scan::discovery_line;
use super::table::Table;
use crate::deserializer::{DeserializerPlan, PartPlan};
use crate::error::Rule;
use crate::format::EncodingFormat;
use crate::option::OptionValue;
use crate::options::UPSERT_KAFKA;
use crate::record_metadata::{MetadataColumns, WritableMetadata};
use crate::scan::{Bounded, Startup};
use crate::serializer::ChangeMode;
use crate::topic_selector::TopicSelector;
use crate::types::Field;

/// Checks a table that is written and makes its plan.
pub(super) fn sink(table: &Table) -> (Option<SinkPlan>, Check<'_>, Vec<String>) {
    let mut check = Check::new(table, &UPSERT_KAFKA);
    check.topics();
    let (key, value) = formats(&mut check);
    check.no_primary_key();
    check.flush();
    check.exactly_once(check.choice(GUARANTEE) == "exactly-once");
    let prefix = check.key_prefix(&table.key_names());
    let row = table.as_sink();
    let slots = value_slots(&check, &row);
    let formats = encoding_formats(&mut check, key, value, &prefix, &slots, &row);
    check.flush_negative();
    let parallelism = check.parallelism("sink.parallelism");
    let metadata = check.written_metadata();
    let delivery = check.delivery(check.choice(GUARANTEE));
    let progress_topic = check.progress_topic();
    not_set(&mut check);
    let properties = check.properties();
    let topics = check.selected_topics();
    let lines = sink_lines(&row, &topics, &prefix, &slots);
    let plan = formats.map(|(key, value)| KafkaSinkPlan {
        table: table.name.clone(),
        topics,
        properties,
        key: Some(key),
        value,
        columns: Arc::clone(&row.columns),
        primary_key: row.primary_key,
        metadata,
        changes: match check.choice("sink.delete.mode") {
            "ignore" => ChangeMode::UpsertWithoutDeletes,
            _ => ChangeMode::Upsert,
        },
        is_insert_only: false,
        fixed_partition: false,
        buffer: check.buffer(),
        parallelism,
        delivery,
        progress_topic,
    });
    (plan.map(Box::new).map(SinkPlan::Kafka), check, lines)
}

/// Checks a table that is read and makes its plan.
pub(super) fn source(table: &Table) -> (Option<SourcePlan>, Check<'_>, Vec<String>) {
    let mut check = Check::new(table, &UPSERT_KAFKA);
    let (key, value) = formats(&mut check);
    let bounded = check.bounded();
    check.no_primary_key();
    let prefix = check.key_prefix(&table.key_names());
    let slots = value_slots(&check, table);
    let key = key.filter(|format| !format.spec.carries_changes);
    let key = key.and_then(|format| {
        let columns = without_prefix(&table.columns, &prefix);
        let columns: Vec<_> = table.primary_key.iter().map(|index| columns[*index].clone()).collect();
        check.decoding_format(&format, &columns, &[])
    });
    let value = value.filter(|format| !format.spec.carries_changes);
    let value = value.and_then(|format| {
        let columns: Vec<_> = slots.iter().map(|index| table.columns[*index].clone()).collect();
        let decoding = check.decoding_format(&format, &columns, &[])?;
        Some((decoding, check.strict_decoding_format(&format, &columns, &[])))
    });
    check.topics();
    let parallelism = check.parallelism("scan.parallelism");
    let metadata = check.readable_metadata(None);
    let discovery_interval = check.discovery(&bounded);
    let properties = check.properties();
    let group_id = check.given("properties.group.id").map(str::to_owned);
    if group_id.is_none() {
        check.notice(
            "no 'properties.group.id': offsets are not kept, so a restart reads and writes the whole table",
        );
    }
    let topics = check.list("topic").to_vec();
    let topic_pattern = check.topic_pattern();
    let errors = check.error_handling();
    let mut lines = source_lines(&check, &bounded, &prefix, &slots);
    lines.extend(discovery_interval.map(discovery_line));
    let plan = key.zip(value).map(|(key, (value, strict_decoder))| SourcePlan {
        table: table.name.clone(),
        topics,
        topic_pattern,
        properties,
        group_id,
        startup: Startup::EarliestOffset,
        bounded,
        discovery_interval,
        deserializer: DeserializerPlan {
            key: Some(PartPlan { format: key, slots: table.primary_key.clone() }),
            value: PartPlan { format: value, slots },
            metadata,
            arity: table.row.len(),
            upsert_mode: true,
        },
        strict_decoder,
        carries_changes: true,
        columns: Arc::clone(&table.row),
        primary_key: table.primary_key.clone(),
        upsert_mode: true,
        normalize: None,
        parallelism,
        errors,
        local: None,
    });
    (plan, check, lines)
}

fn source_lines(check: &Check<'_>, bounded: &Bounded, prefix: &str, slots: &[usize]) -> Vec<String> {
    let table = check.table;
    vec![
        format!("reads {} from the beginning", check.topics_shown()),
        format!("ends: {}", bounded.mode()),
        format!("key: {}{}", table.key_names().join(", "), cut(prefix)),
        format!("value: {}", names(&table.columns, slots)),
        "a value is the last row of its key, a null value deletes it".to_owned(),
    ]
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
fn value_slots(check: &Check<'_>, row: &Table) -> Vec<usize> {
    let except_key = check.choice("value.fields-include") == "EXCEPT_KEY";
    row.physical_slots().filter(|slot| !(except_key && row.primary_key.contains(slot))).collect()
}

fn encoding_formats(
    check: &mut Check<'_>,
    key: Option<Format>,
    value: Option<Format>,
    prefix: &str,
    slots: &[usize],
    row: &Table,
) -> Option<(Box<dyn EncodingFormat>, Box<dyn EncodingFormat>)> {
    let named = without_prefix(&row.columns, prefix);
    let key = key.filter(|format| !format.spec.carries_changes);
    let value = value.filter(|format| !format.spec.carries_changes);
    let key = key.and_then(|format| check.encoding_format(&format, &named, &row.primary_key));
    let value = value.and_then(|format| check.encoding_format(&format, &row.columns, slots));
    key.zip(value)
}

/// What is the sink's to say.
fn not_set(check: &mut Check<'_>) {
    for (key, why) in [
        ("properties.partitioner.class", "partitions follow from the key, as its order depends on it"),
        ("properties.transactional.id", "the sink begins transactions of its own, and names them itself"),
    ] {
        if check.given(key).is_some() {
            check.refuse(Rule::Value, key, format!("'{key}': {why}"));
        }
    }
}

fn sink_lines(table: &Table, topics: &TopicSelector, prefix: &str, slots: &[usize]) -> Vec<String> {
    vec![
        written_topics(topics),
        format!("key: {}{}", table.key_names().join(", "), cut(prefix)),
        format!("value: {}", names(&table.columns, slots)),
        "INSERT and UPDATE_AFTER become a value, UPDATE_BEFORE and DELETE a tombstone".to_owned(),
    ]
}

pub(super) fn written_topics(topics: &TopicSelector) -> String {
    match topics {
        TopicSelector::One(topic) => format!("writes topic {topic}"),
        TopicSelector::Pattern(pattern) => format!("writes a topic that matches {pattern}, as each row says"),
        TopicSelector::List(topics) => {
            format!("writes one of the topics {}, as each row says", topics.join(", "))
        }
    }
}

pub(super) fn names(columns: &[Field], slots: &[usize]) -> String {
    let names: Vec<&str> = slots.iter().map(|index| &*columns[*index].name).collect();
    names.join(", ")
}

fn cut(prefix: &str) -> String {
    if prefix.is_empty() { String::new() } else { format!(", without the prefix '{prefix}'") }
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

    /// Where a table that is written sends its rows; findings have told it where it names nothing.
    pub(super) fn selected_topics(&self) -> TopicSelector {
        if let Some(pattern) = self.topic_pattern() {
            return TopicSelector::Pattern(pattern);
        }
        match self.list("topic") {
            [] => TopicSelector::List(Vec::new()),
            [topic] => TopicSelector::One(topic.clone()),
            topics => TopicSelector::List(topics.to_vec()),
        }
    }

    /// The metadata that rows of a table that is written say of their records; with several topics, one of it is needed.
    pub(super) fn written_metadata(&mut self) -> MetadataColumns {
        let one_topic = self.list("topic").len() == 1;
        let writable =
            WritableMetadata::ALL.into_iter().filter(|it| !(one_topic && *it == WritableMetadata::Topic));
        let columns = self.writable_metadata(&writable.collect::<Vec<_>>());
        let headers = self.constant_headers();
        MetadataColumns::new(columns, &headers)
    }

    /// `sink.headers`
    fn constant_headers(&mut self) -> Vec<(String, String)> {
        let key = "sink.headers";
        let mut headers = Vec::new();
        for item in self.list(key).to_vec() {
            match item.split_once(':').filter(|(name, _)| !name.is_empty()) {
                Some((name, value)) => headers.push((name.to_owned(), value.to_owned())),
                None => {
                    let text = format!("'{key}': '{item}' is not of the form name:value");
                    self.refuse(Rule::Value, key, text);
                }
            }
        }
        headers
    }

    /// `sink.buffer-flush.*`, where both are above zero.
    pub(super) fn buffer(&self) -> Option<BufferPlan> {
        let max_rows = usize::try_from(self.int("sink.buffer-flush.max-rows")?).ok().filter(|it| *it > 0)?;
        match self.options.find("sink.buffer-flush.interval") {
            Some(OptionValue::Duration(interval)) if interval.as_millis() > 0 => {
                Some(BufferPlan { max_rows, interval: *interval })
            }
            _ => None,
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
