//! The log `__share_group_state`, where the share coordinator keeps what was acknowledged.

pub mod share_snapshot;
pub mod share_update;

pub use share_snapshot::{ShareSnapshotKey, ShareSnapshotValue};
pub use share_update::{ShareUpdateKey, ShareUpdateValue};
