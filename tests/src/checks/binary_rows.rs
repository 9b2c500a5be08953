//! Avro and protobuf of any bytes as rows: read or refused with a bounded sentence, in memory that the bytes pay for.

use std::sync::{Arc, LazyLock};

use upsert_kafka_sink::internals::{Decoder, FormatSpec, OptionSet, OptionValue, read_avro};
use upsert_kafka_sink::row::Arena;
use upsert_kafka_sink::types::{Field, LogicalType};

/// The text of an error has at most so many bytes, however large the message is.
const ERROR_BYTES_MAX: usize = 2_000;
/// A value takes 24 bytes, and lists grow by doubling: what a byte of a message may cost, beside what all may.
const ARENA_BYTES_PER_BYTE_MAX: usize = 32 * 24 * 4;
const ARENA_BYTES_FREE: usize = 4 << 20;

/// The bytes as a message of the format `avro`; and, behind a line that is a schema, as a message of its writer's.
pub fn avro(data: &[u8]) {
    for reader in &*AVRO {
        read(&**reader, data);
    }
    let end = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let body = data.get(end + 1..).unwrap_or_default();
    if let Ok(schema) = str::from_utf8(&data[..end])
        && let Err(error) = read_avro(schema, &columns(), body)
    {
        assert!(error.len() <= ERROR_BYTES_MAX, "an error of {} bytes: {error}", error.len());
    }
}

/// The bytes as a message of protobuf.
pub fn protobuf(data: &[u8]) {
    read(&**PROTOBUF, data);
}

static AVRO: LazyLock<Vec<Arc<dyn Decoder>>> = LazyLock::new(|| {
    let mut json = OptionSet::default();
    json.insert("encoding", OptionValue::Choice("json"));
    vec![opened("avro", &OptionSet::default(), &columns()), opened("avro", &json, &columns())]
});

static PROTOBUF: LazyLock<Arc<dyn Decoder>> = LazyLock::new(|| {
    let mut options = OptionSet::default();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/flink/formats/golden.proto");
    options.insert("descriptor-file", OptionValue::String(file.to_owned()));
    options.insert("message-class-name", OptionValue::String("golden.All".to_owned()));
    options.insert("read-default-values", OptionValue::Bool(true));
    let nullable = LogicalType::nullable;
    let inner = LogicalType::Row(Arc::new([
        Field::new("x", nullable(LogicalType::Int)),
        Field::new("y", nullable(LogicalType::STRING)),
    ]));
    let map = |key: LogicalType, value: LogicalType| {
        LogicalType::Map(Box::new(nullable(key)), Box::new(nullable(value)))
    };
    let columns = [
        Field::new("i32", nullable(LogicalType::Int)),
        Field::new("s64", nullable(LogicalType::BigInt)),
        Field::new("s", nullable(LogicalType::STRING)),
        Field::new("inner", nullable(inner.clone())),
        Field::new("li", nullable(LogicalType::Array(Box::new(nullable(LogicalType::Int))))),
        Field::new("m", nullable(map(LogicalType::STRING, LogicalType::BigInt))),
        Field::new("color", nullable(LogicalType::STRING)),
        Field::new("lin", nullable(LogicalType::Array(Box::new(nullable(inner.clone()))))),
        Field::new("ca", nullable(LogicalType::STRING)),
        Field::new("mi", nullable(map(LogicalType::Int, inner))),
    ];
    opened("protobuf", &options, &columns)
});

fn columns() -> Vec<Field> {
    let nullable = LogicalType::nullable;
    let list = LogicalType::Array(Box::new(nullable(LogicalType::STRING)));
    let row = LogicalType::Row(Arc::new([
        Field::new("x", nullable(LogicalType::Decimal { precision: 10, scale: 2 })),
        Field::new("y", nullable(list.clone())),
    ]));
    vec![
        Field::new("a", nullable(LogicalType::Int)),
        Field::new("b", nullable(LogicalType::STRING)),
        Field::new("c", nullable(list)),
        Field::new(
            "d",
            nullable(LogicalType::Map(
                Box::new(nullable(LogicalType::STRING)),
                Box::new(nullable(row.clone())),
            )),
        ),
        Field::new("e", nullable(row)),
        Field::new("f", nullable(LogicalType::Double)),
        Field::new("g", nullable(LogicalType::Timestamp(3))),
    ]
}

fn opened(name: &str, options: &OptionSet, columns: &[Field]) -> Arc<dyn Decoder> {
    let decoding = FormatSpec::named(name).and_then(|format| format.decoding).expect("a format that reads");
    let described = decoding(options, columns, &[]).expect("columns that it reads");
    described.open_at_once().expect("a format that asks nobody")
}

/// Reads a message to its end or its error.
fn read(reader: &dyn Decoder, message: &[u8]) {
    let arena = Arena::new();
    if let Err(error) = reader.decode(Some(message), &arena, &mut |_, _| {}) {
        let text = error.to_string();
        assert!(text.len() <= ERROR_BYTES_MAX, "an error of {} bytes: {text}", text.len());
    }
    let (taken, bound) =
        (arena.allocated_bytes(), message.len() * ARENA_BYTES_PER_BYTE_MAX + ARENA_BYTES_FREE);
    assert!(taken <= bound, "{taken} bytes of memory for {} bytes of a message", message.len());
}
