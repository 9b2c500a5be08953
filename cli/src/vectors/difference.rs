//! Where two things that should be the same first differ.

use serde_json::Value;
use upsert_kafka_protocol::json::UNKNOWN_TAGS;

use crate::hex;

/// Whether these bytes are those.
pub(super) fn bytes(what: &str, ours: &[u8], theirs: &[u8]) -> Result<(), String> {
    if ours == theirs {
        return Ok(());
    }
    let at = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
    let from = |bytes: &[u8]| match &bytes[at..] {
        [] => format!("the end, byte {}", bytes.len()),
        rest => hex::encode(&rest[..rest.len().min(SHOWN_BYTES)]),
    };
    Err(format!("{what}: from byte {at} {}, not {}", from(ours), from(theirs)))
}

/// Whether this view of a message is that one; Java's knows no tags that it does not know.
pub(super) fn views(ours: Value, theirs: &Value) -> Result<(), String> {
    let ours = without_unknown_tags(ours);
    if ours == *theirs { Ok(()) } else { Err(format!("JSON: {}", first(&ours, theirs, ""))) }
}

/// Whether a fact is the one that a line says; what the line does not say is not compared.
pub(super) fn fact(line: &Value, name: &str, ours: impl Into<Value>) -> Result<(), String> {
    let ours = ours.into();
    match line.get(name) {
        Some(theirs) if ours != *theirs => Err(format!("{name} is {ours}, not {theirs}")),
        _ => Ok(()),
    }
}

fn first(ours: &Value, theirs: &Value, path: &str) -> String {
    let step = |name: &str, ours: &Value, theirs: Option<&Value>| match theirs {
        Some(theirs) if ours == theirs => None,
        Some(theirs) => Some(first(ours, theirs, &format!("{path}.{name}"))),
        None => Some(format!("{path}.{name} is {ours}, and should not be there")),
    };
    let deeper = match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => ours
            .iter()
            .find_map(|(name, value)| step(name, value, theirs.get(name)))
            .or_else(|| missing(theirs.keys().find(|name| !ours.contains_key(*name))?, path)),
        (Value::Array(ours), Value::Array(theirs)) => ours
            .iter()
            .enumerate()
            .find_map(|(at, value)| step(&at.to_string(), value, theirs.get(at)))
            .or_else(|| missing(&ours.len().to_string(), path)),
        _ => None,
    };
    deeper.unwrap_or_else(|| format!("{path} is {ours}, not {theirs}"))
}

fn missing(name: &str, path: &str) -> Option<String> {
    Some(format!("{path}.{name} is missing"))
}

fn without_unknown_tags(view: Value) -> Value {
    match view {
        Value::Object(object) => object
            .into_iter()
            .filter(|(name, _)| name != UNKNOWN_TAGS)
            .map(|(name, value)| (name, without_unknown_tags(value)))
            .collect(),
        Value::Array(elements) => elements.into_iter().map(without_unknown_tags).collect(),
        other => other,
    }
}

const SHOWN_BYTES: usize = 8;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_byte_that_differs_is_named() {
        assert_eq!(bytes("x", &[1, 2], &[1, 2]), Ok(()));
        assert_eq!(bytes("x", &[1, 2], &[1, 3, 4]), Err("x: from byte 1 02, not 0304".into()));
        assert_eq!(bytes("x", &[1], &[1, 3]), Err("x: from byte 1 the end, byte 1, not 03".into()));
    }

    #[test]
    fn the_first_value_that_differs_is_named() {
        let theirs = json!({"a": 1, "b": [{"c": 2}, {"c": 3}]});
        let says = |ours: Value, says: &str| {
            let why = views(ours, &theirs).expect_err(says);
            assert!(why.contains(says), "{why}");
        };
        says(json!({"a": 1, "b": [{"c": 2}, {"c": 4}]}), ".b.1.c is 4, not 3");
        says(json!({"a": 1, "b": [{"c": 2}]}), ".b.1 is missing");
        says(json!({"a": 1}), ".b is missing");
        says(json!({"a": 1, "b": [], "c": 3}), ".b.0 is missing");
        says(json!({"a": 1, "b": [{"c": 2}, {"c": 3}], "d": 4}), ".d is 4, and should not be there");
        assert_eq!(views(json!({"a": 1, "b": [{"c": 2, UNKNOWN_TAGS: []}, {"c": 3}]}), &theirs), Ok(()));
    }
}
