//! Messages of any shape as rows of the formats that are text: read or refused with a bounded sentence.

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

/// One of each way to read text.
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
    let mut escaped = OptionSet::default();
    escaped.insert("escape-character", OptionValue::String("\\".into()));
    escaped.insert("allow-comments", OptionValue::Bool(true));
    let mut gbk = OptionSet::default();
    gbk.insert("charset", OptionValue::String("GBK".into()));
    let none = OptionSet::default();
    // CSV has no maps, and raw one column.
    let flat = [&columns[..3], &columns[4..]].concat();
    let events = ["debezium-json", "canal-json", "maxwell-json", "ogg-json"];
    let plain = [("json", &none), ("json", &tree)].map(|(name, options)| reader(name, options, &columns));
    let events = events.map(|name| reader(name, &none, &columns));
    let lines = [&none, &escaped].map(|options| reader("csv", options, &flat));
    let raw = [&none, &gbk].map(|options| reader("raw", options, &columns[..1]));
    plain.into_iter().chain(events).chain(lines).chain(raw).collect()
}

/// What reads these columns, and all the metadata that the format has beside.
fn reader(name: &str, options: &OptionSet, columns: &[Field]) -> Arc<dyn Decoder> {
    let format = FormatSpec::named(name).expect("a format that there is");
    let metadata: Vec<&str> = format.metadata.iter().map(|it| it.key).collect();
    let described = format.decoding.expect("a format that reads")(options, columns, &metadata);
    described.expect("columns that it reads").open_at_once().expect("a format that asks nobody")
}

/// Reads a message to its end or its error.
pub fn read(reader: &dyn Decoder, message: &[u8]) {
    let arena = Arena::new();
    if let Err(error) = reader.decode(Some(message), &arena, &mut |_, _| {}) {
        let text = error.to_string();
        assert!(text.len() <= ERROR_BYTES_MAX, "an error of {} bytes: {text}", text.len());
    }
}
