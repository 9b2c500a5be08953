//! A message becomes changes: decoded, projected, encoded. No I/O.

use crate::error::Error;
use crate::format::{Decode, EncodeError};
use crate::plan::{Keep, Pipeline, Projection, SinkPlan};
use crate::print::Print;
use crate::row::{Arena, Row, RowKind, Value};
use crate::upsert::Upsert;

/// From the bytes of one source message to the bytes of its changes.
pub struct Transform {
    decoder: Box<dyn Decode>,
    arena: Arena,
    rows: Rows,
}

/// From a row to the bytes of its change.
struct Rows {
    projection: Projection,
    drop_update_before: bool,
    output: Output,
    changes: Changes,
}

/// What a change is written as.
enum Output {
    /// A key and a value or tombstone.
    Upsert(Upsert),
    /// A line of text.
    Print(Print),
}

/// The changes of one message, in order, in one buffer that is used again.
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
    /// What a planned INSERT does to each message.
    pub fn new(pipeline: Pipeline) -> Self {
        let output = match pipeline.sink {
            SinkPlan::UpsertKafka(plan) => Output::Upsert(Upsert::new(plan.key, plan.value)),
            SinkPlan::Print(plan) => Output::Print(Print::new(plan)),
        };
        let rows = Rows {
            projection: pipeline.projection,
            drop_update_before: pipeline.drop_update_before,
            output,
            changes: Changes::default(),
        };
        Self { decoder: pipeline.source.decoder, arena: Arena::new(), rows }
    }

    /// Reads one message; what it changes lies in the result until the next call.
    ///
    /// # Errors
    /// The first row that cannot be read, converted or written. Changes of rows before it, in the same
    /// message, are lost with it: a message is wholly in or not at all.
    #[inline]
    pub fn feed(&mut self, message: &[u8]) -> Result<&Changes, Error> {
        self.arena.reset();
        self.rows.changes.clear();
        let mut failure = None;
        let (rows, arena) = (&mut self.rows, &self.arena);
        let outcome = self.decoder.decode(message, arena, &mut |kind, row| {
            if let (Some(row), None) = (row, &failure) {
                failure = rows.push(kind, row, arena).err();
            }
        });
        match failure {
            Some(error) => Err(error),
            None => outcome.map(|()| &self.rows.changes).map_err(Error::decode),
        }
    }
}

impl Rows {
    /// Projects, then encodes; UPDATE_BEFORE is dropped where the planner says that nobody needs it.
    #[inline]
    fn push<'a>(&mut self, kind: RowKind, row: Row<'a>, arena: &'a Arena) -> Result<(), Error> {
        self.changes.rows += 1;
        if kind == RowKind::UpdateBefore && self.drop_update_before {
            return Ok(());
        }
        let slots = arena.alloc_slice_fill_copy(self.projection.len(), Value::Null);
        if self.projection.apply(row, slots, arena)? == Keep::No {
            return Ok(());
        }
        let (key, value) = self.output.write(kind, slots, &mut self.changes.bytes).map_err(Error::encode)?;
        self.changes.spans.push(Span { kind, key, value });
        Ok(())
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
