//! Record batches of format 2, and the message sets of formats 0 and 1: written in place, read without copying
//! values.
//!
//! ```
//! use bytes::BytesMut;
//! use upsert_kafka_protocol::records::{BatchWriter, Codec, Stamp, batches};
//!
//! let mut writer = BatchWriter::new(BytesMut::new(), 16 * 1024);
//! writer.append(1_700_000_000_000, Some(b"key"), Some(b"value"), &[]).unwrap();
//! writer.append(1_700_000_000_001, Some(b"key"), None, &[]).unwrap(); // a tombstone
//! let blob = writer.seal(Stamp::NONE, Codec::NONE);
//!
//! for batch in batches(&blob) {
//!     let batch = batch.unwrap();
//!     batch.check().unwrap();
//!     let body = batch.body(1024 * 1024).unwrap();
//!     let values: Vec<_> = body.iter().map(|record| record.unwrap().value).collect();
//!     assert_eq!(values, [Some(&b"value"[..]), None]);
//! }
//! ```

mod batch;
mod batch_body;
mod body;
mod compress;
mod control;
mod corrupt;
mod layout;
mod legacy_message;
mod message_set;
mod retain;
mod varint;
mod writer;

pub use batch::{Batch, Batches, TimestampType, batches};
pub use body::{Body, Header, Headers, Record, Records};
pub use compress::{Codec, Compression, DECOMPRESSED_BYTES_MAX};
pub use control::{ControlType, control_batch, end_transaction_marker};
pub use corrupt::Corrupt;
pub use layout::{HEADER_BYTES, set_log_append_time, set_offset};
pub use message_set::MessageSetWriter;
pub use writer::{BatchWriter, Stamp, restamp, size_max};
