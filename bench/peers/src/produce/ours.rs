//! Ours: `send`, deliveries awaited a window behind.

use std::collections::VecDeque;

use upsert_kafka_client::{Client, Config, Record, Role};

use super::{Figures, Load, Row, WINDOW, runtime, timed};

pub(crate) fn run(broker: &str, load: &Load) -> Figures {
    runtime().block_on(async {
        let batch_size = load.batch_size.to_string();
        let pairs = [("bootstrap.servers", broker), ("linger.ms", "5"), ("batch.size", &batch_size)];
        let (config, _) = Config::from_properties(pairs, Role::Producer).expect("a config");
        let producer = Client::open(config).await.expect("a broker").producer();
        let topic = producer.topic(load.topic).await.expect("a topic");
        timed(load, async |count| {
            let mut row = Row::new(load);
            let mut deliveries = VecDeque::with_capacity(WINDOW + 1);
            for number in 0..count {
                row.turn_to(number);
                let record = Record::new(&topic).value(&row.value);
                let record = if load.keyed { record.key(&row.key) } else { record };
                deliveries.push_back(producer.send(record).await.expect("taken"));
                if deliveries.len() > WINDOW
                    && let Some(delivery) = deliveries.pop_front()
                {
                    delivery.await.expect("written");
                }
            }
            for delivery in deliveries {
                delivery.await.expect("written");
            }
        })
        .await
    })
}
