//! Protobuf messages to rows.

use super::proto_wire::{ProtoReader, WireType, zigzag};
use super::shape::{
    Absent, DefaultValue, EnumColumn, EnumShape, FieldShape, ItemShape, MessageShape, Repeats, Wire,
    WireWidth,
};
use crate::format::{DecodeError, last_wins};
use crate::row::{Arena, Row, Value};

/// Reads a row of a message.
pub(super) fn row<'a>(
    shape: &MessageShape,
    message: &'a [u8],
    arena: &'a Arena,
) -> Result<Row<'a>, DecodeError> {
    let slots_left = message.len().saturating_mul(SLOTS_PER_BYTE_MAX).saturating_add(SLOTS_FREE);
    MessageReading { arena, slots_left }.message(shape, message)
}

/// One message under way.
struct MessageReading<'a> {
    arena: &'a Arena,
    /// How many values may still be made: an empty message is two bytes, and a row of any width.
    slots_left: usize,
}

/// What a repeated field came to so far.
struct Repeated<'a> {
    slot: usize,
    items: Vec<Value<'a>>,
    /// Of a map.
    keys: Vec<Value<'a>>,
}

impl<'a> MessageReading<'a> {
    fn message(&mut self, shape: &MessageShape, bytes: &'a [u8]) -> Result<Row<'a>, DecodeError> {
        self.spend(shape.width)?;
        let slots = self.arena.alloc_slice_fill_copy(shape.width, Value::Null);
        let mut lists = Vec::new();
        let mut reader = ProtoReader::new(bytes);
        while !reader.is_at_end() {
            let (number, wire) = reader.tag()?;
            let Some(field) = shape.find(number).filter(|field| takes(field, wire)) else {
                reader.skip(number, wire)?;
                continue;
            };
            for &sibling in &field.siblings {
                slots[sibling] = Value::Null;
            }
            match field.column {
                None => reader.skip(number, wire)?,
                Some(slot) => {
                    self.field(field, wire, &mut reader, (slots, slot), &mut lists)
                        .map_err(|error| error.within(&field.name, &field.data_type))?;
                }
            }
        }
        self.finish(lists, slots);
        for field in &shape.fields {
            if let Some(slot) = field.column {
                self.complete(field, &mut slots[slot])
                    .map_err(|error| error.within(&field.name, &field.data_type))?;
            }
        }
        Ok(slots)
    }

    fn field(
        &mut self,
        field: &FieldShape,
        wire: WireType,
        reader: &mut ProtoReader<'a>,
        (slots, slot): (&mut [Value<'a>], usize),
        lists: &mut Vec<Repeated<'a>>,
    ) -> Result<(), DecodeError> {
        match (&field.repeats, &field.item) {
            // Pieces of a message are one behind the other, and read when all are there.
            (Repeats::Once, ItemShape::Message(_)) => {
                let bytes = reader.bytes()?;
                slots[slot] = match slots[slot] {
                    Value::Bytes(before) => {
                        Value::Bytes(self.arena.alloc_slice_copy(&[before, bytes].concat()))
                    }
                    _ => Value::Bytes(bytes),
                };
            }
            (Repeats::Once, item) => {
                if let Some(value) = self.item(item, reader)? {
                    slots[slot] = value;
                }
            }
            (Repeats::List { .. }, item) => {
                let list = list_of(lists, slot);
                if wire == WireType::Length && item.is_packable() {
                    let mut packed = ProtoReader::new(reader.bytes()?);
                    while !packed.is_at_end() {
                        self.spend(1)?;
                        list.items.extend(self.item(item, &mut packed)?);
                    }
                } else {
                    self.spend(1)?;
                    list.items.extend(self.item(item, reader)?);
                }
            }
            (Repeats::Map(key), item) => {
                self.spend(2)?;
                let entry = self.entry(key, item, reader.bytes()?)?;
                let list = list_of(lists, slot);
                list.keys.push(entry.0);
                list.items.push(entry.1);
            }
        }
        Ok(())
    }

    /// One value; nothing where an enum has a number that its file does not know, under proto2.
    fn item(
        &mut self,
        item: &ItemShape,
        reader: &mut ProtoReader<'a>,
    ) -> Result<Option<Value<'a>>, DecodeError> {
        Ok(Some(match item {
            ItemShape::Boolean => Value::Boolean(reader.varint()? != 0),
            ItemShape::Integer(wire, width) => integer(*wire, *width, reader)?,
            ItemShape::Float => Value::Float(f32::from_le_bytes(reader.array()?)),
            ItemShape::Double => Value::Double(f64::from_le_bytes(reader.array()?)),
            ItemShape::String { strict } => Value::String(self.text(reader, *strict)?),
            ItemShape::Bytes => Value::Bytes(reader.bytes()?),
            // Java takes the lower 32 bits.
            ItemShape::Enum(values, column) => {
                return self.symbol(values, *column, reader.varint()? as i32);
            }
            ItemShape::Message(shape) => Value::Row(self.message(shape, reader.bytes()?)?),
        }))
    }

    /// A text; what is not UTF-8 in it is replaced under proto2, as Java does.
    fn text(&self, reader: &mut ProtoReader<'a>, strict: bool) -> Result<&'a str, DecodeError> {
        let bytes = reader.bytes()?;
        match str::from_utf8(bytes) {
            Ok(text) => Ok(text),
            Err(_) if strict => Err(reader.broken("a string that is not UTF-8")),
            Err(_) => Ok(self.arena.alloc_str(&String::from_utf8_lossy(bytes))),
        }
    }

    fn symbol(
        &self,
        values: &EnumShape,
        column: EnumColumn,
        number: i32,
    ) -> Result<Option<Value<'a>>, DecodeError> {
        let named = values.values.iter().find(|(value, _)| *value == number);
        Ok(match (named, column) {
            (None, _) if !values.open => None,
            (Some((_, name)), EnumColumn::Name) => Some(Value::String(self.arena.alloc_str(name))),
            (None, EnumColumn::Name) => Some(Value::String(UNRECOGNIZED)),
            (None, _) => {
                return Err(DecodeError::refused(format!(
                    "the number {number} is none of its enum's; a STRING column would hold {UNRECOGNIZED}"
                )));
            }
            (Some(_), EnumColumn::Int) => Some(Value::Int(number)),
            (Some(_), EnumColumn::BigInt) => Some(Value::BigInt(number.into())),
        })
    }

    fn entry(
        &mut self,
        key: &ItemShape,
        item: &ItemShape,
        bytes: &'a [u8],
    ) -> Result<(Value<'a>, Value<'a>), DecodeError> {
        let (mut found_key, mut found) = (None, None);
        let mut reader = ProtoReader::new(bytes);
        while !reader.is_at_end() {
            match reader.tag()? {
                (1, wire) if wire == layout(key) => found_key = self.item(key, &mut reader)?,
                (2, wire) if wire == layout(item) => found = self.item(item, &mut reader)?.or(found),
                (number, wire) => reader.skip(number, wire)?,
            }
        }
        Ok((self.or_empty(key, found_key)?, self.or_empty(item, found)?))
    }

    fn or_empty(&mut self, item: &ItemShape, found: Option<Value<'a>>) -> Result<Value<'a>, DecodeError> {
        Ok(match (found, item) {
            (Some(value), _) => value,
            (None, ItemShape::Boolean) => Value::Boolean(false),
            (None, ItemShape::Integer(_, WireWidth::Int)) => Value::Int(0),
            (None, ItemShape::Integer(_, WireWidth::BigInt)) => Value::BigInt(0),
            (None, ItemShape::Float) => Value::Float(0.0),
            (None, ItemShape::Double) => Value::Double(0.0),
            (None, ItemShape::String { .. }) => Value::String(""),
            (None, ItemShape::Bytes) => Value::Bytes(&[]),
            (None, ItemShape::Enum(values, column)) => {
                let first = values.values.first().map_or(0, |(number, _)| *number);
                self.symbol(values, *column, first)?.unwrap_or(Value::Null)
            }
            (None, ItemShape::Message(shape)) => Value::Row(self.message(shape, &[])?),
        })
    }

    fn finish(&self, lists: Vec<Repeated<'a>>, slots: &mut [Value<'a>]) {
        for Repeated { slot, items, keys } in lists {
            slots[slot] = if keys.is_empty() {
                Value::Array(self.arena.alloc_slice_copy(&items))
            } else {
                Value::Map(self.arena.alloc_slice_copy(&entries(&keys, &items)))
            };
        }
    }

    /// Reads a message that is whole, and puts the default where there is nothing.
    fn complete(&mut self, field: &FieldShape, slot: &mut Value<'a>) -> Result<(), DecodeError> {
        let nested = match (&field.repeats, &field.item) {
            (Repeats::Once, ItemShape::Message(shape)) => Some(shape),
            _ => None,
        };
        *slot = match (*slot, nested, &field.absent) {
            (Value::Bytes(bytes), Some(shape), _) => Value::Row(self.message(shape, bytes)?),
            (Value::Null, nested, Absent::Default(default)) => match (nested, &**default, &field.repeats) {
                (Some(shape), _, _) => Value::Row(self.message(shape, &[])?),
                (None, _, Repeats::List { .. }) => Value::Array(&[]),
                (None, _, Repeats::Map(_)) => Value::Map(&[]),
                (None, default, Repeats::Once) => self.default(default, &field.item)?,
            },
            (value, ..) => value,
        };
        Ok(())
    }

    fn default(&self, default: &DefaultValue, item: &ItemShape) -> Result<Value<'a>, DecodeError> {
        Ok(match (default, item) {
            (DefaultValue::Boolean(value), _) => Value::Boolean(*value),
            // An int's default is an int.
            (DefaultValue::Integer(value), ItemShape::Integer(_, WireWidth::Int)) => {
                Value::Int(*value as i32)
            }
            (DefaultValue::Integer(value), ItemShape::Enum(values, column)) => {
                self.symbol(values, *column, *value as i32)?.unwrap_or(Value::Null)
            }
            (DefaultValue::Integer(value), _) => Value::BigInt(*value),
            (DefaultValue::Floating(value), ItemShape::Float) => Value::Float(*value as f32),
            (DefaultValue::Floating(value), _) => Value::Double(*value),
            (DefaultValue::Text(text), _) if text.is_empty() => Value::String(""),
            (DefaultValue::Text(text), _) => Value::String(self.arena.alloc_str(text)),
            (DefaultValue::Bytes(bytes), _) => Value::Bytes(self.arena.alloc_slice_copy(bytes)),
            (DefaultValue::Empty, _) => Value::Null,
        })
    }

    #[inline]
    fn spend(&mut self, slots: usize) -> Result<(), DecodeError> {
        match self.slots_left.checked_sub(slots) {
            Some(left) => {
                self.slots_left = left;
                Ok(())
            }
            None => Err(DecodeError::refused("the message holds more values than its bytes can stand for")),
        }
    }
}

/// Of equal keys the last value counts.
fn entries<'a>(keys: &[Value<'a>], items: &[Value<'a>]) -> Vec<(Value<'a>, Value<'a>)> {
    let pairs = keys.iter().copied().zip(items.iter().copied());
    if let Some(Value::String(_)) = keys.first() {
        let text = |(key, item): (Value<'a>, Value<'a>)| match key {
            Value::String(text) => (text, item),
            _ => ("", item),
        };
        let mut named: Vec<(&str, Value<'a>)> = pairs.map(text).collect();
        let kept = last_wins(&mut named);
        return named[..kept].iter().map(|&(key, item)| (Value::String(key), item)).collect();
    }
    let number = |key: &Value<'_>| match *key {
        Value::Int(key) => i64::from(key),
        Value::BigInt(key) => key,
        Value::Boolean(key) => key.into(),
        _ => 0,
    };
    let mut places = std::collections::HashMap::new();
    let mut kept: Vec<(Value<'a>, Value<'a>)> = Vec::with_capacity(keys.len());
    for (key, item) in pairs {
        let place = *places.entry(number(&key)).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(entry) => entry.1 = item,
            None => kept.push((key, item)),
        }
    }
    kept
}

fn list_of<'l, 'a>(lists: &'l mut Vec<Repeated<'a>>, slot: usize) -> &'l mut Repeated<'a> {
    let at = lists.iter().position(|list| list.slot == slot).unwrap_or_else(|| {
        lists.push(Repeated { slot, items: Vec::new(), keys: Vec::new() });
        lists.len() - 1
    });
    &mut lists[at]
}

#[inline]
fn integer<'a>(wire: Wire, width: WireWidth, reader: &mut ProtoReader<'a>) -> Result<Value<'a>, DecodeError> {
    Ok(match (wire, width) {
        (Wire::Fixed, WireWidth::Int) => Value::Int(i32::from_le_bytes(reader.array()?)),
        (Wire::Fixed, WireWidth::BigInt) => Value::BigInt(i64::from_le_bytes(reader.array()?)),
        // Java takes the lower 32 bits, and so the sign that they have.
        (Wire::Zigzag, WireWidth::Int) => Value::Int(zigzag(reader.varint()? & 0xFFFF_FFFF) as i32),
        (Wire::Zigzag, WireWidth::BigInt) => Value::BigInt(zigzag(reader.varint()?)),
        (_, WireWidth::Int) => Value::Int(reader.varint()? as i32),
        (_, WireWidth::BigInt) => Value::BigInt(reader.varint()? as i64),
    })
}

/// Whether a field is laid out so; if not, it is none that anybody knows.
fn takes(field: &FieldShape, wire: WireType) -> bool {
    match &field.repeats {
        _ if field.column.is_none() => wire != WireType::GroupEnd,
        Repeats::Once => wire == layout(&field.item),
        Repeats::List { .. } => {
            wire == layout(&field.item) || wire == WireType::Length && field.item.is_packable()
        }
        Repeats::Map(_) => wire == WireType::Length,
    }
}

/// How one value is laid out.
pub(super) fn layout(item: &ItemShape) -> WireType {
    match item {
        ItemShape::Integer(Wire::Fixed, WireWidth::Int) | ItemShape::Float => WireType::Fixed32,
        ItemShape::Integer(Wire::Fixed, WireWidth::BigInt) | ItemShape::Double => WireType::Fixed64,
        ItemShape::Boolean | ItemShape::Integer(..) | ItemShape::Enum(..) => WireType::Varint,
        ItemShape::String { .. } | ItemShape::Bytes | ItemShape::Message(_) => WireType::Length,
    }
}

/// What Java's generated classes call a number that an enum does not have.
const UNRECOGNIZED: &str = "UNRECOGNIZED";
/// Values for each byte of a message.
const SLOTS_PER_BYTE_MAX: usize = 32;
/// Values that every message may have.
const SLOTS_FREE: usize = 1 << 14;
