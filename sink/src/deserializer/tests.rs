//! Rows of tables whose columns come from several places: facts of `shared/spec/upsert-kafka.md` 4.1 and 4.4.

use upsert_kafka_client::{Header, TimestampType};

use super::*;
use crate::format::FormatSpec;
use crate::message::Headers;
use crate::option::{OptionSet, OptionValue};
use crate::row::Timestamp;
use crate::types::{Field, LogicalType};

/// `json` over columns of those names: `id` is an INT, others are strings.
fn json(columns: &[&str], ignore_parse_errors: bool) -> Box<dyn DecodingFormat> {
    let data_type = |name: &str| if name == "id" { LogicalType::Int } else { LogicalType::STRING };
    let columns: Vec<Field> =
        columns.iter().map(|&name| Field::new(name, data_type(name).nullable())).collect();
    let mut options = OptionSet::default();
    options.insert("ignore-parse-errors", OptionValue::Bool(ignore_parse_errors));
    FormatSpec::named("json").unwrap().decoding.unwrap()(&options, &columns, &[]).unwrap()
}

fn opened(plan: &DeserializerPlan) -> Deserializer {
    let key = plan.key.as_ref().map(|key| key.format.open_at_once().unwrap());
    Deserializer::new(plan, key, plan.value.format.open_at_once().unwrap())
}

/// Columns id, name, extra: the key has the id, the value the columns of these names in these slots.
fn keyed(value: &[&str], slots: &[usize], upsert_mode: bool) -> Deserializer {
    opened(&DeserializerPlan {
        key: Some(PartPlan { format: json(&["id"], false), slots: vec![0] }),
        value: PartPlan { format: json(value, true), slots: slots.to_vec() },
        metadata: Vec::new(),
        arity: 3,
        upsert_mode,
    })
}

fn record<'a>(key: Option<&'a str>, value: Option<&'a str>) -> Message<'a> {
    let (key, value) = (key.map(str::as_bytes), value.map(str::as_bytes));
    Message { key, value, ..Message::new("in", 3, 7) }
}

fn rows(deserializer: &Deserializer, message: &Message<'_>) -> Vec<String> {
    let (arena, mut rows) = (Arena::new(), Vec::new());
    deserializer.deserialize(message, &arena, |kind, row| rows.push(format!("{kind}{row:?}"))).unwrap();
    rows
}

const KEY: Option<&str> = Some(r#"{"id":3}"#);

#[test]
fn the_value_s_copy_of_a_key_column_counts() {
    let all = keyed(&["id", "name", "extra"], &[0, 1, 2], true);
    let told = rows(&all, &record(KEY, Some(r#"{"id":8,"name":"a"}"#)));
    assert_eq!(told, [r#"+I[Int(8), String("a"), Null]"#]);
}

#[test]
fn columns_stand_where_the_table_has_them() {
    let except_key = keyed(&["extra", "name"], &[2, 1], false);
    let told = rows(&except_key, &record(KEY, Some(r#"{"id":8,"name":"a","extra":"b"}"#)));
    assert_eq!(told, [r#"+I[Int(3), String("a"), String("b")]"#]);
}

#[test]
fn every_row_of_the_key_meets_every_row_of_the_value() {
    let except_key = keyed(&["name"], &[1], false);
    let told =
        rows(&except_key, &record(Some(r#"[{"id":1},{"id":2}]"#), Some(r#"[{"name":"a"},{"name":"b"}]"#)));
    let row = |id: i32, name: &str| format!("+I[Int({id}), String({name:?}), Null]");
    assert_eq!(told, [row(1, "a"), row(2, "a"), row(1, "b"), row(2, "b")]);
}

#[test]
fn a_null_value_deletes_the_key_s_row_in_upsert_mode_alone() {
    let (upsert, kafka) = (keyed(&["name"], &[1], true), keyed(&["name"], &[1], false));
    assert_eq!(rows(&upsert, &record(KEY, None)), ["-D[Int(3), Null, Null]"]);
    assert_eq!(rows(&kafka, &record(KEY, None)), [""; 0]);
    assert_eq!(rows(&upsert, &record(KEY, Some(""))), [""; 0], "no bytes are no tombstone");
    assert_eq!(rows(&upsert, &record(KEY, Some(r#"{"name":"#))), [""; 0], "nor is a broken value");
}

#[test]
fn a_record_without_a_key_gives_no_row_where_the_table_has_one() {
    for upsert_mode in [true, false] {
        let keyed = keyed(&["name"], &[1], upsert_mode);
        assert_eq!(rows(&keyed, &record(None, Some(r#"{"name":"a"}"#))), [""; 0]);
        assert_eq!(rows(&keyed, &record(None, None)), [""; 0]);
    }
}

#[test]
fn the_part_that_cannot_be_read_is_told() {
    let keyed = keyed(&["name"], &[1], false);
    let refused = keyed.deserialize(&record(Some("x"), Some("{}")), &Arena::new(), |_, _| {}).unwrap_err();
    assert_eq!(refused.part, Part::Key);
}

#[test]
fn the_row_of_a_table_that_is_all_in_the_value_is_the_decoder_s_own() {
    let whole = opened(&DeserializerPlan::of_value(json(&["id", "name"], false), 2));
    assert!(whole.is_whole);
    assert_eq!(rows(&whole, &record(None, Some(r#"{"id":1}"#))), ["+I[Int(1), Null]"]);
    assert_eq!(rows(&whole, &record(None, None)), [""; 0]);
}

/// The values of golden job 24, and the pieces that no broker of its time gives.
#[test]
fn metadata_is_read_of_the_record() {
    let metadata = ReadableMetadata::ALL.into_iter().enumerate().collect();
    let plan = DeserializerPlan { metadata, ..DeserializerPlan::of_value(json(&[], false), 8) };
    let plan = DeserializerPlan { value: PartPlan { slots: Vec::new(), ..plan.value }, ..plan };
    let deserializer = opened(&plan);
    let headers = [("a", Some(&b"1"[..])), ("b", None), ("a", Some(b"3"))];
    let headers = headers.map(|(key, value)| Header { key, value });
    let message = Message {
        headers: Headers::of(&headers),
        timestamp_ms: -1,
        leader_epoch: Some(5),
        timestamp_type: TimestampType::LogAppendTime,
        ..record(None, Some("{}"))
    };
    let (arena, mut rows) = (Arena::new(), 0);
    let entry = |name, value| [Value::String(name), value];
    let list = [entry("a", Value::Bytes(b"1")), entry("b", Value::Null), entry("a", Value::Bytes(b"3"))];
    let list: Vec<_> = list.iter().map(|row| Value::Row(row)).collect();
    let expected = [
        Value::String("in"),
        Value::Int(3),
        Value::Map(&[(Value::String("a"), Value::Bytes(b"3")), (Value::String("b"), Value::Null)]),
        Value::Array(&list),
        Value::Int(5),
        Value::BigInt(7),
        Value::Timestamp(Timestamp { seconds: -1, nanos: 999_000_000 }),
        Value::String("LogAppendTime"),
    ];
    deserializer
        .deserialize(&message, &arena, |_, row| {
            assert_eq!(row, expected);
            rows += 1;
        })
        .unwrap();
    assert_eq!(rows, 1);
    assert_eq!(ReadableMetadata::LeaderEpoch.read(&Message::new("in", 0, 0), &arena), Value::Null);
}
