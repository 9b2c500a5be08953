//! Envelope: a broker hands a client's request to the controller (KIP-590).

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::ErrorCode;

#[message(key = 58, versions = 0..=0, flexible = 0..)]
pub struct EnvelopeRequest {
    pub request_data: Bytes,
    #[versions(0.., nullable = 0..)]
    pub request_principal: Option<Bytes>,
    pub client_host_address: Bytes,
}

#[message(answers = EnvelopeRequest)]
pub struct EnvelopeResponse {
    #[versions(0.., nullable = 0.., default = None)]
    pub response_data: Option<Bytes>,
    pub error_code: ErrorCode,
}
