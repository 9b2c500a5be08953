//! How far the move away from ZooKeeper is (KIP-866).

use upsert_kafka_protocol_derive::message;

#[message(key = 21, versions = 0..=0, flexible = 0..)]
pub struct ZkMigrationStateRecord {
    /// 0 none, 1 about to begin, 2 goes on, 3 done, 4 still with ZooKeeper.
    pub zk_migration_state: i8,
}
