//! Says when a cluster goes and when it is back, once for all clients of this process with the same
//! `bootstrap.servers`: a job with a client for each table would say everything as often.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use super::{Outage, seconds};
use crate::{Config, Error};

/// The outage of the cluster at one list of addresses.
#[derive(Clone, Debug)]
pub(in crate::cluster) struct SharedOutage {
    outage: Arc<Mutex<Outage>>,
    servers: Arc<str>,
}

impl SharedOutage {
    pub(in crate::cluster) fn of(config: &Config) -> Self {
        static KNOWN: Mutex<BTreeMap<Arc<str>, Weak<Mutex<Outage>>>> = Mutex::new(BTreeMap::new());
        let servers: Arc<str> = servers(config).into();
        let mut known = lock(&KNOWN);
        known.retain(|_, outage| outage.strong_count() > 0);
        let outage = known.get(&servers).and_then(Weak::upgrade).unwrap_or_default();
        known.insert(Arc::clone(&servers), Arc::downgrade(&outage));
        Self { outage, servers }
    }

    /// No broker answered an attempt that began then.
    pub(in crate::cluster) fn failed(&self, began: Instant, error: &Error, now: Instant) {
        if lock(&self.outage).handle_failed(began, now) {
            let what = match error.is_retriable() {
                true => "does not answer",
                false => "gives no answer that can be used",
            };
            tracing::warn!("the cluster at {} {what}, and is tried until it does: {error}", self.servers);
        }
    }

    /// A broker answered.
    pub(in crate::cluster) fn answered(&self, now: Instant) {
        if let Some(away) = lock(&self.outage).handle_answered(now) {
            tracing::warn!("the cluster at {} answers again, after {} s", self.servers, seconds(away));
        }
    }
}

/// `bootstrap.servers`, for a sentence.
pub(in crate::cluster) fn servers(config: &Config) -> String {
    let all: Vec<String> = config.bootstrap_servers.iter().map(ToString::to_string).collect();
    all.join(", ")
}

/// What it guards is whole at all times, so that a panic elsewhere is no reason to stop.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_of_one_cluster_share_it_and_those_of_another_do_not() {
        let config =
            |text: &str| Config { bootstrap_servers: vec![text.parse().unwrap()], ..Config::default() };
        let (one, same) = (SharedOutage::of(&config("outage:1")), SharedOutage::of(&config("outage:1")));
        let other = SharedOutage::of(&config("outage:2"));
        assert!(Arc::ptr_eq(&one.outage, &same.outage) && !Arc::ptr_eq(&one.outage, &other.outage));
    }
}
