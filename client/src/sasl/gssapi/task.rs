//! The task that holds a login's tickets: it logs in, buys tickets for brokers, and renews in time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use upsert_kafka_kerberos::{
    AsExchange, Exchange, KDC_REPLY_BYTES_MAX, KdcAddress, KdcAttempt, KdcAttempts, KdcRequest, KdcTransport,
    Principal, TgsExchange, Ticket, TicketCache, UnixTime,
};

use super::entropy::SystemEntropy;
use super::files;
use super::realm::{Kerberos, now, refused};
use super::ticket_source::TicketSource;
use super::tickets::{Tickets, renew_at_s};
use crate::clock_skew::ClockSkew;
use crate::config::Address;
use crate::environment::{Environment, until};
use crate::retry::Chance;
use crate::{Error, ErrorKind};

/// A ticket that a connection waits for.
pub(super) struct TicketOrder {
    /// Without a realm where krb5.conf does not say it.
    pub(super) service: Principal,
    pub(super) answer: oneshot::Sender<Result<(Arc<Ticket>, UnixTime), Error>>,
}

/// Owns the tickets of one login.
pub(super) struct LoginTask {
    kerberos: Arc<Kerberos>,
    environment: Environment,
    orders: mpsc::Receiver<TicketOrder>,
    tickets: Tickets,
    renewal: Option<Instant>,
    /// The last refusal, and until when nobody is asked again: accounts are locked by clients that insist.
    refusal: Option<(Instant, Error)>,
    /// The realm and the KDC that answered last: it is asked first.
    answered: Option<(String, KdcAddress)>,
    clock_skew: watch::Sender<Option<ClockSkew>>,
    chance: Chance,
    last_moment: i64,
}

impl LoginTask {
    pub(super) fn new(
        kerberos: Arc<Kerberos>,
        environment: Environment,
        orders: mpsc::Receiver<TicketOrder>,
        clock_skew: watch::Sender<Option<ClockSkew>>,
    ) -> Self {
        let chance = environment.chance();
        let tickets = Tickets::default();
        Self {
            kerberos,
            environment,
            orders,
            tickets,
            renewal: None,
            refusal: None,
            answered: None,
            clock_skew,
            chance,
            last_moment: 0,
        }
    }

    /// Runs until the login is dropped.
    pub(super) async fn run(mut self) {
        loop {
            // Both branches only wait, and lose nothing when they are dropped. Orders may come without end.
            tokio::select! {
                biased;
                () = until(self.renewal) => self.renew().await,
                order = self.orders.recv() => match order {
                    Some(order) => self.serve(order).await,
                    None => return,
                },
            }
        }
    }

    async fn serve(&mut self, order: TicketOrder) {
        if order.answer.is_closed() {
            return;
        }
        let ticket = self.ticket(&order.service).await;
        let moment = self.moment();
        // Whoever waited may have gone.
        _ = order.answer.send(ticket.map(|ticket| (ticket, moment)));
    }

    async fn ticket(&mut self, service: &Principal) -> Result<Arc<Ticket>, Error> {
        let now_s = now(&self.environment).seconds;
        if let Some(ticket) = self.tickets.service(service, now_s) {
            return Ok(ticket);
        }
        if self.tickets.granting(now_s).is_none() {
            self.log_in().await?;
        }
        if let Some(ticket) = self.tickets.service(service, now_s) {
            return Ok(ticket);
        }
        let missing =
            || Error::new(ErrorKind::Authentication, "the KDC gave a ticket that has expired already");
        let granting = self.tickets.granting(now_s).ok_or_else(missing)?;
        let mut entropy = SystemEntropy::new(&self.environment);
        let encryptions = &self.kerberos.conf.tgs_encryptions;
        let exchange = TgsExchange::new(granting, service, encryptions, now(&self.environment), &mut entropy);
        entropy.check()?;
        let bought = self.carry(exchange).await.map_err(|error| self.explained(error, service))?;
        let ticket = Arc::new(bought);
        self.tickets.keep(service.clone(), &ticket);
        Ok(ticket)
    }

    /// A first ticket, from the first source that has one. A refusal stands for a while.
    async fn log_in(&mut self) -> Result<(), Error> {
        let at = self.environment.clock().now();
        if let Some((until, refusal)) = &self.refusal
            && at < *until
        {
            return Err(refusal.clone());
        }
        let kerberos = Arc::clone(&self.kerberos);
        let mut failures = Vec::new();
        for source in kerberos.login.sources() {
            match self.from(source).await {
                Ok((granting, cache)) => {
                    self.take(granting, cache);
                    return Ok(());
                }
                Err(error) => failures.push(error),
            }
        }
        // The last source is the one that people mean when they give several.
        let why = failures
            .pop()
            .unwrap_or_else(|| Error::new(ErrorKind::Config, "there is nothing to log in with"));
        let why = failures.iter().rev().fold(why, |why, earlier| why.within(&earlier.to_string()));
        let error = why.within(&format!("Kerberos login of {}", self.kerberos.named()));
        if error.kind() == ErrorKind::Unreachable {
            return Err(error);
        }
        // A file that cannot be used now is a login that failed: when the client was opened it could be.
        let error = error.with_kind(ErrorKind::Authentication);
        self.refusal = Some((at + self.kerberos.refusal_stands, error.clone()));
        Err(error)
    }

    async fn from(&mut self, source: TicketSource<'_>) -> Result<(Ticket, Option<TicketCache>), Error> {
        if let TicketSource::Cache(path) = source {
            let (granting, cache) = self.cached(path)?;
            return Ok((granting, Some(cache)));
        }
        let request = self.kerberos.request(source)?;
        let mut entropy = SystemEntropy::new(&self.environment);
        let exchange = AsExchange::new(request, now(&self.environment), &mut entropy).map_err(refused);
        entropy.check()?;
        let asked_s = now(&self.environment).seconds;
        let granted = self.carry(exchange?).await?;
        // The KDC's own time (RFC 4120 3.1.3), which a ticket that is bought with this one only repeats.
        let whose = format!("the KDC of realm {}", granted.service.realm);
        let here_s = asked_s..=now(&self.environment).seconds;
        self.clock_skew.send_replace(Some(ClockSkew::of(whose, here_s, granted.authenticated)));
        Ok((granted, None))
    }

    fn cached(&self, path: &std::path::Path) -> Result<(Ticket, TicketCache), Error> {
        let (path, cache) = files::ticket_cache(path, &self.kerberos.conf)?;
        self.kerberos.is_of(&cache.principal)?;
        let (path, now_s) = (path.display(), now(&self.environment).seconds);
        let wrong = |what: String| {
            Error::new(ErrorKind::Authentication, format!("the ticket cache {path} {what}: run kinit"))
        };
        let Some(granting) = cache.initial().cloned() else {
            return Err(wrong(format!("has no ticket of {} that can be used", cache.principal)));
        };
        if !granting.is_valid(now_s, 0) {
            let minutes = now_s.saturating_sub(granting.ends) / 60;
            return Err(wrong(format!("has a ticket of {} that expired {minutes} min ago", cache.principal)));
        }
        Ok((granting, cache))
    }

    /// The time to renew has come: a new ticket replaces the old one, which serves on if there is none.
    async fn renew(&mut self) {
        self.renewal = None;
        let now_s = now(&self.environment).seconds;
        let renewed = match self.kerberos.login.sources().first() {
            Some(TicketSource::Cache(_)) => self.renew_cached(now_s).await,
            _ => self.log_in().await,
        };
        if let Err(error) = renewed {
            tracing::warn!(%error, "the Kerberos ticket was not renewed; the old one serves until it ends");
            let again = self.kerberos.config.min_time_before_relogin.max(RENEW_AGAIN);
            self.renewal = self.tickets.granting(now_s).map(|_| self.environment.clock().now() + again);
        }
    }

    /// Somebody may have run kinit again; else the KDC renews what it lets be renewed.
    async fn renew_cached(&mut self, now_s: i64) -> Result<(), Error> {
        let Some(old) = self.tickets.granting(now_s).cloned() else { return self.log_in().await };
        let kerberos = Arc::clone(&self.kerberos);
        if let Some(TicketSource::Cache(path)) = kerberos.login.sources().first()
            && let Ok((granting, cache)) = self.cached(path)
            && granting.ends > old.ends
        {
            self.take(granting, Some(cache));
            return Ok(());
        }
        if !old.is_renewable(now_s) {
            return Err(Error::new(
                ErrorKind::Authentication,
                "the cache's ticket cannot be renewed: run kinit",
            ));
        }
        let mut entropy = SystemEntropy::new(&self.environment);
        let encryptions = &self.kerberos.conf.tgs_encryptions;
        let exchange = TgsExchange::renew(&old, encryptions, now(&self.environment), &mut entropy);
        entropy.check()?;
        let renewed = self.carry(exchange).await?;
        self.take(renewed, None);
        Ok(())
    }

    fn take(&mut self, granting: Ticket, cache: Option<TicketCache>) {
        let now_s = now(&self.environment).seconds;
        let at_s = renew_at_s(&granting, now_s, &self.kerberos.config, self.chance.draw());
        let left = Duration::from_secs(u64::try_from(at_s.saturating_sub(now_s)).unwrap_or(0).max(1));
        self.renewal = Some(self.environment.clock().now() + left);
        tracing::debug!(client = %granting.client, renewed_in_s = left.as_secs(), "logged in by Kerberos");
        self.refusal = None;
        self.tickets.renew(granting, cache);
    }

    /// Carries an exchange's messages until it ends.
    async fn carry(&mut self, mut exchange: impl Exchange + Send) -> Result<Ticket, Error> {
        loop {
            let reply = self.ask(exchange.request()).await?;
            let mut entropy = SystemEntropy::new(&self.environment);
            let handled = exchange.handle_reply(&reply, now(&self.environment), &mut entropy);
            entropy.check()?;
            if let Some(ticket) = handled.map_err(refused)? {
                return Ok(ticket);
            }
        }
    }

    async fn ask(&mut self, request: &KdcRequest) -> Result<Vec<u8>, Error> {
        let udp = self.environment.has_datagrams();
        let mut attempts = KdcAttempts::new(&self.kerberos.conf, request, udp).map_err(refused)?;
        if let Some((_, kdc)) = self.answered.as_ref().filter(|(realm, _)| *realm == request.realm) {
            attempts = attempts.beginning_with(kdc);
        }
        while let Some(KdcAttempt { kdc, transport, limit }) = attempts.poll_attempt() {
            let address = Address { host: kdc.host.clone(), port: kdc.port };
            let reply = match transport {
                KdcTransport::Udp => self.environment.ask_by_udp(&address, &request.bytes, limit).await,
                KdcTransport::Tcp => {
                    self.environment.ask_by_tcp(&address, &request.bytes, limit, KDC_REPLY_BYTES_MAX).await
                }
            };
            match reply {
                Ok(reply) if attempts.is_answer(&reply) => {
                    self.answered = Some((request.realm.clone(), kdc));
                    return Ok(reply);
                }
                Ok(_) => {}
                Err(why) => attempts.handle_failure(&why.to_string()),
            }
        }
        Err(refused(attempts.into_error()))
    }

    /// A refusal of a service's ticket, with what decides its name.
    fn explained(&self, error: Error, service: &Principal) -> Error {
        let host = match &self.kerberos.config.domain_name {
            Some(_) => "kerberos.domain.name",
            None => "the host that the broker advertises",
        };
        let name = service.components.join("/");
        error.within(&format!("no ticket for {name} (sasl.kerberos.service.name and {host})"))
    }

    /// The time, later than it was ever told before: services take two exchanges of one moment for a replay.
    fn moment(&mut self) -> UnixTime {
        let now = self.environment.clock().unix_ms().saturating_mul(1000);
        self.last_moment = now.max(self.last_moment.saturating_add(1));
        UnixTime::from_micros(self.last_moment)
    }
}

/// A renewal that failed is tried again after this at the earliest.
const RENEW_AGAIN: Duration = Duration::from_secs(1);
