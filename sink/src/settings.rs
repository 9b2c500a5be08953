//! `SET 'k' = 'v'`: what a job's settings come to.

use std::time::Duration;

/// The settings of a job that have an effect here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `execution.checkpointing.interval`: how often offsets are committed.
    pub checkpoint_interval: Duration,
    /// `pipeline.name`
    pub name: Option<String>,
}
