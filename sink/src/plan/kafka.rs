//! A `kafka` table, read or written.

use std::sync::Arc;

use super::check::Check;
use super::declared::Kind;
use super::format::Format;
use super::formats::without_prefix;
use super::metadata;
use super::pipeline::{KafkaSinkPlan, SinkPlan, SourcePlan};
use super::scan::discovery_line;
use super::table::Table;
use super::upsert::{names, written_topics};
use crate::deserializer::{DeserializerPlan, PartPlan};
use crate::error::{FINDINGS_SHOWN_MAX, Rule};
use crate::options::KAFKA;
use crate::scan::{Bounded, Startup};
use crate::serializer::ChangeMode;
use crate::types::Field;

/// Checks a table that is read and makes its plan.
pub(super) fn source(table: &Table) -> (Option<SourcePlan>, Check<'_>, Vec<String>) {
    let mut check = Check::new(table, &KAFKA);
    let (key, value) = formats(&mut check);
    check.keys([key.as_ref(), value.as_ref()]);
    check.topics();
    let startup = check.startup();
    let bounded = check.bounded();
    check.insert_only_key(key.as_ref());
    no_primary_key(&mut check, value.as_ref());
    let slots = projections(&mut check, table);
    let parallelism = check.parallelism("scan.parallelism");
    let metadata = check.readable_metadata(value.as_ref().map(|format| format.spec));
    let key = key.filter(|format| !format.spec.carries_changes);
    let key = key.and_then(|format| decoding(&mut check, &format, &slots.key, &slots.prefix, (&[], &[])));
    let (keys, of_format) = metadata::of_format(table);
    let strict_decoder = value.as_ref().and_then(|format| {
        check.strict_decoding_format(format, &picked(&table.columns, &slots.value), &keys)
    });
    let decoding =
        value.as_ref().and_then(|format| decoding(&mut check, format, &slots.value, "", (&keys, &of_format)));
    let discovery_interval = check.discovery(&bounded);
    let properties = check.properties();
    let group_id = check.given("properties.group.id").map(str::to_owned);
    if group_id.is_none() {
        check.notice("no 'properties.group.id': offsets are not kept, so a restart starts anew");
    }
    let topics = check.list("topic").to_vec();
    let topic_pattern = check.topic_pattern();
    let errors = check.error_handling();
    let mut lines = source_lines(&check, &startup, &bounded);
    lines.extend(discovery_interval.map(discovery_line));
    let plan = decoding.zip(value).map(|(decoding, format)| SourcePlan {
        table: table.name.clone(),
        topics,
        topic_pattern,
        properties,
        group_id,
        startup,
        bounded,
        discovery_interval,
        deserializer: DeserializerPlan {
            key,
            value: decoding,
            metadata,
            arity: table.row.len(),
            upsert_mode: false,
        },
        strict_decoder,
        carries_changes: format.spec.carries_changes,
        columns: Arc::clone(&table.row),
        primary_key: table.primary_key.clone(),
        upsert_mode: false,
        normalize: None,
        parallelism,
        errors,
        local: None,
    });
    (plan, check, lines)
}

fn source_lines(check: &Check<'_>, startup: &Startup, bounded: &Bounded) -> Vec<String> {
    let table = check.table;
    let mut lines = vec![
        format!("reads {} from {}", check.topics_shown(), startup.mode()),
        format!("ends: {}", bounded.mode()),
        format!("columns: {}", table.column_names()),
    ];
    if !table.primary_key.is_empty() {
        lines.push(format!("primary key: {}", table.key_names().join(", ")));
    }
    lines
}

/// A format that reads these columns of the table's row, and metadata of its own by its keys and places.
fn decoding(
    check: &mut Check<'_>,
    format: &Format,
    slots: &[usize],
    prefix: &str,
    (keys, of_format): (&[&str], &[usize]),
) -> Option<PartPlan> {
    let columns = picked(&without_prefix(&check.table.columns, prefix), slots);
    let format = check.decoding_format(format, &columns, keys)?;
    Some(PartPlan { format, slots: slots.iter().chain(of_format).copied().collect() })
}

fn picked(columns: &[Field], slots: &[usize]) -> Vec<Field> {
    slots.iter().map(|slot| columns[*slot].clone()).collect()
}

/// Checks a table that is written and makes its plan.
pub(super) fn sink(table: &Table) -> (Option<SinkPlan>, Check<'_>, Vec<String>) {
    let mut check = Check::new(table, &KAFKA);
    let (key, value) = formats(&mut check);
    check.keys([key.as_ref(), value.as_ref()]);
    check.topics();
    let fixed_partition = partitioner(&mut check);
    check.insert_only_key(key.as_ref());
    no_primary_key(&mut check, value.as_ref());
    let guarantee = guarantee(&mut check);
    let row = table.as_sink();
    let slots = projections(&mut check, &row);
    let parallelism = check.parallelism("sink.parallelism");
    let metadata = check.written_metadata();
    let has_key = key.is_some();
    let key = key.filter(|format| !format.spec.carries_changes);
    let named = without_prefix(&row.columns, &slots.prefix);
    let key = key.and_then(|format| check.encoding_format(&format, &named, &slots.key));
    let is_insert_only = value.as_ref().is_some_and(|format| !format.spec.carries_changes);
    let value = value.and_then(|format| check.encoding_format(&format, &row.columns, &slots.value));
    let delivery = check.delivery(guarantee);
    let progress_topic = check.progress_topic();
    let properties = check.properties();
    let topics = check.selected_topics();
    let mut lines = vec![written_topics(&topics)];
    lines.extend(has_key.then(|| format!("key: {}", names(&row.columns, &slots.key))));
    lines.push(format!("value: {}", names(&row.columns, &slots.value)));
    let plan = value.filter(|_| key.is_some() == has_key).map(|value| KafkaSinkPlan {
        table: table.name.clone(),
        topics,
        properties,
        key,
        value,
        columns: Arc::clone(&row.columns),
        primary_key: row.primary_key,
        metadata,
        changes: ChangeMode::Format,
        is_insert_only,
        fixed_partition,
        buffer: None,
        parallelism,
        delivery,
        progress_topic,
    });
    (plan.map(Box::new).map(SinkPlan::Kafka), check, lines)
}

/// `format` wins over `value.format`, as in Flink.
fn formats(check: &mut Check<'_>) -> (Option<Format>, Option<Format>) {
    let key = check.format("key.format", "key.");
    if let Some(format) = check.given("format") {
        if let Some(value) = check.given("value.format") {
            check.notice(format!("'value.format' = '{value}' is ignored: 'format' = '{format}' wins"));
        }
        return (key, check.format("format", ""));
    }
    if check.given("value.format").is_none() {
        check.refuse(Rule::MissingOption, "", "missing 'format': 'kafka' cannot do without");
    }
    (key, check.format("value.format", "value."))
}

fn no_primary_key(check: &mut Check<'_>, value: Option<&Format>) {
    if let Some(format) = value.filter(|it| !it.spec.carries_changes && !check.table.primary_key.is_empty()) {
        let text = format!(
            "PRIMARY KEY with '{}' = '{}': rows that are only inserted have no key; \
             use a format that carries changes, or 'connector' = 'upsert-kafka'",
            format.key, format.spec.name
        );
        check.refuse(Rule::PrimaryKey, format.key, text);
    }
}

/// Where the columns of key and value stand in a row.
struct Slots {
    key: Vec<usize>,
    value: Vec<usize>,
    /// Cut from the names of the key's columns.
    prefix: String,
}

/// `key.format` and `key.fields` need each other; then V-NOFIELD, V-PREFIX, V-PREFIXALL.
fn projections(check: &mut Check<'_>, row: &Table) -> Slots {
    let fields = check.list("key.fields").to_vec();
    match (check.given("key.format"), fields.is_empty()) {
        (None, false) => check.refuse(Rule::MissingOption, "key.fields", "'key.fields' needs 'key.format'"),
        (Some(_), true) => check.refuse(Rule::MissingOption, "key.format", "'key.format' needs 'key.fields'"),
        (Some(_), false) | (None, true) => {}
    }
    let is_physical = |field: &str| {
        check.table.column(field).is_some_and(|column| matches!(column.kind, Kind::Physical(_)))
    };
    let missing: Vec<&String> = fields.iter().filter(|field| !is_physical(field)).collect();
    for field in missing.into_iter().take(FINDINGS_SHOWN_MAX) {
        let text = format!("no column '{field}'; there are: {}", check.table.column_names());
        check.refuse(Rule::NoColumn, "key.fields", text);
    }
    let prefix = check.key_prefix(&fields.iter().map(String::as_str).collect::<Vec<_>>());
    let slot = |field: &String| row.columns.iter().position(|column| *column.name == **field);
    let key: Vec<usize> = fields.iter().filter_map(slot).collect();
    let except_key = check.choice("value.fields-include") == "EXCEPT_KEY";
    let value = row.physical_slots().filter(|slot| !(except_key && key.contains(slot))).collect();
    Slots { key, value, prefix }
}

fn guarantee<'a>(check: &mut Check<'a>) -> &'a str {
    let semantic = check.given("sink.semantic");
    let known = ["exactly-once", "at-least-once", "none"];
    if let Some(value) = semantic.filter(|value| !known.contains(value)) {
        let text = format!("'sink.semantic' = '{value}' is not one of {}", known.join(", "));
        check.refuse(Rule::Value, "sink.semantic", text);
    }
    let given = if check.given("sink.delivery-guarantee").is_some() {
        check.choice("sink.delivery-guarantee")
    } else {
        semantic.unwrap_or_default()
    };
    check.exactly_once(given == "exactly-once");
    given
}

/// Whether each task writes to one partition. `round-robin` is the producer's own choice for records without a key, as in
/// Flink.
fn partitioner(check: &mut Check<'_>) -> bool {
    let key = "sink.partitioner";
    match check.given(key) {
        None | Some("default") => {}
        Some("fixed") => return true,
        Some("round-robin") if check.list("key.fields").is_empty() => {}
        Some("round-robin") => {
            check.refuse(Rule::Value, key, "'sink.partitioner' = 'round-robin' excludes 'key.fields'");
        }
        Some(value) => {
            let text = format!(
                "'{key}' = '{value}' is not one of default, fixed, round-robin; Java classes cannot run here"
            );
            check.refuse(Rule::Value, key, text);
        }
    }
    false
}
