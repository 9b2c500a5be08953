//! The memory that requests may take together while they are read and worked on.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::BrokerConfig;

/// A request of so many bytes counts nowhere: as many as there are connections, they take little.
pub(crate) const SMALL_BYTES_MAX: usize = 64 << 10;

/// A longer one is large, and waits for other large ones alone.
const ORDINARY_BYTES_MAX: usize = 2 << 20;

/// Two budgets, so that a few large requests never hold up ordinary ones.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    ordinary: Purse,
    large: Purse,
}

/// Bytes that can be had and are given back.
#[derive(Clone, Debug)]
struct Purse {
    left: Arc<Semaphore>,
    bytes: u32,
}

/// Part of the budget; dropped, it is given back.
pub(crate) type Share = OwnedSemaphorePermit;

impl Budget {
    pub(crate) fn new(config: &BrokerConfig) -> Self {
        let half = config.queued_request_bytes_max / 2;
        Self { ordinary: Purse::new(half), large: Purse::new(half) }
    }

    /// Waits until a request of that length may be read. Who comes first is served first. `None` for a small one, and
    /// never given back then.
    pub(crate) async fn take(&self, bytes: usize) -> Option<Share> {
        match bytes {
            _ if bytes <= SMALL_BYTES_MAX => None,
            _ if bytes <= ORDINARY_BYTES_MAX => self.ordinary.take(bytes).await,
            _ => self.large.take(bytes).await,
        }
    }
}

impl Purse {
    fn new(bytes: usize) -> Self {
        let bytes = u32::try_from(bytes.max(1)).unwrap_or(u32::MAX);
        Self { left: Arc::new(Semaphore::new(bytes as usize)), bytes }
    }

    /// What is larger than the purse takes all of it, and so is read alone.
    async fn take(&self, bytes: usize) -> Option<Share> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.bytes);
        // It fails only when the semaphore is closed, which nobody does.
        self.left.clone().acquire_many_owned(bytes).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What can be had without waiting.
    async fn now(budget: &Budget, bytes: usize) -> Option<Option<Share>> {
        tokio::select! {
            biased;
            share = budget.take(bytes) => Some(share),
            () = std::future::ready(()) => None,
        }
    }

    #[tokio::test]
    async fn large_requests_wait_for_each_other_and_nobody_else_does() {
        let budget = Budget::new(&BrokerConfig { queued_request_bytes_max: 8 << 20, ..Default::default() });
        let larger_than_all = now(&budget, 99 << 20).await.unwrap();
        assert!(larger_than_all.is_some());
        assert!(now(&budget, 3 << 20).await.is_none());
        let ordinary: Vec<_> = [now(&budget, 2 << 20).await, now(&budget, 2 << 20).await].into();
        assert!(ordinary.iter().all(Option::is_some));
        assert!(now(&budget, 1 << 20).await.is_none());
        assert!(now(&budget, 64 << 10).await.unwrap().is_none());
        drop(larger_than_all);
        assert!(now(&budget, 3 << 20).await.is_some());
    }
}
