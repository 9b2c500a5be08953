//! Envelope: a broker hands a client's request to the controller (KIP-590).

use bytes::Bytes;
use upsert_kafka_protocol_derive::message;

use crate::ErrorCode;

#[message(key = 58, versions = 0..=0, flexible = 0..)]
pub struct EnvelopeRequest {
    /// The client's request with its header.
    pub request_data: Bytes,
    /// Who the client is, a DefaultPrincipalData behind its version.
    #[versions(0.., nullable = 0..)]
    pub request_principal: Option<Bytes>,
    /// The client's address, 4 bytes or 16.
    pub client_host_address: Bytes,
}

#[message(answers = EnvelopeRequest)]
pub struct EnvelopeResponse {
    /// The answer for the client, with its header; null on an error.
    #[versions(0.., nullable = 0.., default = None)]
    pub response_data: Option<Bytes>,
    pub error_code: ErrorCode,
}
