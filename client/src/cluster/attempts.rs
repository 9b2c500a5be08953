//! Retries of one call: until it succeeds, fails for good, or `default.api.timeout.ms` is over.

use std::time::{Duration, Instant};

use tokio::time::{sleep_until, timeout_at};

use super::Cluster;
use crate::retry::{Backoff, Chance};
use crate::{Error, ErrorKind};

/// The attempts at one call, with their backoff and their deadline.
pub(crate) struct Attempts {
    cluster: Cluster,
    limit: Duration,
    deadline: Instant,
    backoff: Backoff,
    chance: Chance,
    /// Why the last attempt failed.
    failed: Option<Error>,
}

impl Attempts {
    /// Attempts for as long as `default.api.timeout.ms`.
    pub(crate) fn new(cluster: &Cluster) -> Self {
        let config = cluster.config();
        Self {
            cluster: cluster.clone(),
            limit: config.default_api_timeout,
            deadline: cluster.now() + config.default_api_timeout,
            backoff: Backoff::new(config.retry_backoff, config.retry_backoff_max),
            chance: cluster.environment().chance(),
            failed: None,
        }
    }

    /// When they end.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Awaits one attempt, but no longer than the deadline.
    pub(crate) async fn run<T>(&self, attempt: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        timeout_at(self.deadline.into(), attempt).await.unwrap_or_else(|_| {
            let waited = format!("no answer within {} ms (default.api.timeout.ms)", self.limit.as_millis());
            Err(Error::new(
                ErrorKind::Timeout,
                match &self.failed {
                    Some(before) => format!("{waited}, and before: {before}"),
                    None => waited,
                },
            ))
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
        self.failed = Some(error.clone());
        if self.pause().await {
            return Ok(());
        }
        if error.kind() == ErrorKind::Timeout && error.code().is_none() {
            return Err(error);
        }
        let tried = self.limit.as_millis();
        Err(error.within(&format!("given up after {tried} ms (default.api.timeout.ms)")))
    }

    /// Waits for the next attempt; false at once when there is no time for another.
    pub(crate) async fn pause(&mut self) -> bool {
        let wait = self.backoff.wait(self.chance.draw());
        let next = self.cluster.now() + wait;
        let goes_on = next < self.deadline;
        if goes_on {
            sleep_until(next.into()).await;
        }
        goes_on
    }
}
