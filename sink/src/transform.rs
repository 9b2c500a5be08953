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
//! [`Changes`] of that INSERT until the next record. Rows borrow from the record and from one arena, which is reset with
//! each record; so a record costs no allocation once buffers have grown.
//!
//! One thing can stop it half-way: a decoder may need a schema that was not fetched yet. Then [`feed`](Transform::feed)
//! says so, the caller awaits [`SchemaRequest::fetch`], and [`resume`](Transform::resume) goes on with the same record
//! where it stopped: tables before that one are done, and the decoder gave no row yet.

use std::sync::Arc;

use crate::codecs::Codecs;
use crate::deserializer::{Deserializer, Undecoded};
use crate::error::{Error, ErrorKind};
use crate::expr::function::Moment;
use crate::expr::{EvalError, Expr, Keep, Projection};
use crate::format::{Decoder, EncodeError, Part, Waiting};
use crate::message::Message;
use crate::operator::Operator;
use crate::plan::{InsertPlan, Pipeline};
use crate::print::Print;
use crate::row::{Arena, Row, RowKind, Value};
use crate::upsert::Upsert;

/// From a record to what each INSERT makes of it.
pub struct Transform {
    sources: Vec<SourceChain>,
    inserts: Vec<InsertChain>,
    /// As many as there are INSERTs.
    changes: Vec<Changes>,
    arena: Arena,
    /// The source that the record is read for next; those before are done with it.
    next_source: usize,
    /// Rows that the record gave to its tables.
    rows: usize,
    /// How many schemas the record may still need.
    schemas_left: usize,
}

/// From a record to the rows of one table.
struct SourceChain {
    deserializer: Deserializer,
    /// Where the rows of the table depend on those before: `None` until the planner reads upsert-kafka tables.
    operator: Option<Box<dyn Operator>>,
}

/// From a row to the bytes of its change.
struct InsertChain {
    source: usize,
    filter: Option<Expr>,
    projection: Projection,
    drop_update_before: bool,
    output: Output,
}

/// What a change is written as.
#[derive(Clone)]
pub(crate) enum Output {
    /// A key and a value or tombstone.
    Upsert(Upsert),
    /// A line of text.
    Print(Print),
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

/// What one INSERT makes of one message, in order, in one buffer that is used again.
#[derive(Debug, Default)]
pub struct Changes {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    kind: RowKind,
    key: Option<usize>,
    value: Option<usize>,
}

/// One change as a sink takes it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Change<'a> {
    /// How the row changed its table.
    pub kind: RowKind,
    /// `None` is Kafka's null; a printed line has none.
    pub key: Option<&'a [u8]>,
    /// `None` is the tombstone.
    pub value: Option<&'a [u8]>,
}

impl Transform {
    /// What the INSERTs of one reader do to each message, with the formats that were opened for them.
    pub fn new(pipeline: &Pipeline, codecs: &Codecs) -> Self {
        let chain =
            |deserializer: &Deserializer| SourceChain { deserializer: deserializer.clone(), operator: None };
        let inserts = pipeline.inserts.iter().zip(&codecs.outputs);
        Self {
            sources: codecs.deserializers.iter().map(chain).collect(),
            inserts: inserts.map(|(plan, output)| InsertChain::new(plan, output.clone())).collect(),
            changes: pipeline.inserts.iter().map(|_| Changes::default()).collect(),
            arena: Arena::new(),
            next_source: 0,
            rows: 0,
            schemas_left: 0,
        }
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

    /// What each INSERT changes by the message that was fed last, in their order.
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
        let Self { sources, inserts, changes, arena, next_source: source, rows, .. } = self;
        let SourceChain { deserializer, operator } = &mut sources[*source];
        let (arena, inserts) = (&*arena, &*inserts);
        let moment = Moment::still(arena);
        let mut push = |kind, row| {
            let own = inserts.iter().zip(&mut *changes).filter(|(insert, _)| insert.source == *source);
            own.into_iter().try_for_each(|(insert, changes)| insert.push(kind, row, &moment, changes))
        };
        let mut failure = None;
        let outcome = deserializer.deserialize(message, arena, |kind, row| {
            *rows += 1;
            if failure.is_none() {
                failure = match operator {
                    None => push(kind, row).err(),
                    Some(operator) => operator.process(message, kind, row, arena, &mut push).err(),
                };
            }
        });
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
        Ok(Fed::NeedsSchema(SchemaRequest { decoder, id }))
    }
}

impl SchemaRequest {
    /// Has the schema fetched.
    ///
    /// # Errors
    /// Its registry does not answer, or does not know it.
    pub fn fetch(&self) -> Waiting<'_, ()> {
        self.decoder.fetch_schema(self.id)
    }
}

impl InsertChain {
    fn new(plan: &InsertPlan, output: Output) -> Self {
        Self {
            source: plan.source,
            filter: plan.filter.clone(),
            projection: plan.projection.clone(),
            drop_update_before: plan.drop_update_before,
            output,
        }
    }

    /// Filters, projects, encodes; UPDATE_BEFORE is dropped where the planner says that nobody needs it.
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
        if let Some(filter) = &self.filter
            && !filter.is_true(row, moment).map_err(|error| self.unjudged(error))?
        {
            return Ok(());
        }
        let slots = moment.arena.alloc_slice_fill_copy(self.projection.len(), Value::Null);
        if self.projection.apply(row, slots, moment)? == Keep::No {
            return Ok(());
        }
        let (key, value) = self.output.write(kind, slots, &mut changes.bytes).map_err(Error::encode)?;
        changes.spans.push(Span { kind, key, value });
        Ok(())
    }

    #[cold]
    fn unjudged(&self, error: EvalError) -> Error {
        Error::new(ErrorKind::Sink, format!("table {}: WHERE: {error}", self.projection.table()))
    }
}

impl Output {
    #[inline]
    fn write(
        &self,
        kind: RowKind,
        row: Row<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(Option<usize>, Option<usize>), EncodeError> {
        match self {
            Self::Upsert(upsert) => upsert.encode(kind, row, out),
            Self::Print(print) => Ok((None, Some(print.line(kind, row, out)))),
        }
    }
}

impl Changes {
    /// In the order of their rows.
    pub fn iter(&self) -> impl Iterator<Item = Change<'_>> {
        let mut rest = &self.bytes[..];
        self.spans.iter().map(move |span| {
            let (key, after) = rest.split_at(span.key.unwrap_or(0));
            let (value, after) = after.split_at(span.value.unwrap_or(0));
            rest = after;
            Change { kind: span.kind, key: span.key.map(|_| key), value: span.value.map(|_| value) }
        })
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether the message changed nothing.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.spans.clear();
    }
}

#[cfg(test)]
mod tests;
