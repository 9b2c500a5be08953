//! What connections may take, all of them together or each.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::config::BrokerConfig;
use crate::request_memory::RequestMemory;

/// The bounds of connections. Clones reservation what is counted.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) frame_bytes_max: usize,
    /// The same for clients that have yet to log in.
    pub(crate) login_bytes_max: usize,
    /// How long nothing may happen on a connection.
    pub(crate) idle_max: Duration,
    pub(crate) memory: RequestMemory,
    /// A permit for each connection.
    pub(crate) connections: Arc<Semaphore>,
}

impl Limits {
    pub(crate) fn new(config: &BrokerConfig) -> Self {
        Self {
            frame_bytes_max: config.frame_bytes_max,
            login_bytes_max: config.sasl.receive_bytes_max.min(config.frame_bytes_max),
            idle_max: config.connections_idle_max,
            memory: RequestMemory::new(config),
            connections: Arc::new(Semaphore::new(config.connections_max.min(Semaphore::MAX_PERMITS))),
        }
    }
}
