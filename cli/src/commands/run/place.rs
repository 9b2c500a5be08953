//! Where in the input a record came from.

use std::collections::HashMap;

use upsert_kafka_sink::RecordPlace;

use super::reading::{InputLayout, Reading};

/// What was fed into each topic, value after value: the n-th went to partition n modulo their count, so that a record's
/// partition and offset say which value it was, and nothing need be kept per value.
pub(super) struct Places {
    partitions: u64,
    by_topic: HashMap<String, Vec<Fed>>,
}

/// One input, wholly fed.
struct Fed {
    path: String,
    layout: InputLayout,
    /// The number of its first value in the topic, from 0, and how many there are.
    first: u64,
    count: u64,
}

impl Places {
    /// Nothing was fed yet.
    pub(super) fn new(partitions: i32) -> Self {
        let partitions = u64::try_from(partitions).unwrap_or(1).max(1);
        Self { partitions, by_topic: HashMap::new() }
    }

    /// How many values a topic has.
    pub(super) fn count(&self, topic: &str) -> u64 {
        let last = self.by_topic.get(topic).and_then(|fed| fed.last());
        last.map_or(0, |fed| fed.first + fed.count)
    }

    /// The partition of a topic's n-th value.
    pub(super) fn partition(&self, number: u64) -> i32 {
        // Below the number of partitions, which is an i32.
        (number % self.partitions) as i32
    }

    /// A file was fed into the topic, with so many values.
    pub(super) fn add(&mut self, topic: &str, path: String, layout: InputLayout, count: u64) {
        let fed = Fed { path, layout, first: self.count(topic), count };
        self.by_topic.entry(topic.to_owned()).or_default().push(fed);
    }

    /// `orders.jsonl, line 7 (value 3)`, with what makes it no JSON. The file is read again up to there, since this is
    /// wanted once in a run; of what cannot be read again the value's number must do.
    pub(super) async fn of(&self, record: &RecordPlace) -> Option<String> {
        let (partition, offset) = (u64::try_from(record.partition).ok()?, u64::try_from(record.offset).ok()?);
        let number = offset.checked_mul(self.partitions)?.checked_add(partition)?;
        let fed = self.by_topic.get(&*record.topic)?;
        let fed = fed.iter().find(|fed| (fed.first..fed.first + fed.count).contains(&number))?;
        let number = number - fed.first + 1;
        let Some((line, problem)) = fed.line(number).await else {
            return Some(format!(
                "{}, value {number}",
                if fed.path == "-" { "standard input" } else { &fed.path }
            ));
        };
        let problem = problem.map_or(String::new(), |problem| format!(", no JSON by {problem}"));
        Some(format!("{}, line {line} (value {number}{problem})", fed.path))
    }
}

impl Fed {
    async fn line(&self, number: u64) -> Option<(u64, Option<String>)> {
        if !std::fs::metadata(&self.path).is_ok_and(|it| it.is_file()) {
            return None;
        }
        let mut reading = Reading::open(&self.path, self.layout).await.ok()?;
        for _ in 1..number {
            reading.next().await.ok()??;
        }
        let value = reading.next().await.ok()??;
        Some((value.line, value.problem))
    }
}
