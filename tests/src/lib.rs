//! Shared by the tests: golden data, records, a real Kafka, the Java client.

#![allow(clippy::panic, reason = "only tests call this: a panic is how they fail")]

#[path = "checks/all.rs"] // the fuzz targets compile it too, from there
pub mod checks;
pub mod hex;
pub mod kafka;
mod polled;
pub mod record;
pub mod registry;

use std::path::PathBuf;

pub use polled::polled;

/// Held by a test that needs the machine for itself, as far as tests go: two of them do not run at once.
pub static HEAVY: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A file or folder of `tests/data`.
pub fn data(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/data")).join(path)
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
