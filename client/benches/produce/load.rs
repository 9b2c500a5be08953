//! The loop that a user would write, and what it sends.

use std::collections::VecDeque;

use upsert_kafka_client::{Error, Producer, Record, Topic};

/// What is sent in one run.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) topic: String,
    pub(crate) keyed: bool,
    pub(crate) value_bytes: usize,
    pub(crate) records: u64,
    pub(crate) end: End,
    pub(crate) content: Content,
}

/// How the caller learns what became of its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Every delivery is awaited, a window behind the sends.
    Deliveries,
    /// Deliveries are dropped, and one flush ends it.
    Flush,
}

/// What values are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// A number and what never changes.
    Numbered,
    /// An order as JSON, for compression.
    Orders,
}

impl Load {
    /// Of one record, as its caller counts them.
    pub(crate) fn record_bytes(&self) -> usize {
        self.value_bytes + if self.keyed { KEY.len() } else { 0 }
    }

    /// Sends `count` records and learns that all were written.
    pub(crate) async fn drive(&self, producer: &Producer, topic: &Topic, count: u64) -> Result<(), Error> {
        match self.end {
            End::Deliveries => self.with_deliveries(producer, topic, count).await,
            End::Flush => self.with_flush(producer, topic, count).await,
        }
    }

    async fn with_deliveries(&self, producer: &Producer, topic: &Topic, count: u64) -> Result<(), Error> {
        let mut rows = Rows::new(self);
        let mut deliveries = VecDeque::with_capacity(WINDOW + 1);
        for number in 0..count {
            deliveries.push_back(producer.send(rows.record(topic, number)).await?);
            if deliveries.len() > WINDOW
                && let Some(delivery) = deliveries.pop_front()
            {
                delivery.await?;
            }
        }
        for delivery in deliveries {
            delivery.await?;
        }
        Ok(())
    }

    async fn with_flush(&self, producer: &Producer, topic: &Topic, count: u64) -> Result<(), Error> {
        let mut rows = Rows::new(self);
        for number in 0..count {
            drop(producer.send(rows.record(topic, number)).await?);
        }
        producer.flush().await
    }
}

/// Values begin with the record's number; keys are spread over a million.
struct Rows {
    keyed: bool,
    key: [u8; 16],
    values: Vec<Vec<u8>>,
}

impl Rows {
    fn new(load: &Load) -> Self {
        let values = match load.content {
            Content::Numbered => vec![(0..load.value_bytes).map(|at| at as u8).collect()],
            Content::Orders => (0..ORDERS as u64).map(|nth| order(nth, load.value_bytes)).collect(),
        };
        Self { keyed: load.keyed, key: KEY, values }
    }

    fn record<'a>(&'a mut self, topic: &'a Topic, number: u64) -> Record<'a> {
        let value = match &mut self.values[..] {
            [only] => {
                only[..8].copy_from_slice(&number.to_be_bytes());
                only
            }
            many => &mut many[number as usize % ORDERS],
        };
        let record = Record::new(topic).value(value);
        if !self.keyed {
            return record;
        }
        self.key[8..].copy_from_slice(&(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 44).to_be_bytes());
        record.key(&self.key)
    }
}

/// One of many orders that differ as orders do, cut or filled to a length.
fn order(nth: u64, bytes: usize) -> Vec<u8> {
    let mut bits = nth.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut text = String::new();
    while text.len() < bytes {
        bits = (bits ^ (bits >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let (id, cents, city) = (bits >> 40, bits >> 20 & 0xf_ffff, CITIES[(bits & 7) as usize]);
        text.push_str(&format!(
            "{{\"order_id\":{id},\"customer\":\"customer-{:x}\",\"amount\":{}.{:02},\"city\":\"{city}\",\"paid\":true}}",
            bits >> 44,
            cents / 100,
            cents % 100
        ));
    }
    text.truncate(bytes);
    text.into_bytes()
}

const CITIES: [&str; 8] = ["Berlin", "Paris", "Wien", "Roma", "Madrid", "Oslo", "Praha", "Lisboa"];
/// A power of two.
const ORDERS: usize = 1024;
const KEY: [u8; 16] = *b"customer00000000";
/// How many deliveries are open at a time.
const WINDOW: usize = 100_000;
