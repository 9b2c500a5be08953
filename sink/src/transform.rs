//! A record becomes changes, without I/O: deserialized, filtered, projected, encoded.
//!
//! A [`Transform`] is all that a task does to a record between its consumer and its producers:
//!
//! ```text
//! Message ─ Deserializer ─ Operator? ─┬─ InsertChain: filter ─ projection ─ output ─ Changes
//!           one per table             └─ InsertChain: …        one per INSERT
//! ```
//!
//! A record is read once per table, however many INSERTs read the table. What an INSERT makes of it lies in the
//! [`Changes`] of that INSERT, whatever branch it is of, until the next record. Rows borrow from the record and from one arena, which is reset with
//! each record; so a record costs no allocation once buffers have grown.
//!
//! One thing can stop it half-way: a decoder may need a schema that was not fetched yet. Then [`feed`](Transform::feed)
//! says so, the caller awaits [`SchemaRequest::fetch`], and [`resume`](Transform::resume) goes on with the same record
//! where it stopped: tables before that one are done, and the decoder gave no row yet.

use std::cell::Cell;
use std::sync::Arc;

use upsert_kafka_client::TopicPartition;

use crate::chance::Chance;
use crate::changes::Changes;
use crate::codecs::Codecs;
use crate::deserializer::{Deserializer, Undecoded};
use crate::error::{Error, ErrorKind};
use crate::exchange::KeyHash;
use crate::expr::function::Moment;
use crate::expr::functions::regex::cache::PatternCache;
use crate::expr::{EvalError, Keep, Projection};
use crate::format::{Decoder, Part, Waiting};
use crate::message::Message;
use crate::normalize::Normalize;
use crate::operator::Operator;
use crate::output::Output;
use crate::plan::{Distribution, InsertPlan, Pipeline, SourcePlan};
use crate::row::{Arena, Row, RowKind, Timestamp, Value};
use crate::state::StateSize;
use crate::step::{Step, Unexpanded};

/// From a record to what each INSERT makes of it.
pub struct Transform {
    sources: Vec<SourceChain>,
    inserts: Vec<InsertChain>,
    /// As many as there are sinks: branches of one INSERT write in the order of the rows.
    changes: Vec<Changes>,
    arena: Arena,
    /// The source that the record is read for next; those before are done with it.
    next_source: usize,
    /// Rows that the record gave to its tables.
    rows: usize,
    /// How many schemas the record may still need.
    schemas_left: usize,
    /// When records are processed, for expressions that ask.
    now: Timestamp,
    chance: Chance,
    /// Regular expressions that rows bring with them.
    patterns: PatternCache,
    /// Whether an expression asks for the time, or draws.
    reads_clock: bool,
    /// Whether records only rebuild the state of operators.
    rebuilds: bool,
}

/// From a record to the rows of one table.
struct SourceChain {
    deserializer: Deserializer,
    /// Where the rows of the table depend on those before.
    operator: Option<Box<dyn Operator>>,
}

/// From a row to the bytes of its change.
struct InsertChain {
    source: usize,
    /// Whose changes these are.
    sink: usize,
    steps: Vec<Step>,
    projection: Projection,
    /// Where deletes have their key alone: the projection without NOT NULL beside the key.
    delete_projection: Option<Projection>,
    drop_update_before: bool,
    output: Output,
    /// Where tasks of the sink write its rows by their key.
    key_hash: Option<KeyHash>,
}

/// How far a record was taken.
#[must_use]
pub enum Fed {
    /// It is done, and its [`changes`](Transform::changes) are there.
    Complete,
    /// A schema is missing: fetch it, and resume with the same record.
    NeedsSchema(SchemaRequest),
}

/// The schema without which a record cannot be read, and who can fetch it.
pub struct SchemaRequest {
    decoder: Arc<dyn Decoder>,
    id: u32,
}

impl Transform {
    /// What the INSERTs of one reader do to each message, with the formats that were opened for them.
    pub fn new(pipeline: &Pipeline, codecs: &Codecs) -> Self {
        let sources = pipeline.sources.iter().zip(&codecs.deserializers);
        let chain = |(plan, deserializer): (&SourcePlan, &Deserializer)| SourceChain {
            deserializer: deserializer.clone(),
            operator: plan.normalize.clone().map(|it| Box::new(Normalize::new(it)) as Box<dyn Operator>),
        };
        let sinks =
            pipeline.sinks().enumerate().flat_map(|(at, branches)| std::iter::repeat_n(at, branches.len()));
        let inserts = pipeline.inserts.iter().zip(&codecs.outputs).zip(sinks);
        Self {
            sources: sources.map(chain).collect(),
            inserts: inserts
                .map(|((plan, output), sink)| InsertChain::new(plan, output.clone(), sink))
                .collect(),
            changes: pipeline.sinks().map(|_| Changes::default()).collect(),
            arena: Arena::new(),
            next_source: 0,
            rows: 0,
            schemas_left: 0,
            now: Timestamp { seconds: 0, nanos: 0 },
            chance: Chance::default(),
            patterns: PatternCache::default(),
            rebuilds: false,
            reads_clock: pipeline.inserts.iter().any(InsertPlan::reads_clock),
        }
    }

    /// Draws random numbers from this seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { chance: Chance::seeded(seed), ..self }
    }

    /// Whether an expression asks for the time or for chance, so that [`set_now`](Self::set_now) has an effect.
    pub fn reads_clock(&self) -> bool {
        self.reads_clock
    }

    /// Says that records are processed at this time from here on.
    pub fn set_now(&mut self, unix_ms: i64) {
        let nanos = unix_ms.rem_euclid(1_000) as u32 * 1_000_000;
        self.now = Timestamp { seconds: unix_ms.div_euclid(1_000), nanos };
    }

    /// Whether records from now on only rebuild the state of operators: what they change was written before.
    pub(crate) fn set_rebuilds(&mut self, rebuilds: bool) {
        self.rebuilds = rebuilds;
    }

    /// What time it is from now on, for operators that keep rows for some time only.
    pub(crate) fn set_time(&mut self, now_ms: i64) {
        self.sources.iter_mut().filter_map(|it| it.operator.as_mut()).for_each(|it| it.set_time(now_ms));
    }

    /// What operators keep of these partitions is of no use any more.
    pub(crate) fn forget(&mut self, partitions: &[TopicPartition]) {
        self.sources.iter_mut().filter_map(|it| it.operator.as_mut()).for_each(|it| it.forget(partitions));
    }

    /// How much its operators keep.
    pub fn state_size(&self) -> StateSize {
        let mut size = StateSize::default();
        self.sources.iter().filter_map(|it| it.operator.as_ref()).for_each(|it| size += it.state_size());
        size
    }

    /// Reads one message.
    ///
    /// # Errors
    /// The first row that cannot be read, converted or written. Changes of rows before it, in the same
    /// message, are lost with it: a message is wholly in or not at all.
    #[inline]
    pub fn feed(&mut self, message: &Message<'_>) -> Result<Fed, Error> {
        self.arena.reset();
        self.changes.iter_mut().for_each(Changes::clear);
        (self.next_source, self.rows) = (0, 0);
        // A key and a value have one schema each.
        self.schemas_left = 2 * self.sources.len();
        self.resume(message)
    }

    /// Goes on with the message that needed a schema, which was fetched since.
    ///
    /// # Errors
    /// As [`feed`](Self::feed); and a schema that is fetched again and again.
    #[inline]
    pub fn resume(&mut self, message: &Message<'_>) -> Result<Fed, Error> {
        while self.next_source < self.sources.len() {
            if let Err(undecoded) = self.read(message)? {
                return self.wait(undecoded);
            }
            self.next_source += 1;
        }
        Ok(Fed::Complete)
    }

    /// What the message that was fed last changes in each sink, in their order: one of each INSERT.
    pub fn changes(&self) -> &[Changes] {
        &self.changes
    }

    /// Whether the message gave no row at all, not even one that was dropped on the way.
    pub fn is_unread(&self) -> bool {
        self.rows == 0
    }

    /// Reads the message for the next source. The inner error is its decoder's.
    #[inline]
    fn read(&mut self, message: &Message<'_>) -> Result<Result<(), Undecoded>, Error> {
        let Self {
            sources,
            inserts,
            changes,
            arena,
            next_source: source,
            rows,
            now,
            chance,
            patterns,
            rebuilds,
            ..
        } = self;
        let SourceChain { deserializer, operator } = &mut sources[*source];
        let (arena, inserts) = (&*arena, &*inserts);
        let drawing = Cell::new(*chance);
        let draw = || {
            let mut chance = drawing.get();
            let drawn = chance.draw();
            drawing.set(chance);
            drawn
        };
        let moment = Moment { arena, now: *now, chance: &draw, patterns: Some(patterns) };
        let mut push = |kind, row| {
            if *rebuilds {
                return Ok(());
            }
            let mut own = inserts.iter().filter(|insert| insert.source == *source);
            own.try_for_each(|insert| insert.push(kind, row, &moment, &mut changes[insert.sink]))
        };
        let mut failure = None;
        let outcome = deserializer.deserialize(message, arena, |kind, row| {
            *rows += 1;
            if failure.is_none() {
                failure = match operator {
                    None => push(kind, row).err(),
                    Some(operator) => operator.process(message, kind, row, &moment, &mut push).err(),
                };
            }
        });
        *chance = drawing.get();
        match failure {
            Some(error) => Err(error),
            None => Ok(outcome),
        }
    }

    #[cold]
    fn wait(&mut self, Undecoded { part, error }: Undecoded) -> Result<Fed, Error> {
        let Some(id) = error.needed_schema().filter(|_| self.schemas_left > 0) else {
            let error = Error::decode(error);
            return Err(if part == Part::Key { error.within("the key") } else { error });
        };
        self.schemas_left -= 1;
        let decoder = Arc::clone(self.sources[self.next_source].deserializer.decoder(part));
        Ok(Fed::NeedsSchema(SchemaRequest::new(decoder, id)))
    }
}

impl SchemaRequest {
    pub(crate) fn new(decoder: Arc<dyn Decoder>, id: u32) -> Self {
        Self { decoder, id }
    }

    /// Has the schema fetched.
    ///
    /// # Errors
    /// Its registry does not answer, or does not know it.
    pub fn fetch(&self) -> Waiting<'_, ()> {
        self.decoder.fetch_schema(self.id)
    }
}

impl InsertChain {
    fn new(plan: &InsertPlan, output: Output, sink: usize) -> Self {
        Self {
            source: plan.source,
            sink,
            steps: plan.steps.clone(),
            projection: plan.projection.clone(),
            delete_projection: plan.delete_projection(),
            drop_update_before: plan.drop_update_before,
            output,
            key_hash: match &plan.distribution {
                Distribution::Hash { tasks, key } => Some(KeyHash::new(key.clone(), *tasks)),
                Distribution::Forward | Distribution::Rebalance { .. } => None,
            },
        }
    }

    /// Filters, multiplies, projects, encodes; UPDATE_BEFORE is dropped where the planner says that nobody needs it.
    #[inline]
    fn push<'a>(
        &'a self,
        kind: RowKind,
        row: Row<'a>,
        moment: &Moment<'a>,
        changes: &mut Changes,
    ) -> Result<(), Error> {
        if kind == RowKind::UpdateBefore && self.drop_update_before {
            return Ok(());
        }
        self.step(&self.steps, kind, row, moment, changes)
    }

    /// Takes a row through these steps and what stands behind them.
    #[inline]
    fn step<'a>(
        &'a self,
        mut steps: &'a [Step],
        kind: RowKind,
        row: Row<'a>,
        moment: &Moment<'a>,
        changes: &mut Changes,
    ) -> Result<(), Error> {
        while let Some((step, rest)) = steps.split_first() {
            match step {
                Step::Filter(filter) => {
                    if !filter.is_true(row, moment).map_err(|error| self.unjudged(error))? {
                        return Ok(());
                    }
                }
                Step::Expand(expand) => {
                    let mut each = |row: Row<'a>| self.step(rest, kind, row, moment, changes);
                    return expand.expand(row, moment, &mut each).map_err(|error| match error {
                        Unexpanded::Row(error) => self.unexpanded(error),
                        Unexpanded::Then(error) => error,
                    });
                }
            }
            steps = rest;
        }
        let slots = moment.arena.alloc_slice_fill_copy(self.projection.len(), Value::Null);
        let projection = match &self.delete_projection {
            Some(of_key) if kind == RowKind::Delete => of_key,
            _ => &self.projection,
        };
        if projection.apply(row, slots, moment)? == Keep::No {
            return Ok(());
        }
        let written = self.output.write(kind, slots, changes.bytes()).map_err(Error::encode)?;
        if let Some(written) = written {
            changes.push(kind, written);
            if let Some(hash) = &self.key_hash {
                let target = hash.target(slots, changes.bytes());
                changes.push_target(target);
            }
        }
        Ok(())
    }

    #[cold]
    fn unexpanded(&self, error: EvalError) -> Error {
        Error::new(ErrorKind::Sink, format!("table {}: FROM: {error}", self.projection.table()))
    }

    #[cold]
    fn unjudged(&self, error: EvalError) -> Error {
        Error::new(ErrorKind::Sink, format!("table {}: WHERE: {error}", self.projection.table()))
    }
}

#[cfg(test)]
mod tests;
