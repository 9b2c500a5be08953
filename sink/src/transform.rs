//! A message becomes changes: decoded, projected, encoded. No I/O.

use crate::error::{Error, ErrorKind};
use crate::expr::{EvalError, Expr, Keep, Projection};
use crate::format::{Decoder, EncodeError};
use crate::message::Message;
use crate::plan::{InsertPlan, Pipeline, SinkPlan};
use crate::print::Print;
use crate::row::{Arena, Row, RowKind, Value};
use crate::upsert::Upsert;

/// From the bytes of one source message to the bytes of what each INSERT makes of it.
pub struct Transform {
    /// One for each table that is read from the message.
    decoders: Vec<Box<dyn Decoder>>,
    arena: Arena,
    inserts: Vec<InsertChain>,
    /// As many as there are INSERTs.
    changes: Vec<Changes>,
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
enum Output {
    /// A key and a value or tombstone.
    Upsert(Upsert),
    /// A line of text.
    Print(Print),
}

/// What one INSERT makes of one message, in order, in one buffer that is used again.
#[derive(Debug, Default)]
pub struct Changes {
    bytes: Vec<u8>,
    spans: Vec<Span>,
    rows: usize,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    kind: RowKind,
    key: usize,
    value: Option<usize>,
}

/// One change as a sink takes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change<'a> {
    /// How the row changed its table.
    pub kind: RowKind,
    /// Empty for a printed line.
    pub key: &'a [u8],
    /// None is the tombstone.
    pub value: Option<&'a [u8]>,
}

impl Transform {
    /// What the INSERTs of one reader do to each message.
    pub fn new(pipeline: Pipeline) -> Self {
        let changes = pipeline.inserts.iter().map(|_| Changes::default()).collect();
        let decoders = pipeline.sources.into_iter().map(|source| source.decoder).collect();
        let inserts = pipeline.inserts.into_iter().map(InsertChain::new).collect();
        Self { decoders, arena: Arena::new(), inserts, changes }
    }

    /// Reads one message; what each INSERT changes by it, in their order, lies in the result until the next call.
    ///
    /// # Errors
    /// The first row that cannot be read, converted or written. Changes of rows before it, in the same
    /// message, are lost with it: a message is wholly in or not at all.
    #[inline]
    pub fn feed(&mut self, message: &Message<'_>) -> Result<&[Changes], Error> {
        let Self { decoders, arena, inserts, changes } = self;
        arena.reset();
        changes.iter_mut().for_each(Changes::clear);
        for (source, decoder) in decoders.iter().enumerate() {
            let arena = &*arena;
            let mut failure = None;
            let outcome = decoder.decode(message.value, arena, &mut |kind, row| {
                let Some(row) = row else { return };
                for (insert, changes) in inserts.iter().zip(&mut *changes) {
                    if insert.source == source && failure.is_none() {
                        failure = insert.push(kind, row, arena, changes).err();
                    }
                }
            });
            match failure {
                Some(error) => return Err(error),
                None => outcome.map_err(Error::decode)?,
            }
        }
        Ok(changes)
    }
}

impl InsertChain {
    fn new(plan: InsertPlan) -> Self {
        let output = match plan.sink {
            SinkPlan::UpsertKafka(sink) => Output::Upsert(Upsert::new(sink.key, sink.value)),
            SinkPlan::Print(sink) => Output::Print(Print::new(sink)),
        };
        let InsertPlan { source, filter, projection, drop_update_before, .. } = plan;
        Self { source, filter, projection, drop_update_before, output }
    }

    /// Filters, projects, encodes; UPDATE_BEFORE is dropped where the planner says that nobody needs it.
    #[inline]
    fn push<'a>(
        &'a self,
        kind: RowKind,
        row: Row<'a>,
        arena: &'a Arena,
        changes: &mut Changes,
    ) -> Result<(), Error> {
        changes.rows += 1;
        if kind == RowKind::UpdateBefore && self.drop_update_before {
            return Ok(());
        }
        if let Some(filter) = &self.filter
            && !filter.is_true(row, arena).map_err(|error| self.unjudged(error))?
        {
            return Ok(());
        }
        let slots = arena.alloc_slice_fill_copy(self.projection.len(), Value::Null);
        if self.projection.apply(row, slots, arena)? == Keep::No {
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
    ) -> Result<(usize, Option<usize>), EncodeError> {
        match self {
            Self::Upsert(upsert) => upsert.encode(kind, row, out),
            Self::Print(print) => Ok((0, Some(print.line(kind, row, out)))),
        }
    }
}

impl Changes {
    /// In the order of their rows.
    pub fn iter(&self) -> impl Iterator<Item = Change<'_>> {
        let mut rest = &self.bytes[..];
        self.spans.iter().map(move |span| {
            let (key, after) = rest.split_at(span.key);
            let (value, after) = after.split_at(span.value.unwrap_or(0));
            rest = after;
            Change { kind: span.kind, key, value: span.value.map(|_| value) }
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

    /// Whether the message gave no row at all, not even one that was dropped on the way.
    pub fn is_unread(&self) -> bool {
        self.rows == 0
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.spans.clear();
        self.rows = 0;
    }
}

#[cfg(test)]
mod tests;
