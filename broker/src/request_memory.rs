//! The memory that requests may take together while they are read and worked on: Kafka's `queued.max.request.bytes`.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::BrokerConfig;

/// A request of so many bytes counts nowhere: as many as there are connections, they take little.
pub(crate) const SMALL_BYTES_MAX: usize = 64 << 10;

/// A longer one is large, and waits for other large ones alone.
const ORDINARY_BYTES_MAX: usize = 2 << 20;

/// Two pools, so that a few large requests never hold up ordinary ones.
#[derive(Clone, Debug)]
pub(crate) struct RequestMemory {
    ordinary: MemoryPool,
    large: MemoryPool,
}

/// Bytes that can be had and are given back.
#[derive(Clone, Debug)]
struct MemoryPool {
    left: Arc<Semaphore>,
    bytes: u32,
}

/// A part of the memory; dropped, it is given back.
pub(crate) type Reservation = OwnedSemaphorePermit;

impl RequestMemory {
    pub(crate) fn new(config: &BrokerConfig) -> Self {
        let half = config.queued_request_bytes_max / 2;
        Self { ordinary: MemoryPool::new(half), large: MemoryPool::new(half) }
    }

    /// Waits until a request of that length may be read. Who comes first is served first. `None` for a small one, and
    /// never given back then.
    pub(crate) async fn reserve(&self, bytes: usize) -> Option<Reservation> {
        match bytes {
            _ if bytes <= SMALL_BYTES_MAX => None,
            _ if bytes <= ORDINARY_BYTES_MAX => self.ordinary.reserve(bytes).await,
            _ => self.large.reserve(bytes).await,
        }
    }
}

impl MemoryPool {
    fn new(bytes: usize) -> Self {
        let bytes = u32::try_from(bytes.max(1)).unwrap_or(u32::MAX);
        Self { left: Arc::new(Semaphore::new(bytes as usize)), bytes }
    }

    /// What is larger than the pool takes all of it, and so is read alone.
    async fn reserve(&self, bytes: usize) -> Option<Reservation> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.bytes);
        // It fails only when the semaphore is closed, which nobody does.
        self.left.clone().acquire_many_owned(bytes).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What can be had without waiting.
    async fn now(memory: &RequestMemory, bytes: usize) -> Option<Option<Reservation>> {
        tokio::select! {
            biased;
            reservation = memory.reserve(bytes) => Some(reservation),
            () = std::future::ready(()) => None,
        }
    }

    #[tokio::test]
    async fn large_requests_wait_for_each_other_and_nobody_else_does() {
        let memory =
            RequestMemory::new(&BrokerConfig { queued_request_bytes_max: 8 << 20, ..Default::default() });
        let larger_than_all = now(&memory, 99 << 20).await.unwrap();
        assert!(larger_than_all.is_some());
        assert!(now(&memory, 3 << 20).await.is_none());
        let ordinary: Vec<_> = [now(&memory, 2 << 20).await, now(&memory, 2 << 20).await].into();
        assert!(ordinary.iter().all(Option::is_some));
        assert!(now(&memory, 1 << 20).await.is_none());
        assert!(now(&memory, 64 << 10).await.unwrap().is_none());
        drop(larger_than_all);
        assert!(now(&memory, 3 << 20).await.is_some());
    }
}
