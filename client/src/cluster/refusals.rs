//! Brokers that do not let this client in: a login or a certificate is refused, on either side. Java calls it an
//! authentication failure.
//!
//! Trying again rarely helps, and a broker that is asked a thousand times a second suffers from it, or locks the user out.
//! So such a broker is tried again after `reconnect.backoff.max.ms`, and whoever wants a connection before that gets the
//! refusal at once. Other brokers are tried meanwhile: one alone may be set up wrongly.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::Error;
use crate::config::Address;
use crate::retry::Backoff;

/// What brokers refused last, by their addresses.
#[derive(Debug)]
pub(super) struct Refusals {
    by_broker: BTreeMap<Address, LoginRefusal>,
    backoff: Backoff,
}

#[derive(Debug)]
struct LoginRefusal {
    error: Error,
    until: Instant,
}

impl Refusals {
    /// Brokers that refuse are left alone for so long.
    pub(super) fn new(wait: Duration) -> Self {
        Self { by_broker: BTreeMap::new(), backoff: Backoff::new(wait, wait) }
    }

    /// A broker refused; says whether that is news.
    pub(super) fn handle_refused(
        &mut self,
        broker: &Address,
        error: &Error,
        now: Instant,
        chance: f64,
    ) -> bool {
        self.by_broker.retain(|_, refusal| now.saturating_duration_since(refusal.until) < REMEMBERED);
        let until = now + self.backoff.wait(chance);
        self.by_broker.insert(broker.clone(), LoginRefusal { error: error.clone(), until }).is_none()
    }

    /// A broker that refused is tried again: nobody else need find out the same meanwhile.
    pub(super) fn handle_tried(&mut self, broker: &Address, now: Instant, chance: f64) {
        let wait = self.backoff.wait(chance);
        if let Some(refusal) = self.by_broker.get_mut(broker) {
            refusal.until = refusal.until.max(now + wait);
        }
    }

    /// A broker let the client in.
    pub(super) fn handle_opened(&mut self, broker: &Address) {
        self.by_broker.remove(broker);
    }

    /// What a broker has against the client, if it is to be left alone.
    pub(super) fn of(&self, broker: &Address, now: Instant) -> Option<&Error> {
        self.by_broker.get(broker).filter(|refusal| refusal.until > now).map(|refusal| &refusal.error)
    }

    /// When the first broker that is left alone may be tried again.
    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        self.by_broker.values().map(|refusal| refusal.until).filter(|until| *until > now).min()
    }
}

/// So long a refusal is no news, though the broker was not tried again.
const REMEMBERED: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_broker_that_refuses_is_left_alone_and_others_are_not() {
        let (now, [one, other]) = (Instant::now(), ["a:1", "b:1"].map(|it| it.parse::<Address>().unwrap()));
        let mut refusals = Refusals::new(SECOND);
        let error = Error::new(ErrorKind::Authentication, "no");
        assert!(refusals.handle_refused(&one, &error, now, 0.5));
        assert_eq!(refusals.of(&one, now).map(Error::kind), Some(ErrorKind::Authentication));
        assert!(refusals.of(&other, now).is_none());
        assert_eq!(refusals.deadline(now), Some(now + SECOND));
        assert!(refusals.of(&one, now + SECOND).is_none() && refusals.deadline(now + SECOND).is_none());
        assert!(!refusals.handle_refused(&one, &error, now + SECOND, 0.5), "that is no news");
        refusals.handle_opened(&one);
        assert!(refusals.of(&one, now + SECOND).is_none());
        assert!(
            refusals.handle_refused(&one, &error, now + 2 * SECOND, 0.5),
            "it let the client in meanwhile"
        );
    }

    #[test]
    fn while_a_broker_is_tried_again_nobody_else_tries_it() {
        let (now, [one, other]) = (Instant::now(), ["a:1", "b:1"].map(|it| it.parse::<Address>().unwrap()));
        let mut refusals = Refusals::new(SECOND);
        refusals.handle_tried(&other, now, 0.5);
        assert!(refusals.of(&other, now).is_none(), "it never refused");
        refusals.handle_refused(&one, &Error::new(ErrorKind::Authentication, "no"), now, 0.5);
        assert!(refusals.of(&one, now + SECOND).is_none());
        refusals.handle_tried(&one, now + SECOND, 0.5);
        assert!(refusals.of(&one, now + SECOND).is_some());
        refusals.handle_opened(&one);
        assert!(refusals.of(&one, now + SECOND).is_none());
    }

    #[test]
    fn clients_that_were_refused_together_do_not_come_back_together() {
        let (now, broker) = (Instant::now(), "a:1".parse::<Address>().unwrap());
        let error = Error::new(ErrorKind::Authentication, "no");
        for (chance, ms) in [(0.0, 800), (0.5, 1000), (0.75, 1100)] {
            let mut refusals = Refusals::new(SECOND);
            refusals.handle_refused(&broker, &error, now, chance);
            assert_eq!(refusals.deadline(now), Some(now + Duration::from_millis(ms)));
        }
    }
}
