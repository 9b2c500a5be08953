//! A wall clock that jumps, over a monotonic one that does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use tokio::time::Instant;

/// Tokio's time, and a wall clock that is off. Clones are one clock.
#[derive(Clone)]
pub(crate) struct Wall {
    began: Instant,
    began_unix_ms: i64,
    off_by_ms: Arc<AtomicI64>,
}

impl Wall {
    pub(crate) fn new(unix_ms: i64) -> Self {
        Self { began: Instant::now(), began_unix_ms: unix_ms, off_by_ms: Arc::default() }
    }

    /// From now on it is off by so much.
    pub(crate) fn set_off_by(&self, ms: i64) {
        self.off_by_ms.store(ms, Relaxed);
    }

    fn told_ms(&self) -> i64 {
        let elapsed = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.began_unix_ms + elapsed + self.off_by_ms.load(Relaxed)
    }
}

impl upsert_kafka_client::Time for Wall {
    fn now(&self) -> std::time::Instant {
        Instant::now().into_std()
    }

    fn unix_ms(&self) -> i64 {
        self.told_ms()
    }
}

impl upsert_kafka_broker::Time for Wall {
    fn now(&self) -> std::time::Instant {
        Instant::now().into_std()
    }

    fn unix_ms(&self) -> i64 {
        self.told_ms()
    }
}
