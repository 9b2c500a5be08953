//! An upsert-kafka table as a `futures::Sink`.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_sink::Sink;

use super::item::SinkItem;
use crate::error::{Error, ErrorKind};
use crate::upsert_sink::UpsertSink;

/// Takes items of one type: see [`UpsertSink::into_sink`].
///
/// It is ready once the last item was handed over, which waits while the producer's memory is full. What is wrong with an
/// item shows when the sink is asked next. `poll_flush` and `poll_close` are [`UpsertSink::flush`].
pub struct ChangeSink<I> {
    state: SinkState,
    item: PhantomData<fn(I)>,
}

enum SinkState {
    Idle(Box<UpsertSink>),
    Busy(Working),
    /// Work panicked: there is no sink any more.
    Lost,
}

/// Work that is under way, and gives the sink back.
type Working = Pin<Box<dyn Future<Output = (Box<UpsertSink>, Result<(), Error>)> + Send>>;

impl<I: SinkItem> ChangeSink<I> {
    pub(super) fn new(sink: UpsertSink) -> Self {
        Self { state: SinkState::Idle(Box::new(sink)), item: PhantomData }
    }

    /// The sink again; what it takes is still being written where the last item is not ready, and `None` then.
    pub fn into_inner(self) -> Option<UpsertSink> {
        match self.state {
            SinkState::Idle(sink) => Some(*sink),
            SinkState::Busy(_) | SinkState::Lost => None,
        }
    }
}

impl SinkState {
    /// Waits for the work that is under way.
    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Self::Busy(working) = self else { return Poll::Ready(Ok(())) };
        let (sink, outcome) = ready!(working.as_mut().poll(context));
        *self = Self::Idle(sink);
        Poll::Ready(outcome)
    }

    /// Begins work, which the caller has waited for.
    fn begin<W>(&mut self, work: impl FnOnce(Box<UpsertSink>) -> W) -> Result<(), Error>
    where
        W: Future<Output = (Box<UpsertSink>, Result<(), Error>)> + Send + 'static,
    {
        match std::mem::replace(self, Self::Lost) {
            Self::Idle(sink) => {
                *self = Self::Busy(Box::pin(work(sink)));
                Ok(())
            }
            other => {
                *self = other;
                Err(Error::new(ErrorKind::Sink, "an item was sent to a sink that was not ready"))
            }
        }
    }
}

impl<I: SinkItem> Sink<I> for ChangeSink<I> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().state.poll_idle(context)
    }

    fn start_send(self: Pin<&mut Self>, item: I) -> Result<(), Error> {
        self.get_mut().state.begin(|mut sink| async move {
            let written = item.write(&mut sink).await;
            (sink, written)
        })
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let state = &mut self.get_mut().state;
        ready!(state.poll_idle(context))?;
        // Waiting for it ends a flush too; one more that finds nothing to do costs nothing.
        state.begin(|mut sink| async move {
            let flushed = sink.flush().await;
            (sink, flushed)
        })?;
        state.poll_idle(context)
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_flush(context)
    }
}

impl<I> fmt::Debug for ChangeSink<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChangeSink")
    }
}
