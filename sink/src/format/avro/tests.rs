//! Schema resolution and hostile bytes: what the golden data does not reach. Bytes are those of Avro's specification.

use std::sync::Arc;

use super::datum_reader::DatumReader;
use super::derive::TimestampMapping;
use super::schema::AvroSchema;
use super::{derived, registered::TableSchema};
use crate::option::{OptionSet, OptionValue};
use crate::registry::RegistrySettings;
use crate::row::{Arena, Value};
use crate::types::{Field, LogicalType};

/// The row as `Debug` shows it, or the error.
fn read(writer: &str, columns: &[Field], body: &[u8]) -> Result<String, String> {
    let table = derived(columns, TimestampMapping::Legacy).unwrap();
    read_by(writer, &table, columns, body)
}

fn read_by(writer: &str, table: &AvroSchema, columns: &[Field], body: &[u8]) -> Result<String, String> {
    let writer = Arc::new(AvroSchema::parse(writer).unwrap());
    let arena = Arena::new();
    let reader = DatumReader::new(writer, table, columns);
    reader.row(body, &arena).map(|row| format!("{row:?}")).map_err(|error| error.to_string())
}

fn row(values: &[Value<'_>]) -> Result<String, String> {
    Ok(format!("{:?}", Some(values)))
}

fn record(fields: &str) -> String {
    format!(r#"{{"type":"record","name":"W","fields":[{fields}]}}"#)
}

fn int(name: &str) -> Field {
    Field::new(name, LogicalType::Int.nullable())
}

#[test]
fn what_no_column_takes_is_passed_over_whatever_it_is() {
    let skipped = concat!(
        r#"{"name":"m","type":{"type":"map","values":{"type":"array","items":"long"}}},"#,
        r#"{"name":"u","type":["null","string",{"type":"fixed","name":"F","size":2}]},"#,
        r#"{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},"#,
        r#"{"name":"d","type":"double"},{"name":"b","type":"boolean"},{"name":"a","type":"int"}"#
    );
    // {"k": [1]} in a block that says its bytes, the branch `fixed`, B, a double, true, and 7.
    let body = [&[1, 10, 2, b'k', 2, 2, 0, 0][..], &[4, 9, 9], &[2], &[0; 8], &[1], &[14]].concat();
    assert_eq!(read(&record(skipped), &[int("a")], &body), row(&[Value::Int(7)]));
}

#[test]
fn a_writers_record_that_holds_itself_is_passed_over_as_deep_as_that_goes_well() {
    let list = r#"{"name":"next","type":["null","W"]},{"name":"a","type":"int"}"#;
    // Each next record stands before its own `a`.
    let nested = |depth: usize| [vec![2; depth], vec![0], vec![14; depth + 1]].concat();
    assert_eq!(read(&record(list), &[int("a")], &nested(20)), row(&[Value::Int(7)]));
    let error = read(&record(list), &[int("a")], &nested(100_000)).unwrap_err();
    assert!(error.contains("200 deep in each other"), "{error}");
}

#[test]
fn bytes_that_stand_for_nothing_do_not_fill_the_memory_or_the_time() {
    // A billion items of no bytes: for the table, and for nobody.
    let many = [0x80, 0xa8, 0xd6, 0xb9, 0x07, 0];
    let nulls = r#"{"name":"a","type":{"type":"array","items":"null"}}"#;
    let list = Field::new("a", LogicalType::Array(Box::new(LogicalType::Int.nullable())).nullable());
    let error = read(&record(nulls), &[list], &many).unwrap_err();
    assert!(error.contains("more values than its bytes can stand for"), "{error}");
    assert_eq!(read(&record(nulls), &[int("b")], &many), row(&[Value::Null]));
}

#[test]
fn times_and_amounts_of_another_measure_are_refused_where_they_are_met() {
    let micros = r#"{"name":"a","type":["null",{"type":"long","logicalType":"timestamp-micros"}]}"#;
    let time = [Field::new("a", LogicalType::Timestamp(3).nullable())];
    let error = read(&record(micros), &time, &[2, 0]).unwrap_err();
    assert!(error.contains("the writer counts microseconds, the table milliseconds"), "{error}");
    assert_eq!(read(&record(micros), &time, &[0]), row(&[Value::Null]));
    let scaled = r#"{"name":"a","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":4}}"#;
    let amount = [Field::new("a", LogicalType::Decimal { precision: 9, scale: 2 }.nullable())];
    let error = read(&record(scaled), &amount, &[2, 1]).unwrap_err();
    assert!(error.contains("declare DECIMAL with a scale of 4"), "{error}");
}

#[test]
fn a_tables_own_schema_has_defaults_aliases_and_enums() {
    let schema = r#"{"type":"record","name":"R","fields":[
        {"name":"a","type":"int","aliases":["old"]},
        {"name":"s","type":"string","default":"none"},
        {"name":"l","type":{"type":"array","items":"int"},"default":[1,2]},
        {"name":"e","type":{"type":"enum","name":"E","symbols":["A","Z"],"default":"Z"}}]}"#;
    let columns = [
        Field::new("a", LogicalType::Int.not_null()),
        Field::new("s", LogicalType::STRING.not_null()),
        Field::new("l", LogicalType::Array(Box::new(LogicalType::Int.not_null())).not_null()),
        Field::new("e", LogicalType::STRING.not_null()),
    ];
    let mut options = OptionSet::default();
    options.insert("url", OptionValue::String("http://r".to_owned()));
    options.insert("schema", OptionValue::String(schema.to_owned()));
    let settings = RegistrySettings::of(&options).unwrap();
    let table = TableSchema::of(&settings, &columns, false).unwrap();
    let writer = concat!(
        r#"{"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},"#,
        r#"{"name":"old","type":"int"}"#
    );
    let list = [Value::Int(1), Value::Int(2)];
    let wanted = |e| row(&[Value::Int(7), Value::String("none"), Value::Array(&list), Value::String(e)]);
    assert_eq!(read_by(&record(writer), &table.schema, &columns, &[0, 14]), wanted("A"));
    assert_eq!(read_by(&record(writer), &table.schema, &columns, &[2, 14]), wanted("Z"));
    let error = read_by(&record(writer), &table.schema, &columns, &[6, 14]).unwrap_err();
    assert!(error.contains("symbol 3 of an enum"), "{error}");
}

#[test]
fn a_schema_that_is_none_is_refused_with_a_reason() {
    let deep = format!("{}\"int\"{}", r#"{"type":"array","items":"#.repeat(90), "}".repeat(90));
    for (text, why) in [
        ("", "does not define the type ''"),
        ("{", "does not define the type '{'"),
        ("7", "neither a name, nor an object, nor a union"),
        (r#"{"type":"record","name":"a b","fields":[]}"#, "is no name in Avro"),
        (r#"{"type":"record","name":"R"}"#, "has no fields"),
        (r#"{"type":"fixed","name":"F","size":-1}"#, "has no size"),
        (r#"[["int"]]"#, "a union in it holds a union"),
        (&deep, "within each other"),
    ] {
        let error = AvroSchema::parse(text).unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    }
}
