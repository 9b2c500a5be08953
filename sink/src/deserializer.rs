//! From a record to rows of a source table: its key and its value decoded, and put together with its metadata.
//!
//! A table's columns come from three places, and each place knows for each of its columns where in the table's row it
//! stands (Flink calls this the key's and the value's projection). The key's columns are put down first, then the
//! value's, so where both have a column the value's counts; then the metadata. Columns that come from nowhere are NULL.
//!
//! Most tables have all of their columns in the value, in order. Their rows pass through as the decoder made them.

use std::sync::Arc;

use crate::arena::ArenaVec;
use crate::format::{DecodeError, Decoder, DecodingFormat, Part};
use crate::message::Message;
use crate::row::{Arena, Row, RowKind, Value};

mod metadata;

pub(crate) use metadata::ReadableMetadata;

/// Where the columns of a source table come from, as planned.
#[derive(Debug)]
pub(crate) struct DeserializerPlan {
    /// What the key's format reads, if there is one.
    pub(crate) key: Option<PartPlan>,
    /// What the value's format reads.
    pub(crate) value: PartPlan,
    /// The metadata columns, with their places in the table's row.
    pub(crate) metadata: Vec<(usize, ReadableMetadata)>,
    /// How many columns the table's row has.
    pub(crate) arity: usize,
    /// Whether a null value deletes the row of the key, as in upsert-kafka tables; if not, the value's format says
    /// what null is, which mostly is no row.
    pub(crate) upsert_mode: bool,
}

/// A format, and where in the table's row its columns stand.
#[derive(Debug)]
pub(crate) struct PartPlan {
    /// Reads them.
    pub(crate) format: Box<dyn DecodingFormat>,
    /// The place of each, in the order in which the format has them.
    pub(crate) slots: Vec<usize>,
}

/// The same with its decoders opened. Tasks have clones, which share the decoders.
#[derive(Clone)]
pub(crate) struct Deserializer {
    key: Option<OpenPart>,
    value: OpenPart,
    metadata: Vec<(usize, ReadableMetadata)>,
    arity: usize,
    upsert_mode: bool,
    /// Whether the value's row is the table's.
    is_whole: bool,
}

#[derive(Clone)]
struct OpenPart {
    decoder: Arc<dyn Decoder>,
    slots: Vec<usize>,
}

/// Which part of a record could not be read, and why.
#[derive(Debug)]
pub(crate) struct Undecoded {
    /// The key or the value.
    pub(crate) part: Part,
    /// What its decoder says.
    pub(crate) error: DecodeError,
}

impl DeserializerPlan {
    /// A table that has all of its columns in the value, in order.
    #[cfg(test)]
    pub(crate) fn of_value(format: Box<dyn DecodingFormat>, arity: usize) -> Self {
        let value = PartPlan { format, slots: (0..arity).collect() };
        Self { key: None, value, metadata: Vec::new(), arity, upsert_mode: false }
    }
}

impl Deserializer {
    /// The plan with what its formats were opened as; `key` is there if the plan has one.
    pub(crate) fn new(
        plan: &DeserializerPlan,
        key: Option<Arc<dyn Decoder>>,
        value: Arc<dyn Decoder>,
    ) -> Self {
        let is_whole = plan.key.is_none()
            && plan.metadata.is_empty()
            && !plan.upsert_mode
            && plan.value.slots.iter().copied().eq(0..plan.arity);
        let key = plan.key.as_ref().zip(key);
        Self {
            key: key.map(|(plan, decoder)| OpenPart { decoder, slots: plan.slots.clone() }),
            value: OpenPart { decoder: value, slots: plan.value.slots.clone() },
            metadata: plan.metadata.clone(),
            arity: plan.arity,
            upsert_mode: plan.upsert_mode,
            is_whole,
        }
    }

    /// What reads that part; the value's where there is no key format.
    pub(crate) fn decoder(&self, part: Part) -> &Arc<dyn Decoder> {
        match (part, &self.key) {
            (Part::Key, Some(key)) => &key.decoder,
            _ => &self.value.decoder,
        }
    }

    /// Hands out each row of a record with its kind: none, one or several.
    ///
    /// # Errors
    /// Key or value are not what their formats read. Rows handed out before stand; where a schema is needed first there
    /// are none.
    #[inline]
    pub(crate) fn deserialize<'a>(
        &self,
        message: &Message<'a>,
        arena: &'a Arena,
        mut each: impl FnMut(RowKind, Row<'a>),
    ) -> Result<(), Undecoded> {
        if !self.is_whole {
            return self.join(message, arena, &mut each);
        }
        let mut each = |kind, row| {
            if let Some(row) = row {
                each(kind, row);
            }
        };
        self.value
            .decoder
            .decode(message.value, arena, &mut each)
            .map_err(|error| Undecoded { part: Part::Value, error })
    }

    /// Every row of the key with every row of the value; nothing where the key has none.
    fn join<'a>(
        &self,
        message: &Message<'a>,
        arena: &'a Arena,
        each: &mut dyn FnMut(RowKind, Row<'a>),
    ) -> Result<(), Undecoded> {
        let mut keys: ArenaVec<'a, Option<Row<'a>>> = arena.vec();
        match &self.key {
            None => keys.push(None),
            Some(key) => key
                .decoder
                .decode(message.key, arena, &mut |_, row| keys.push(row))
                .map_err(|error| Undecoded { part: Part::Key, error })?,
        }
        if message.value.is_none() && self.upsert_mode {
            keys.iter().for_each(|key| each(RowKind::Delete, self.row(*key, None, message, arena)));
            return Ok(());
        }
        let mut join = |kind, value: Option<Row<'a>>| {
            // A value that is no row, as broken JSON under `ignore-parse-errors`, changes nothing.
            if value.is_some() {
                keys.iter().for_each(|key| each(kind, self.row(*key, value, message, arena)));
            }
        };
        self.value
            .decoder
            .decode(message.value, arena, &mut join)
            .map_err(|error| Undecoded { part: Part::Value, error })
    }

    fn row<'a>(
        &self,
        key: Option<Row<'a>>,
        value: Option<Row<'a>>,
        message: &Message<'a>,
        arena: &'a Arena,
    ) -> Row<'a> {
        let row = arena.alloc_slice_fill_copy(self.arity, Value::Null);
        if let (Some(part), Some(columns)) = (&self.key, key) {
            part.place(columns, row);
        }
        if let Some(columns) = value {
            self.value.place(columns, row);
        }
        for (slot, metadata) in &self.metadata {
            row[*slot] = metadata.read(message, arena);
        }
        row
    }
}

impl OpenPart {
    fn place<'a>(&self, columns: Row<'a>, row: &mut [Value<'a>]) {
        for (slot, value) in self.slots.iter().zip(columns) {
            row[*slot] = *value;
        }
    }
}

#[cfg(test)]
mod tests;
