//! What lies beside and behind the segments of a log.

pub mod aborted_txn;
pub mod producer_snapshot;
pub mod remote_log_segment_metadata;
pub mod remote_log_segment_metadata_snapshot;
pub mod remote_log_segment_metadata_update;
pub mod remote_partition_delete_metadata;

pub use aborted_txn::AbortedTxn;
pub use producer_snapshot::ProducerSnapshot;
pub use remote_log_segment_metadata::RemoteLogSegmentMetadataRecord;
pub use remote_log_segment_metadata_snapshot::RemoteLogSegmentMetadataSnapshotRecord;
pub use remote_log_segment_metadata_update::RemoteLogSegmentMetadataUpdateRecord;
pub use remote_partition_delete_metadata::RemotePartitionDeleteMetadataRecord;
