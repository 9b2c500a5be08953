//! JSON messages to rows by way of a tree: Flink's older decoder, and the one inside of change events.

use super::node::{Fractions, Node};
use super::options::DecodeOptions;
use super::parser::{bytes, map_of, whole};
use super::reader::Reader;
use super::shape::{Member, Members, Shape};
use crate::format::{DecodeError, Decoder, decimal, number, time};
use crate::row::{Arena, Row, RowKind, Unscaled, Value};

/// `decode.json-parser.enabled` = false.
pub(crate) struct JsonTreeDecoder {
    columns: Members,
    options: DecodeOptions,
}

impl Decoder for JsonTreeDecoder {
    fn decode<'a>(
        &self,
        bytes: Option<&'a [u8]>,
        arena: &'a Arena,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError> {
        self.rows(bytes.unwrap_or_default(), arena, &mut |row| each(RowKind::Insert, Some(row)))
    }
}

impl JsonTreeDecoder {
    pub(super) fn new(columns: Members, options: DecodeOptions) -> Self {
        Self { columns, options }
    }

    /// Hands out each row; of `null`, alone or in an array, there is none.
    pub(crate) fn rows<'a>(
        &self,
        message: &'a [u8],
        arena: &'a Arena,
        each: &mut dyn FnMut(Row<'a>),
    ) -> Result<(), DecodeError> {
        match self.document(message, arena, each) {
            Err(_) if self.options.ignore_parse_errors => Ok(()),
            outcome => outcome,
        }
    }

    fn document<'a>(
        &self,
        message: &'a [u8],
        arena: &'a Arena,
        each: &mut dyn FnMut(Row<'a>),
    ) -> Result<(), DecodeError> {
        match self.tree(message, arena)? {
            None => Ok(()),
            Some(Node::Array(items)) => items.iter().try_for_each(|&item| self.emit(item, arena, each)),
            Some(node) => self.emit(node, arena, each),
        }
    }

    /// The message as a tree; `None` where it has nothing but blanks.
    pub(crate) fn tree<'a>(
        &self,
        message: &'a [u8],
        arena: &'a Arena,
    ) -> Result<Option<Node<'a>>, DecodeError> {
        let mut reader = Reader::new(message, arena);
        if reader.is_at_end() {
            return Ok(None);
        }
        reader.advance()?;
        Node::read(&mut reader, arena).map(Some)
    }

    /// The columns that an object of a tree has.
    pub(crate) fn row_of<'a>(&self, node: Node<'a>, arena: &'a Arena) -> Result<Row<'a>, DecodeError> {
        self.row(&self.columns, node, arena)
    }

    fn emit<'a>(
        &self,
        node: Node<'a>,
        arena: &'a Arena,
        each: &mut dyn FnMut(Row<'a>),
    ) -> Result<(), DecodeError> {
        match node {
            Node::Null => Ok(()),
            _ => match self.row(&self.columns, node, arena) {
                Ok(row) => {
                    each(row);
                    Ok(())
                }
                Err(_) if self.options.ignore_parse_errors => Ok(()),
                Err(error) => Err(error),
            },
        }
    }

    fn row<'a>(&self, members: &Members, node: Node<'a>, arena: &'a Arena) -> Result<Row<'a>, DecodeError> {
        let Node::Object(fields) = node else { return Err(self.mismatch(node)) };
        let slots = arena.alloc_slice_fill_copy(members.len(), Value::Null);
        for (at, &(name, field)) in fields.iter().enumerate() {
            if let Some(slot) = members.find(name, at) {
                let member = &members.list[slot];
                if !common(&member.shape, field, &mut slots[slot]) {
                    slots[slot] = self
                        .value_or_null(member, field, arena)
                        .map_err(|error| error.within(&member.name, &member.logical))?;
                }
            }
        }
        if self.options.fail_on_missing_field {
            let absent = |member: &&Member| fields.iter().all(|(name, _)| **name != *member.name);
            if let Some(member) = members.list.iter().find(absent) {
                return Err(DecodeError::missing(&member.name));
            }
        }
        Ok(slots)
    }

    fn value_or_null<'a>(
        &self,
        member: &Member,
        node: Node<'a>,
        arena: &'a Arena,
    ) -> Result<Value<'a>, DecodeError> {
        if matches!(node, Node::Null) {
            return Ok(Value::Null);
        }
        match self.value(&member.shape, node, arena) {
            Err(_) if self.options.ignore_parse_errors => Ok(Value::Null),
            outcome => outcome,
        }
    }

    fn value<'a>(&self, shape: &Shape, node: Node<'a>, arena: &'a Arena) -> Result<Value<'a>, DecodeError> {
        let value = match (shape, node) {
            (Shape::Row(members), _) => Some(Value::Row(self.row(members, node, arena)?)),
            (Shape::Array(item), Node::Array(items)) => Some(self.array(item, items, arena)?),
            (Shape::Map(value), _) => Some(self.map(value, node, arena)?),
            _ => self.scalar(shape, node, arena),
        };
        value.ok_or_else(|| self.mismatch(node))
    }

    fn array<'a>(
        &self,
        item: &Member,
        items: &[Node<'a>],
        arena: &'a Arena,
    ) -> Result<Value<'a>, DecodeError> {
        let values = arena.alloc_slice_fill_copy(items.len(), Value::Null);
        for (at, (&node, value)) in items.iter().zip(values.iter_mut()).enumerate() {
            *value = self
                .value_or_null(item, node, arena)
                .map_err(|error| error.within(&format!("[{at}]"), &item.logical))?;
        }
        Ok(Value::Array(values))
    }

    /// Whatever is no object has no fields, and makes an empty map.
    fn map<'a>(&self, value: &Member, node: Node<'a>, arena: &'a Arena) -> Result<Value<'a>, DecodeError> {
        let Node::Object(fields) = node else { return Ok(Value::Map(&[])) };
        let entries = arena.alloc_slice_fill_copy(fields.len(), ("", Value::Null));
        for (&(key, node), entry) in fields.iter().zip(entries.iter_mut()) {
            let value = self
                .value_or_null(value, node, arena)
                .map_err(|error| error.within(&format!("[{key}]"), &value.logical))?;
            *entry = (key, value);
        }
        Ok(map_of(entries, arena))
    }

    /// Most types are read from the value's text: of an object or array that is empty.
    fn scalar<'a>(&self, shape: &Shape, node: Node<'a>, arena: &'a Arena) -> Option<Value<'a>> {
        let decimals = self.options.fractions == Fractions::Decimals;
        let text = match (shape, node) {
            (Shape::String, _) => return Some(Value::String(node.text(self.options.fractions, arena))),
            (_, Node::Array(_) | Node::Object(_)) => "",
            _ => node.text(self.options.fractions, arena),
        };
        match (shape, node) {
            (Shape::Boolean, _) => Some(Value::Boolean(number::trim(text).eq_ignore_ascii_case("true"))),
            (Shape::TinyInt, _) => number::integer(text).map(Value::TinyInt),
            (Shape::SmallInt, _) => number::integer(text).map(Value::SmallInt),
            (Shape::Int, Node::Float(number)) => {
                whole(number, i32::MIN.into(), i32::MAX.into()).map(|value| Value::Int(value as i32))
            }
            (Shape::Int, _) => number::integer(text).map(Value::Int),
            (Shape::BigInt, Node::Float(number)) if decimals => {
                decimal::truncated(number).and_then(|value| value.try_into().ok()).map(Value::BigInt)
            }
            (Shape::BigInt, Node::Float(number)) => {
                whole(number, i64::MIN as f64, i64::MAX as f64).map(|value| Value::BigInt(value as i64))
            }
            (Shape::BigInt, _) => number::integer(text).map(Value::BigInt),
            (Shape::Float, Node::Float(number)) if !decimals => {
                number.parse().ok().map(|value: f64| Value::Float(value as f32))
            }
            (Shape::Float, _) => number::floating(text).map(Value::Float),
            (Shape::Double, Node::Float(number)) if !decimals => number.parse().ok().map(Value::Double),
            (Shape::Double, _) => number::floating(text).map(Value::Double),
            (&Shape::Decimal { precision, scale }, _) if text == number::trim(text) => {
                decimal::parse(text, precision, scale)
                    .map(|value| value.map_or(Value::Null, |value| Value::Decimal(Unscaled(value))))
            }
            (Shape::Bytes, Node::String(text)) => bytes(text, arena),
            (Shape::Bytes, _) => Some(Value::Null),
            (Shape::Date, _) => time::parse_date(text).map(Value::Date),
            (Shape::Time, _) => time::parse_time(text).map(Value::Time),
            (Shape::Timestamp, _) => {
                time::parse_timestamp(text, self.options.timestamps).map(Value::Timestamp)
            }
            (Shape::TimestampLtz, _) => {
                time::parse_instant(text, self.options.timestamps).map(Value::Timestamp)
            }
            _ => None,
        }
    }

    #[cold]
    fn mismatch(&self, node: Node<'_>) -> DecodeError {
        DecodeError::mismatch(None, &node.json(self.options.fractions))
    }
}

/// Reads the values that are met most, straight into their slot, as the parser does; `false` of any other.
#[inline]
fn common<'a>(shape: &Shape, node: Node<'a>, slot: &mut Value<'a>) -> bool {
    *slot = match (shape, node) {
        (_, Node::Null) => Value::Null,
        (Shape::String, Node::String(text)) => Value::String(text),
        _ => return false,
    };
    true
}
