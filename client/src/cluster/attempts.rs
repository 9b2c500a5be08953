//! Trying again until it works, cannot work, or the time is up.

use std::time::Instant;

use tokio::time::{sleep, timeout_at};

use super::Cluster;
use crate::retry::{Backoff, Chance};
use crate::{Error, ErrorKind};

/// The attempts at one call.
pub(crate) struct Attempts {
    cluster: Cluster,
    began: Instant,
    deadline: Instant,
    backoff: Backoff,
    chance: Chance,
}

impl Attempts {
    /// Attempts until the deadline.
    pub(crate) fn new(cluster: &Cluster, deadline: Instant) -> Self {
        let config = cluster.config();
        Self {
            cluster: cluster.clone(),
            began: Instant::now(),
            deadline,
            backoff: Backoff::new(config.retry_backoff, config.retry_backoff_max),
            chance: Chance::from_process(),
        }
    }

    /// Awaits one attempt, but no longer than the deadline.
    pub(crate) async fn run<T>(&self, attempt: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        timeout_at(self.deadline.into(), attempt).await.unwrap_or_else(|_| {
            let waited = (self.deadline - self.began).as_millis();
            Err(Error::new(ErrorKind::Timeout, format!("no answer within {waited} ms")))
        })
    }

    /// Waits for the next attempt, or gives the error back when there can be none.
    pub(crate) async fn again(&mut self, error: Error) -> Result<(), Error> {
        if !error.is_retriable() {
            return Err(error);
        }
        if error.refreshes_metadata() {
            self.cluster.refresh();
        }
        let wait = self.backoff.wait(self.chance.draw());
        if Instant::now() + wait >= self.deadline {
            let tried = (self.deadline - self.began).as_millis();
            return Err(error.within(&format!("given up after {tried} ms")));
        }
        sleep(wait).await;
        Ok(())
    }
}
