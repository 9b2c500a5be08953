//! Vectors of formats with a registry: what it keeps and is told, over its own protocol.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use serde_json::Value as Json;
use tokio::runtime::{Builder, Runtime};
use upsert_kafka_sink::internals::{
    Decoder, DecodingFormat, Encoder, EncodingFormat, FormatSpec, OpenContext, Part, avro_schema,
};
use upsert_kafka_sink::row::Arena;
use upsert_kafka_tests::registry::RegistryServer;

use super::{Outcome, schema};

/// `avro-schema`: what the columns make.
pub(super) fn derived(line: &Json) -> Outcome {
    let Some(columns) = schema::columns(line["schema"].as_str().unwrap()) else {
        return Outcome::Left("a type we do not have");
    };
    let legacy = line["options"]["timestamp_mapping.legacy"] != "false";
    match (avro_schema(&columns, legacy), line["avro_schema"].is_null()) {
        (Err(_), true) => Outcome::Passed,
        (Ok(text), false) if same(&text, &line["avro_schema"]) => Outcome::Passed,
        (Ok(text), _) => Outcome::Failed(text),
        (Err(error), false) => Outcome::Failed(error.to_string()),
    }
}

/// The address of the vector's registry, where its format has one.
pub(super) fn url(format: &FormatSpec, line: &Json) -> Option<String> {
    format.options.iter().any(|spec| spec.key == "schema-registry.url").then(|| server(line).url())
}

/// The decoder, opened.
pub(super) fn decoder(format: &dyn DecodingFormat, line: &Json) -> Arc<dyn Decoder> {
    let id = u32::try_from(line["registry_id"].as_u64().unwrap_or(1)).unwrap();
    if let Some(schema) = line["writer_schema"].as_str() {
        server(line).keep(id, schema);
    }
    let topics = ["t".to_owned()];
    RUNTIME.block_on(format.open(&OpenContext::new("t", &topics, Part::Value))).unwrap()
}

/// Fetches the schema that a message needs.
pub(super) fn with_schema(decoder: &dyn Decoder, message: Option<&[u8]>) -> Result<(), String> {
    let arena = Arena::new();
    let needed = decoder.decode(message, &arena, &mut |_, _| {}).err().and_then(|it| it.needed_schema());
    match needed {
        Some(id) => RUNTIME.block_on(decoder.fetch_schema(id)).map_err(|error| error.to_string()),
        None => Ok(()),
    }
}

/// The encoder, opened; what it registered is compared.
pub(super) fn encoder(format: &dyn EncodingFormat, line: &Json) -> Result<Arc<dyn Encoder>, String> {
    let topics = ["t".to_owned()];
    let encoder = RUNTIME.block_on(format.open(&OpenContext::new("t", &topics, Part::Value)));
    let encoder = encoder.map_err(|error| error.to_string())?;
    match server(line).registered().last() {
        Some((subject, text))
            if line["registered_schema"].is_object() || line["registered_schema"].is_array() =>
        {
            let right = subject == "t-value" && same(text, &line["registered_schema"]);
            if right { Ok(encoder) } else { Err(format!("registered under {subject}: {text}")) }
        }
        _ => Ok(encoder),
    }
}

fn same(text: &str, golden: &Json) -> bool {
    // Field by field and in order: the text is compared as it stands.
    serde_json::from_str::<Json>(text).unwrap() == *golden
}

/// A registry for each vector.
fn server(line: &Json) -> RegistryServer {
    let mut servers = SERVERS.lock().unwrap();
    servers.entry(line["id"].to_string()).or_insert_with(RegistryServer::start).clone()
}

static SERVERS: LazyLock<Mutex<HashMap<String, RegistryServer>>> = LazyLock::new(Mutex::default);
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());
