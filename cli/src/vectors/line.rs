//! What a line says of its vector.

use serde_json::Value;

use crate::hex;

/// What a vector is called: `Fetch request 12 filled 0`, or its own name.
pub fn name(line: &Value) -> String {
    let facts = ["api", "direction", "version", "kind", "n", "name", "key"];
    let known = facts.iter().filter(|fact| **fact != "key" || line.get("api").is_none());
    let shown = known.filter_map(|fact| line.get(fact)).map(|fact| match fact {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// The bytes that a line has under a name.
pub(super) fn bytes(line: &Value, name: &str) -> Result<Vec<u8>, String> {
    let text = line[name].as_str().ok_or_else(|| format!("it has no '{name}'"))?;
    hex::decode(text).map_err(|why| format!("its '{name}': {why}"))
}
