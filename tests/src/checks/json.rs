//! Text as a message.

use upsert_kafka_protocol::json as view;

use super::chosen;

/// What passes for a message gives bytes that the struct reads, and shows as itself.
pub fn json(data: &[u8]) {
    let Some((schema, version, text)) = chosen(data) else { return };
    let Ok(text) = serde_json::from_slice(&text) else { return };
    let Ok(bytes) = view::encode(schema, version, &text) else { return };
    let bytes = bytes.into_bytes();
    if let Err(e) = schema.again(&bytes, version) {
        panic!("{} version {version}: JSON gave bytes that are no message: {e}", schema.name());
    }
    let shown = view::decode(schema, version, &bytes).expect("what the struct reads");
    let again = view::encode(schema, version, &shown).expect("its own view").into_bytes();
    assert_eq!(again, bytes, "{} version {version}", schema.name());
}
