//! The Kafka wire protocol: bytes to values and back, no I/O, no clock, no C, no `unsafe`.
//!
//! Every API of Kafka 4.4 ([`messages`], 91 of them, every version, those that Kafka 4 removed too), what lies in its
//! logs ([`data`]), the headers and frames around ([`header`], [`Frames`]), and the records inside ([`records`]:
//! batches of format 2, message sets of formats 0 and 1, gzip, snappy, lz4, zstd). A message is a struct whose rows
//! say their versions, under Apache's names in snake case; a row's rustdoc tells its versions, so the page of a
//! message is its specification. Strings and bytes are slices of the one frame, large bytes are lent to the socket.
//!
//! # Decode
//!
//! ```
//! use upsert_kafka_protocol::messages::FindCoordinatorResponse;
//! use upsert_kafka_protocol::{Bytes, ErrorCode, Message};
//!
//! let body = Bytes::from_static(b"\0\0\0\0\0\x07\0\x06broker\0\0\x23\x84");
//! let answer = FindCoordinatorResponse::decode(&body, 0).unwrap();
//! assert_eq!((answer.error_code, &*answer.host, answer.port), (ErrorCode::NONE, "broker", 9092));
//!
//! let error = FindCoordinatorResponse::decode(&body.slice(..14), 0).unwrap_err();
//! assert_eq!(error.to_string(), "port: the frame ends early at byte 14");
//! ```
//!
//! Of any API, by number: [`AnyRequest::decode`], [`AnyResponse::decode`].
//!
//! # Encode
//!
//! ```
//! use upsert_kafka_protocol::messages::MetadataRequest;
//! use upsert_kafka_protocol::{Message, header};
//!
//! let request = MetadataRequest { topics: None, ..Default::default() };
//! let frame = header::request_frame(&request, 9, 7, None).unwrap().into_bytes();
//! let (head, body) = header::RequestHeader::read(&frame.slice(4..)).unwrap();
//! assert_eq!((head.request_api_key, head.correlation_id), (3, 7));
//! assert_eq!(MetadataRequest::decode(&body, 9).unwrap(), request);
//!
//! // A value that a version has no place for is an error, unless Kafka lets it be lost.
//! let loud = MetadataRequest { include_topic_authorized_operations: true, ..request };
//! let why = loud.encode(7).unwrap_err();
//! assert_eq!(why.to_string(), "include_topic_authorized_operations: set, but absent from this version");
//! ```
//!
//! # Records
//!
//! ```
//! use bytes::BytesMut;
//! use upsert_kafka_protocol::records::{BatchWriter, Compression, DECOMPRESSED_BYTES_MAX, Stamp, batches};
//!
//! let mut writer = BatchWriter::new(BytesMut::new(), 16 * 1024);
//! writer.append(1_700_000_000_000, Some(b"order-1"), Some(b"paid"), &[]).unwrap();
//! writer.append(1_700_000_000_001, Some(b"order-1"), None, &[]).unwrap(); // a tombstone
//! let blob = writer.seal(Stamp::NONE, Compression::Zstd.into());
//!
//! for batch in batches(&blob) {
//!     let batch = batch.unwrap();
//!     batch.check().unwrap(); // its checksum
//!     for record in &batch.body(DECOMPRESSED_BYTES_MAX).unwrap() {
//!         let record = record.unwrap(); // key and value are borrowed
//!         assert_eq!(record.key, Some(&b"order-1"[..]));
//!     }
//! }
//! ```
//!
//! # A proxy's view
//!
//! [`rewrite`] walks through any message by its table and replaces fields, every other byte kept and no payload
//! copied; `examples/proxy.rs` renames the brokers of a cluster with it.
//!
//! ```
//! use upsert_kafka_protocol::messages::FindCoordinatorResponse;
//! use upsert_kafka_protocol::schema::{Direction, Schema};
//! use upsert_kafka_protocol::{Message, Str, rewrite::rewrite, wire::Leaf};
//!
//! let inside = FindCoordinatorResponse { host: "10.0.0.7".into(), port: 9092, ..Default::default() };
//! let body = inside.encode(2).unwrap().into_bytes();
//! let schema = Schema::of::<FindCoordinatorResponse>(Direction::Response);
//! let outside = rewrite(&schema, 2, &body, |place, _| match place.path() {
//!     ["host"] => Some(Leaf::String(Some(Str::from("kafka.example.org")))),
//!     _ => None,
//! });
//! let told = FindCoordinatorResponse::decode(&outside.unwrap().into_bytes(), 2).unwrap();
//! assert_eq!((&*told.host, told.port), ("kafka.example.org", 9092));
//! ```
//!
//! # Hostile bytes
//!
//! No bytes make a reader panic, loop or ask for memory out of proportion to their number; what a peer may cost
//! besides is said by [`Limits`]. Where Java's reader is laxer, this one is stricter by these rules alone:
//!
//! | Java accepts | here |
//! |---|---|
//! | bytes behind a message, or behind a known tag's value within its size | `trailing bytes` |
//! | a known tag whose value is longer than its size | `the frame ends early` |
//! | tags that descend or repeat | `tags out of order` |
//! | text that is not UTF-8, with replacement characters | `a string that is not UTF-8`; a record's header names as in Java |
//!
//! Who has to take what Java's broker takes reads with [`Message::decode_leniently`], which has none of these rules
//! and a bound on the elements of all arrays together instead.
//!
//! Where it is as lax: any byte but 0 is true; any negative length is null, where null is allowed; varints may be
//! overlong.
//!
//! # Features
//!
//! | feature | by default | |
//! |---|---|---|
//! | `gzip`, `snappy`, `lz4`, `zstd` | yes | a codec each |
//! | `json` | no | any message as JSON, both ways, as Java's JsonConverter has it |
//! | `arbitrary` | no | any value that a version can hold, for round trips and fuzzing |
//!
//! Features add and never change what is there without them. Rust 1.92 or later: the zstd codec asks for it.

extern crate self as upsert_kafka_protocol;

mod api;
pub mod data;
mod error_code;
mod frames;
pub mod header;
mod index;
#[cfg(feature = "json")]
pub mod json;
mod limits;
pub mod messages;
mod partition;
pub mod records;
pub mod rewrite;
pub mod schema;
pub mod wire;

pub use api::{APIS, AnyRequest, AnyResponse, Api, ApiKey};
pub use bytes::Bytes;
pub use error_code::ErrorCode;
pub use frames::{BadLength, Frames};
pub use limits::Limits;
pub use partition::{murmur2, partition_for_key};
pub use wire::{Malformed, Message, NotUuid, Request, Segments, Str, Tags, Unrepresentable, Uuid, Versions};
