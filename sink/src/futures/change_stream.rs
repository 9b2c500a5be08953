//! A table's changes as a `futures::Stream`.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::item::SourceItem;
use crate::error::Error;
use crate::table_source::TableSource;

/// Gives items of one type: see [`TableSource::into_stream`]. It ends where the source does; an error is an item, and what
/// comes behind it is what the source says then.
///
/// Its source is there between two items, for positions and commits.
pub struct ChangeStream<I> {
    state: StreamState<I>,
    rows_max: usize,
    item: PhantomData<fn() -> I>,
}

enum StreamState<I> {
    Idle(Box<TableSource>),
    Reading(PendingRead<I>),
    /// A read panicked: there is no source any more.
    Lost,
}

/// A read that is under way, and gives the source back.
type PendingRead<I> = Pin<Box<dyn Future<Output = (Box<TableSource>, Result<Option<I>, Error>)> + Send>>;

impl<I: SourceItem> ChangeStream<I> {
    pub(super) fn new(source: TableSource, rows_max: usize) -> Self {
        Self { state: StreamState::Idle(Box::new(source)), rows_max, item: PhantomData }
    }

    /// The source; `None` while an item is waited for.
    pub fn source(&mut self) -> Option<&mut TableSource> {
        match &mut self.state {
            StreamState::Idle(source) => Some(source),
            StreamState::Reading(_) | StreamState::Lost => None,
        }
    }
}

impl<I: SourceItem> Stream for ChangeStream<I> {
    type Item = Result<I, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { state, rows_max, .. } = self.get_mut();
        loop {
            match std::mem::replace(state, StreamState::Lost) {
                StreamState::Lost => return Poll::Ready(None),
                StreamState::Idle(mut source) => {
                    let rows_max = *rows_max;
                    *state = StreamState::Reading(Box::pin(async move {
                        let item = I::next(&mut source, rows_max).await;
                        (source, item)
                    }));
                }
                StreamState::Reading(mut reading) => {
                    let polled = reading.as_mut().poll(context);
                    if polled.is_pending() {
                        *state = StreamState::Reading(reading);
                        return Poll::Pending;
                    }
                    let (source, item) = ready!(polled);
                    *state = StreamState::Idle(source);
                    return Poll::Ready(item.transpose());
                }
            }
        }
    }
}

impl<I> fmt::Debug for ChangeStream<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChangeStream")
    }
}
