//! Whether the cluster answers: that it does not is said once when it begins, and once when it is over.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::{Config, Error};

/// What was last heard of a cluster. All clients of this process with the same `bootstrap.servers` share one, so that
/// a job with a client for each table does not say everything as often.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    since: Option<Instant>,
    /// When a broker answered last.
    answered_at: Option<Instant>,
}

impl Outage {
    /// An attempt failed; says whether the outage begins with it. One that began before the cluster last answered
    /// tells nothing new.
    pub(crate) fn handle_failed(&mut self, began: Instant, now: Instant) -> bool {
        let begins = self.since.is_none() && self.answered_at.is_none_or(|at| at <= began);
        if begins {
            self.since = Some(now);
        }
        begins
    }

    /// A broker answered; says how long the outage lasted that ends with it.
    pub(crate) fn handle_answered(&mut self, now: Instant) -> Option<Duration> {
        self.answered_at = Some(now);
        self.since.take().map(|since| now.saturating_duration_since(since))
    }
}

/// The outage of the cluster at one list of addresses: see [`Outage`].
#[derive(Clone, Debug)]
pub(super) struct SharedOutage {
    outage: Arc<Mutex<Outage>>,
    servers: Arc<str>,
}

impl SharedOutage {
    pub(super) fn of(config: &Config) -> Self {
        static KNOWN: Mutex<BTreeMap<Arc<str>, Weak<Mutex<Outage>>>> = Mutex::new(BTreeMap::new());
        let servers: Arc<str> = servers(config).into();
        let mut known = lock(&KNOWN);
        known.retain(|_, outage| outage.strong_count() > 0);
        let outage = known.get(&servers).and_then(Weak::upgrade).unwrap_or_default();
        known.insert(Arc::clone(&servers), Arc::downgrade(&outage));
        Self { outage, servers }
    }

    /// No broker answered an attempt that began then.
    pub(super) fn failed(&self, began: Instant, error: &Error) {
        if lock(&self.outage).handle_failed(began, Instant::now()) {
            let what = match error.is_retriable() {
                true => "does not answer",
                false => "gives no answer that can be used",
            };
            tracing::warn!("the cluster at {} {what}, and is tried until it does: {error}", self.servers);
        }
    }

    /// A broker answered.
    pub(super) fn answered(&self) {
        if let Some(away) = lock(&self.outage).handle_answered(Instant::now()) {
            tracing::warn!("the cluster at {} answers again, after {} s", self.servers, seconds(away));
        }
    }
}

/// `bootstrap.servers`, for a sentence.
pub(super) fn servers(config: &Config) -> String {
    let all: Vec<String> = config.bootstrap_servers.iter().map(ToString::to_string).collect();
    all.join(", ")
}

/// `1.5`, for a sentence.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

/// What it guards is whole at all times, so that a panic elsewhere is no reason to stop.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn it_is_said_once_when_it_begins_and_once_when_it_ends() {
        let start = Instant::now();
        let mut outage = Outage::default();
        assert_eq!(outage.handle_answered(start), None);
        assert!(outage.handle_failed(start, start + SECOND));
        assert!(!outage.handle_failed(start + SECOND, start + 2 * SECOND), "it is said already");
        assert_eq!(outage.handle_answered(start + 4 * SECOND), Some(3 * SECOND));
        assert_eq!(outage.handle_answered(start + 5 * SECOND), None);
        assert!(outage.handle_failed(start + 5 * SECOND, start + 6 * SECOND), "the next one");
    }

    #[test]
    fn an_attempt_from_before_the_last_answer_tells_nothing_new() {
        let start = Instant::now();
        let mut outage = Outage::default();
        outage.handle_answered(start + SECOND);
        assert!(!outage.handle_failed(start, start + 2 * SECOND));
        assert!(outage.handle_failed(start + SECOND, start + 2 * SECOND));
    }

    #[test]
    fn clients_of_one_cluster_share_it_and_those_of_another_do_not() {
        let config =
            |text: &str| Config { bootstrap_servers: vec![text.parse().unwrap()], ..Config::default() };
        let (one, same) = (SharedOutage::of(&config("outage:1")), SharedOutage::of(&config("outage:1")));
        let other = SharedOutage::of(&config("outage:2"));
        assert!(Arc::ptr_eq(&one.outage, &same.outage) && !Arc::ptr_eq(&one.outage, &other.outage));
    }
}
