//! Topics that are read: whether they are there, from where to where they go, record by record.

use upsert_kafka_client::{Assignment, Client, Consumer, ConsumerRecord, ErrorKind, OffsetSpec, Position};

use crate::cluster::failed;
use crate::exit::{Exit, Failure};

/// What a partition holds: the first offset, and the one behind the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) partition: i32,
    pub(super) start: i64,
    pub(super) end: i64,
}

/// Sees to it that the topic is there: by looking alone, so that a mistyped name makes no topic.
///
/// # Errors
/// When it is not, or may not be seen.
pub(super) async fn exists(client: &Client, topic: &str) -> Result<(), Failure> {
    let described = client.admin().describe_topics(&[topic]).await.map_err(failed)?;
    match described.into_iter().next() {
        Some(Err(e)) if e.kind() == ErrorKind::UnknownTopic => {
            let servers = &client.config().bootstrap_servers;
            let servers: Vec<_> = servers.iter().map(ToString::to_string).collect();
            let text = format!("topic {topic} does not exist in the cluster of {}", servers.join(","));
            Err(Failure::new(Exit::Cluster, text))
        }
        // It has no leader for a moment, or its like.
        Some(Err(e)) if e.is_retriable() => Ok(()),
        Some(Err(e)) => Err(failed(e)),
        Some(Ok(_)) | None => Ok(()),
    }
}

/// What each partition holds now, by partition.
///
/// # Errors
/// When the cluster does not tell.
pub(super) async fn spans(consumer: &Consumer, topic: &str) -> Result<Vec<Span>, Failure> {
    let starts = consumer.offsets(topic, OffsetSpec::Earliest).await.map_err(failed)?;
    let ends = consumer.offsets(topic, OffsetSpec::Latest).await.map_err(failed)?;
    let end_of = |index: i32| ends.iter().find(|(it, _)| *it == index).map(|(_, end)| *end);
    let span = |(partition, start): (i32, i64)| Span {
        partition,
        start,
        // A partition that came between the two questions is empty as far as we know.
        end: end_of(partition).unwrap_or(start),
    };
    let mut spans: Vec<_> = starts.into_iter().map(span).collect();
    spans.sort_by_key(|span| span.partition);
    Ok(spans)
}

/// Hands over every record of a span in the order of offsets; at most what a fetch brings is held.
///
/// # Errors
/// When it cannot be read, and what `each` says.
pub(super) async fn read(
    consumer: &mut Consumer,
    topic: &str,
    span: Span,
    mut each: impl FnMut(&ConsumerRecord<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if span.start >= span.end {
        return Ok(());
    }
    let position = Position::Offset(span.start);
    consumer.assign(vec![Assignment::new(topic, span.partition, position)]);
    loop {
        let fetched = consumer.poll().await.map_err(failed)?;
        for records in fetched.partitions() {
            for record in records.records() {
                let record = record.map_err(failed)?;
                if record.offset >= span.end {
                    return Ok(());
                }
                each(&record)?;
            }
            if records.next_offset() >= span.end {
                return Ok(());
            }
        }
    }
}
