//! Messages of any shape as rows of JSON: read or refused with a bounded sentence.

use std::sync::Arc;

use upsert_kafka_sink::internals::{Decoder, FormatSpec, OptionSet, OptionValue};
use upsert_kafka_sink::row::Arena;
use upsert_kafka_sink::types::{DataType, Field, LogicalType};

/// The text of an error has at most so many bytes, however large the message is.
const ERROR_BYTES_MAX: usize = 1_000;

/// The bytes as a message; and brackets as deep as the first of them say around the rest.
pub fn rows(data: &[u8]) {
    let readers = readers();
    readers.iter().for_each(|reader| read(&**reader, data));
    if let [kind, high, low, rest @ ..] = data {
        let (open, close): (&[u8], &[u8]) =
            [(&b"["[..], &b"]"[..]), (b"{\"a\":", b"}")][usize::from(kind & 1)];
        let depth = usize::from(u16::from_be_bytes([*high, *low])) % 3_000;
        let text = [&open.repeat(depth), rest, &close.repeat(depth)].concat();
        readers.iter().for_each(|reader| read(&**reader, &text));
    }
}

/// One of each way to read JSON.
pub fn readers() -> Vec<Arc<dyn Decoder>> {
    let nullable = |logical: LogicalType| DataType { logical, nullable: true };
    let item = nullable(LogicalType::Array(Box::new(nullable(LogicalType::STRING))));
    let columns = [
        Field::new("a", nullable(LogicalType::STRING)),
        Field::new("b", nullable(LogicalType::Decimal { precision: 10, scale: 2 })),
        Field::new("c", item.clone()),
        Field::new("d", nullable(LogicalType::Map(Box::new(nullable(LogicalType::STRING)), Box::new(item)))),
        Field::new("e", nullable(LogicalType::TimestampLtz(3))),
    ];
    let mut tree = OptionSet::default();
    tree.insert("decode.json-parser.enabled", OptionValue::Bool(false));
    let reader = |name: &str, options: &OptionSet| {
        let decoding =
            FormatSpec::named(name).and_then(|format| format.decoding).expect("a format that reads");
        let described = decoding(options, &columns, &[]).expect("columns that it reads");
        described.open_at_once().expect("a format that asks nobody")
    };
    let none = OptionSet::default();
    vec![reader("json", &none), reader("json", &tree), reader("debezium-json", &none)]
}

/// Reads a message to its end or its error.
pub fn read(reader: &dyn Decoder, message: &[u8]) {
    let arena = Arena::new();
    if let Err(error) = reader.decode(Some(message), &arena, &mut |_, _| {}) {
        let text = error.to_string();
        assert!(text.len() <= ERROR_BYTES_MAX, "an error of {} bytes: {text}", text.len());
    }
}
