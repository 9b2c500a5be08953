//! What callers want of transactions, on its way to the sender, and what became of it on its way back.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::Shared;
use super::lock::Mutex;
use super::sequence::ProducerId;
use super::transactions::Order;
use crate::Error;

/// A line that the sender empties: one open transaction has few orders.
#[derive(Debug)]
pub(super) struct Orders(Mutex<Line>);

#[derive(Debug)]
enum Line {
    Open(Vec<(Order, Option<Reply>)>),
    /// The sender is gone, for this reason.
    Ended(Error),
}

/// Where the end of an order is told.
pub(super) type Reply = oneshot::Sender<Result<Done, Error>>;

/// What became of an order.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) identity: ProducerId,
    /// Of an order that opened a transaction.
    pub(super) seat: Option<Seat>,
}

/// An open transaction that nobody has taken yet. Dropped, it is aborted: whoever wanted it has gone away.
pub(super) struct Seat(Option<Arc<Shared>>);

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Seat(free)" } else { "Seat(taken)" })
    }
}

impl Orders {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Line::Open(Vec::new())))
    }

    /// Gets in line, or learns at once that nobody serves it any more.
    pub(super) fn push(&self, order: Order, reply: Option<Reply>) {
        let ended = match &mut *self.0.lock() {
            Line::Open(line) => return line.push((order, reply)),
            Line::Ended(error) => error.clone(),
        };
        if let Some(reply) = reply {
            // Whoever asked may have gone.
            _ = reply.send(Err(ended));
        }
    }

    /// All that wait, in order.
    pub(super) fn take(&self) -> Vec<(Order, Option<Reply>)> {
        match &mut *self.0.lock() {
            Line::Open(line) => std::mem::take(line),
            Line::Ended(_) => Vec::new(),
        }
    }

    /// From now on every order is answered by this; the first reason stays.
    pub(super) fn end(&self, error: &Error) {
        let line = match &mut *self.0.lock() {
            Line::Ended(_) => return,
            open => std::mem::replace(open, Line::Ended(error.clone())),
        };
        let Line::Open(line) = line else { return };
        for (_, reply) in line {
            if let Some(reply) = reply {
                // As above.
                _ = reply.send(Err(error.clone()));
            }
        }
    }
}

impl Seat {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self(Some(Arc::clone(shared)))
    }

    /// Somebody answers for the transaction from now on.
    pub(super) fn taken(mut self) {
        self.0 = None;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(shared) = &self.0 {
            shared.order(Order::Abort, None);
        }
    }
}
