//! Messages: read into their types, written again, shown as JSON and made from it.

use serde_json::Value;
use upsert_kafka_protocol::schema::Schema;
use upsert_kafka_protocol::{Bytes, json};

use super::difference;
use super::line::bytes;
use super::verdict::Verdict;

/// A message as Java wrote it, or bytes that Java was given.
pub(super) fn check(line: &Value) -> Verdict {
    let Some(schema) = schema(line) else {
        return Verdict::Absent(format!("{} is no message of this build", line["api"]));
    };
    let version = match number(line, "version") {
        Some(version) if schema.versions.contains(version) => version,
        _ => {
            let (name, has) = (schema.name(), schema.versions);
            return Verdict::Absent(format!(
                "{name} has no version {} in this build, but {has}",
                line["version"]
            ));
        }
    };
    let body = match bytes(line, "hex") {
        Ok(body) => Bytes::from(body),
        Err(why) => return Verdict::Failed(why),
    };
    match line["result"].as_str() {
        None => written(line, schema, version, &body).into(),
        Some("accepted") => given(line, schema, version, &body, true),
        Some("rejected") => given(line, schema, version, &body, false),
        Some(other) => Verdict::Failed(format!("its result is neither accepted nor rejected, but {other}")),
    }
}

fn schema(line: &Value) -> Option<&'static Schema> {
    match line["direction"].as_str() {
        Some("request") => Schema::request(number(line, "key")?),
        Some("response") => Schema::response(number(line, "key")?),
        _ => Schema::named(line["api"].as_str()?),
    }
}

fn number(line: &Value, name: &str) -> Option<i16> {
    i16::try_from(line[name].as_i64()?).ok()
}

fn written(line: &Value, schema: &Schema, version: i16, body: &Bytes) -> Result<(), String> {
    difference::fact(line, "flexible", schema.is_flexible(version))?;
    let again = schema.again(body, version).map_err(|e| e.to_string())?.into_bytes();
    difference::bytes("written again", &again, body)?;
    if line["kind"] == "default" {
        let blank = schema.blank(version).map_err(|e| format!("the defaults: {e}"))?.into_bytes();
        difference::bytes("the defaults", &blank, body)?;
    }
    let view = json::decode(schema, version, body).map_err(|e| format!("JSON: {e}"))?;
    let back = json::encode(schema, version, &view).map_err(|e| format!("from JSON: {e}"))?;
    difference::bytes("from JSON", &back.into_bytes(), body)?;
    line.get("json").map_or(Ok(()), |theirs| difference::views(view, theirs))
}

/// We may be stricter than Java, never laxer; where both read, both write the same.
fn given(line: &Value, schema: &Schema, version: i16, body: &Bytes, accepted: bool) -> Verdict {
    let again = schema.again(body, version);
    if again.is_ok() != json::decode(schema, version, body).is_ok() {
        return Verdict::Failed("its type and its JSON disagree on whether it can be read".into());
    }
    match (again, accepted) {
        (Err(_), false) => Verdict::Passed,
        (Err(why), true) => Verdict::Stricter(why.to_string()),
        (Ok(_), false) => Verdict::Failed(format!("laxer than Java, which throws {}", line["exception"])),
        (Ok(_), true) if line["rewritten"].is_null() => Verdict::Passed,
        (Ok(ours), true) => bytes(line, "rewritten")
            .and_then(|theirs| difference::bytes("written again", &ours.into_bytes(), &theirs))
            .into(),
    }
}
