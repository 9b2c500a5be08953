//! Any value that a version can hold.

use upsert_kafka_protocol::json;
use upsert_kafka_protocol::wire::Choices;

use super::chosen;

/// It is written and read as the same value, and shown as JSON that gives the same bytes.
pub fn round_trip(data: &[u8]) {
    let Some((schema, version, choices)) = chosen(data) else { return };
    let choices = Choices::of(choices, version, schema.is_flexible(version));
    let bytes = schema.trip(choices).unwrap_or_else(|e| panic!("{} version {version}: {e}", schema.name()));
    let view = json::decode(schema, version, &bytes).expect("what was written");
    let back = json::encode(schema, version, &view).expect("its own view").into_bytes();
    assert_eq!(back, bytes, "{} version {version}", schema.name());
}
