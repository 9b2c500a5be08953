//! Fields put in the place of others.

use upsert_kafka_protocol::rewrite::rewrite as put;
use upsert_kafka_protocol::wire::Leaf;
use upsert_kafka_protocol::{Bytes, Str};

use super::chosen;

/// A body whose strings, ports and bytes were replaced is still that message, and holds the new values in as many
/// places.
pub fn rewrite(data: &[u8]) {
    let Some((schema, version, body)) = chosen(data) else { return };
    let mut count = 0;
    let replaced = put(schema, version, &body, |_, value| {
        let new = new_value(value)?;
        count += 1;
        Some(new)
    });
    let Ok(replaced) = replaced else { return };
    let replaced = replaced.into_bytes();
    let mut found = 0;
    let again = put(schema, version, &replaced, |_, value| {
        found += usize::from(new_value(value).is_some_and(|new| new == *value));
        None
    });
    let again = again.unwrap_or_else(|e| panic!("{} version {version}: {e}", schema.name()));
    assert_eq!(again.into_bytes(), replaced, "{}", schema.name());
    assert_eq!(found, count, "{} version {version}", schema.name());
    if let Err(e) = schema.again(&replaced, version) {
        panic!("{} version {version}: replaced values broke it: {e}", schema.name());
    }
}

fn new_value(old: &Leaf) -> Option<Leaf> {
    match old {
        Leaf::String(Some(_)) => Some(Leaf::String(Some(Str::from_static(LONG)))),
        Leaf::Int32(_) => Some(Leaf::Int32(9093)),
        Leaf::Bytes(Some(_)) => Some(Leaf::Bytes(Some(Bytes::from_static(LONG.as_bytes())))),
        _ => None,
    }
}

/// Long enough to change how many bytes a compact length and a tag's size take.
const LONG: &str = "a-broker-with-a-name-that-is-longer-than-any-one-byte-length-can-say.\
    a-broker-with-a-name-that-is-longer-than-any-one-byte-length-can-say.example.org";
