//! What callers want of transactions, on its way to the sender, and what became of it on its way back.

use std::sync::Arc;

use tokio::sync::{Notify, oneshot};

use super::lock::Mutex;
use super::producer_id::ProducerId;
use super::transactions::Order;
use crate::Error;

/// A queue that the sender empties, and is woken for: one open transaction has few orders.
#[derive(Debug)]
pub(super) struct Orders {
    queue: Mutex<Queue>,
    work: Arc<Notify>,
}

#[derive(Debug)]
enum Queue {
    Open(Vec<(Order, Option<OrderReply>)>),
    /// The sender is gone, for this reason.
    Ended(Error),
}

/// Where the end of an order is told.
pub(super) type OrderReply = oneshot::Sender<Result<OrderDone, Error>>;

/// What became of an order.
#[derive(Debug)]
pub(super) struct OrderDone {
    pub(super) identity: ProducerId,
    /// Of an order that opened a transaction.
    pub(super) lease: Option<TransactionLease>,
}

/// An open transaction that nobody has taken yet. Dropped, it is aborted: whoever wanted it has gone away.
pub(super) struct TransactionLease(Option<Arc<Orders>>);

impl std::fmt::Debug for TransactionLease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "TransactionLease(free)" } else { "TransactionLease(taken)" })
    }
}

impl Orders {
    /// `work` wakes the sender.
    pub(super) fn new(work: Arc<Notify>) -> Self {
        Self { queue: Mutex::new(Queue::Open(Vec::new())), work }
    }

    /// Gets in line, or learns at once that nobody serves it any more.
    pub(super) fn push(&self, order: Order, reply: Option<OrderReply>) {
        let ended = match &mut *self.queue.lock() {
            Queue::Open(line) => {
                line.push((order, reply));
                return self.work.notify_one();
            }
            Queue::Ended(error) => error.clone(),
        };
        if let Some(reply) = reply {
            // Whoever asked may have gone.
            _ = reply.send(Err(ended));
        }
    }

    /// All that wait, in order.
    pub(super) fn take(&self) -> Vec<(Order, Option<OrderReply>)> {
        match &mut *self.queue.lock() {
            Queue::Open(line) => std::mem::take(line),
            Queue::Ended(_) => Vec::new(),
        }
    }

    /// From now on every order is answered by this; the first reason stays.
    pub(super) fn end(&self, error: &Error) {
        let line = match &mut *self.queue.lock() {
            Queue::Ended(_) => return,
            open => std::mem::replace(open, Queue::Ended(error.clone())),
        };
        let Queue::Open(line) = line else { return };
        for (_, reply) in line {
            if let Some(reply) = reply {
                // As above.
                _ = reply.send(Err(error.clone()));
            }
        }
    }
}

impl TransactionLease {
    pub(super) fn new(orders: &Arc<Orders>) -> Self {
        Self(Some(Arc::clone(orders)))
    }

    /// Somebody answers for the transaction from now on.
    pub(super) fn taken(mut self) {
        self.0 = None;
    }
}

impl Drop for TransactionLease {
    fn drop(&mut self) {
        if let Some(orders) = &self.0 {
            orders.push(Order::Abort, None);
        }
    }
}
