//! Each format alone: decode, and encode.
//!
//! Those that ask a registry are Avro behind five bytes.

use std::hint::black_box;
use std::sync::Arc;

use upsert_kafka_sink::internals::{Decoder, Encoded, Encoder, FORMATS, FormatSpec, OptionSet, OptionValue};
use upsert_kafka_sink::row::{Arena, Row, RowKind};
use upsert_kafka_sink::types::{Field, LogicalType};

use crate::meter::{Meter, ROWS};
use crate::orders;

pub(crate) fn run(meter: &Meter) {
    let orders = orders::messages();
    let json = decoder("json", &OptionSet::default(), &orders::columns());
    let arena = Arena::new();
    let rows = rows(&*json, &orders, &arena);
    for spec in FORMATS.iter().filter(|spec| !asks_a_registry(spec.name)) {
        match spec.name {
            "raw" => {
                let line = [Field::new("line", LogicalType::STRING.nullable())];
                let decoder = decoder(spec.name, &OptionSet::default(), &line);
                let arena = Arena::new();
                both(meter, spec.name, &line, &self::rows(&*decoder, &orders, &arena));
            }
            name => both(meter, name, &orders::columns(), &rows),
        }
    }
    let mut tree = OptionSet::default();
    tree.insert("decode.json-parser.enabled", OptionValue::Bool(false));
    decode(meter, "json: decode by way of a tree", &*decoder("json", &tree, &orders::columns()), &orders);
}

/// The rows written, and what was written read.
fn both(meter: &Meter, name: &str, columns: &[Field], rows: &[Row<'_>]) {
    let options = options(name);
    let encoder = encoder(name, &options, columns);
    let mut out = Vec::new();
    meter.measure(&format!("{name}: encode"), || {
        for row in rows {
            out.clear();
            write(&*encoder, row, &mut out);
        }
    });
    let written = |row: &Row<'_>| {
        let mut message = Vec::new();
        write(&*encoder, row, &mut message);
        message
    };
    let messages: Vec<Vec<u8>> = rows.iter().map(written).collect();
    // The seed's own are measured: blanks, and amounts in quotes.
    let messages = if name == "json" { orders::messages() } else { messages };
    decode(meter, &format!("{name}: decode"), &*decoder(name, &options, columns), &messages);
}

fn decode(meter: &Meter, name: &str, decoder: &dyn Decoder, messages: &[Vec<u8>]) {
    let mut arena = Arena::new();
    meter.measure(name, || {
        for message in messages {
            arena.reset();
            let mut each = |_, row| _ = black_box(row);
            decoder.decode(Some(message), &arena, &mut each).expect("its format wrote it");
        }
    });
}

fn write(encoder: &dyn Encoder, row: Row<'_>, out: &mut Vec<u8>) {
    let encoded = encoder.encode(RowKind::Insert, row, out).expect("rows are of the columns' types");
    assert_eq!(encoded, Encoded::Bytes);
    black_box(&out);
}

fn rows<'a>(decoder: &dyn Decoder, messages: &'a [Vec<u8>], arena: &'a Arena) -> Vec<Row<'a>> {
    let mut rows = Vec::with_capacity(ROWS);
    for message in messages {
        let decoded = decoder.decode(Some(message), arena, &mut |_, row| rows.extend(row));
        decoded.expect("orders are valid JSON");
    }
    rows
}

fn asks_a_registry(name: &str) -> bool {
    name.contains("confluent")
}

fn options(name: &str) -> OptionSet {
    let mut options = OptionSet::default();
    if name == "protobuf" {
        options.insert("descriptor-file", OptionValue::String(DESCRIPTOR.to_owned()));
        options.insert("message-class-name", OptionValue::String("Order".to_owned()));
    }
    options
}

pub(crate) const DESCRIPTOR: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/data/orders.proto");

pub(crate) fn decoder(name: &str, options: &OptionSet, columns: &[Field]) -> Arc<dyn Decoder> {
    let new = FormatSpec::named(name).and_then(|spec| spec.decoding).expect("it is read");
    new(options, columns, &[]).expect("it holds these types").open_at_once().expect("it asks nobody")
}

pub(crate) fn encoder(name: &str, options: &OptionSet, columns: &[Field]) -> Arc<dyn Encoder> {
    let new = FormatSpec::named(name).and_then(|spec| spec.encoding).expect("it is written");
    let slots: Vec<usize> = (0..columns.len()).collect();
    new(options, columns, &slots).expect("it holds these types").open_at_once().expect("it asks nobody")
}

/// The seed's orders in a format.
pub(crate) fn orders_in(name: &str) -> Vec<Vec<u8>> {
    let orders = orders::messages();
    if matches!(name, "json" | "raw") {
        return orders;
    }
    let json = decoder("json", &OptionSet::default(), &orders::columns());
    let encoder = encoder(name, &options(name), &orders::columns());
    let arena = Arena::new();
    let written = |row: Row<'_>| {
        let mut message = Vec::new();
        write(&*encoder, row, &mut message);
        message
    };
    rows(&*json, &orders, &arena).into_iter().map(written).collect()
}
