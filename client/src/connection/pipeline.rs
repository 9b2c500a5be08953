//! The requests of one connection that are in flight, in order: whose a response is, which is late, which never left.
//!
//! A broker answers in order, so the next response belongs to the oldest request that expects one. The core counts
//! bytes, which tells of every request whether it has left wholly, in part, or not at all when the connection breaks.

use std::collections::VecDeque;
use std::time::Instant;

/// The requests of one connection that await something, oldest first.
#[derive(Debug)]
pub(crate) struct Pipeline<T> {
    waiting: VecDeque<PipelinedRequest<T>>,
    queued_bytes: u64,
    written_bytes: u64,
    /// The broker asked for silence until then (KIP-219).
    paused_until: Option<Instant>,
}

/// A request that awaits its response or, where the broker sends none, its end on the wire.
#[derive(Debug)]
struct PipelinedRequest<T> {
    correlation_id: Option<i32>,
    begins_at: u64,
    ends_at: u64,
    deadline: Instant,
    waiter: T,
}

/// An answer that nobody asked for at this point of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OutOfOrder {
    pub(crate) expected: Option<i32>,
    pub(crate) came: i32,
}

impl<T> Pipeline<T> {
    pub(crate) fn new() -> Self {
        Self { waiting: VecDeque::new(), queued_bytes: 0, written_bytes: 0, paused_until: None }
    }

    /// A request of so many bytes takes its place in line. Without a correlation id it has no answer.
    pub(crate) fn handle_queued(
        &mut self,
        correlation_id: Option<i32>,
        bytes: usize,
        deadline: Instant,
        waiter: T,
    ) {
        let begins_at = self.queued_bytes;
        self.queued_bytes += bytes as u64;
        self.waiting.push_back(PipelinedRequest {
            correlation_id,
            begins_at,
            ends_at: self.queued_bytes,
            deadline,
            waiter,
        });
    }

    /// The broker asks for silence: no request takes its place in line before it is over.
    pub(crate) fn handle_pause(&mut self, until: Instant) {
        self.paused_until = self.paused_until.max(Some(until));
    }

    /// Until when requests are to be held back, if they are.
    pub(crate) fn pause(&self, now: Instant) -> Option<Instant> {
        self.paused_until.filter(|until| *until > now)
    }

    /// When the last silence ended or will: whoever was held back counts its time from then.
    pub(crate) fn resumed(&self) -> Option<Instant> {
        self.paused_until
    }

    /// So many bytes more are on the wire.
    pub(crate) fn handle_written(&mut self, bytes: usize) {
        self.written_bytes += bytes as u64;
    }

    /// Those without an answer that are wholly on the wire.
    pub(crate) fn poll_written(&mut self) -> Option<T> {
        let sent = self
            .waiting
            .iter()
            .position(|waiting| waiting.correlation_id.is_none() && waiting.ends_at <= self.written_bytes)?;
        self.waiting.remove(sent).map(|waiting| waiting.waiter)
    }

    /// An answer came: brokers answer in the order of the requests.
    pub(crate) fn handle_response(&mut self, correlation_id: i32) -> Result<T, OutOfOrder> {
        let first = self.waiting.iter().position(|waiting| waiting.correlation_id.is_some());
        let expected = first.and_then(|at| self.waiting[at].correlation_id);
        match first {
            Some(at) if expected == Some(correlation_id) => self
                .waiting
                .remove(at)
                .map(|waiting| waiting.waiter)
                .ok_or(OutOfOrder { expected, came: correlation_id }),
            _ => Err(OutOfOrder { expected, came: correlation_id }),
        }
    }

    /// Who is answered next.
    pub(crate) fn next_waiter(&self) -> Option<&T> {
        self.waiting.iter().find(|waiting| waiting.correlation_id.is_some()).map(|waiting| &waiting.waiter)
    }

    /// When the first of them is late. One late answer condemns the connection: those behind it
    /// cannot come before it.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.waiting.iter().map(|waiting| waiting.deadline).min()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Everyone still waiting when the connection breaks, and whether the broker may have seen a byte.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (T, bool)> + '_ {
        let written = self.written_bytes;
        self.waiting.drain(..).map(move |waiting| (waiting.waiter, waiting.begins_at < written))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn answers_find_whoever_asked_in_order() {
        let now = Instant::now();
        let mut pipeline = Pipeline::new();
        pipeline.handle_queued(Some(1), 10, now, "a");
        pipeline.handle_queued(Some(2), 10, now, "b");
        assert_eq!(pipeline.handle_response(1), Ok("a"));
        assert_eq!(pipeline.handle_response(2), Ok("b"));
        assert!(pipeline.is_empty());
    }

    #[test]
    fn an_answer_out_of_turn_is_an_error_and_takes_nobodys_place() {
        let mut pipeline = Pipeline::new();
        assert_eq!(pipeline.handle_response(9), Err(OutOfOrder { expected: None, came: 9 }));
        pipeline.handle_queued(Some(1), 10, Instant::now(), "a");
        assert_eq!(pipeline.handle_response(2), Err(OutOfOrder { expected: Some(1), came: 2 }));
        assert_eq!(pipeline.handle_response(1), Ok("a"));
    }

    #[test]
    fn the_earliest_deadline_counts_wherever_it_stands() {
        let now = Instant::now();
        let mut pipeline = Pipeline::new();
        assert_eq!(pipeline.deadline(), None);
        pipeline.handle_queued(Some(1), 10, now + Duration::from_secs(9), "slow");
        pipeline.handle_queued(Some(2), 10, now + Duration::from_secs(5), "fast");
        assert_eq!(pipeline.deadline(), Some(now + Duration::from_secs(5)));
    }

    #[test]
    fn a_pause_is_never_shortened_and_ends_by_itself() {
        let (now, ms) = (Instant::now(), Duration::from_millis);
        let mut pipeline = Pipeline::<()>::new();
        assert_eq!(pipeline.pause(now), None);
        pipeline.handle_pause(now + ms(20));
        pipeline.handle_pause(now + ms(10));
        assert_eq!(pipeline.pause(now + ms(19)), Some(now + ms(20)));
        assert_eq!(pipeline.pause(now + ms(20)), None);
        assert_eq!(pipeline.resumed(), Some(now + ms(20)));
    }

    #[test]
    fn what_has_no_answer_is_done_once_written() {
        let mut pipeline = Pipeline::new();
        pipeline.handle_queued(Some(1), 10, Instant::now(), "asks");
        pipeline.handle_queued(None, 10, Instant::now(), "tells");
        pipeline.handle_written(19);
        assert_eq!(pipeline.poll_written(), None);
        pipeline.handle_written(1);
        assert_eq!(pipeline.poll_written(), Some("tells"));
        assert_eq!(pipeline.handle_response(1), Ok("asks"));
    }

    #[test]
    fn a_break_tells_who_may_have_been_heard() {
        let mut pipeline = Pipeline::new();
        pipeline.handle_queued(Some(1), 10, Instant::now(), "whole");
        pipeline.handle_queued(Some(2), 10, Instant::now(), "begun");
        pipeline.handle_queued(Some(3), 10, Instant::now(), "unsent");
        pipeline.handle_written(11);
        let left: Vec<_> = pipeline.drain().collect();
        assert_eq!(left, [("whole", true), ("begun", true), ("unsent", false)]);
    }
}
