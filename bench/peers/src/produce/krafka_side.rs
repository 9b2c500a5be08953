//! krafka: `enqueue`, handles awaited a window behind; a key and a value of its own for each record.

use std::collections::VecDeque;
use std::time::Duration;

use krafka::producer::Acks;
use krafka::{Kafka, Record};

use super::{Figures, Load, Row, WINDOW, runtime, timed};

pub(crate) fn run(broker: &str, load: &Load) -> Figures {
    runtime().block_on(async {
        let kafka = Kafka::builder(broker).connect().await.expect("a broker");
        let producer = kafka
            .producer()
            .acks(Acks::All)
            .linger(Duration::from_millis(5))
            .batch_size(load.batch_size)
            .max_request_size(11 << 20)
            .build()
            .await
            .expect("a producer");
        timed(load, async |count| {
            let mut row = Row::new(load);
            let mut handles = VecDeque::with_capacity(WINDOW + 1);
            for number in 0..count {
                row.turn_to(number);
                let record = Record::new(load.topic, row.value.clone());
                let record = if load.keyed { record.key(row.key.to_vec()) } else { record };
                handles.push_back(producer.enqueue(record).await.expect("taken"));
                if handles.len() > WINDOW
                    && let Some(handle) = handles.pop_front()
                {
                    handle.await.expect("written");
                }
            }
            for handle in handles {
                handle.await.expect("written");
            }
        })
        .await
    })
}
