//! JSON messages to rows, token by token as Flink 2.3's parser does it, its oddities included.

use super::node::Node;
use super::options::DecodeOptions;
use super::reader::{Reader, Token};
use super::shape::{Member, Members, Shape};
use crate::format::{DecodeError, Decoder, base64, decimal, last_wins, number, time};
use crate::row::{Arena, Row, RowKind, Unscaled, Value};

/// `decode.json-parser.enabled` = true.
pub(super) struct JsonParserDecoder {
    columns: Members,
    options: DecodeOptions,
}

impl Decoder for JsonParserDecoder {
    /// An object is a row, an array a row for each of its objects; null and no bytes are none.
    fn decode<'a>(
        &self,
        bytes: Option<&'a [u8]>,
        arena: &'a Arena,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError> {
        let Some(message) = bytes.filter(|bytes| !bytes.is_empty()) else { return Ok(()) };
        let mut reader = Reader::new(message, arena);
        match self.document(&mut reader, arena, each) {
            Err(_) if self.options.ignore_parse_errors => Ok(()),
            outcome => outcome,
        }
    }
}

impl JsonParserDecoder {
    pub(super) fn new(columns: Members, options: DecodeOptions) -> Self {
        Self { columns, options }
    }

    #[inline]
    fn document<'a>(
        &self,
        reader: &mut Reader<'a>,
        arena: &'a Arena,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError> {
        match reader.advance()? {
            Token::ObjectStart => each(RowKind::Insert, self.row_or_null(reader, arena)?),
            Token::ArrayStart => {
                while reader.advance()? != Token::ArrayEnd {
                    each(RowKind::Insert, self.row_or_null(reader, arena)?);
                }
            }
            _ => {
                return Err(DecodeError::refused(
                    "the message is neither a JSON object nor an array of objects",
                ));
            }
        }
        Ok(())
    }

    #[inline]
    fn row_or_null<'a>(
        &self,
        reader: &mut Reader<'a>,
        arena: &'a Arena,
    ) -> Result<Option<Row<'a>>, DecodeError> {
        if reader.token() == Token::Null {
            return Ok(None);
        }
        match self.row(&self.columns, reader, arena) {
            Ok(row) => Ok(Some(row)),
            Err(_) if self.options.ignore_parse_errors => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads until every column was met once; a name met twice counts twice, so the rest may stay null.
    ///
    /// After a field that was ignored the reader may stand inside it; like Flink we go on from there.
    #[inline(always)]
    fn row<'a>(
        &self,
        members: &Members,
        reader: &mut Reader<'a>,
        arena: &'a Arena,
    ) -> Result<Row<'a>, DecodeError> {
        if reader.token() != Token::ObjectStart {
            return Err(reader.mismatch());
        }
        let slots = arena.alloc_slice_fill_copy(members.len(), Value::Null);
        let mut missing = members.len();
        let mut guess = 0;
        while missing > 0 {
            let found = if members.list.get(guess).is_some_and(|member| reader.next_is(member.quoted())) {
                Some(guess)
            } else if reader.advance()? != Token::ObjectEnd {
                members.find(reader.token().text(), guess)
            } else {
                break;
            };
            match found {
                Some(at) => {
                    let member = &members.list[at];
                    self.field(member, reader, arena, &mut slots[at])
                        .map_err(|error| error.within(&member.name, &member.logical))?;
                    guess = at + 1;
                    missing -= 1;
                }
                None => {
                    reader.advance()?;
                    reader.skip_children()?;
                }
            }
        }
        if missing > 0 {
            return if self.options.fail_on_missing_field { Err(absent(members, slots)) } else { Ok(slots) };
        }
        while reader.advance()? != Token::ObjectEnd {
            reader.skip_children()?;
        }
        Ok(slots)
    }

    #[inline(always)]
    fn field<'a>(
        &self,
        member: &Member,
        reader: &mut Reader<'a>,
        arena: &'a Arena,
        slot: &mut Value<'a>,
    ) -> Result<(), DecodeError> {
        let token = reader.advance_inline()?;
        if !common(&member.shape, token, slot) {
            *slot = self.item(member, reader, arena)?;
        }
        Ok(())
    }

    /// An item of an array or map, or a field that is not of the common ones: keeps their code out of the row's.
    #[inline(never)]
    fn item<'a>(
        &self,
        item: &Member,
        reader: &mut Reader<'a>,
        arena: &'a Arena,
    ) -> Result<Value<'a>, DecodeError> {
        self.value_or_null(&item.shape, reader.token(), reader, arena)
    }

    #[inline(always)]
    fn value_or_null<'a>(
        &self,
        shape: &Shape,
        token: Token<'a>,
        reader: &mut Reader<'a>,
        arena: &'a Arena,
    ) -> Result<Value<'a>, DecodeError> {
        if token == Token::Null {
            return Ok(Value::Null);
        }
        match self.value(shape, token, reader, arena) {
            Err(error) if self.options.ignore_parse_errors && !error.is_malformed() => Ok(Value::Null),
            outcome => outcome,
        }
    }

    #[inline(always)]
    fn value<'a>(
        &self,
        shape: &Shape,
        token: Token<'a>,
        reader: &mut Reader<'a>,
        arena: &'a Arena,
    ) -> Result<Value<'a>, DecodeError> {
        let mut value = Value::Null;
        if common(shape, token, &mut value) {
            return Ok(value);
        }
        let value = match (shape, token) {
            (Shape::Row(members), _) => Some(Value::Row(self.nested(members, reader, arena)?)),
            (Shape::Array(item), Token::ArrayStart) => Some(self.array(item, reader, arena)?),
            (Shape::Map(value), Token::ObjectStart) => Some(self.map(value, reader, arena)?),
            (Shape::String, _) => Some(Value::String(self.as_string(reader, arena)?)),
            (shape, token) => self.scalar(shape, token, arena),
        };
        value.ok_or_else(|| reader.mismatch())
    }

    /// The types that are met less often, kept out of the row that is inlined.
    #[inline(never)]
    fn scalar<'a>(&self, shape: &Shape, token: Token<'a>, arena: &'a Arena) -> Option<Value<'a>> {
        match (shape, token) {
            (Shape::Boolean, _) => {
                Some(Value::Boolean(number::trim(token.text()).eq_ignore_ascii_case("true")))
            }
            (Shape::TinyInt, Token::String(text) | Token::Integer(text)) => {
                number::integer(text).map(Value::TinyInt)
            }
            (Shape::SmallInt, Token::String(text) | Token::Integer(text)) => {
                number::integer(text).map(Value::SmallInt)
            }
            (Shape::Int, Token::Float(text)) => {
                whole(text, i32::MIN.into(), i32::MAX.into()).map(|value| Value::Int(value as i32))
            }
            (Shape::BigInt, Token::Float(text)) => {
                whole(text, i64::MIN as f64, i64::MAX as f64).map(|value| Value::BigInt(value as i64))
            }
            (Shape::Float, Token::String(text) | Token::Integer(text) | Token::Float(text)) => {
                number::floating(text).map(Value::Float)
            }
            (
                &Shape::Decimal { precision, scale },
                Token::String(text) | Token::Integer(text) | Token::Float(text),
            ) => decimal::parse(text, precision, scale)
                .map(|value| value.map_or(Value::Null, |value| Value::Decimal(Unscaled(value)))),
            (Shape::Bytes, Token::String(text)) => bytes(text, arena),
            (Shape::Date, _) => time::parse_date(token.text()).map(Value::Date),
            (Shape::Time, _) => time::parse_time(token.text()).map(Value::Time),
            (Shape::Timestamp, _) => {
                time::parse_timestamp(token.text(), self.options.timestamps).map(Value::Timestamp)
            }
            (Shape::TimestampLtz, _) => {
                time::parse_instant(token.text(), self.options.timestamps).map(Value::Timestamp)
            }
            _ => None,
        }
    }

    fn array<'a>(
        &self,
        item: &Member,
        reader: &mut Reader<'a>,
        arena: &'a Arena,
    ) -> Result<Value<'a>, DecodeError> {
        let mut items = arena.vec();
        while reader.advance()? != Token::ArrayEnd {
            let value = self.item(item, reader, arena);
            items.push(value.map_err(|error| error.within(&format!("[{}]", items.len()), &item.logical))?);
        }
        Ok(Value::Array(items.into_slice()))
    }

    fn map<'a>(
        &self,
        value: &Member,
        reader: &mut Reader<'a>,
        arena: &'a Arena,
    ) -> Result<Value<'a>, DecodeError> {
        let mut entries = arena.vec();
        while reader.advance()? != Token::ObjectEnd {
            let key = reader.token().text();
            reader.advance()?;
            let value = self
                .item(value, reader, arena)
                .map_err(|error| error.within(&format!("[{key}]"), &value.logical))?;
            entries.push((key, value));
        }
        Ok(map_of(&mut entries, arena))
    }

    /// Keeps the recursion out of the row that is inlined.
    #[inline(never)]
    fn nested<'a>(
        &self,
        members: &Members,
        reader: &mut Reader<'a>,
        arena: &'a Arena,
    ) -> Result<Row<'a>, DecodeError> {
        self.row(members, reader, arena)
    }

    /// Numbers and words as they stand, objects and arrays as compact JSON.
    #[cold]
    fn as_string<'a>(&self, reader: &mut Reader<'a>, arena: &'a Arena) -> Result<&'a str, DecodeError> {
        match reader.token() {
            Token::ObjectStart | Token::ArrayStart => {
                Ok(Node::read(reader, arena)?.text(self.options.fractions, arena))
            }
            token => Ok(token.text()),
        }
    }
}

/// The last value of each key.
pub(super) fn map_of<'a>(entries: &mut [(&'a str, Value<'a>)], arena: &'a Arena) -> Value<'a> {
    let kept = last_wins(entries);
    let entries = entries[..kept].iter().map(|&(key, value)| (Value::String(key), value));
    Value::Map(arena.alloc_slice_fill_iter(entries))
}

/// Base64, as Jackson takes it.
pub(super) fn bytes<'a>(text: &str, arena: &'a Arena) -> Option<Value<'a>> {
    let mut bytes = arena.vec_with_capacity(text.len() / 4 * 3);
    base64::decode(text, &mut bytes)?;
    Some(Value::Bytes(bytes.into_slice()))
}

/// A number with a fraction or an exponent, cut toward zero.
pub(super) fn whole(text: &str, least: f64, most: f64) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    (least..=most).contains(&value).then_some(value)
}

/// Reads the values that are met most, straight into their slot: one that is handed on by value is copied piece by piece,
/// for which the processor waits. `false` of any other, and of what is none.
#[inline(always)]
fn common<'a>(shape: &Shape, token: Token<'a>, slot: &mut Value<'a>) -> bool {
    *slot = match (shape, token) {
        (_, Token::Null) => Value::Null,
        (Shape::String, Token::String(text)) => Value::String(text),
        (Shape::Double, Token::String(text) | Token::Integer(text) | Token::Float(text)) => {
            let Some(number) = number::floating(text) else { return false };
            Value::Double(number)
        }
        (Shape::Int, Token::String(text) | Token::Integer(text)) => {
            let Some(number) = number::integer(text) else { return false };
            Value::Int(number)
        }
        (Shape::BigInt, Token::String(text) | Token::Integer(text)) => {
            let Some(number) = number::integer(text) else { return false };
            Value::BigInt(number)
        }
        _ => return false,
    };
    true
}

/// A column that is null may have been so explicitly: where several are, it is one of them.
#[cold]
fn absent(members: &Members, slots: &[Value<'_>]) -> DecodeError {
    let nulls = members.list.iter().zip(slots).filter(|(_, value)| **value == Value::Null);
    let names: Vec<&str> = nulls.map(|(member, _)| &*member.name).take(ABSENT_MAX).collect();
    DecodeError::missing(&names.join(" or "))
}

/// Columns that are told as absent.
const ABSENT_MAX: usize = 10;
