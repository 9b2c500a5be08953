//! A producer under load, whose records are numbered: for tests that change something below it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use upsert_kafka_client::{
    Address, Assignment, Client, Config, Environment, Error, Position, Producer, Record, Role,
};
use upsert_kafka_tests::kafka::Properties;

/// How often a client has connected.
#[derive(Clone, Debug, Default)]
pub(super) struct Dials(Arc<AtomicUsize>);

impl Dials {
    /// A client whose connections are counted.
    pub(super) async fn client(&self, properties: &Properties) -> Result<Client, Error> {
        let pairs = properties.iter().map(|(key, value)| (*key, value.as_str()));
        let (config, _) = Config::from_properties(pairs, Role::Any)?;
        let count = Arc::clone(&self.0);
        let environment = Environment::new().with_dialer(move |broker: Address| {
            count.fetch_add(1, Ordering::Relaxed);
            TcpStream::connect((broker.host, broker.port))
        });
        Client::open_in(config, environment).await
    }

    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Sends numbers for so long, many in flight, and gives how many it sent; each is acknowledged.
pub(super) async fn send_for(
    producer: &Producer,
    topic: &str,
    from: u64,
    how_long: Duration,
) -> Result<u64, Error> {
    let topic = producer.topic(topic).await?;
    let (began, mut next) = (Instant::now(), from);
    let mut flying = VecDeque::new();
    while began.elapsed() < how_long {
        flying.push_back(producer.send(Record::new(&topic).value(&next.to_be_bytes())).await?);
        next += 1;
        if flying.len() == FLYING_MAX {
            for delivery in flying.drain(..FLYING_MAX / 2) {
                delivery.await?;
            }
        }
    }
    for delivery in flying {
        delivery.await?;
    }
    Ok(next - from)
}

/// Reads partition 0 and asserts that it holds each number below `count` once, in order.
pub(super) async fn assert_whole(client: &Client, topic: &str, count: u64) -> Result<(), Error> {
    let mut consumer = client.consumer();
    consumer.assign(vec![Assignment::new(topic, 0, Position::Earliest)]);
    let mut next = 0;
    while next < count {
        for record in &consumer.poll().await? {
            assert_eq!(record?.value, Some(&next.to_be_bytes()[..]));
            next += 1;
        }
    }
    Ok(())
}

/// Several requests' worth.
const FLYING_MAX: usize = 2000;
