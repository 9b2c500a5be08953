//! A consumer's records as a stream.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::owned_record::OwnedRecord;
use super::owned_records::OwnedRecords;
use super::{Consumer, Fetched};
use crate::{Error, ErrorKind};

impl Consumer {
    /// The records as a [`Stream`](futures_core::Stream), which polls as they are taken. `StreamExt` of the
    /// crates `futures` or `tokio-stream` adds `next` and the rest. Needs the feature `stream`.
    ///
    /// The items are [`OwnedRecord`]s, which share the fetched bytes. To commit behind a record is to commit
    /// its offset plus one. An item may be an error; the stream then goes on as the next poll would, and ends
    /// only when the client is closed. A record that cannot be decoded comes as an error again and again, with
    /// `retry.backoff.ms` between, until the stream is dropped and the consumer seeks past that record. Resets
    /// are only logged: a program that must act on them polls.
    ///
    /// # Cancellation
    /// A future that waits for the next record may be dropped, and so may the stream. Nothing is lost: the
    /// consumer's positions are then those behind the last records that were taken.
    pub fn stream(&mut self) -> RecordStream<'_> {
        RecordStream::new(self)
    }
}

/// The records of a consumer, one at a time: see [`Consumer::stream`].
pub struct RecordStream<'a> {
    /// Of the last poll.
    records: OwnedRecords,
    source: StreamSource<'a>,
}

/// Where the next records come from.
enum StreamSource<'a> {
    /// A poll that was not begun yet.
    Idle(&'a mut Consumer),
    Polling(PendingPoll<'a>),
    /// The client is closed, and that was said.
    Closed,
}

/// A poll that is under way, and gives the consumer back.
type PendingPoll<'a> = Pin<Box<dyn Future<Output = (&'a mut Consumer, Result<Fetched, Error>)> + Send + 'a>>;

impl<'a> RecordStream<'a> {
    pub(super) fn new(consumer: &'a mut Consumer) -> Self {
        Self { records: OwnedRecords::default(), source: StreamSource::Idle(consumer) }
    }
}

impl Stream for RecordStream<'_> {
    type Item = Result<OwnedRecord, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { records, source } = self.get_mut();
        loop {
            match records.next() {
                Some(Ok(record)) => return Poll::Ready(Some(Ok(record))),
                Some(Err(error)) => {
                    // The next poll tells of it.
                    if let (StreamSource::Idle(consumer), Some((of, offset))) =
                        (&mut *source, records.stands_at())
                    {
                        consumer.stay_at(&of, offset, error);
                    }
                    continue;
                }
                None => {}
            }
            match ready!(source.poll_fetched(context)) {
                Some(Ok(fetched)) => *records = fetched.into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl StreamSource<'_> {
    fn poll_fetched(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Fetched, Error>>> {
        loop {
            match std::mem::replace(self, Self::Closed) {
                Self::Closed => return Poll::Ready(None),
                Self::Idle(consumer) => *self = Self::Polling(Box::pin(poll(consumer))),
                Self::Polling(mut pending) => match pending.as_mut().poll(context) {
                    Poll::Pending => {
                        *self = Self::Polling(pending);
                        return Poll::Pending;
                    }
                    Poll::Ready((_, Err(error))) if error.kind() == ErrorKind::Closed => {
                        return Poll::Ready(Some(Err(error)));
                    }
                    Poll::Ready((consumer, fetched)) => {
                        *self = Self::Idle(consumer);
                        return Poll::Ready(Some(fetched));
                    }
                },
            }
        }
    }
}

async fn poll(consumer: &mut Consumer) -> (&mut Consumer, Result<Fetched, Error>) {
    let fetched = consumer.poll().await;
    (consumer, fetched)
}

/// What was fetched and not taken is read again by whoever polls next.
impl Drop for RecordStream<'_> {
    fn drop(&mut self) {
        // While a poll is under way, everything before it was taken.
        if let StreamSource::Idle(consumer) = &mut self.source {
            for (of, offset) in self.records.not_taken() {
                consumer.return_to(&of, offset);
            }
        }
    }
}

impl fmt::Debug for RecordStream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordStream")
    }
}

#[cfg(test)]
mod tests;
