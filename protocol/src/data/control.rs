//! The values of control records.

pub mod control_record_type_schema;
pub mod end_txn_marker;
pub mod k_raft_version;
pub mod leader_change_message;
pub mod snapshot_footer;
pub mod snapshot_header;
pub mod voters;

pub use control_record_type_schema::ControlRecordTypeSchema;
pub use end_txn_marker::EndTxnMarker;
pub use k_raft_version::KRaftVersionRecord;
pub use leader_change_message::LeaderChangeMessage;
pub use snapshot_footer::SnapshotFooterRecord;
pub use snapshot_header::SnapshotHeaderRecord;
pub use voters::VotersRecord;
