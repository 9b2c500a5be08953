//! What the caller wants of transactions, as the face of one does it.

use std::time::Instant;

use super::Machine;
use crate::producer::offsets::Offsets;
use crate::producer::transactions::{Order, Ticket};
use crate::{Commit, Error, GroupMetadata, ProducerId};

impl Machine {
    /// As [`Producer::begin`](crate::Producer::begin).
    pub fn begin(&mut self, now: Instant) -> u64 {
        let ticket = self.ticket();
        self.begins.push(ticket);
        self.order(Order::Begin, Some(ticket), now);
        ticket
    }

    /// As [`Transaction::commit`](crate::Transaction::commit): what was sent is answered first.
    pub fn commit(&mut self, now: Instant) -> u64 {
        let ticket = self.ticket();
        self.accumulator.expedite(now);
        self.commits.push((ticket, self.sent));
        self.look_at_commits();
        self.turn(now);
        ticket
    }

    /// As [`Transaction::abort`](crate::Transaction::abort).
    pub fn abort(&mut self, now: Instant) -> u64 {
        self.gate.shut(None);
        let ticket = self.ticket();
        self.order(Order::Abort, Some(ticket), now);
        ticket
    }

    /// As [`Transaction::send_offsets`](crate::Transaction::send_offsets).
    pub fn send_offsets(&mut self, offsets: &[Commit], group: &GroupMetadata, now: Instant) -> u64 {
        let ticket = self.ticket();
        let offsets = Offsets { group: group.clone(), commits: offsets.to_vec() };
        self.order(Order::SendOffsets(offsets), Some(ticket), now);
        ticket
    }

    /// Nobody awaits the open transaction any more: it is aborted in the background.
    pub fn drop_transaction(&mut self, now: Instant) {
        self.gate.shut(None);
        self.order(Order::Abort, None, now);
    }

    /// What became of an order.
    pub fn poll_settled(&mut self) -> Option<(u64, Result<ProducerId, Error>)> {
        self.settled.pop_front()
    }

    fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        self.tickets
    }

    fn order(&mut self, order: Order, ticket: Option<Ticket>, now: Instant) {
        self.orders.push_back((order, ticket));
        self.turn(now);
    }

    /// Orders the commits whose records are answered.
    pub(super) fn look_at_commits(&mut self) {
        let first_unanswered = self.deliveries.first().map(|(number, _)| *number);
        let answered = |sent: u64| first_unanswered.is_none_or(|first| first >= sent);
        for (ticket, _) in self.commits.extract_if(.., |(_, sent)| answered(*sent)) {
            self.gate.shut(None);
            self.orders.push_back((Order::Commit, Some(ticket)));
        }
    }

    /// Tells what became of orders, and lets records in or shuts them out.
    pub(super) fn settle_orders(&mut self, _: Instant) {
        while let Some((ticket, result)) = self.dispatch.poll_settled() {
            let opens = self.begins.extract_if(.., |begin| *begin == ticket).next().is_some();
            if opens && result.is_ok() {
                self.gate.open();
            }
            self.settled.push_back((ticket, result));
        }
        if let Some(error) = self.dispatch.transactions().and_then(|transactions| transactions.error()) {
            self.gate.shut(Some(error.clone()));
        }
    }
}
