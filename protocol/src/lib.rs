//! The Kafka wire protocol: bytes to values and back, no I/O, no clock.
//!
//! A message is a struct whose rows say their versions ([`messages`]); a frame is a header and a
//! message ([`header`]); the records inside a Produce or Fetch are batches ([`records`]).
//!
//! ```
//! use upsert_kafka_protocol::messages::{MetadataRequest, MetadataResponse};
//! use upsert_kafka_protocol::{Message, header};
//!
//! let request = MetadataRequest { topics: None, ..Default::default() };
//! let frame = header::request_frame(&request, 9, 7, None).unwrap().into_bytes();
//! let (head, body) = header::RequestHeader::read(&frame.slice(4..)).unwrap();
//! assert_eq!((head.request_api_key, head.correlation_id), (3, 7));
//! assert_eq!(MetadataRequest::decode(&body, 9).unwrap(), request);
//! ```

extern crate self as upsert_kafka_protocol;

mod api;
pub mod data;
mod error_code;
pub mod header;
mod index;
#[cfg(feature = "json")]
pub mod json;
pub mod messages;
mod partition;
pub mod records;
pub mod rewrite;
pub mod schema;
pub mod wire;

pub use api::{APIS, AnyRequest, AnyResponse, Api, ApiKey};
pub use bytes::Bytes;
pub use error_code::ErrorCode;
pub use partition::{murmur2, partition_for_key};
pub use wire::{Malformed, Message, Request, Segments, Str, Tags, Unrepresentable, Uuid, Versions};
