//! The judge: a list of its own for each partition, and what was promised of every record.

use std::collections::{BTreeMap, BTreeSet};

use upsert_kafka_broker::Cluster;
use upsert_kafka_client::{Bytes, Error, Receipt};
use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::records::{ControlType, batches};

use super::plan::{MS, Plan};
use super::reader::View;
use super::world::micros;

/// Knows every record that was ever sent, and every record that ever lay in a log.
#[derive(Debug)]
pub(crate) struct Oracle {
    records: Vec<Sent>,
    transactions: Vec<Transaction>,
    logs: BTreeMap<(&'static str, i32), Log>,
    /// Microseconds within which each record has its outcome.
    patience: u64,
    outcomes: u64,
}

/// Who sends a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    pub(crate) client: usize,
    pub(crate) transaction: Option<usize>,
}

/// A transaction, and how it ended as far as the client knows.
#[derive(Debug)]
struct Transaction {
    client: usize,
    end: End,
    /// It carries a position for its group, which is its number.
    carries_offset: bool,
}

#[derive(Debug, PartialEq)]
enum End {
    /// Nothing: it was open when the client came to its end.
    Nothing,
    Committed,
    NotCommitted {
        may_be: bool,
        why: String,
    },
}

/// A record that a client sent; its number is its place.
#[derive(Debug)]
struct Sent {
    client: usize,
    transaction: Option<usize>,
    topic: &'static str,
    partition: Option<i32>,
    sent_at: u64,
    fate: Fate,
    must_be_written: bool,
}

/// The outcome of a record.
#[derive(Debug, PartialEq)]
enum Fate {
    Nothing,
    /// It was not taken in.
    Refused,
    Acknowledged {
        partition: i32,
        offset: i64,
    },
    Failed {
        may_be_written: bool,
        why: String,
    },
}

/// A partition as it was last seen. It may only grow.
#[derive(Debug, Default)]
struct Log {
    batches: Vec<(i64, Bytes)>,
    /// Record numbers by offset.
    records: Vec<(i64, usize)>,
    next_offset: i64,
    /// What producers have written and not ended.
    open: BTreeMap<i64, Vec<usize>>,
    /// Records whose transaction was committed here.
    committed: BTreeSet<usize>,
}

/// How often all logs are looked at before the end.
const LOOK_EVERY: u64 = 16;
/// How many digits a record's number has in its value.
const DIGITS: usize = 8;
const DECOMPRESSED_BYTES_MAX: usize = 1 << 20;

impl Oracle {
    pub(crate) fn new(plan: &Plan) -> Self {
        let partitions = plan.topics.iter().flat_map(|(topic, count, _)| (0..*count).map(|it| (*topic, it)));
        Self {
            records: Vec::new(),
            transactions: Vec::new(),
            logs: partitions.map(|place| (place, Log::default())).collect(),
            patience: micros(plan.config.delivery_timeout) + MS,
            outcomes: 0,
        }
    }

    /// A record that a client is about to send: its number and its value.
    pub(crate) fn record(
        &mut self,
        Origin { client, transaction }: Origin,
        topic: &'static str,
        partition: Option<i32>,
        padding: usize,
        now: u64,
    ) -> (usize, Vec<u8>) {
        let number = self.records.len();
        let (fate, must_be_written) = (Fate::Nothing, false);
        let sent = Sent { client, transaction, topic, partition, sent_at: now, fate, must_be_written };
        self.records.push(sent);
        let mut value = format!("{number:0DIGITS$}").into_bytes();
        value.resize(DIGITS + padding, b'.');
        (number, value)
    }

    /// The client did not take it in.
    pub(crate) fn refused(&mut self, number: usize) {
        self.records[number].fate = Fate::Refused;
    }

    /// It was sent when nothing was wrong.
    pub(crate) fn must_be_written(&mut self, number: usize) {
        self.records[number].must_be_written = true;
    }

    /// A client has begun a transaction: its number.
    pub(crate) fn begun(&mut self, client: usize) -> usize {
        self.transactions.push(Transaction { client, end: End::Nothing, carries_offset: false });
        self.transactions.len() - 1
    }

    pub(crate) fn committed(&mut self, number: usize) {
        self.transactions[number].end = End::Committed;
    }

    pub(crate) fn not_committed(&mut self, number: usize, may_be: bool, why: String) {
        self.transactions[number].end = End::NotCommitted { may_be, why };
    }

    /// The coordinator has the transaction's number as a position, to keep it with the transaction.
    pub(crate) fn carries_offset(&mut self, number: usize) {
        self.transactions[number].carries_offset = true;
    }

    pub(crate) fn has_offset(&self, number: usize) -> bool {
        self.transactions[number].carries_offset
    }

    pub(crate) fn is_committed(&self, number: usize) -> bool {
        self.transactions[number].end == End::Committed
    }

    /// A record has its outcome.
    pub(crate) fn handle_outcome(
        &mut self,
        number: usize,
        outcome: &Result<Receipt, Error>,
        now: u64,
        cluster: &mut Cluster,
    ) -> Result<(), String> {
        let sent = &mut self.records[number];
        if sent.fate != Fate::Nothing {
            return Err(format!("record {number} has two outcomes: {:?} and {outcome:?}", sent.fate));
        }
        if now > sent.sent_at + self.patience {
            let (waited, patience) = ((now - sent.sent_at) / MS, self.patience / MS);
            return Err(format!(
                "record {number} had its outcome after {waited} ms, later than {patience} ms"
            ));
        }
        sent.fate = match outcome {
            Ok(receipt) => Fate::Acknowledged { partition: receipt.partition, offset: receipt.offset },
            Err(error) => {
                let why = error.to_string();
                if sent.must_be_written {
                    return Err(format!("record {number} failed though nothing was wrong: {why}"));
                }
                Fate::Failed { may_be_written: error.may_have_been_written(), why }
            }
        };
        if let Err(error) = outcome {
            self.judge_doubt(number, error, cluster)?;
        }
        self.outcomes += 1;
        if self.outcomes.is_multiple_of(LOOK_EVERY) { self.look(cluster) } else { Ok(()) }
    }

    /// What a leader refuses as out of order may lie in its log. No log is cut here, so whoever says that it is not known
    /// could have read it there: but for an attempt that was under way when it was read.
    fn judge_doubt(&mut self, number: usize, error: &Error, cluster: &mut Cluster) -> Result<(), String> {
        let refused = error.code() == Some(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
        let plain = self.records[number].transaction.is_none() && !error.is_fatal();
        let why = error.to_string();
        if !(refused && plain && error.may_have_been_written()) || why.contains("may still come") {
            return Ok(());
        }
        self.look(cluster)?;
        let lies = |log: &Log| log.records.iter().any(|(_, known)| *known == number);
        if self.logs.values().any(lies) {
            return Err(format!("record {number} is said to be in doubt, and lies in the log: {why}"));
        }
        Ok(())
    }

    /// The logs have only grown.
    pub(crate) fn look(&mut self, cluster: &mut Cluster) -> Result<(), String> {
        for ((topic, partition), log) in &mut self.logs {
            let now = cluster.log(topic, *partition);
            let known = log.batches.len();
            if now.len() < known || now[..known] != log.batches[..] {
                return Err(format!("{topic}-{partition}: what lay in the log has changed"));
            }
            for (_, bytes) in &now[known..] {
                let read = log.read(bytes, self.records.len());
                read.map_err(|why| format!("{topic}-{partition}: {why}"))?;
            }
            log.batches = now;
        }
        Ok(())
    }

    /// Everything that was promised, at the end.
    pub(crate) fn end(&mut self, cluster: &mut Cluster) -> Result<(), String> {
        self.look(cluster)?;
        let mut places: Vec<Vec<(&str, i32, i64)>> = vec![Vec::new(); self.records.len()];
        for ((topic, partition), log) in &self.logs {
            for (offset, number) in &log.records {
                places[*number].push((topic, *partition, *offset));
            }
            self.in_order(log).map_err(|why| format!("{topic}-{partition}: {why}"))?;
        }
        for (number, (sent, places)) in self.records.iter().zip(&places).enumerate() {
            sent.judge(places).map_err(|why| format!("record {number} of client {}: {why}", sent.client))?;
        }
        for (number, transaction) in self.transactions.iter().enumerate() {
            let judged = self.judge(number, transaction);
            judged.map_err(|why| format!("transaction {number} of client {}: {why}", transaction.client))?;
        }
        Ok(())
    }

    /// What consumers see is what the log's markers say, up to the first record of an open transaction.
    pub(crate) fn judge_view(&self, topic: &'static str, partition: i32, view: &View) -> Result<(), String> {
        let Some(log) = self.logs.get(&(topic, partition)) else { return Ok(()) };
        let stable_offset = log.stable_offset();
        if view.stable_offset != stable_offset {
            return Err(format!("its stable offset is {stable_offset}, and told is {}", view.stable_offset));
        }
        let seen = |(offset, number): &&(i64, usize)| {
            let plain = self.records[*number].transaction.is_none();
            *offset < stable_offset && (plain || log.committed.contains(number))
        };
        let expected: Vec<_> = log.records.iter().filter(seen).map(|(_, number)| *number).collect();
        if view.records != expected {
            return Err(format!("{expected:?} are committed, and {:?} are seen", view.records));
        }
        Ok(())
    }

    /// The group has the position of the last committed transaction of these clients that carries one.
    pub(crate) fn judge_offset(&self, of: impl Fn(usize) -> bool, offset: i64) -> Result<(), String> {
        let mut allowed = vec![-1];
        let carrying = self.transactions.iter().enumerate();
        for (number, it) in carrying.filter(|(_, it)| it.carries_offset && of(it.client)) {
            match it.end {
                End::Committed => allowed = vec![number as i64],
                End::NotCommitted { may_be: true, .. } => allowed.push(number as i64),
                End::NotCommitted { .. } | End::Nothing => {}
            }
        }
        if allowed.contains(&offset) {
            return Ok(());
        }
        Err(format!("its position is {offset}, and should be one of {allowed:?}"))
    }

    /// Whole or not at all, and as the client knows it.
    fn judge(&self, number: usize, transaction: &Transaction) -> Result<(), String> {
        let records = self.records.iter().enumerate().filter(|(_, sent)| sent.transaction == Some(number));
        let seen = |record: &usize| self.logs.values().any(|log| log.committed.contains(record));
        let (mut visible, mut missing) = (Vec::new(), Vec::new());
        for (record, sent) in records.filter(|(_, sent)| sent.fate != Fate::Refused) {
            if seen(&record) {
                visible.push(record);
            } else {
                missing.push((record, &sent.fate));
            }
        }
        match &transaction.end {
            End::Committed if missing.is_empty() => Ok(()),
            End::Committed => Err(format!("it is committed, and these are not seen: {missing:?}")),
            _ if visible.is_empty() => Ok(()),
            End::NotCommitted { may_be: true, .. } if missing.is_empty() => Ok(()),
            end => Err(format!("it came to {end:?}; seen are {visible:?}, and not seen {missing:?}")),
        }
    }

    /// Each client's records lie in the order in which they were sent.
    fn in_order(&self, log: &Log) -> Result<(), String> {
        let mut last: BTreeMap<usize, usize> = BTreeMap::new();
        for (offset, number) in &log.records {
            let client = self.records[*number].client;
            if let Some(before) = last.insert(client, *number)
                && before >= *number
            {
                return Err(format!(
                    "client {client}: record {number} lies behind record {before}, at offset {offset}"
                ));
            }
        }
        Ok(())
    }
}

impl Sent {
    fn judge(&self, places: &[(&str, i32, i64)]) -> Result<(), String> {
        if places.len() > 1 {
            return Err(format!("it lies in the log {} times: {places:?}", places.len()));
        }
        let place = places.first();
        if let Some((topic, partition, _)) = place
            && (*topic != self.topic || self.partition.is_some_and(|asked| asked != *partition))
        {
            return Err(format!(
                "it was sent to {} {:?} and lies in {topic}-{partition}",
                self.topic, self.partition
            ));
        }
        match (&self.fate, place) {
            (Fate::Nothing, _) => Err("it has no outcome".to_owned()),
            (Fate::Acknowledged { .. }, None) => Err("it is acknowledged, and not in the log".to_owned()),
            (Fate::Acknowledged { partition, offset }, Some((_, lies_in, at)))
                if partition != lies_in || *offset >= 0 && offset != at =>
            {
                Err(format!("it is acknowledged at {partition}, {offset}, and lies at {lies_in}, {at}"))
            }
            (Fate::Refused, Some(place)) => Err(format!("it was not taken in, and lies at {place:?}")),
            (Fate::Failed { may_be_written: false, why }, Some(place)) => {
                Err(format!("it failed and cannot have been written ({why}), and lies at {place:?}"))
            }
            _ => Ok(()),
        }
    }
}

impl Log {
    fn read(&mut self, bytes: &Bytes, count: usize) -> Result<(), String> {
        for batch in batches(bytes) {
            let batch = batch.map_err(|why| format!("a batch that cannot be read: {why:?}"))?;
            let body = batch.body(DECOMPRESSED_BYTES_MAX).map_err(|why| why.to_string())?;
            for record in body.iter() {
                let record = record.map_err(|why| why.to_string())?;
                if record.offset != self.next_offset {
                    return Err(format!("offset {}, where {} comes next", record.offset, self.next_offset));
                }
                self.next_offset += 1;
                if batch.is_control() {
                    self.end_transaction(batch.producer_id(), ControlType::of_key(record.key));
                    continue;
                }
                let number = number_of(record.value).filter(|number| *number < count);
                let number = number.ok_or_else(|| format!("offset {}: nobody sent this", record.offset))?;
                self.records.push((record.offset, number));
                if batch.is_transactional() {
                    self.open.entry(batch.producer_id()).or_default().push(number);
                }
            }
        }
        Ok(())
    }

    /// The first offset of a transaction that is open, or the end.
    fn stable_offset(&self) -> i64 {
        let open = |number: &usize| self.open.values().any(|records| records.contains(number));
        let first = self.records.iter().find(|(_, number)| open(number));
        first.map_or(self.next_offset, |(offset, _)| *offset)
    }

    /// A marker: what the producer has written since the last one is seen, or never.
    fn end_transaction(&mut self, producer_id: i64, control: Option<ControlType>) {
        let ended = self.open.remove(&producer_id).unwrap_or_default();
        if control == Some(ControlType::COMMIT) {
            self.committed.extend(ended);
        }
    }
}

/// The record's number, by its value.
pub(crate) fn number_of(value: Option<&[u8]>) -> Option<usize> {
    std::str::from_utf8(value?.get(..DIGITS)?).ok()?.parse().ok()
}
