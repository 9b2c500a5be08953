//! The body of any message at any version.

use bytes::Bytes;
use upsert_kafka_protocol::json;
use upsert_kafka_protocol::rewrite::rewrite;

use super::chosen;

/// What is read can be written, and comes back the same from then on; table and struct read the same; walking through
/// changes nothing; an error lies within the bytes.
pub fn message(data: &[u8]) {
    let Some((schema, version, body)) = chosen(data) else { return };
    let view = json::decode(schema, version, &body);
    let walked = rewrite(schema, version, &body, |_, _| None);
    let again = match schema.again(&body, version) {
        Ok(again) => again.into_bytes(),
        Err(error) => {
            let readable = view.is_ok() || walked.is_ok();
            assert!(!readable, "{}: the table reads what the struct does not: {error}", schema.name());
            return;
        }
    };
    assert_eq!(walked.expect("the struct reads it").into_bytes(), body, "{}: kept", schema.name());
    let view = view.expect("the struct reads it");
    assert_eq!(
        twice(schema.again(&again, version).map(|it| it.into_bytes())),
        again,
        "{}: stable",
        schema.name()
    );
    // Tags in a row of their own: a known one at its default goes, and NaN is no JSON number.
    let from_json = json::encode(schema, version, &view).expect("its own view").into_bytes();
    assert_eq!(
        twice(schema.again(&from_json, version).map(|it| it.into_bytes())),
        again,
        "{}: JSON",
        schema.name()
    );
}

fn twice<E: std::fmt::Display>(again: Result<Bytes, E>) -> Bytes {
    again.unwrap_or_else(|e| panic!("what was written once is not read again: {e}"))
}
