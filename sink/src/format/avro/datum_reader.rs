//! Avro's binary encoding to rows, along steps that were made once.

use std::sync::Arc;

use super::node::{AvroNode, NodeId, Primitive};
use super::schema::AvroSchema;
use super::step::{DefaultStep, FieldStep, OfInt, OfLong, ReadStep, RecordSteps};
use super::wire::WireReader;
use crate::format::{DecodeError, last_wins};
use crate::row::{Arena, Row, Timestamp, Unscaled, Value};
use crate::types::Field;

/// Reads what one writer's schema wrote as rows of a table.
pub(in crate::format) struct DatumReader {
    writer: Arc<AvroSchema>,
    steps: ReadStep,
}

impl DatumReader {
    /// Between a writer's schema and the table's, which belongs to these columns.
    pub(in crate::format) fn new(writer: Arc<AvroSchema>, reader: &AvroSchema, columns: &[Field]) -> Self {
        let steps = super::resolution::Resolution::resolve(&writer, reader, columns);
        Self { writer, steps }
    }

    /// Reads a row. Bytes behind it are left alone, as Java leaves them; a `null` of the whole is no row.
    pub(in crate::format) fn row<'a>(
        &self,
        message: &'a [u8],
        arena: &'a Arena,
    ) -> Result<Option<Row<'a>>, DecodeError> {
        let slots_left = message.len().saturating_mul(SLOTS_PER_BYTE_MAX).saturating_add(SLOTS_FREE);
        let bytes = WireReader::new(message);
        let mut datum = Datum { bytes, arena, writer: &self.writer, slots_left };
        match datum.value(&self.steps)? {
            Value::Row(row) => Ok(Some(row)),
            _ => Ok(None),
        }
    }

    /// The steps, for Avro's JSON.
    pub(super) fn steps(&self) -> &ReadStep {
        &self.steps
    }
}

/// One message under way.
struct Datum<'a, 's> {
    bytes: WireReader<'a>,
    arena: &'a Arena,
    writer: &'s AvroSchema,
    /// How many values may still be made: bytes that stand for nothing are cheap to send and dear to hold.
    slots_left: usize,
}

impl<'a> Datum<'a, '_> {
    #[inline]
    fn value(&mut self, step: &ReadStep) -> Result<Value<'a>, DecodeError> {
        Ok(match step {
            ReadStep::Optional(other) => match self.bytes.long()? {
                0 => Value::Null,
                1 => self.value(&other.1)?,
                branch => return Err(self.no_branch(branch)),
            },
            ReadStep::Record(record) => Value::Row(self.record(record)?),
            ReadStep::Int(of) => int(*of, self.bytes.int()?),
            ReadStep::Long(of) => long(*of, self.bytes.long()?),
            ReadStep::String => Value::String(self.text()?),
            ReadStep::Double => Value::Double(f64::from_le_bytes(self.bytes.array()?)),
            other => self.rarer(other)?,
        })
    }

    fn rarer(&mut self, step: &ReadStep) -> Result<Value<'a>, DecodeError> {
        Ok(match step {
            ReadStep::Null => Value::Null,
            ReadStep::Boolean => Value::Boolean(self.bytes.byte()? == 1),
            ReadStep::Float => Value::Float(f32::from_le_bytes(self.bytes.array()?)),
            // Java rounds in the same way.
            ReadStep::FloatOfLong => Value::Float(self.bytes.long()? as f32),
            ReadStep::DoubleOfLong => Value::Double(self.bytes.long()? as f64),
            ReadStep::DoubleOfFloat => Value::Double(f32::from_le_bytes(self.bytes.array()?).into()),
            ReadStep::Bytes => Value::Bytes(self.bytes.bytes()?),
            ReadStep::Fixed(size) => Value::Bytes(self.bytes.take(*size)?),
            ReadStep::Decimal { precision, size } => {
                let bytes = match size {
                    Some(size) => self.bytes.take(*size)?,
                    None => self.bytes.bytes()?,
                };
                decimal_of(bytes, *precision)
            }
            ReadStep::Array(item) => self.array(item)?,
            ReadStep::Map(item) => self.map(item)?,
            ReadStep::Enum(symbols) => {
                let symbol = self.bytes.int()?;
                let known = usize::try_from(symbol).ok().and_then(|symbol| symbols.get(symbol));
                match known {
                    Some(Some(symbol)) => Value::String(self.arena.alloc_str(symbol)),
                    Some(None) => {
                        return Err(self.bytes.broken("a symbol of an enum that the table's schema lacks"));
                    }
                    None => return Err(self.bytes.broken(format_args!("symbol {symbol} of an enum"))),
                }
            }
            ReadStep::Union(branches) => {
                let branch = self.bytes.long()?;
                let step = usize::try_from(branch).ok().and_then(|branch| branches.get(branch));
                match step {
                    Some((_, step)) => self.value(step)?,
                    None => return Err(self.no_branch(branch)),
                }
            }
            ReadStep::Mismatch(why) => return Err(DecodeError::refused(&**why)),
            _ => unreachable!("value() has the others"),
        })
    }

    fn record(&mut self, steps: &RecordSteps) -> Result<Row<'a>, DecodeError> {
        self.spend(steps.width)?;
        let slots = self.arena.alloc_slice_fill_copy(steps.width, Value::Null);
        for field in &steps.fields {
            match field {
                FieldStep::Read { slot, name, data_type, step } => {
                    slots[*slot] = self.value(step).map_err(|error| error.within(name, data_type))?;
                }
                FieldStep::Skip(name, node) => {
                    self.skip(*node, 0).map_err(|error| error.within(name, &"a field of the writer's"))?;
                }
            }
        }
        for default in &steps.defaults {
            slots[default.slot] = self.default(default)?;
        }
        Ok(slots)
    }

    #[cold]
    fn default(&mut self, default: &DefaultStep) -> Result<Value<'a>, DecodeError> {
        let bytes = WireReader::new(self.arena.alloc_slice_copy(&default.bytes));
        let mut datum = Datum { bytes, arena: self.arena, writer: self.writer, slots_left: self.slots_left };
        datum.value(&default.step)
    }

    /// A text; what is not UTF-8 in it is replaced, as Java does.
    #[inline]
    fn text(&mut self) -> Result<&'a str, DecodeError> {
        let bytes = self.bytes.bytes()?;
        Ok(match str::from_utf8(bytes) {
            Ok(text) => text,
            Err(_) => self.arena.alloc_str(&String::from_utf8_lossy(bytes)),
        })
    }

    fn array(&mut self, item: &ReadStep) -> Result<Value<'a>, DecodeError> {
        let mut items = self.arena.vec();
        loop {
            let (count, _) = self.bytes.block()?;
            if count == 0 {
                return Ok(Value::Array(items.into_slice()));
            }
            for _ in 0..count {
                self.spend(1)?;
                let value = self
                    .value(item)
                    .map_err(|error| error.within(&format!("[{}]", items.len()), &"an item"))?;
                items.push(value);
            }
        }
    }

    fn map(&mut self, value: &ReadStep) -> Result<Value<'a>, DecodeError> {
        let mut entries = self.arena.vec();
        loop {
            let (count, _) = self.bytes.block()?;
            if count == 0 {
                let kept = last_wins(&mut entries);
                let entry = |at: usize| (Value::String(entries[at].0), entries[at].1);
                return Ok(Value::Map(self.arena.alloc_slice_fill_with(kept, entry)));
            }
            for _ in 0..count {
                self.spend(2)?;
                let key = self.text()?;
                let value =
                    self.value(value).map_err(|error| error.within(&format!("[{key}]"), &"a value"))?;
                entries.push((key, value));
            }
        }
    }

    #[inline]
    fn spend(&mut self, slots: usize) -> Result<(), DecodeError> {
        match self.slots_left.checked_sub(slots) {
            Some(left) => {
                self.slots_left = left;
                Ok(())
            }
            None => Err(self.bytes.broken("it holds more values than its bytes can stand for")),
        }
    }

    /// Passes over a value of the writer's that no column takes.
    fn skip(&mut self, node: NodeId, depth: usize) -> Result<(), DecodeError> {
        if depth > SKIP_DEPTH_MAX {
            return Err(self.bytes.broken(format_args!("values lie {SKIP_DEPTH_MAX} deep in each other")));
        }
        let writer = self.writer;
        match writer.node(node) {
            AvroNode::Primitive(primitive, _) => self.skip_scalar(*primitive)?,
            AvroNode::Fixed { size, .. } => _ = self.bytes.take(*size)?,
            AvroNode::Enum { .. } => _ = self.bytes.int()?,
            AvroNode::Record(record) => {
                record.fields.iter().try_for_each(|field| self.skip(field.node, depth + 1))?;
            }
            AvroNode::Union(branches) => {
                let branch = self.bytes.long()?;
                match usize::try_from(branch).ok().and_then(|branch| branches.get(branch)) {
                    Some(node) => self.skip(*node, depth + 1)?,
                    None => return Err(self.no_branch(branch)),
                }
            }
            AvroNode::Array(item) => self.skip_blocks(false, *item, depth)?,
            AvroNode::Map(value) => self.skip_blocks(true, *value, depth)?,
        }
        Ok(())
    }

    fn skip_scalar(&mut self, primitive: Primitive) -> Result<(), DecodeError> {
        match primitive {
            Primitive::Null => {}
            Primitive::Boolean => _ = self.bytes.byte()?,
            Primitive::Int | Primitive::Long => _ = self.bytes.long()?,
            Primitive::Float => _ = self.bytes.take(4)?,
            Primitive::Double => _ = self.bytes.take(8)?,
            Primitive::Bytes | Primitive::String => _ = self.bytes.bytes()?,
        }
        Ok(())
    }

    fn skip_blocks(&mut self, has_keys: bool, item: NodeId, depth: usize) -> Result<(), DecodeError> {
        loop {
            let (count, length) = self.bytes.block()?;
            match (count, length) {
                (0, _) => return Ok(()),
                (_, Some(length)) => _ = self.bytes.take(length)?,
                _ => {}
            }
            for _ in 0..if length.is_some() { 0 } else { count } {
                let start = self.bytes.position();
                if has_keys {
                    self.bytes.bytes()?;
                }
                self.skip(item, depth + 1)?;
                // A type of which one value takes no bytes is one of which none does.
                if self.bytes.position() == start {
                    break;
                }
            }
        }
    }

    #[cold]
    fn no_branch(&self, branch: i64) -> DecodeError {
        self.bytes.broken(format_args!("branch {branch} of a union that has fewer"))
    }
}

/// Narrow types are cut as Java's casts cut.
#[inline]
pub(super) fn int<'a>(of: OfInt, value: i32) -> Value<'a> {
    match of {
        OfInt::Int => Value::Int(value),
        OfInt::TinyInt => Value::TinyInt(value as i8),
        OfInt::SmallInt => Value::SmallInt(value as i16),
        OfInt::Date => Value::Date(value),
        OfInt::Time => Value::Time(value),
    }
}

#[inline]
pub(super) fn long<'a>(of: OfLong, value: i64) -> Value<'a> {
    match of {
        OfLong::BigInt => Value::BigInt(value),
        OfLong::TimestampMillis => timestamp(value, 1_000),
        OfLong::TimestampMicros => timestamp(value, 1_000_000),
    }
}

#[inline]
fn timestamp<'a>(count: i64, a_second: i64) -> Value<'a> {
    // Below a second, and a second has a billion nanoseconds.
    let nanos = (count.rem_euclid(a_second) * (1_000_000_000 / a_second)) as u32;
    Value::Timestamp(Timestamp { seconds: count.div_euclid(a_second), nanos })
}

/// Two's complement, the largest byte first; NULL where it has more digits than the column, as Flink makes of it.
pub(super) fn decimal_of<'a>(bytes: &[u8], precision: u8) -> Value<'a> {
    let negative = bytes.first().is_some_and(|&first| first >= 0x80);
    let filler = if negative { 0xFF } else { 0 };
    let significant = bytes.iter().position(|&byte| byte != filler).unwrap_or(bytes.len());
    // One byte more, which has the sign.
    let digits = &bytes[significant.saturating_sub(1)..];
    if digits.len() > size_of::<i128>() {
        return Value::Null;
    }
    let mut wide = [filler; size_of::<i128>()];
    wide[size_of::<i128>() - digits.len()..].copy_from_slice(digits);
    let unscaled = i128::from_be_bytes(wide);
    match unscaled.unsigned_abs() < 10u128.pow(precision.into()) {
        true => Value::Decimal(Unscaled(unscaled)),
        false => Value::Null,
    }
}

/// Values for each byte of a message: a record may give columns that its writer does not have.
const SLOTS_PER_BYTE_MAX: usize = 16;
/// Values that every message may have.
const SLOTS_FREE: usize = 1 << 14;
/// Values within values that are passed over: a writer's record may hold itself.
const SKIP_DEPTH_MAX: usize = 200;
