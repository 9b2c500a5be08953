//! How far the move away from ZooKeeper is (KIP-866).

use upsert_kafka_protocol_derive::message;

#[message(key = 21, versions = 0..=0, flexible = 0..)]
pub struct ZkMigrationStateRecord {
    pub zk_migration_state: i8,
}
