//! A `kafka` table: read for real; written only so far that what is wrong with it is said.

use std::sync::Arc;
use std::time::Duration;

use super::check::Check;
use super::formats::Format;
use super::metadata;
use super::pipeline::SourcePlan;
use super::table::{Kind, Table};
use crate::deserializer::{DeserializerPlan, PartPlan};
use crate::error::{FINDINGS_SHOWN_MAX, Rule};
use crate::option::OptionValue;
use crate::options::KAFKA;
use crate::scan::Bounded;

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
    projections(&mut check);
    check.parallelism("scan.parallelism");
    check.readable_metadata(value.as_ref().map(|format| format.spec));
    let (keys, slots) = metadata::of_format(table);
    let decoding = value.as_ref().and_then(|format| check.decoding_format(format, &table.columns, &keys));
    let strict_decoder =
        value.as_ref().and_then(|format| check.strict_decoding_format(format, &table.columns, &keys));
    let discovery_interval = discovery(&check, &bounded);
    let properties = check.properties();
    let group_id = check.given("properties.group.id").map(str::to_owned);
    if group_id.is_none() {
        check.notice("no 'properties.group.id': offsets are not kept, so a restart starts anew");
    }
    let topics = check.list("topic").to_vec();
    let mut lines = vec![
        format!("reads topic {} from {}", topics.join(", "), startup.mode()),
        format!("ends: {}", bounded.mode()),
        format!("columns: {}", table.column_names()),
    ];
    if !table.primary_key.is_empty() {
        lines.push(format!("primary key: {}", table.key_names().join(", ")));
    }
    let plan = decoding.zip(value).map(|(decoding, format)| SourcePlan {
        table: table.name.clone(),
        topics,
        properties,
        group_id,
        startup,
        bounded,
        discovery_interval,
        deserializer: DeserializerPlan {
            key: None,
            value: PartPlan { format: decoding, slots: (0..table.columns.len()).chain(slots).collect() },
            metadata: metadata::of_record(table),
            arity: table.row.len(),
            upsert_mode: false,
        },
        strict_decoder,
        carries_changes: format.spec.carries_changes,
        is_once: false,
        columns: Arc::clone(&table.row),
        primary_key: table.primary_key.clone(),
    });
    (plan, check, lines)
}

/// Checks a table that is written; the answer is always that this comes later.
pub(super) fn sink(table: &Table) -> Check<'_> {
    let mut check = Check::new(table, &KAFKA);
    let (key, value) = formats(&mut check);
    check.keys([key.as_ref(), value.as_ref()]);
    check.topics();
    partitioner(&mut check);
    check.insert_only_key(key.as_ref());
    no_primary_key(&mut check, value.as_ref());
    guarantee(&mut check);
    projections(&mut check);
    check.parallelism("sink.parallelism");
    check.writable_metadata();
    check.not_yet("kafka-sink", "connector", "writing a table of 'connector' = 'kafka'");
    check
}

/// `format` wins over `value.format`, as in Flink.
fn formats(check: &mut Check<'_>) -> (Option<Format>, Option<Format>) {
    let key = check.format("key.format", "key.");
    if check.given("format").is_some() {
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

fn discovery(check: &Check<'_>, bounded: &Bounded) -> Option<Duration> {
    match check.options.find("scan.topic-partition-discovery.interval") {
        Some(OptionValue::Duration(interval)) if !interval.is_zero() && *bounded == Bounded::Unbounded => {
            Some(*interval)
        }
        _ => None,
    }
}

/// `key.format` and `key.fields` need each other; then V-NOFIELD, V-PREFIX, V-PREFIXALL.
fn projections(check: &mut Check<'_>) {
    let fields = check.list("key.fields").to_vec();
    match (check.given("key.format"), fields.is_empty()) {
        (None, false) => check.refuse(Rule::MissingOption, "key.fields", "'key.fields' needs 'key.format'"),
        (Some(_), true) => check.refuse(Rule::MissingOption, "key.format", "'key.format' needs 'key.fields'"),
        (Some(_), false) => check.not_yet("key-fields", "key.fields", "'key.fields' of a 'kafka' table"),
        (None, true) => {}
    }
    let is_physical = |field: &str| {
        check.table.column(field).is_some_and(|column| matches!(column.kind, Kind::Physical(_)))
    };
    let missing: Vec<&String> = fields.iter().filter(|field| !is_physical(field)).collect();
    for field in missing.into_iter().take(FINDINGS_SHOWN_MAX) {
        let text = format!("no column '{field}'; there are: {}", check.table.column_names());
        check.refuse(Rule::NoColumn, "key.fields", text);
    }
    check.key_prefix(&fields.iter().map(String::as_str).collect::<Vec<_>>());
}

fn guarantee(check: &mut Check<'_>) {
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
}

fn partitioner(check: &mut Check<'_>) {
    let key = "sink.partitioner";
    match check.given(key) {
        None | Some("default" | "fixed") => {}
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
}
