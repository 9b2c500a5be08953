//! Keys of records: their hash, and the partition that it gives.

use serde_json::Value;
use upsert_kafka_protocol::{murmur2, partition_for_key};

use super::difference;
use super::line::bytes;

/// A key's hash, and its partition of so many.
pub(super) fn check(line: &Value) -> Result<(), String> {
    let key = bytes(line, "key")?;
    difference::fact(line, "murmur2", murmur2(&key))?;
    for (count, theirs) in line["partition"].as_object().into_iter().flatten() {
        let partitions = count.parse().map_err(|_| format!("{count} is no number of partitions"))?;
        let ours = partition_for_key(&key, partitions);
        if *theirs != ours {
            return Err(format!("of {count} partitions it goes to {ours}, not {theirs}"));
        }
    }
    Ok(())
}
