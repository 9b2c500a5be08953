//! The type of a control record, behind its key's version.

use upsert_kafka_protocol_derive::message;

#[message(versions = 0..=0)]
pub struct ControlRecordTypeSchema {
    pub r#type: i16,
}
