//! What a schema registry's answers mean.

use serde_json::Value as Json;
use upsert_kafka_client::http::Answer;

/// A schema as the registry keeps it.
#[derive(Debug, PartialEq)]
pub(super) struct KeptSchema {
    pub(super) text: String,
    pub(super) references: Vec<SchemaReference>,
}

/// Another schema, which defines types that this one names.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SchemaReference {
    pub(super) subject: String,
    pub(super) version: u64,
}

/// The schema in an answer. Errors of this file end a sentence that names the registry.
pub(super) fn schema(answer: &Answer) -> Result<KeptSchema, String> {
    let json = json(answer)?;
    if let Some(other) = json["schemaType"].as_str().filter(|kind| *kind != "AVRO") {
        let kind: String = printable(other);
        return Err(format!("the schema is of the type {kind}, not AVRO: the topic holds another format"));
    }
    let text = json["schema"].as_str().ok_or("its answer has no schema: is it a schema registry?")?;
    let mut references = Vec::new();
    for reference in json["references"].as_array().into_iter().flatten() {
        let subject = reference["subject"].as_str().map(str::to_owned);
        let version = reference["version"].as_u64();
        let (Some(subject), Some(version)) = (subject, version) else {
            return Err("the schema refers to another without its subject and version".to_owned());
        };
        references.push(SchemaReference { subject, version });
    }
    Ok(KeptSchema { text: text.to_owned(), references })
}

/// The id in an answer.
pub(super) fn id(answer: &Answer) -> Result<u32, String> {
    let id = json(answer)?["id"].as_u64().and_then(|id| u32::try_from(id).ok());
    id.ok_or_else(|| "its answer has no id: is it a schema registry?".to_owned())
}

/// Why there is no schema and no id.
pub(super) fn refusal(answer: &Answer, has_credentials: bool) -> String {
    let json: Option<Json> = serde_json::from_slice(&answer.body).ok();
    let code = json.as_ref().and_then(|json| json["error_code"].as_u64());
    let said = json.as_ref().and_then(|json| json["message"].as_str()).map(printable);
    let why = match (answer.status, code) {
        (401, _) if has_credentials => "it does not take the credentials".to_owned(),
        (401, _) => {
            "it wants credentials: 'basic-auth.user-info' or 'bearer-auth.token' of the format".to_owned()
        }
        (403, _) => "these credentials may not do that".to_owned(),
        (_, Some(40401)) => "it has no such subject".to_owned(),
        (_, Some(40403)) => "it has no such schema".to_owned(),
        (404, _) => "it has nothing there: is the url the registry's?".to_owned(),
        (409, _) => "the schema is not compatible with the one that the subject has".to_owned(),
        (422, _) => "it does not take the schema".to_owned(),
        _ if answer.is_page() => "it answers with a web page: it is a proxy, or another server".to_owned(),
        _ => "it refuses".to_owned(),
    };
    match said {
        Some(said) => format!("{why} ({}: {said})", answer.status),
        None => format!("{why} ({})", answer.status),
    }
}

fn json(answer: &Answer) -> Result<Json, String> {
    serde_json::from_slice(&answer.body).map_err(|error| match answer.is_page() {
        true => "it answers with a web page, not with JSON: it is a proxy, a login page or another server"
            .to_owned(),
        false => format!("its answer is not JSON: {error}"),
    })
}

/// What a server said, in one line that is no longer than is read.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SAID_CHARS_MAX).collect()
}

const SAID_CHARS_MAX: usize = 300;
