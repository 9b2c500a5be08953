//! The type of a control record, behind its key's version.

use upsert_kafka_protocol_derive::message;

#[message(versions = 0..=0)]
pub struct ControlRecordTypeSchema {
    /// 0 abort, 1 commit, 2 leader change, 3 snapshot header, 4 snapshot footer, 5 KRaft version, 6 voters.
    pub r#type: i16,
}
