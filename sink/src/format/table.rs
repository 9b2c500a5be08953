//! Every format that there is.

use super::{
    FormatError, FormatSpec, avro, avro_confluent, canal_json, csv, debezium_avro, debezium_json, json,
    maxwell_json, ogg_json, protobuf, raw,
};
use crate::types::Field;

/// Every format Flink's Kafka connectors know, those we do not have yet among them.
pub static FORMATS: &[FormatSpec] = &[
    json::JSON,
    csv::CSV,
    raw::RAW,
    avro::AVRO,
    avro_confluent::AVRO_CONFLUENT,
    protobuf::PROTOBUF,
    debezium_json::DEBEZIUM_JSON,
    canal_json::CANAL_JSON,
    maxwell_json::MAXWELL_JSON,
    ogg_json::OGG_JSON,
    debezium_avro::DEBEZIUM_AVRO_CONFLUENT,
];

impl FormatSpec {
    /// The format of that name; case counts.
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name == name)
    }
}

/// The Avro schema that columns make, for tests.
#[doc(hidden)]
pub fn avro_schema(columns: &[Field], legacy_timestamps: bool) -> Result<String, FormatError> {
    avro::derived_schema(columns, legacy_timestamps)
}

/// Reads Avro of a writer's schema as rows of these columns, for the fuzz targets.
#[doc(hidden)]
pub fn read_avro(schema: &str, columns: &[Field], body: &[u8]) -> Result<(), String> {
    avro::read(schema, columns, body)
}
