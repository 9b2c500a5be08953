//! Where a record goes whose key begins with its schema's id: the id decides nothing.

use upsert_kafka_client::{Client, Partitioner, Partitions, Producer, Record, partition_for_key};

/// A producer for records of whose keys so many bytes in front say nothing of their partition.
pub(crate) fn producer(client: &Client, unhashed_key_bytes: usize) -> Producer {
    match unhashed_key_bytes {
        0 => client.producer(),
        header => client.producer_with(KeyBodyPartitioner { header }),
    }
}

/// Hashes what stands behind the header of a key, so that a key keeps its partition when its schema changes.
#[derive(Clone, Copy, Debug)]
struct KeyBodyPartitioner {
    header: usize,
}

impl Partitioner for KeyBodyPartitioner {
    fn partition(&self, record: &Record<'_>, partitions: &Partitions<'_>) -> Option<i32> {
        let body = record.key?.get(self.header..)?;
        let count = i32::try_from(partitions.count()).ok().filter(|&count| count > 0)?;
        Some(partition_for_key(body, count))
    }
}
