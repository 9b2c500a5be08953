//! The exchange around its ticket: a broker that does not take it says no more than no, and the ticket says what to look at.

use std::sync::Arc;

use upsert_kafka_kerberos::Ticket;

use crate::sasl::{Mechanism, Step};
use crate::{Error, ErrorKind};

/// An exchange by a ticket.
pub(super) struct ShownTicket {
    exchange: Box<dyn Mechanism>,
    ticket: Arc<Ticket>,
    /// The broker has proved that it could open the ticket.
    opened: bool,
}

impl ShownTicket {
    pub(super) fn new(exchange: Box<dyn Mechanism>, ticket: Arc<Ticket>) -> Self {
        Self { exchange, ticket, opened: false }
    }
}

impl Mechanism for ShownTicket {
    fn name(&self) -> &'static str {
        self.exchange.name()
    }

    fn initial(&mut self) -> Result<Vec<u8>, Error> {
        self.exchange.initial()
    }

    fn step(&mut self, challenge: &[u8]) -> Result<Step, Error> {
        let step = self.exchange.step(challenge)?;
        self.opened = true;
        Ok(step)
    }

    /// Kafka's brokers tell a client one sentence for whatever is wrong with its ticket.
    fn refused(&self, refusal: Error) -> Error {
        let is_of_ticket = matches!(refusal.kind(), ErrorKind::Authentication | ErrorKind::Unreachable);
        if self.opened || !is_of_ticket {
            return refusal;
        }
        let service = &self.ticket.service;
        let key = self.ticket.service_key().map_or_else(String::new, |it| format!(" {it}"));
        refusal.within(&format!(
            "the broker does not take the ticket for {service}, which the KDC sealed with that principal's key{key}; \
             if 'klist -kte' of the broker's keytab shows no such key, the broker holds another: write the keytab anew \
             (ktadd) and restart the broker, whose log has its reason"
        ))
    }
}
