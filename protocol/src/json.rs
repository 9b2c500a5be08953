//! Any message as JSON, both ways, as Java's JsonConverter writes it: names in camel case, bytes as base64, uuids as
//! base64 for URLs, a tagged field only where the bytes hold it.
//!
//! ```
//! use upsert_kafka_protocol::messages::HeartbeatRequest;
//! use upsert_kafka_protocol::json;
//!
//! let request = HeartbeatRequest { group_id: "orders".into(), generation_id: 3, ..Default::default() };
//! let view = json::of(&request, 3).unwrap();
//! assert_eq!(
//!     view.to_string(),
//!     r#"{"groupId":"orders","generationId":3,"memberId":"","groupInstanceId":null}"#
//! );
//! assert_eq!(json::to::<HeartbeatRequest>(&view, 3).unwrap(), request);
//! ```

mod read;
mod write;

use std::fmt;

use bytes::Bytes;
use serde_json::Value;

use crate::schema::{Direction, Schema};
use crate::wire::{Malformed, Message, Unrepresentable};

pub use read::{UNKNOWN_TAGS, decode};
pub use write::encode;

/// Why JSON is not a message, or a message has no place in a version.
#[derive(Debug)]
pub struct Unfit {
    /// Outermost first; an element as its index.
    path: Vec<String>,
    why: String,
}

/// The view of a message at a version.
///
/// # Errors
/// When the version has no place for a value that is set.
pub fn of<M: Message>(message: &M, version: i16) -> Result<Value, Unrepresentable> {
    let body = message.encode(version)?.into_bytes();
    // What was just written can be read.
    decode(&Schema::of::<M>(Direction::Data), version, &body)
        .map_err(|_: Malformed| Unrepresentable::new("not a version of this build"))
}

/// The message that a view at a version shows.
///
/// # Errors
/// When it shows none.
pub fn to<M: Message>(view: &Value, version: i16) -> Result<M, Unfit> {
    let body: Bytes = encode(&Schema::of::<M>(Direction::Data), version, view)?.into_bytes();
    M::decode(&body, version).map_err(|e| Unfit::new(e.to_string()))
}

impl Unfit {
    fn new(why: impl Into<String>) -> Self {
        Self { path: Vec::new(), why: why.into() }
    }

    fn within(mut self, step: impl Into<String>) -> Self {
        self.path.insert(0, step.into());
        self
    }

    /// The field, such as `topics.0.partitions.2.leaderEpoch`; empty for the message itself.
    pub fn path(&self) -> String {
        self.path.join(".")
    }
}

/// `topics.0.name: a string is wanted, not 3`
impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path())?;
        }
        f.write_str(&self.why)
    }
}

impl std::error::Error for Unfit {}

/// `leader_epoch` as JSON has it: `leaderEpoch`.
fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut raised = false;
    for c in name.chars() {
        match c {
            '_' => raised = true,
            c if raised => {
                out.push(c.to_ascii_uppercase());
                raised = false;
            }
            c => out.push(c),
        }
    }
    out
}
