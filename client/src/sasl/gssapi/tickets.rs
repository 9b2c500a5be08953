//! Which tickets a login has, and when the first one is to be renewed.

use std::collections::HashMap;
use std::sync::Arc;

use upsert_kafka_kerberos::{Principal, Ticket, TicketCache};

use crate::config::KerberosConfig;

/// The tickets in hand.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    granting: Option<Ticket>,
    /// By the service as it was asked for.
    services: HashMap<Principal, Arc<Ticket>>,
    /// Came with a cache, and found there by their names alone.
    cached: Option<TicketCache>,
}

impl Tickets {
    /// A new first ticket; those that were bought with the old one go with it.
    pub(super) fn renew(&mut self, granting: Ticket, cached: Option<TicketCache>) {
        *self = Self { granting: Some(granting), services: HashMap::new(), cached };
    }

    /// The first ticket, while it is valid.
    pub(super) fn granting(&self, now_s: i64) -> Option<&Ticket> {
        self.granting.as_ref().filter(|it| it.is_valid(now_s, MARGIN_S))
    }

    /// A ticket for that service, while it is valid.
    pub(super) fn service(&self, service: &Principal, now_s: i64) -> Option<Arc<Ticket>> {
        let bought = self.services.get(service).filter(|it| it.is_valid(now_s, MARGIN_S));
        let cached = || self.cached.as_ref()?.service(service).filter(|it| it.is_valid(now_s, MARGIN_S));
        bought.cloned().or_else(|| cached().cloned().map(Arc::new))
    }

    pub(super) fn keep(&mut self, service: Principal, ticket: &Arc<Ticket>) {
        self.services.insert(service, Arc::clone(ticket));
    }
}

/// When a first ticket is renewed, in seconds since 1970: as in Java, after the window's share of its life, later by
/// chance (0..1), not before the least time between two logins, and not after its end.
pub(super) fn renew_at_s(ticket: &Ticket, now_s: i64, config: &KerberosConfig, chance: f64) -> i64 {
    let life_s = ticket.ends.saturating_sub(ticket.starts).max(0);
    let share = config.ticket_renew_window_factor + config.ticket_renew_jitter * chance;
    let after = ticket.starts.saturating_add((life_s as f64 * share) as i64);
    let least = i64::try_from(config.min_time_before_relogin.as_secs()).unwrap_or(i64::MAX);
    after.max(now_s.saturating_add(least)).min(ticket.ends)
}

/// A ticket must outlive the exchange that it is used in.
const MARGIN_S: i64 = 5;
