//! krafka: `enqueue` in a loop, deliveries awaited a window behind.

use std::collections::VecDeque;
use std::time::Duration;

use krafka::producer::{Acks, Producer};
use krafka::{Kafka, Record};

use crate::{Load, Outcome};

pub(crate) struct Sender(Producer);

/// As in `load.rs`.
const WINDOW: usize = 100_000;

impl Sender {
    pub(crate) async fn connect(load: &Load) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let kafka = Kafka::builder(load.address.as_str()).connect().await?;
        let producer = kafka
            .producer()
            .acks(Acks::All)
            .idempotent(true)
            .linger(Duration::from_millis(5))
            .batch_size(load.batch_bytes)
            .max_request_size(10_000_000)
            .buffer_memory(64 << 20);
        Ok(Self(producer.build().await?))
    }

    pub(crate) async fn drive(&self, load: &Load, count: u64) -> Outcome {
        let mut deliveries = VecDeque::with_capacity(WINDOW + 1);
        for number in 0..count {
            let mut record = Record::new(load.topic.as_str(), load.value(number));
            if load.keyed {
                record = record.key(Load::key(number).to_vec());
            }
            deliveries.push_back(self.0.enqueue(record).await?);
            if deliveries.len() > WINDOW
                && let Some(delivery) = deliveries.pop_front()
            {
                _ = delivery.await?;
            }
        }
        for delivery in deliveries {
            _ = delivery.await?;
        }
        Ok(())
    }
}
