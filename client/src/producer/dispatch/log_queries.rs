//! Batches in doubt: their partitions' leaders are asked what the logs hold, one query of each broker at a time.

use std::sync::Arc;
use std::time::Instant;

use super::Dispatch;
use super::delivery_report::DeliveryReport;
use super::requests::LogRequest;
use crate::Error;
use crate::producer::resolution::LogAnswer;

impl Dispatch {
    /// Brokers that are to be asked what a log holds.
    pub(crate) fn poll_log_query_brokers(&mut self, now: Instant) -> Vec<i32> {
        let asked =
            self.brokers.iter().filter(|(_, it)| !it.log_queries.is_empty() && it.takes_log_query(now));
        asked.map(|(node, _)| *node).collect()
    }

    /// The next query of a broker: one at a time, so that its answers are held one at a time.
    pub(crate) fn poll_log_request(&mut self, node: i32, now: Instant) -> Option<LogRequest> {
        loop {
            let broker = self.brokers.get_mut(&node).filter(|broker| !broker.log_query_in_flight)?;
            let at = broker.log_queries.pop_front()?;
            let Some(queue) = self.queues.get_mut(at).and_then(Option::as_mut) else { continue };
            if queue.log_query_at != Some(node) {
                continue;
            }
            queue.log_query_at = None;
            if queue.leader == Some(node)
                && let Some((number, query)) = queue.sequence.poll_log_query(now)
            {
                broker.log_query_in_flight = true;
                let partition = Arc::clone(&queue.partition);
                return Some(LogRequest { node, partition, query, number });
            }
            self.schedule(at, now);
        }
    }

    /// What a broker says of a partition's log, or why it does not.
    pub(crate) fn handle_log_answer(
        &mut self,
        request: &LogRequest,
        answer: Result<LogAnswer, Error>,
        now: Instant,
        chance: f64,
    ) {
        let at = request.partition.number;
        if let Some(broker) = self.brokers.get_mut(&request.node) {
            broker.log_query_in_flight = false;
        }
        let Some(queue) = self.queues.get_mut(at).and_then(Option::as_mut) else { return };
        self.wants_metadata |= answer.as_ref().is_err_and(Error::refreshes_metadata);
        let finished = queue.sequence.handle_log(request.number, answer.as_ref(), now, chance);
        self.finish(finished.into_iter().map(|(batch, outcome)| DeliveryReport::Final(batch, outcome)));
        self.schedule(at, now);
    }
}
