//! Rows as compact bytes: what a state keeps of them. Equal bytes are equal rows.

use crate::row::{Arena, Row, Timestamp, Unscaled, Value};

/// Bytes that [`write_row`] wrote, being read.
pub(crate) struct RowBytes<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Appends those of a row's values that are in `slots`, in that order.
pub(crate) fn write_row(row: Row<'_>, slots: &[usize], out: &mut Vec<u8>) {
    slots.iter().for_each(|slot| write(row[*slot], out));
}

fn write(value: Value<'_>, out: &mut Vec<u8>) {
    let tag = |tag: u8, out: &mut Vec<u8>| out.push(tag);
    match value {
        Value::Null => tag(NULL, out),
        Value::Boolean(false) => tag(FALSE, out),
        Value::Boolean(true) => tag(TRUE, out),
        Value::TinyInt(it) => number(TINY_INT, it.into(), out),
        Value::SmallInt(it) => number(SMALL_INT, it.into(), out),
        Value::Int(it) => number(INT, it.into(), out),
        Value::BigInt(it) => number(BIG_INT, it, out),
        Value::Date(days) => number(DATE, days.into(), out),
        Value::Time(millis) => number(TIME, millis.into(), out),
        Value::Float(it) => fixed(FLOAT, &it.to_le_bytes(), out),
        Value::Double(it) => fixed(DOUBLE, &it.to_le_bytes(), out),
        Value::Decimal(Unscaled(it)) => match i64::try_from(it) {
            Ok(small) => number(DECIMAL, small, out),
            Err(_) => fixed(LARGE_DECIMAL, &it.to_le_bytes(), out),
        },
        Value::String(text) => counted(STRING, text.len(), text.as_bytes(), out),
        Value::Bytes(bytes) => counted(BYTES, bytes.len(), bytes, out),
        Value::Timestamp(Timestamp { seconds, nanos }) => {
            number(TIMESTAMP, seconds, out);
            write_varint(nanos.into(), out);
        }
        Value::Array(items) => all(ARRAY, items, out),
        Value::Row(items) => all(ROW, items, out),
        Value::Map(entries) => {
            counted(MAP, entries.len(), &[], out);
            for (key, value) in entries {
                write(*key, out);
                write(*value, out);
            }
        }
    }
}

fn number(tag: u8, number: i64, out: &mut Vec<u8>) {
    out.push(tag);
    // Small numbers of either sign are short.
    write_varint(((number << 1) ^ (number >> 63)).cast_unsigned(), out);
}

fn fixed(tag: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    out.extend_from_slice(bytes);
}

fn counted(tag: u8, count: usize, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    write_varint(count as u64, out);
    out.extend_from_slice(bytes);
}

fn all(tag: u8, items: &[Value<'_>], out: &mut Vec<u8>) {
    counted(tag, items.len(), &[], out);
    items.iter().for_each(|item| write(*item, out));
}

/// 7 bits a byte, the lowest first; all but the last have the high bit.
pub(super) fn write_varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// What [`write_varint`] wrote there.
pub(super) fn read_varint(bytes: &[u8], at: &mut usize) -> u64 {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = bytes[*at];
        *at += 1;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 || shift >= 63 {
            return number;
        }
        shift += 7;
    }
}

impl<'a> RowBytes<'a> {
    /// Bytes that [`write_row`] wrote; values borrow from them.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Reads as many values as there are slots, into these places of `row`.
    pub(crate) fn read(&mut self, slots: &[usize], row: &mut [Value<'a>], arena: &'a Arena) {
        slots.iter().for_each(|slot| row[*slot] = self.value(arena));
    }

    fn value(&mut self, arena: &'a Arena) -> Value<'a> {
        let tag = self.bytes[self.at];
        self.at += 1;
        match tag {
            FALSE => Value::Boolean(false),
            TRUE => Value::Boolean(true),
            // A number is read back into the type that it was written of.
            TINY_INT => Value::TinyInt(self.number() as i8),
            SMALL_INT => Value::SmallInt(self.number() as i16),
            INT => Value::Int(self.number() as i32),
            BIG_INT => Value::BigInt(self.number()),
            DATE => Value::Date(self.number() as i32),
            TIME => Value::Time(self.number() as i32),
            FLOAT => Value::Float(f32::from_le_bytes(self.fixed())),
            DOUBLE => Value::Double(f64::from_le_bytes(self.fixed())),
            DECIMAL => Value::Decimal(Unscaled(self.number().into())),
            LARGE_DECIMAL => Value::Decimal(Unscaled(i128::from_le_bytes(self.fixed()))),
            // It was a text when it was written.
            STRING => Value::String(std::str::from_utf8(self.counted()).unwrap_or_default()),
            BYTES => Value::Bytes(self.counted()),
            TIMESTAMP => Value::Timestamp(Timestamp { seconds: self.number(), nanos: self.varint() as u32 }),
            ARRAY => Value::Array(self.all(arena)),
            ROW => Value::Row(self.all(arena)),
            MAP => {
                let count = self.varint() as usize;
                let entries = arena.alloc_slice_fill_copy(count, (Value::Null, Value::Null));
                entries.iter_mut().for_each(|entry| *entry = (self.value(arena), self.value(arena)));
                Value::Map(entries)
            }
            _ => Value::Null,
        }
    }

    fn varint(&mut self) -> u64 {
        read_varint(self.bytes, &mut self.at)
    }

    fn number(&mut self) -> i64 {
        let folded = self.varint();
        (folded >> 1).cast_signed() ^ -(folded & 1).cast_signed()
    }

    fn fixed<const N: usize>(&mut self) -> [u8; N] {
        let bytes = self.bytes[self.at..].first_chunk().copied().unwrap_or([0; N]);
        self.at += N;
        bytes
    }

    fn counted(&mut self) -> &'a [u8] {
        let count = self.varint() as usize;
        let bytes = &self.bytes[self.at..self.at + count];
        self.at += count;
        bytes
    }

    fn all(&mut self, arena: &'a Arena) -> &'a [Value<'a>] {
        let count = self.varint() as usize;
        let items = arena.alloc_slice_fill_copy(count, Value::Null);
        items.iter_mut().for_each(|item| *item = self.value(arena));
        items
    }
}

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const TINY_INT: u8 = 3;
const SMALL_INT: u8 = 4;
const INT: u8 = 5;
const BIG_INT: u8 = 6;
const FLOAT: u8 = 7;
const DOUBLE: u8 = 8;
const DECIMAL: u8 = 9;
const LARGE_DECIMAL: u8 = 10;
const STRING: u8 = 11;
const BYTES: u8 = 12;
const DATE: u8 = 13;
const TIME: u8 = 14;
const TIMESTAMP: u8 = 15;
const ARRAY: u8 = 16;
const MAP: u8 = 17;
const ROW: u8 = 18;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_comes_back_as_it_was() {
        let nested = [Value::Int(-1), Value::Null, Value::String("é")];
        let entries = [(Value::String("a"), Value::BigInt(i64::MIN)), (Value::String(""), Value::Null)];
        let row = [
            Value::Null,
            Value::Boolean(true),
            Value::Boolean(false),
            Value::TinyInt(-128),
            Value::SmallInt(i16::MAX),
            Value::Int(i32::MIN),
            Value::BigInt(i64::MAX),
            Value::Float(-0.0),
            Value::Double(f64::MIN_POSITIVE),
            Value::Decimal(Unscaled(-12_345)),
            Value::Decimal(Unscaled(i128::MAX)),
            Value::Decimal(Unscaled(i128::MIN)),
            Value::String("x".repeat(300).leak()),
            Value::Bytes(&[0, 255]),
            Value::Date(-719_528),
            Value::Time(86_399_999),
            Value::Timestamp(Timestamp { seconds: -1, nanos: 999_999_999 }),
            Value::Array(&nested),
            Value::Row(&nested),
            Value::Map(&entries),
            Value::Array(&[]),
        ];
        let slots: Vec<usize> = (0..row.len()).rev().collect();
        let mut bytes = Vec::new();
        write_row(&row, &slots, &mut bytes);
        let arena = Arena::new();
        let mut read = [Value::Null; 21];
        RowBytes::new(&bytes).read(&slots, &mut read, &arena);
        assert_eq!(read, row);
    }

    #[test]
    fn rows_that_differ_have_other_bytes() {
        let written = |row: &[Value<'_>]| {
            let mut bytes = Vec::new();
            write_row(row, &(0..row.len()).collect::<Vec<_>>(), &mut bytes);
            bytes
        };
        let rows: [&[Value<'_>]; 6] = [
            &[Value::String("a"), Value::String("b")],
            &[Value::String("ab"), Value::String("")],
            &[Value::String("a"), Value::Null],
            &[Value::Null, Value::String("a")],
            &[Value::Int(1), Value::Int(2)],
            &[Value::BigInt(1), Value::Int(2)],
        ];
        for (at, one) in rows.iter().enumerate() {
            for other in &rows[at + 1..] {
                assert_ne!(written(one), written(other), "{one:?}, {other:?}");
            }
        }
    }
}
