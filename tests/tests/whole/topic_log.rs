//! What lies in a topic of the embedded broker, read from its batches by hand: rows, and the markers between them.

use std::collections::BTreeMap;

use upsert_kafka_broker::Broker;
use upsert_kafka_client::Bytes;
use upsert_kafka_protocol::records::{ControlType, batches};

/// A row of a topic: the key's number and the number of the row among all rows of its key.
pub(crate) type KeyedRow = (i32, i64);

/// The rows of every partition, in the order of their offsets.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct TopicLog {
    pub(crate) rows: Vec<KeyedRow>,
    /// Of each row, partition and offset; nothing where a reader shows rows.
    pub(crate) places: Vec<(i32, i64)>,
    /// Rows behind the first open transaction of their partition, and those of open transactions.
    pub(crate) unstable: usize,
}

/// A row as it lies in a partition.
struct WrittenRow {
    row: KeyedRow,
    offset: i64,
    ending: Ending,
}

/// How a row's transaction ended.
#[derive(Clone, Copy, PartialEq)]
enum Ending {
    Open,
    Committed,
    Aborted,
}

const DECOMPRESSED_BYTES_MAX: usize = 1 << 20;

impl TopicLog {
    /// Every row, whatever became of its transaction.
    pub(crate) async fn written(broker: &Broker, topic: &str, partitions: i32) -> Result<Self, String> {
        let mut log = Self::default();
        for partition in 0..partitions {
            let rows = rows_of(&broker.log(topic, partition).await)?;
            log.places.extend(rows.iter().map(|it| (partition, it.offset)));
            log.rows.extend(rows.into_iter().map(|it| it.row));
        }
        Ok(log)
    }

    /// What `read_committed` shows.
    pub(crate) async fn committed(broker: &Broker, topic: &str, partitions: i32) -> Result<Self, String> {
        let mut log = Self::default();
        for partition in 0..partitions {
            let rows = rows_of(&broker.log(topic, partition).await)?;
            let stable = rows.iter().position(|it| it.ending == Ending::Open).unwrap_or(rows.len());
            log.unstable += rows.len() - stable;
            for it in rows[..stable].iter().filter(|it| it.ending == Ending::Committed) {
                log.rows.push(it.row);
                log.places.push((partition, it.offset));
            }
        }
        Ok(log)
    }

    /// A row that a reader shows; what is none shows as a row of a key that there is not.
    pub(crate) fn add(&mut self, value: &[u8]) {
        self.rows.push(row(value).unwrap_or((-1, -1)));
    }

    /// The numbers of each key, in order.
    pub(crate) fn by_key(&self) -> BTreeMap<i32, Vec<i64>> {
        let mut by_key: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
        self.rows.iter().for_each(|(key, number)| by_key.entry(*key).or_default().push(*number));
        by_key
    }
}

fn rows_of(log: &[(i64, Bytes)]) -> Result<Vec<WrittenRow>, String> {
    let mut rows: Vec<WrittenRow> = Vec::new();
    let mut open: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (offset, bytes) in log {
        for batch in batches(bytes) {
            let batch = batch.map_err(|error| format!("offset {offset}: {error}"))?;
            let body =
                batch.body(DECOMPRESSED_BYTES_MAX).map_err(|error| format!("offset {offset}: {error}"))?;
            for record in &body {
                let record = record.map_err(|error| format!("offset {offset}: {error}"))?;
                if batch.is_control() {
                    let is_commit = ControlType::of_key(record.key) == Some(ControlType::COMMIT);
                    let ending = if is_commit { Ending::Committed } else { Ending::Aborted };
                    let ended = open.remove(&batch.producer_id()).unwrap_or_default();
                    ended.into_iter().for_each(|at| rows[at].ending = ending);
                    continue;
                }
                let ending = if batch.is_transactional() {
                    open.entry(batch.producer_id()).or_default().push(rows.len());
                    Ending::Open
                } else {
                    Ending::Committed
                };
                let (row, offset) = (row(record.value.unwrap_or_default())?, record.offset);
                rows.push(WrittenRow { row, offset, ending });
            }
        }
    }
    Ok(rows)
}

/// `{"id":1,"number":2}`, as JSON's encoder and the feeder write it.
fn row(value: &[u8]) -> Result<KeyedRow, String> {
    let text = str::from_utf8(value).map_err(|error| error.to_string())?;
    let number = |name: &str| -> Option<i64> {
        let rest = text.split_once(name)?.1;
        rest.split(|it: char| !it.is_ascii_digit()).next()?.parse().ok()
    };
    match (number("\"id\":"), number("\"number\":")) {
        (Some(key), Some(number)) => Ok((i32::try_from(key).map_err(|error| error.to_string())?, number)),
        _ => Err(format!("no row: {text:?}")),
    }
}
