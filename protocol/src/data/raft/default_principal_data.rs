//! Who asks, as a broker tells the controller in an Envelope (KIP-590).

use upsert_kafka_protocol_derive::message;

use crate::Str;

#[message(versions = 0..=0, flexible = 0..)]
pub struct DefaultPrincipalData {
    pub r#type: Str,
    pub name: Str,
    pub token_authenticated: bool,
}
