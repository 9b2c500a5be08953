//! ChangelogNormalize: an upsert table's rows become a changelog that says what was there before.
//!
//! A row of an upsert table replaces the row of its key, or deletes it, without saying what that was. Whoever prints,
//! filters or writes under another key must know. So the last row of each key is kept, as Flink's planner has it:
//!
//! | event | no row kept | a row kept |
//! |---|---|---|
//! | upsert | INSERT | UPDATE_BEFORE of the old, UPDATE_AFTER of the new row; nothing where they are equal |
//! | delete | nothing | DELETE of the row that was kept |
//!
//! The query's filter is judged in here, so that only rows that pass are kept: an upsert that does not pass is a delete.
//! Of a row the columns that the query reads are kept, and only they make rows differ. Before them stands the number of
//! the partition that the row came from, so that it can be forgotten with its partition.

use upsert_kafka_client::TopicPartition;

use crate::error::{Error, ErrorKind};
use crate::expr::Expr;
use crate::expr::function::Moment;
use crate::message::Message;
use crate::operator::Operator;
use crate::row::{Arena, Row, RowKind, Value};
use crate::state::{MemoryState, RowBytes, State, StateFull, StateLimits, StateSize, write_row};

/// What it needs to know, as planned.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NormalizePlan {
    /// The table's name, for errors.
    pub(crate) table: Box<str>,
    /// The primary key's columns of a row.
    pub(crate) key: Vec<usize>,
    /// The other columns that are read.
    pub(crate) columns: Vec<usize>,
    /// Rows for which this is not TRUE are as good as deleted.
    pub(crate) filter: Option<Expr>,
    /// What the state may cost.
    pub(crate) limits: StateLimits,
}

/// The operator.
pub(crate) struct Normalize {
    plan: NormalizePlan,
    state: Box<dyn State>,
    /// Where kept rows came from, numbered by their order.
    partitions: Vec<TopicPartition>,
    /// The number of the last message's partition.
    partition: usize,
    key: Vec<u8>,
    row: Vec<u8>,
}

impl Normalize {
    /// With nothing kept yet, in memory.
    pub(crate) fn new(plan: NormalizePlan) -> Self {
        let state = Box::new(MemoryState::new(plan.limits));
        Self { plan, state, partitions: Vec::new(), partition: 0, key: Vec::new(), row: Vec::new() }
    }

    /// The number of the partition that a message is of.
    fn number_of(&mut self, message: &Message<'_>) -> usize {
        let is_of = |of: &TopicPartition| of.partition == message.partition && *of.topic == *message.topic;
        if !self.partitions.get(self.partition).is_some_and(is_of) {
            self.partition = self.partitions.iter().position(is_of).unwrap_or_else(|| {
                self.partitions.push(TopicPartition::new(message.topic, message.partition));
                self.partitions.len() - 1
            });
        }
        self.partition
    }

    /// The row that is kept under `self.key`, in the arena.
    fn kept<'a>(&self, arity: usize, arena: &'a Arena) -> Option<Row<'a>> {
        let (_, bytes) = split_number(self.state.get(&self.key)?);
        let key = &*arena.alloc_slice_copy(&self.key);
        let bytes = &*arena.alloc_slice_copy(bytes);
        let row = arena.alloc_slice_fill_copy(arity, Value::Null);
        RowBytes::new(key).read(&self.plan.key, row, arena);
        RowBytes::new(bytes).read(&self.plan.columns, row, arena);
        Some(row)
    }

    /// Whether the row is one that the query sees.
    fn passes(&self, row: Row<'_>, moment: &Moment<'_>) -> Result<bool, Error> {
        let Some(filter) = &self.plan.filter else { return Ok(true) };
        filter.is_true(row, moment).map_err(|error| {
            Error::new(ErrorKind::Source, format!("table {}: WHERE: {error}", self.plan.table))
        })
    }

    #[cold]
    fn full(&self, full: &StateFull) -> Error {
        let text = format!(
            "table {}: the last row of each key is kept, and {full}; let SET 'table.exec.state.max-memory' allow more, \
             let SET 'table.exec.state.ttl' forget keys that do not change, or read fewer columns",
            self.plan.table
        );
        Error::new(ErrorKind::State, text)
    }
}

impl Operator for Normalize {
    fn process<'a>(
        &mut self,
        message: &Message<'_>,
        kind: RowKind,
        row: Row<'a>,
        moment: &Moment<'a>,
        each: &mut dyn FnMut(RowKind, Row<'a>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let number = self.number_of(message);
        self.key.clear();
        write_row(row, &self.plan.key, &mut self.key);
        let is_upsert = matches!(kind, RowKind::Insert | RowKind::UpdateAfter) && self.passes(row, moment)?;
        if !is_upsert {
            let Some(old) = self.kept(row.len(), moment.arena) else { return Ok(()) };
            self.state.delete(&self.key);
            return each(RowKind::Delete, old);
        }
        self.row.clear();
        write_number(number, &mut self.row);
        write_row(row, &self.plan.columns, &mut self.row);
        let old = match self.state.get(&self.key) {
            // Where rows grow too old an equal one makes the key young again, and is told.
            Some(kept) if *kept == self.row && self.plan.limits.ttl.is_none() => return Ok(()),
            Some(_) => self.kept(row.len(), moment.arena),
            None => None,
        };
        self.state.put(&self.key, &self.row).map_err(|full| self.full(&full))?;
        match old {
            None => each(RowKind::Insert, row),
            Some(old) => {
                each(RowKind::UpdateBefore, old)?;
                each(RowKind::UpdateAfter, row)
            }
        }
    }

    fn forget(&mut self, partitions: &[TopicPartition]) {
        let gone: Vec<_> = self.partitions.iter().map(|of| partitions.contains(of)).collect();
        self.state.retain(&mut |_, value| !gone.get(split_number(value).0).copied().unwrap_or(false));
    }

    fn set_time(&mut self, now_ms: i64) {
        self.state.set_time(now_ms);
    }

    fn state_size(&self) -> StateSize {
        self.state.size()
    }
}

/// A number before the bytes of a row, seven bits a byte.
fn write_number(mut number: usize, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn split_number(bytes: &[u8]) -> (usize, &[u8]) {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0).map_or(bytes.len(), |last| last + 1);
    let number = bytes[..end].iter().rev().fold(0, |number, byte| number << 7 | usize::from(byte & 0x7f));
    (number, &bytes[end..])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::types::LogicalType;

    const NO_LIMITS: StateLimits = StateLimits { memory_bytes_max: usize::MAX, ttl: None };

    /// Rows of (id, v, ok), keyed by id.
    fn normalize(filter: Option<Expr>, limits: StateLimits) -> Normalize {
        Normalize::new(NormalizePlan { table: "u".into(), key: vec![0], columns: vec![1, 2], filter, limits })
    }

    /// What comes out for a row, as Flink prints it.
    fn feed(it: &mut Normalize, kind: RowKind, id: i32, v: &str, ok: bool) -> Vec<String> {
        let arena = Arena::new();
        let null = kind == RowKind::Delete;
        let row = match null {
            true => [Value::Int(id), Value::Null, Value::Null],
            false => [Value::Int(id), Value::String(v), Value::Boolean(ok)],
        };
        let mut out = Vec::new();
        it.process(&Message::new("u", 0, 0), kind, &row, &Moment::still(&arena), &mut |kind, row| {
            out.push(format!("{kind}{:?}", &row[..2]));
            Ok(())
        })
        .unwrap();
        out
    }

    fn line(kind: &str, id: i32, v: &str) -> String {
        format!("{kind}[Int({id}), String({v:?})]")
    }

    /// Spec 4.6, as it was run on Flink.
    #[test]
    fn upserts_and_deletes_become_a_changelog() {
        let mut it = normalize(None, NO_LIMITS);
        assert_eq!(feed(&mut it, RowKind::Insert, 1, "a", true), [line("+I", 1, "a")]);
        assert_eq!(feed(&mut it, RowKind::Insert, 2, "b", true), [line("+I", 2, "b")]);
        assert_eq!(feed(&mut it, RowKind::Insert, 1, "c", true), [line("-U", 1, "a"), line("+U", 1, "c")]);
        assert_eq!(feed(&mut it, RowKind::Delete, 2, "", true), [line("-D", 2, "b")]);
        assert!(feed(&mut it, RowKind::Delete, 9, "", true).is_empty(), "an unknown key");
        assert!(feed(&mut it, RowKind::Insert, 1, "c", true).is_empty(), "an equal row");
        assert_eq!(feed(&mut it, RowKind::Insert, 2, "b", true), [line("+I", 2, "b")]);
        assert_eq!(it.state_size().rows, 2);
    }

    #[test]
    fn a_row_that_the_filter_refuses_is_as_good_as_deleted() {
        let filter = Expr::column(2, LogicalType::Boolean.nullable());
        let mut it = normalize(Some(filter), NO_LIMITS);
        assert_eq!(feed(&mut it, RowKind::Insert, 1, "a", true), [line("+I", 1, "a")]);
        assert_eq!(feed(&mut it, RowKind::Insert, 1, "c", true), [line("-U", 1, "a"), line("+U", 1, "c")]);
        assert_eq!(feed(&mut it, RowKind::Insert, 1, "d", false), [line("-D", 1, "c")]);
        assert!(feed(&mut it, RowKind::Insert, 1, "e", false).is_empty());
        assert!(feed(&mut it, RowKind::Delete, 1, "", true).is_empty());
        assert_eq!(it.state_size().rows, 0, "what no query sees takes no memory");
    }

    #[test]
    fn a_row_that_is_too_old_is_unknown_and_an_equal_one_makes_it_young() {
        let ttl = Some(Duration::from_millis(100));
        let mut it = normalize(None, StateLimits { ttl, ..NO_LIMITS });
        feed(&mut it, RowKind::Insert, 1, "a", true);
        it.set_time(60);
        assert_eq!(feed(&mut it, RowKind::Insert, 1, "a", true), [line("-U", 1, "a"), line("+U", 1, "a")]);
        it.set_time(120);
        assert_eq!(feed(&mut it, RowKind::Insert, 1, "b", true), [line("-U", 1, "a"), line("+U", 1, "b")]);
        it.set_time(220);
        assert_eq!(feed(&mut it, RowKind::Insert, 1, "c", true), [line("+I", 1, "c")]);
    }

    #[test]
    fn a_state_that_may_not_grow_says_what_to_do() {
        let mut it = normalize(None, StateLimits { memory_bytes_max: 1_000, ttl: None });
        let arena = Arena::new();
        let row = [Value::Int(1), Value::Null, Value::Null];
        let refused = it.process(
            &Message::new("u", 0, 0),
            RowKind::Insert,
            &row,
            &Moment::still(&arena),
            &mut |_, _| Ok(()),
        );
        let text = refused.unwrap_err().to_string();
        assert_eq!(
            text,
            "table u: the last row of each key is kept, and 0 rows fill the 1000 bytes of memory that they may take; \
             let SET 'table.exec.state.max-memory' allow more, let SET 'table.exec.state.ttl' forget keys that do not \
             change, or read fewer columns"
        );
    }
}
