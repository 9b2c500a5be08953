//! What lies in a progress topic: how far a partition of a source on another cluster is written, and who may go on there.
//!
//! Keys and values are JSON, so that `consume` shows them. A key says its version; of a later one nothing is read.
//!
//! ```text
//! {"upsert-kafka":1,"cluster":"c","group":"g","topic":"in","partition":0}
//!     {"offset":42,"leader-epoch":3,"metadata":"upsert-kafka/2 …","transactional-id":"tx-in.0-0","incarnation":"7f"}
//! {"upsert-kafka":1,"transactional-id":"tx-in.0-0"}
//!     {"incarnation":"7f"}
//! ```

use serde_json::{Map, Value, json};
use upsert_kafka_client::TopicPartition;

/// What a record is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProgressKey {
    /// A partition that is read.
    Partition(SourcePartition),
    /// A transactional id, and so whoever writes under it.
    Writer(String),
}

/// A partition as a group reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourcePartition {
    /// The id of the source's cluster.
    pub(crate) cluster: String,
    pub(crate) group: String,
    pub(crate) of: TopicPartition,
}

/// How far a partition is written, and who may go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PartitionProgress {
    /// `None` until something of it was committed.
    pub(crate) position: Option<KeptPosition>,
    /// `None` once whoever had it has let it go.
    pub(crate) claim: Option<Claim>,
}

/// What a group's committed offset is elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptPosition {
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: String,
}

/// Who may write what comes of a partition: whoever took this transactional id over last, under this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) transactional_id: String,
    /// Another one each time that the id is taken over.
    pub(crate) incarnation: String,
}

/// Why a record of the topic is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Some other program wrote it.
    OtherSoftware,
    /// A later version of this program did.
    LaterVersion,
}

impl ProgressKey {
    /// The same bytes for the same key, always: compaction goes by them.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let text = |text: &str| Value::from(text).to_string();
        let rest = match self {
            Self::Partition(SourcePartition { cluster, group, of }) => format!(
                r#""cluster":{},"group":{},"topic":{},"partition":{}"#,
                text(cluster),
                text(group),
                text(&of.topic),
                of.partition
            ),
            Self::Writer(id) => format!(r#""{TRANSACTIONAL_ID}":{}"#, text(id)),
        };
        format!(r#"{{"{NAME}":{VERSION},{rest}}}"#).into_bytes()
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let Ok(Value::Object(fields)) = serde_json::from_slice(bytes) else {
            return Err(Unreadable::OtherSoftware);
        };
        match fields.get(NAME).and_then(Value::as_i64) {
            None => return Err(Unreadable::OtherSoftware),
            Some(version) if version > VERSION => return Err(Unreadable::LaterVersion),
            Some(_) => {}
        }
        if let Some(id) = text(&fields, TRANSACTIONAL_ID) {
            return Ok(Self::Writer(id));
        }
        Self::partition(&fields).ok_or(Unreadable::OtherSoftware)
    }

    fn partition(fields: &Map<String, Value>) -> Option<Self> {
        let partition = i32::try_from(fields.get("partition")?.as_i64()?).ok()?;
        Some(Self::Partition(SourcePartition {
            cluster: text(fields, "cluster")?,
            group: text(fields, "group")?,
            of: TopicPartition::new(text(fields, "topic")?, partition),
        }))
    }
}

impl PartitionProgress {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut fields = Map::new();
        if let Some(KeptPosition { offset, leader_epoch, metadata }) = &self.position {
            fields.insert("offset".into(), json!(offset));
            fields.insert("leader-epoch".into(), json!(leader_epoch));
            fields.insert("metadata".into(), json!(metadata));
        }
        if let Some(Claim { transactional_id, incarnation }) = &self.claim {
            fields.insert(TRANSACTIONAL_ID.into(), json!(transactional_id));
            fields.insert(INCARNATION.into(), json!(incarnation));
        }
        Value::Object(fields).to_string().into_bytes()
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Unreadable> {
        let Ok(Value::Object(fields)) = serde_json::from_slice(bytes) else {
            return Err(Unreadable::OtherSoftware);
        };
        let position = match fields.get("offset") {
            None => None,
            Some(_) => Some(position(&fields).ok_or(Unreadable::OtherSoftware)?),
        };
        let claim = match text(&fields, TRANSACTIONAL_ID) {
            None => None,
            Some(transactional_id) => {
                let incarnation = text(&fields, INCARNATION).ok_or(Unreadable::OtherSoftware)?;
                Some(Claim { transactional_id, incarnation })
            }
        };
        Ok(Self { position, claim })
    }
}

impl Claim {
    /// The value that says of its transactional id who writes under it.
    pub(crate) fn writer_bytes(&self) -> Vec<u8> {
        json!({ INCARNATION: self.incarnation }).to_string().into_bytes()
    }
}

/// Who writes under a transactional id.
pub(crate) fn parse_incarnation(bytes: &[u8]) -> Result<String, Unreadable> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(fields)) => text(&fields, INCARNATION).ok_or(Unreadable::OtherSoftware),
        _ => Err(Unreadable::OtherSoftware),
    }
}

fn position(fields: &Map<String, Value>) -> Option<KeptPosition> {
    Some(KeptPosition {
        offset: fields.get("offset")?.as_i64()?,
        leader_epoch: i32::try_from(fields.get("leader-epoch")?.as_i64()?).ok()?,
        metadata: text(fields, "metadata")?,
    })
}

fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    fields.get(name)?.as_str().map(str::to_owned)
}

const NAME: &str = "upsert-kafka";
const VERSION: i64 = 1;
const TRANSACTIONAL_ID: &str = "transactional-id";
const INCARNATION: &str = "incarnation";

#[cfg(test)]
mod tests {
    use super::*;

    fn partition(group: &str) -> ProgressKey {
        let (cluster, group) = ("c".to_owned(), group.to_owned());
        ProgressKey::Partition(SourcePartition { cluster, group, of: TopicPartition::new("in", 3) })
    }

    #[test]
    fn a_key_is_the_bytes_that_are_documented_and_is_read_back() {
        for (key, bytes) in [
            (partition("g"), r#"{"upsert-kafka":1,"cluster":"c","group":"g","topic":"in","partition":3}"#),
            (
                partition("g\"\n"),
                r#"{"upsert-kafka":1,"cluster":"c","group":"g\"\n","topic":"in","partition":3}"#,
            ),
            (ProgressKey::Writer("tx-in.0-0".into()), r#"{"upsert-kafka":1,"transactional-id":"tx-in.0-0"}"#),
        ] {
            assert_eq!(String::from_utf8(key.to_bytes()).unwrap(), bytes);
            assert_eq!(ProgressKey::parse(bytes.as_bytes()), Ok(key));
        }
    }

    #[test]
    fn keys_of_others_and_of_later_versions_are_told_apart() {
        for (bytes, why) in [
            ("", Unreadable::OtherSoftware),
            ("7", Unreadable::OtherSoftware),
            (r#"{"id":1}"#, Unreadable::OtherSoftware),
            (r#"{"upsert-kafka":1,"group":"g"}"#, Unreadable::OtherSoftware),
            (r#"{"upsert-kafka":2,"shard":"g"}"#, Unreadable::LaterVersion),
        ] {
            assert_eq!(ProgressKey::parse(bytes.as_bytes()), Err(why), "{bytes}");
        }
    }

    #[test]
    fn a_value_with_and_without_a_position_and_a_claim_is_read_back() {
        let position = KeptPosition { offset: 42, leader_epoch: -1, metadata: "upsert-kafka/2 …".into() };
        let claim = Claim { transactional_id: "tx-0-0".into(), incarnation: "7f".into() };
        for position in [None, Some(position)] {
            for claim in [None, Some(claim.clone())] {
                let value = PartitionProgress { position: position.clone(), claim };
                assert_eq!(PartitionProgress::parse(&value.to_bytes()), Ok(value));
            }
        }
        assert_eq!(parse_incarnation(&claim.writer_bytes()), Ok("7f".into()));
    }

    #[test]
    fn values_of_others_are_refused() {
        for bytes in ["", "[]", r#"{"offset":"x"}"#, r#"{"offset":1}"#, r#"{"transactional-id":"tx"}"#] {
            assert_eq!(PartitionProgress::parse(bytes.as_bytes()), Err(Unreadable::OtherSoftware), "{bytes}");
        }
    }
}
